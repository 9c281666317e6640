"""Reads the sources with `ast` and lists what breaks the rules in `test_architecture.py`.

Every check takes `Sources` and returns a list of sentences, one a fault; an empty list is a pass.
Nothing here imports the code it reads.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

Functions = ast.FunctionDef | ast.AsyncFunctionDef
Documented = Functions | ast.ClassDef


@dataclass(frozen=True)
class Import:
    """One imported thing: `module` (absolute), the `name` taken from it, and where it stands."""

    module: str
    name: str | None
    line: int


@dataclass(frozen=True)
class Source:
    """One file: its dotted `module` name, its text, and whether it is a package's `__init__`."""

    module: str
    text: str
    is_package: bool = False
    tree: ast.Module = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tree", ast.parse(self.text))


Sources = Mapping[str, Source]


def read(root: Path, packages: Iterable[str]) -> dict[str, Source]:
    """Read every Python file of the packages, which are folders of `root`."""
    found = {}
    for package in packages:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            module = ".".join(parts[:-1] if is_package else parts)
            found[module] = Source(module, path.read_text(encoding="utf-8"), is_package)
    return found


def fake(texts: Mapping[str, str]) -> dict[str, Source]:
    """Make sources from a dict of texts; a module with modules below it is a package."""
    return {
        name: Source(name, text, any(other.startswith(name + ".") for other in texts)) for name, text in texts.items()
    }


# --- imports


def imports(source: Source) -> Iterator[Import]:
    """Every import of a file: at the top, in a function, under TYPE_CHECKING, by a string."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, None, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(source, node)
            for alias in node.names:
                yield Import(base, alias.name, node.lineno)
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func).rpartition(".")[2]
            if called in {"import_module", "__import__"} and node.args:
                argument = node.args[0]
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield Import(argument.value, None, node.lineno)


def _absolute(source: Source, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = source.module.split(".")
    kept = len(parts) - node.level + source.is_package
    return ".".join([*parts[:kept], *([node.module] if node.module else [])])


def edges(sources: Sources) -> list[tuple[str, str, int]]:
    """All (importer, imported module, line) of the sources."""
    found = []
    for source in sources.values():
        for item in imports(source):
            target = item.module
            if item.name is not None and f"{target}.{item.name}" in sources:
                target = f"{target}.{item.name}"
            if target != source.module:
                found.append((source.module, target, item.line))
    return found


def row_of(module: str, table: Mapping[str, Sequence[str]]) -> str | None:
    """The table's row for a module: its own name, or else the longest pattern that fits."""
    fits = [pattern for pattern in table if fnmatchcase(module, pattern)]
    return module if module in table else max(fits, key=len, default=None)


def forbidden_edges(sources: Sources, table: Mapping[str, Sequence[str]], restricted: Iterable[str]) -> list[str]:
    """Imports the table doesn't list.

    Counted are imports within `sources` and of the `restricted` outside modules (numpy, math, ...);
    the rest of the standard library is free, and optional libraries have a check of their own.
    """
    faults = [f"{name}: has no row in the table" for name in sources if not row_of(name, table)]
    roots = {name.partition(".")[0] for name in sources} | set(restricted)
    for importer, target, line in edges(sources):
        row = row_of(importer, table)
        if row is None or target.partition(".")[0] not in roots:
            continue
        if not any(fnmatchcase(target, pattern) for pattern in table[row]):
            allowed = ", ".join(table[row]) or "nothing"
            faults.append(f"{importer}:{line}: imports {target}; row {row!r} allows {allowed}")
    return faults


def private_reaches(sources: Sources, package: str, foreign: str, public: set[str]) -> list[str]:
    """Places where `package` takes from `foreign` what isn't public there."""
    faults = []
    for source in sources.values():
        if source.module.partition(".")[0] != package:
            continue
        for item in imports(source):
            if item.module.partition(".")[0] != foreign:
                continue
            dotted = f"{item.module}.{item.name}" if item.name else item.module
            hidden = [part for part in dotted.split(".") if part.startswith("_")]
            unknown = item.module == foreign and item.name and item.name not in public
            if hidden or (unknown and dotted not in sources):
                faults.append(f"{source.module}:{item.line}: takes {dotted}, which is not public")
        faults += [
            f"{source.module}:{node.lineno}: takes {ast.unparse(node)}, which is not public"
            for node in ast.walk(source.tree)
            if isinstance(node, ast.Attribute) and re.fullmatch(rf"{foreign}\.(\w+\.)*_[a-z]\w*", ast.unparse(node))
        ]
    return faults


def cycles(sources: Sources) -> list[str]:
    """Import cycles between modules, each as the path around it.

    That a module's parent package runs first is no edge: every submodule would stand in a cycle
    with an `__init__` that gathers names. An import of a name from the package itself is one.
    """
    graph: dict[str, set[str]] = {name: set() for name in sources}
    for importer, target, _ in edges(sources):
        if target in graph:
            graph[importer].add(target)
    faults, done = [], set[str]()

    def visit(name: str, path: list[str]) -> None:
        if name in path:
            faults.append(" -> ".join([*path[path.index(name) :], name]))
        elif name not in done:
            for target in sorted(graph[name]):
                visit(target, [*path, name])
            done.add(name)

    for name in sorted(graph):
        visit(name, [])
    return faults


