"""The pages, in the order of the notes: every module of this package named after a note."""

import pkgutil
from importlib import import_module

from demos.notes.registry import Entry, entries

NOTES = {
    "s0": "Note 0: learning in a multi-layer perceptron",
    "s1": "Note 1: perceptrons, backpropagation and what helps training",
    "s2": "Note 2: from the first neurons to Keras",
    "s3": "Note 3: backpropagation in rows, and regularisation",
    "s4": "Note 4: columns, initialisation and momentum",
}


def load() -> list[Entry]:
    """Import every page and return what they enter."""
    import demos.notes

    names = sorted(m.name for m in pkgutil.iter_modules(demos.notes.__path__) if m.name.split("_")[0] in NOTES)
    for name in names:
        import_module(f"demos.notes.{name}")
    return sorted(entries(), key=lambda entry: entry.page)
