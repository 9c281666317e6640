"""Runnable demonstrations: `python -m demos.NAME` from the root of a checkout."""