def optional_libraries(sources: Sources, always: Iterable[str]) -> dict[str, set[str]]:
    """The modules that import each library which is neither standard nor in `always`."""
    own = {name.partition(".")[0] for name in sources} | set(always) | set(sys.stdlib_module_names)
    users: dict[str, set[str]] = {}
    for importer, target, _ in edges(sources):
        library = target.partition(".")[0]
        if library not in own:
            users.setdefault(library, set()).add(importer)
    return users


# --- public names


def sort_key(name: str) -> tuple[int, list[tuple[bool, int, str]]]:
    """Constants, then classes, then the rest; numbers in a name by value (ruff's RUF022)."""
    parts = re.findall(r"\d+|\D+", name)
    order = [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]
    kind = 0 if len(name) > 1 and name.isupper() else 1 if name[:1].isupper() else 2
    return kind, order


def bound_names(tree: ast.Module) -> set[str]:
    """Public names a module's top level binds."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, Documented):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return {name for name in names if not name.startswith("_")}


def declared_all(tree: ast.Module) -> list[str] | None:
    """The strings of a module's `__all__`, or None where it has none written as a plain list."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            if isinstance(value, ast.List | ast.Tuple):
                return [str(e.value) for e in value.elts if isinstance(e, ast.Constant)]
    return None


def faults_in_all(sources: Sources) -> list[str]:
    """Packages whose `__all__` is missing, unsorted, or not exactly their public names."""
    faults = []
    for source in sources.values():
        bound, listed = bound_names(source.tree), declared_all(source.tree)
        if not source.is_package or (listed is None and not bound):
            continue
        if listed is None:
            faults.append(f"{source.module}: binds {sorted(bound)} and has no __all__")
            continue
        if listed != sorted(listed, key=sort_key):
            faults.append(f"{source.module}: __all__ is not sorted")
        lazy = any(isinstance(n, Functions) and n.name == "__getattr__" for n in source.tree.body)
        submodules = {n.rpartition(".")[2] for n in sources if n.startswith(source.module + ".")}
        absent = bound - set(listed)
        empty = set() if lazy else set(listed) - bound - submodules
        faults += [f"{source.module}: {name} is not in __all__" for name in sorted(absent)]
        faults += [f"{source.module}: __all__ lists {name}, unbound" for name in sorted(empty)]
        if len(set(listed)) != len(listed):
            faults.append(f"{source.module}: __all__ lists a name twice")
    return faults


# --- docstrings and sizes


def undocumented(sources: Sources) -> list[str]:
    """Modules, and public classes, functions and methods, that have no docstring."""
    faults = []
    for source in sources.values():
        if not ast.get_docstring(source.tree):
            faults.append(f"{source.module}: no docstring")
        faults += [
            f"{source.module}:{node.lineno}: {name} has no docstring"
            for name, node in _public_definitions(source.tree)
            if not ast.get_docstring(node)
        ]
    return faults


def _public_definitions(scope: ast.AST, prefix: str = "") -> Iterator[tuple[str, Documented]]:
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, ast.If | ast.Try | ast.With | ast.ExceptHandler):
            yield from _public_definitions(node, prefix)
        if not isinstance(node, Documented) or node.name.startswith("_"):
            continue
        # An overload is a line of typing, and a setter's text would never be shown.
        decorators = {ast.unparse(d).rpartition(".")[2] for d in node.decorator_list}
        if not decorators & {"overload", "setter", "deleter"}:
            yield prefix + node.name, node
        if isinstance(node, ast.ClassDef):
            yield from _public_definitions(node, f"{prefix}{node.name}.")


def long_functions(sources: Sources, limit: int) -> dict[str, int]:
    """Functions of more than `limit` lines, their docstrings not counted, with their lengths."""
    found = {}
    for source in sources.values():
        for name, node in _functions(source.tree):
            body = node.body[0]
            written = (body.end_lineno or 0) - body.lineno + 1 if ast.get_docstring(node) else 0
            length = (node.end_lineno or 0) - node.lineno + 1 - written
            if length > limit:
                found[f"{source.module}.{name}"] = length
    return found


def _functions(scope: ast.AST, prefix: str = "") -> Iterator[tuple[str, Functions]]:
    for node in ast.iter_child_nodes(scope):
        inner = prefix
        if isinstance(node, Documented):
            inner = f"{prefix}{node.name}."
        if isinstance(node, Functions):
            yield prefix + node.name, node
        yield from _functions(node, inner)


def long_modules(sources: Sources, limit: int) -> dict[str, int]:
    """Modules of more than `limit` lines, with their lengths."""
    lengths = {name: len(source.text.splitlines()) for name, source in sources.items()}
    return {name: length for name, length in lengths.items() if length > limit}
