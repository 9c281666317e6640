"""The design's rules as data, and the checks that hold the sources to them.

To add a module, give it a row in ALLOWED (a package's own row may be a pattern); to add an optional
library, say in OPTIONAL which one file imports it. An exception to a size stands in LONGER with
its reason.
"""

import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests import architecture as arch

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("autograd", "nn")

# What each module may import: patterns over the project's modules, and the outside modules named
# in RESTRICTED. The rest of the standard library is free. `errors` may be imported by every module
# that can meet bad input; it imports nothing itself.
RESTRICTED = ("numpy", "math")
ARRAYS = ("numpy", "numpy.*", "math")
ERRORS = "autograd.errors"
OPS = ("autograd.ops", "autograd.ops.*")
CORE = ("autograd._graph", "autograd._op", ERRORS)  # what a kind of node is made of
NODES = ("autograd._tensor", "autograd._value", "autograd._keeping", *CORE)
ALLOWED: dict[str, tuple[str, ...]] = {
    "autograd": ("autograd.*",),
    ERRORS: (),
    "autograd.tree": (ERRORS,),
    "autograd._op": (ERRORS,),
    "autograd._graph": ("autograd._op", ERRORS),
    "autograd._broadcasting": (ERRORS, *ARRAYS),
    "autograd._keeping": (*CORE, *ARRAYS),
    "autograd._assigning": CORE,
    "autograd._collector": (),
    "autograd._arrays": (*CORE, "autograd._broadcasting", "autograd._keeping", *ARRAYS),
    "autograd._sweep": ("autograd._graph", "autograd._arrays", "autograd._keeping", *ARRAYS),
    "autograd._more_methods": (*CORE, *ARRAYS),
    "autograd._methods": (*CORE, *OPS, "autograd._arrays", "autograd._assigning", "autograd._more_methods", *ARRAYS),
    "autograd.ops": ("autograd._op", *OPS),
    "autograd.ops.*": ("autograd._op", "autograd._broadcasting", *OPS, ERRORS, *ARRAYS),
    "autograd._scalar": ("autograd._graph", *OPS, ERRORS, *ARRAYS),
    "autograd._value": (
        *CORE,
        *OPS,
        "autograd._assigning",
        "autograd._collector",
        "autograd._keeping",
        "autograd._scalar",
        *ARRAYS,
    ),
    "autograd._tensor": (
        *(*CORE, *OPS, "autograd._arrays", "autograd._keeping", "autograd._methods", "autograd._sweep", *ARRAYS),
    ),
    "autograd._forking": (),
    "autograd._fitting": (*CORE, *ARRAYS),
    "autograd._custom": (
        *NODES,
        "autograd._fitting",
        "autograd._trace",
        "autograd.functional",
        "autograd.tree",
        *ARRAYS,
    ),
    "autograd._lstm": (*NODES, "autograd._scan", "autograd._trace", "autograd.functional", *ARRAYS),
    "autograd._scan": (*NODES, "autograd._trace", "autograd.functional", *ARRAYS),
    "autograd._trace": (*NODES, "autograd.tree", *ARRAYS),
    "autograd.functional": (*NODES, "autograd._vmap", "autograd._trace", "autograd.tree", *ARRAYS),
    "autograd._traced": (*NODES, *OPS, "autograd._scalar", *ARRAYS),
    "autograd._numbers": (*NODES, *OPS, "autograd._arrays", "autograd._traced", *ARRAYS),
    "autograd._steps": ("autograd._traced", *OPS),
    "autograd._tracing": (
        *(*NODES, *OPS, "autograd._numbers", "autograd._scalar", "autograd._steps"),
        *("autograd._traced", "autograd._variants", *ARRAYS),
    ),
    "autograd._variants": ("autograd._op", "autograd.errors", *ARRAYS),
    "autograd._random": ("autograd._graph", *ARRAYS),
    "autograd._matching": (*NODES, "autograd._traced", "autograd.tree", *ARRAYS),
    "autograd._buffers": (),
    "autograd._checking": ("autograd._traced", *OPS, ERRORS, *ARRAYS),
    "autograd._liveness": ("autograd._buffers", "autograd._traced", "autograd.program", *OPS, *ARRAYS),
    "autograd.program": (
        *NODES,
        "autograd._buffers",
        "autograd._checking",
        "autograd._guards",
        "autograd._matching",
        "autograd._traced",
        "autograd._tracing",
        *OPS,
        "autograd.tree",
        *ARRAYS,
    ),
    "autograd._rewrite": ("autograd._traced", "autograd.program", *OPS, *ARRAYS),
    "autograd._rolling": ("autograd._rewrite", "autograd._traced", "autograd.program", *OPS, *ARRAYS),
    "autograd._algebra": ("autograd._rewrite", "autograd._traced", "autograd.program", *OPS),
    "autograd._fusion": (
        "autograd._op",
        "autograd._rewrite",
        "autograd._traced",
        "autograd.program",
        "autograd.tree",
        *OPS,
        *ARRAYS,
    ),
    "autograd.passes": (
        *(
            "autograd._algebra",
            "autograd._fusion",
            "autograd._liveness",
            "autograd._rewrite",
            "autograd._rolling",
            "autograd._sweeps",
            "autograd._traced",
            "autograd._tracing",
            "autograd._watches",
        ),
        "autograd.program",
        *(*NODES, *OPS, *ARRAYS),
    ),
    "autograd._batching": (*CORE, "autograd._traced", "autograd.program", *OPS, *ARRAYS),
    "autograd._lanes": (
        *(*NODES, "autograd._batching", "autograd._trace", "autograd.program"),
        *("autograd.backends", "autograd.backends.lane_calls", *ARRAYS),
    ),
    "autograd._taped": (
        *(*NODES, "autograd._rewrite", "autograd._trace", "autograd.program", "autograd.tree", *ARRAYS),
        *("autograd.backends", "autograd.backends.tape_calls"),
    ),
    "autograd._sweeps": ("autograd._rewrite", "autograd._traced", "autograd.program", *OPS),
    "autograd._vmap": (*NODES, "autograd._batching", "autograd._lanes", "autograd.program", "autograd.tree", *ARRAYS),
    "autograd._text": (),
    "autograd._watches": ("autograd._text", *ARRAYS),
    "autograd._names": (),
    "autograd._origins": ARRAYS,
    "autograd._reach": ("autograd._graph", "autograd._names", "autograd._origins", *ARRAYS),
    "autograd._walk": (
        *(*NODES, "autograd._names", "autograd._origins", "autograd._reach", "autograd._watches", *ARRAYS),
    ),
    "autograd._guards": ("autograd._walk", "autograd._watches", ERRORS),
    "autograd._entry": (
        *(*NODES, "autograd._custom", "autograd._guards", "autograd.functional", "autograd.program", "autograd.tree"),
        *("autograd._text", *ARRAYS),
    ),
    "autograd._jit": (
        *(*NODES, "autograd._entry", "autograd._forking", "autograd._guards", "autograd._rewrite", "autograd._taped"),
        *("autograd.program", "autograd.tree", "autograd.backends", "autograd.backends.choose", *ARRAYS),
    ),
    "autograd._step": (
        *(*NODES, "autograd._entry", "autograd._guards", "autograd._jit", "autograd.program", "autograd.tree"),
        *("autograd.backends", "autograd.backends.choose", *ARRAYS),
    ),
    "autograd._sparse": (
        *(*NODES, "autograd._guards", "autograd.functional", "autograd.passes", "autograd.program", "autograd.tree"),
        *("autograd.backends", "autograd.backends.scalar_tape", *ARRAYS),
    ),
    "autograd.backends": ("autograd.backends.*",),
    "autograd.backends.*": (
        *("autograd.backends.*", "autograd._forking", "autograd._liveness", "autograd._op", "autograd._steps"),
        *("autograd._text", "autograd.program", "autograd.passes", *OPS, ERRORS, *ARRAYS),
    ),
    "autograd.export": ("autograd.export.*",),
    "autograd.export.*": ("autograd.export.*", "autograd.program", *OPS, ERRORS, *ARRAYS),
    **{  # what reads a live graph or runs its rules; everything else in export reads what these return
        f"autograd.export.{name}": (
            *("autograd.export.*", "autograd.program", "autograd._arrays", "autograd._traced", "autograd.tree"),
            *(*NODES, *OPS, *ARRAYS),
        )
        for name in (
            *("adjoints", "closed", "debugging", "derivation", "explaining", "paths", "precision", "reading"),
            *("stepping", "symbols"),
        )
    },
    "autograd.export.programs": (
        *("autograd.export.*", "autograd._rewrite", "autograd.functional", "autograd.program", *OPS, ERRORS, *ARRAYS),
    ),
    "autograd.export.cost": ("autograd.export.*", "autograd.passes", "autograd.program", *OPS, ERRORS, *ARRAYS),
    "autograd.export.counting": ("autograd.export.*", "autograd.passes", "autograd.program", *OPS, *ARRAYS),
    "autograd.export.source": ("autograd.export.*", "autograd.passes", "autograd.program", *OPS, ERRORS, *ARRAYS),
    **{  # ONNX takes ops apart where it has no form for them, and writes the step of a recurrence as a graph inside
        f"autograd.export.{name}": (
            *("autograd.export.*", "autograd._lstm", "autograd._op", "autograd._scan", "autograd.passes"),
            *("autograd.program", "autograd.tree", *OPS, ERRORS, *ARRAYS),
        )
        for name in ("onnx", "onnx_layout", "onnx_rules", "onnx_writer")
    },
    "autograd._notebook": ("autograd._graph", "autograd.program", "autograd.export.*"),
    "autograd.testing": ("autograd.testing.*",),
    "autograd.testing.*": (
        *("autograd.testing.*", "autograd.functional", "autograd._graph", "autograd._op", "autograd._value"),
        "autograd._tensor",
        *("autograd.tree", ERRORS, *ARRAYS),
    ),
}

