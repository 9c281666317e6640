"""The main demo as a user runs it: without graphviz's program, on a folder of files, and with a wrong one."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
for _library in ("matplotlib", "sklearn"):
    pytest.importorskip(_library, reason=f"{_library} is not installed")


def run(*arguments, **environment):
    command = [sys.executable, "-W", "error", "-m", "demos.digits", "--quick", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)


def test_it_finishes_without_graphvizs_program(tmp_path):
    done = run("--out", tmp_path, PATH="")
    assert done.returncode == 0, done.stderr
    assert {p.name for p in tmp_path.iterdir()} == {
        *("curves.png", "confusion.png", "mistakes.png", "neuron.svg", "neuron.dot")
    }
    assert "gradient check: right" in done.stdout
    assert "graphviz's dot is not installed, so neuron.png was not written" in done.stdout
    assert "test accuracy: " in done.stdout
    for picture in tmp_path.glob("*.png"):
        assert picture.read_bytes().startswith(b"\x89PNG")


def test_it_trains_on_a_folder_of_idx_files(tmp_path):
    rng = np.random.default_rng(0)
    for part, count in (("train", 240), ("t10k", 40)):
        labels = np.arange(count) % 10
        images = rng.integers(0, 60, (count, 28, 28))
        images[np.arange(count), 2 * labels] = 255  # a bright line at the height the label says
        for name, array in ((f"{part}-images-idx3-ubyte", images), (f"{part}-labels-idx1-ubyte", labels)):
            head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
            (tmp_path / name).write_bytes(head + array.astype(np.uint8).tobytes())
    done = run("--mnist", tmp_path, "--out", tmp_path / "out", "--epochs", 20)
    assert done.returncode == 0, done.stderr
    assert "220 images to train on, 20 to validate, 40 to test" in done.stdout
    assert "39,250" in done.stdout
    assert "test accuracy: 100.00% (40 of 40)" in done.stdout


def test_a_wrong_folder_is_one_sentence(tmp_path):
    done = run("--mnist", tmp_path, "--out", tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "holds neither train-images-idx3-ubyte nor" in done.stderr
