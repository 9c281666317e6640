"""The demos of the layers as a user runs them, in seconds."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
for _library in ("matplotlib", "sklearn", "onnxruntime", "safetensors"):
    pytest.importorskip(_library, reason=f"{_library} is not installed")
DEMOS = {
    "cnn": ({"curves.png", "confusion.png", "mistakes.png", "filters.png"}, "test images right"),
    "lstm": ({"adding.png"}, "LSTM: mean squared error"),
    "transformer": ({"reversing.png"}, "of sequences right"),
    "training": (
        {f"{name}.png" for name in ("losses", "optimizers", "data", "callbacks", "saving", "onnx", "sklearn")},
        "the same bits: True",
    ),
    "layers": ({"normalisation.png", "classic.png", "model.svg"}, "Perceptron: 0 of 120 wrong"),
}


@pytest.mark.parametrize("name", DEMOS)
def test_it_runs(name, tmp_path):
    pictures, words = DEMOS[name]
    command = [sys.executable, "-W", "error", "-m", f"demos.{name}", "--quick", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert words in done.stdout
    assert {p.name for p in tmp_path.iterdir()} == pictures
