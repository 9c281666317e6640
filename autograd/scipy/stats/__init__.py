"""scipy.stats with gradients: densities and distribution functions, composed of differentiable functions."""

from __future__ import annotations

from .._scipy import load as _load
from .._scipy import mirror as _mirror
from . import beta as beta
from . import chi2 as chi2
from . import dirichlet as dirichlet
from . import gamma as gamma
from . import multivariate_normal as multivariate_normal
from . import norm as norm
from . import poisson as poisson
from . import t as t

__all__ = ["beta", "chi2", "dirichlet", "gamma", "multivariate_normal", "norm", "poisson", "t"]

__getattr__ = _mirror(lambda: _load("stats"), globals())
