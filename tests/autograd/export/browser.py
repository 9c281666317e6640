"""A real browser without a window, for pages that move."""

import shutil
import subprocess
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def find():
    return next((path for name in NAMES if (path := shutil.which(name))), None)


needs_browser = pytest.mark.skipif(find() is None, reason="no Chromium or Chrome is installed")


def dom(page: Path, profile: Path, fragment: str = "", script: str = "", budget: int = 4000) -> str:
    """Open ``page`` from its file, run ``script`` in it, and return the document as it then stands."""
    if script:
        text = page.read_text(encoding="utf-8")
        page = page.with_name("scripted.html")
        page.write_text(text.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    return run_dom(page.as_uri() + fragment, profile, budget)


def run_dom(address: str, profile: Path, budget: int) -> str:
    """Open an address and return the document after ``budget`` milliseconds of the page's own time."""
    command = [
        *(str(find()), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
        *("--disable-sync", "--no-first-run", f"--user-data-dir={profile}", f"--virtual-time-budget={budget}"),
        *("--dump-dom", address),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
