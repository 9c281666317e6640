"""Saving: models with training configuration and optimizer state, as safetensors or HDF5; nothing is unpickled."""

from __future__ import annotations

from .describing import from_json as from_json
from .describing import to_json as to_json
from .saving import load as load
from .saving import load_weights as load_weights
from .saving import save as save
from .saving import save_weights as save_weights

__all__ = ["from_json", "load", "load_weights", "save", "save_weights", "to_json"]