# HIPS autograd's names sit on top of the engine; nothing of the engine knows them.
ALLOWED["autograd._vspace"] = ("autograd._graph", "autograd.tree", ERRORS, *ARRAYS)
ALLOWED["autograd.extend"] = (*NODES, "autograd._fitting", "autograd._vspace", "autograd.tree", *ARRAYS)
ENGINE = (*NODES, *OPS, "autograd._broadcasting", "autograd._custom", "autograd._trace", "autograd.functional")
COMPAT = {
    "tracer": ("extend",),
    "builtins": ("tracer",),
    "core": ("extend", "tracer"),
    "wrap_util": (),
    "differential_operators": (),
    "test_util": ("_vspace", "testing"),
    "misc": ("misc.*",),
    "misc.*": ("extend", "core", "misc.*"),
    "numpy": ("numpy.*",),
    "numpy.*": ("numpy.*", "_vspace"),
    "scipy": ("scipy.*",),
    "scipy.*": ("extend", "core", "misc.flatten", "scipy.*"),
}
for name, above in COMPAT.items():
    ALLOWED[f"autograd.{name}"] = (*ENGINE, "autograd.tree", *(f"autograd.{other}" for other in above), *ARRAYS)

# In nn a module may import those to its left, its own package's files, and autograd's public names.
NN_ORDER = (
    *("_sklearn", "module", "calling", "functional", "init", "layers", "losses", "scalar", "optim", "data", "metrics"),
    *("serialize", "export", "callbacks", "training", "sklearn"),
)
ALLOWED["nn"] = ("nn.*",)
for position, name in enumerate(NN_ORDER):
    left = [pattern for other in NN_ORDER[:position] for pattern in (f"nn.{other}", f"nn.{other}.*")]
    ALLOWED[f"nn.{name}"] = ("autograd", "autograd.*", f"nn.{name}.*", *left, *ARRAYS)
    ALLOWED[f"nn.{name}.*"] = ALLOWED[f"nn.{name}"]

