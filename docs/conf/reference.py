"""A MkDocs hook: reference pages made from the code, so that none can be forgotten.

One page for every public module, and one that lists the operations as the table holds them.
"""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from autograd._op import COMPOSITIONS, TABLE, Op

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("autograd", "nn")


def public_modules() -> list[str]:
    """Dotted names of all modules and packages no part of whose name starts with an underscore."""
    modules = []
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if parts[-1] == "__init__":
                parts = parts[:-1]
            if not any(part.startswith("_") for part in parts):
                modules.append(".".join(parts))
    return sorted(modules)


def operations() -> str:
    """Write the page of all operations."""
    rows = sorted(TABLE.values(), key=lambda op: op.name)
    composed = ", ".join(f"`{name}`" for name in sorted(COMPOSITIONS))
    return "\n".join(
        [
            "---",
            "hide: [toc]",
            "---",
            "# Operations",
            "",
            "Each is one row of one table. numpy's function of the same name applies it to a `Tensor`;",
            "what numpy lacks, `relu` for one, is a function of `autograd`.",
            "",
            "| operation | printed as | operands | options | kinks | on a Value |",
            "|---|---|---|---|---|---|",
            *(_row(op) for op in rows if op.differentiable),
            "",
            f"Composed of these, and differentiated through them: {composed}.",
            "",
            "Without a derivative, so they answer with plain arrays: "
            + ", ".join(f"`{op.name}`" for op in rows if not op.differentiable)
            + ".",
            "",
        ]
    )


def _row(op: Op) -> str:
    operands = "any number" if op.values == ("*",) else ", ".join(op.values)
    symbol = op.symbol.replace("|", "\\|")
    marks = ["yes" if mark else "" for mark in (op.kink, op.scalar)]
    return f"| `{op.name}` | {symbol} | {operands} | {', '.join(op.params)} | {' | '.join(marks)} |"


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the reference's pages to the navigation, after those written by hand."""
    pages: list[dict[str, str]] = [{"Operations": "reference/operations.md"}]
    pages += [{module: f"reference/{module}.md"} for module in public_modules()]
    config.nav = [*(config.nav or []), {"Reference": pages}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Make the reference's pages; mkdocstrings fills them from the sources."""
    for module in public_modules():
        # What Value and Tensor have in common stands in a private base class, so show it with them.
        options = "    options:\n      inherited_members: true\n" if module == "autograd" else ""
        content = f"::: {module}\n{options}"
        files.append(File.generated(config, f"reference/{module}.md", content=content))
    files.append(File.generated(config, "reference/operations.md", content=operations()))
    return files
