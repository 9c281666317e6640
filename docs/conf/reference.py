"""A MkDocs hook: one reference page for every public module, so that none can be forgotten."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

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


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the reference's pages to the navigation, after those written by hand."""
    pages = [{module: f"reference/{module}.md"} for module in public_modules()]
    config.nav = [*(config.nav or []), {"Reference": pages}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Make the reference's pages; mkdocstrings fills them from the sources."""
    for module in public_modules():
        # What Value and Tensor have in common stands in a private base class, so show it with them.
        options = "    options:\n      inherited_members: true\n" if module == "autograd" else ""
        content = f"::: {module}\n{options}"
        files.append(File.generated(config, f"reference/{module}.md", content=content))
    return files
