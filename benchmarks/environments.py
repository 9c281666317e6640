"""The peers, found by their folders, and an environment of its own for each.

A peer is a folder in ``benchmarks/peers`` with ``requirements.txt``, ``worker.py`` and ``peer.toml``, which lists its
``variants`` (the names it goes by), and may say ``import`` (what a program imports to use it), ``caches`` (the
variables that name its cache folders; a fresh one is given) and ``checkout = true`` (it is this project: the
checkout's root goes on its path).
"""

import os
import subprocess
import sys
import tomllib
import venv
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PEERS = HERE / "peers"
FOLDER_VARIABLE = "CHAINRULE_BENCH_ENVS"
THREADS = 2
# Variables that begin so are not handed on. Each library chooses its kernels for this machine by itself: one
# OPENBLAS_CORETYPE left in a shell takes numpy's products twice the time, and PyTorch's and JAX's none.
_SETTINGS = ("PYTHON", "OPENBLAS_", "MKL_", "OMP_", "BLIS_", "ONEDNN_", "DNNL_", "ATEN_", "XLA_", "NUMBA_")


@dataclass(frozen=True)
class Peer:
    """One name in the tables: a variant of the library in ``folder``, run by the Python of its environment."""

    name: str
    folder: Path
    imports: str
    checkout: bool
    caches: tuple[str, ...]
    environments: Path

    @property
    def environment(self) -> Path:
        """The folder of the virtual environment this peer runs in."""
        return self.environments / self.folder.name

    @property
    def python(self) -> Path:
        """The interpreter of that environment."""
        return self.environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def missing(self) -> str:
        """Why the peer cannot run, or an empty string."""
        if self.python.exists():
            return ""
        return f"{self.name}: not installed; python -m benchmarks --install {self.folder.name}"

    def variables(self, cache: Path | None = None) -> dict[str, str]:
        """Environment variables of its processes: equal thread counts, a cache folder, the checkout if it is ours."""
        names = (
            "OMP_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "MKL_NUM_THREADS",
            "NUMBA_NUM_THREADS",
            "NUMEXPR_NUM_THREADS",
        )
        # PYTHONDONTWRITEBYTECODE alone would have every import compile its modules again.
        clean = {key: value for key, value in os.environ.items() if not key.startswith(_SETTINGS)}
        own = {"PYTHONPATH": str(ROOT)} if self.checkout else {}
        caches = {} if cache is None else dict.fromkeys(self.caches, str(cache))
        return clean | dict.fromkeys(names, str(THREADS)) | caches | own


def environments_folder(given: str | None = None) -> Path:
    """Where the environments live: the flag, else the variable, else ``benchmarks/.envs``."""
    return Path(given or os.environ.get(FOLDER_VARIABLE) or HERE / ".envs").resolve()


def all_peers(environments: Path, peers: Path | None = None) -> dict[str, Peer]:
    """Every peer by name."""
    found = {}
    for description in sorted((peers or PEERS).glob("*/peer.toml")):
        facts = tomllib.loads(description.read_text(encoding="utf-8"))
        for name in facts["variants"]:
            found[name] = Peer(
                name=name,
                folder=description.parent,
                imports=facts.get("import", ""),
                checkout=facts.get("checkout", False),
                caches=tuple(facts.get("caches", ())),
                environments=environments,
            )
    return found


def install(folder: Path, environments: Path) -> None:
    """Create the environment of one peer's folder from its ``requirements.txt``."""
    environment = environments / folder.name
    venv.create(environment, with_pip=True)
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    subprocess.run(  # noqa: S603  (what is installed stands in this project's own file)
        [python, "-m", "pip", "install", "-r", folder / "requirements.txt"], check=True
    )


def pin_to_cores(process: int) -> None:
    """Keep a process on as many cores as there are threads, so that no library sees more of them."""
    if sys.platform == "linux":
        os.sched_setaffinity(process, sorted(os.sched_getaffinity(0))[:THREADS])
