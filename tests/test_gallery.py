"""The gallery in docs/ is what its program draws."""

import re
from pathlib import Path

import pytest

from demos.gallery import CASES

GALLERY = Path(__file__).resolve().parent.parent / "docs" / "gallery"


def skeleton(svg):
    """Return the picture's texts without digits: other machines may round a last digit another way."""
    return [re.sub(r"[-\d.e]+", "#", text) for text in re.findall(r">([^<>\n]+)</text>", svg)]


@pytest.mark.parametrize("name", CASES)
def test_picture(name):
    drawing = CASES[name]()
    assert skeleton(drawing.svg) == skeleton((GALLERY / f"{name}.svg").read_text(encoding="utf-8"))
    width = float(re.findall(r'width="(\d+)"', drawing.svg)[0])
    assert width <= 1240  # a laptop's page


def test_every_picture_stands_on_the_page():
    page = (GALLERY / "index.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\((\S+)\.svg\)", page)) == sorted(CASES)