# What of the standard library `import autograd, nn` may not load where numpy has not: each takes 0.5 to 20 ms, and who
# needs it imports it in the function that does. (docs/benchmarks.md, workload I1)
SLOW = (
    *(
        "ast",
        "asyncio",
        "concurrent.futures",
        "csv",
        "ctypes",
        "decimal",
        "difflib",
        "dis",
        "doctest",
        "email",
        "fractions",
    ),
    *("hashlib", "http", "importlib.metadata", "importlib.resources", "inspect", "json", "logging", "multiprocessing"),
    *("pathlib", "pickle", "random", "shutil", "socket", "sqlite3", "ssl", "statistics", "subprocess", "tarfile"),
    *("tempfile", "tokenize", "unittest", "urllib.parse", "uuid", "xml", "zipfile"),
)

# The one file that imports each optional library.
OPTIONAL: dict[str, str] = {
    "graphviz": "autograd.export.render",
    "h5py": "nn.serialize.files",
    "hypothesis": "autograd.testing.strategies",
    "numba": "autograd.backends.compiler",
    "onnx": "autograd.export.onnx",
    "safetensors": "nn.serialize.files",
    "scipy": "autograd.scipy._scipy",
    "sklearn": "nn._sklearn",
    "tensorboardX": "nn.callbacks.tensorboard",
    "tqdm": "nn.callbacks.reporting",
}
# Modules that are nothing without an optional library, each with its reason; nothing imports them.
ON_TOP: dict[str, str] = {"nn.sklearn": "its classes are scikit-learn's estimators"}

