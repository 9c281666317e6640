"""Start a peer's worker in the peer's own environment: ``python -P bootstrap.py FOLDER VARIANT``.

The checkout's root must not be on the peer's ``sys.path``: its package ``autograd`` would hide the PyPI
package of the same name. So ``benchmarks`` alone is imported here, by its file.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent


def import_by_file(name: str, file: Path, folder: Path | None = None) -> ModuleType:
    """Import one file (a package, where ``folder`` is given) without touching ``sys.path``."""
    places = None if folder is None else [str(folder)]
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=places)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot import {file}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Import the worker named on the command line and let it serve."""
    folder, variant = sys.argv[1:3]
    import_by_file("benchmarks", HERE / "__init__.py", HERE)
    module = import_by_file("worker", Path(folder) / "worker.py")
    module.WORKER.serve(variant)


if __name__ == "__main__":
    main()
