"""Models written alike for PyTorch and here, and the weights and outputs of PyTorch 2.13.0.

They are in tests/nn/golden/models.json, so that the tests need no PyTorch. To write them anew, in an environment with
torch==2.13.0: ``python -m tests.nn.torch_models``.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

MODELS = Path(__file__).parent / "golden" / "models.json"


def image_model(nn: Any) -> Any:
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 3)
    )


def word_model(nn: Any) -> Any:
    class Words(nn.Module):  # type: ignore[misc]  # of either library
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(7, 4)
            self.encoder = nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, batch_first=True)
            self.lstm = nn.LSTM(4, 3, batch_first=True, bidirectional=True)
            self.head = nn.Sequential(nn.LayerNorm(6), nn.GELU(), nn.Linear(6, 2))

        def forward(self, x):
            return self.head(self.lstm(self.encoder(self.embedding(x)))[0])

    return Words()


INPUTS: dict[str, Any] = {
    "image": (image_model, np.random.default_rng(1).standard_normal((2, 1, 6, 6)).astype(np.float32)),
    "words": (word_model, np.random.default_rng(2).integers(0, 7, (2, 5))),
}


def main() -> None:
    """Write PyTorch's weights and outputs."""
    import torch

    torch.manual_seed(0)
    found = {}
    for name, (made, x) in INPUTS.items():
        model = made(torch.nn)
        if name == "image":
            for _ in range(3):
                model(torch.randn(8, 1, 6, 6))  # moves the running statistics
        state = {key: (str(v.dtype).rpartition(".")[2], v.tolist()) for key, v in model.state_dict().items()}
        found[name] = {"state": state, "y": model.eval()(torch.tensor(x)).tolist()}
    MODELS.write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in found.items()) + "\n}\n")


if __name__ == "__main__":
    main()