# Functions and modules longer than the limits, each with its reason.
FUNCTION_LINES, MODULE_LINES = 40, 400
LONGER: dict[str, str] = {}


@pytest.fixture(scope="module")
def sources():
    return arch.read(ROOT, PACKAGES)


@pytest.fixture(scope="module")
def everything():
    return arch.read(ROOT, (*PACKAGES, "tests", "demos", "benchmarks"))


def none(faults):
    assert not faults, "\n".join(["", *faults])


def test_imports_follow_the_table(sources):
    none(arch.forbidden_edges(sources, ALLOWED, RESTRICTED))


def test_imports_have_no_cycle(sources):
    none(arch.cycles(sources))


def test_nn_uses_public_names_of_autograd_only(sources):
    public = set(arch.declared_all(sources["autograd"].tree) or ())
    none(arch.private_reaches(sources, "nn", "autograd", public))


def test_all_is_sorted_and_complete(sources):
    none(arch.faults_in_all(sources))


def test_public_names_have_docstrings(sources):
    none(arch.undocumented(sources))


def test_each_optional_library_is_imported_in_the_one_file_named(sources):
    users = arch.optional_libraries(sources, always=["numpy"])
    assert users == {library: {module} for library, module in OPTIONAL.items()}


def test_functions_are_short(everything):
    found = arch.long_functions(everything, FUNCTION_LINES)
    none([f"{name}: {lines} lines" for name, lines in found.items() if name not in LONGER])


def test_modules_are_short(everything):
    found = arch.long_modules(everything, MODULE_LINES)
    none([f"{name}: {lines} lines" for name, lines in found.items() if name not in LONGER])


def test_every_exception_is_needed_and_has_a_reason(everything):
    long = arch.long_functions(everything, FUNCTION_LINES)
    long |= arch.long_modules(everything, MODULE_LINES)
    assert set(LONGER) <= set(long)
    assert all(LONGER.values())


def test_importing_loads_numpy_and_the_standard_library_only():
    script = """
import sys
import numpy
before = set(sys.modules)
import autograd, nn
roots = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(roots - set(sys.stdlib_module_names) - {"numpy", "autograd", "nn"}))
"""
    command = [sys.executable, "-c", script]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr, run.stdout.split()) == (0, "", [])


def test_importing_leaves_slow_parts_of_the_standard_library_alone():
    script = "import sys, numpy; before = set(sys.modules); import autograd, nn; print(*set(sys.modules) - before)"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(SLOW) & set(run.stdout.split())


def test_every_module_needs_numpy_only_but_those_that_wrap_an_optional_library(sources):
    script = """
import importlib, sys
allowed = {"numpy", "autograd", "nn", *sys.stdlib_module_names}
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in allowed:
            raise ModuleNotFoundError(f"{name} is blocked", name=name)
sys.meta_path.insert(0, Block())
for name in sys.argv[1:]:
    importlib.import_module(name)
"""
    known = (*OPTIONAL.values(), *ON_TOP, *(f"{name}.*" for name in ON_TOP))
    plain = [n for n in sources if not any(fnmatch(n, k) for k in known) and not n.endswith("__main__")]
    command = [sys.executable, "-c", script, *plain]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
