"""Optimizers, schedules and losses beside PyTorch's: one table, and the numbers PyTorch 2.13.0 gives for it.

The numbers are in tests/nn/golden/pytorch.json, so that the tests need no PyTorch. To write them anew, in an
environment with torch==2.13.0: ``python -m tests.nn.peers``.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nn import losses, optim

FILE = Path(__file__).parent / "golden" / "pytorch.json"
SHAPES: tuple[tuple[int, ...], ...] = ((3, 2), (), (5,))
STEPS = 100


def gradients(step):
    rng = np.random.default_rng(step)
    return [rng.standard_normal(shape) for shape in SHAPES]


def start():
    rng = np.random.default_rng(99)
    return [rng.standard_normal(shape) for shape in SHAPES]


class Peer(NamedTuple):
    ours: Any
    theirs: str
    options: dict[str, Any]


DECAY: dict[str, Any] = {"weight_decay": 0.1}
OPTIMIZERS = {
    "sgd": Peer(optim.SGD(0.1), "SGD", {"lr": 0.1}),
    "sgd decay": Peer(optim.SGD(0.1, weight_decay=0.1), "SGD", {"lr": 0.1, **DECAY}),
    "momentum": Peer(optim.SGD(0.1, 0.9), "SGD", {"lr": 0.1, "momentum": 0.9}),
    "nesterov": Peer(optim.SGD(0.1, 0.9, True), "SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "adam": Peer(optim.Adam(0.01, (0.8, 0.99)), "Adam", {"lr": 0.01, "betas": (0.8, 0.99)}),
    "adam decay": Peer(optim.Adam(**DECAY), "Adam", DECAY),
    "adamw": Peer(optim.AdamW(**DECAY), "AdamW", DECAY),
    "adagrad": Peer(optim.Adagrad(0.1), "Adagrad", {"lr": 0.1}),
    "adagrad all": Peer(
        optim.Adagrad(0.1, 0.05, 0.1, 0.2),
        "Adagrad",
        {"lr": 0.1, "lr_decay": 0.05, "initial_accumulator_value": 0.2, **DECAY},
    ),
    "adadelta": Peer(optim.Adadelta(), "Adadelta", {}),
    "adadelta all": Peer(
        optim.Adadelta(0.5, 0.8, 1e-3, 0.1), "Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-3, **DECAY}
    ),
    "rmsprop": Peer(optim.RMSprop(), "RMSprop", {}),
    "rmsprop all": Peer(
        optim.RMSprop(0.02, 0.9, momentum=0.8, centered=True, **DECAY),
        "RMSprop",
        {"lr": 0.02, "alpha": 0.9, "momentum": 0.8, "centered": True, **DECAY},
    ),
    "nadam": Peer(optim.Nadam(), "NAdam", {}),
    "nadam all": Peer(
        optim.Nadam(0.01, (0.8, 0.99), momentum_decay=0.01, **DECAY),
        "NAdam",
        {"lr": 0.01, "betas": (0.8, 0.99), "momentum_decay": 0.01, **DECAY},
    ),
    "radam": Peer(optim.RAdam(0.01), "RAdam", {"lr": 0.01}),
    "radam decay": Peer(optim.RAdam(0.01, (0.8, 0.9), **DECAY), "RAdam", {"lr": 0.01, "betas": (0.8, 0.9), **DECAY}),
    "adamax": Peer(optim.Adamax(), "Adamax", {}),
    "adamax decay": Peer(optim.Adamax(0.05, **DECAY), "Adamax", {"lr": 0.05, **DECAY}),
    "rprop": Peer(optim.Rprop(), "Rprop", {}),
    "rprop all": Peer(
        optim.Rprop(0.1, (0.7, 1.5), (1e-3, 1.0)), "Rprop", {"lr": 0.1, "etas": (0.7, 1.5), "step_sizes": (1e-3, 1.0)}
    ),
}
SEARCHES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # our options of LBFGS, and theirs beside them
    "lbfgs": ({"history_size": 100}, {"line_search_fn": "strong_wolfe"}),
    "lbfgs forgets": ({"history_size": 2, "max_iter": 3}, {"line_search_fn": "strong_wolfe"}),
    "lbfgs few losses": ({"max_iter": 7, "max_eval": 4}, {"history_size": 10, "line_search_fn": "strong_wolfe"}),
    "lbfgs long trials": ({"lr": 40.0, "max_iter": 4}, {"history_size": 10, "line_search_fn": "strong_wolfe"}),
    "lbfgs short trials": ({"lr": 1e-3, "max_iter": 4}, {"history_size": 10, "line_search_fn": "strong_wolfe"}),
    "lbfgs no search": ({"lr": 0.3, "max_iter": 4, "line_search_fn": None}, {"history_size": 10}),
    "lbfgs stops": (
        {"tolerance_grad": 1e-2, "tolerance_change": 1e-3, "max_iter": 5},
        {"history_size": 10, "line_search_fn": "strong_wolfe"},
    ),
}
MOVES = 25


def valley(a, b, c):
    """Return a number with a bent, narrow valley, by operators alone: of our Tensors and of PyTorch's."""
    return (
        ((a * a - 2.0) ** 2).sum()
        + 10.0 * ((c[1:] - c[:-1] ** 2) ** 2).sum()
        + ((1.0 - c) ** 2).sum()
        + (a.sum() - b * c.sum()) ** 2
    )


SCHEDULES = {
    "step": Peer(optim.step_decay(0.5, 7, 0.3), "StepLR", {"step_size": 7, "gamma": 0.3}),
    "multi step": Peer(
        optim.multi_step(0.5, [10, 30, 60], 0.4), "MultiStepLR", {"milestones": [10, 30, 60], "gamma": 0.4}
    ),
    "exponential": Peer(optim.exponential(0.5, 0.9), "ExponentialLR", {"gamma": 0.9}),
    "cosine": Peer(optim.cosine(0.5, 100, 0.01), "CosineAnnealingLR", {"T_max": 100, "eta_min": 0.01}),
    "restarts": Peer(optim.warm_restarts(0.5, 9), "CosineAnnealingWarmRestarts", {"T_0": 9}),
    "longer restarts": Peer(
        optim.warm_restarts(0.5, 3, 3, 0.02), "CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 3, "eta_min": 0.02}
    ),
    "warm-up": Peer(optim.linear_warmup(0.5, 10), "LinearLR", {"start_factor": 0.1, "total_iters": 9}),
    "warm-up from a third": Peer(
        optim.linear_warmup(0.5, 12, start=1 / 3), "LinearLR", {"start_factor": 1 / 3, "total_iters": 12}
    ),
    "polynomial": Peer(optim.polynomial(0.5, 60, 1.7), "PolynomialLR", {"total_iters": 60, "power": 1.7}),
    "one cycle": Peer(optim.one_cycle(0.5, 100), "OneCycleLR", {"max_lr": 0.5, "total_steps": 100}),
}

PLATEAUS: dict[str, dict[str, Any]] = {  # options that both have; PyTorch counts one epoch of patience less
    "plateau": {"patience": 2, "factor": 0.5},
    "plateau with cooldown": {"patience": 3, "factor": 0.3, "cooldown": 2, "min_lr": 1e-3},
    "impatient": {"patience": 1, "factor": 0.7, "cooldown": 1, "min_lr": 0.05},
    "higher is better": {"patience": 4, "factor": 0.6, "cooldown": 3, "mode": "max"},
}


def watched():
    """Return the numbers a plateau is looked for in."""
    return np.abs(np.random.default_rng(3).standard_normal(50).cumsum() * 0.2 + 3.0).round(2).tolist()


RNG = np.random.default_rng(5)
Z = RNG.standard_normal((6, 4)) * 2
Y = RNG.standard_normal((6, 4))
LABELS = np.array([0, 1, 2, 3, 1, 0])
SIGNS = RNG.choice([-1.0, 1.0], (6, 4))
SOFT = RNG.dirichlet(np.ones(4), 6)
BITS = RNG.integers(0, 2, (6, 4)).astype(float)
COUNTS = RNG.poisson(2.0, (6, 4)).astype(float)
WEIGHT = np.array([0.5, 1.0, 2.0, 3.0])


class LossPeer(NamedTuple):
    ours: Any
    target: Any
    options: dict[str, Any]
    theirs: str
    their_options: dict[str, Any]


LOSSES = {
    "mse": LossPeer(losses.mse, Y, {}, "mse_loss", {}),
    "mae": LossPeer(losses.mae, Y, {}, "l1_loss", {}),
    "huber": LossPeer(losses.huber, Y, {"delta": 0.7}, "huber_loss", {"delta": 0.7}),
    "poisson": LossPeer(losses.poisson, COUNTS, {}, "poisson_nll_loss", {}),
    "kl": LossPeer(losses.kl, SOFT, {}, "kl_div", {"reduction": "batchmean"}),
    "binary": LossPeer(losses.binary_cross_entropy, BITS, {}, "binary_cross_entropy_with_logits", {}),
    "binary weights": LossPeer(
        losses.binary_cross_entropy,
        SOFT,
        {"pos_weight": WEIGHT, "weights": SOFT},
        "binary_cross_entropy_with_logits",
        {"pos_weight": WEIGHT, "weight": SOFT},
    ),
    "labels": LossPeer(losses.cross_entropy, LABELS, {}, "cross_entropy", {}),
    "labels all": LossPeer(
        losses.cross_entropy,
        LABELS,
        {"class_weight": WEIGHT, "ignore_index": 1, "label_smoothing": 0.1},
        "cross_entropy",
        {"weight": WEIGHT, "ignore_index": 1, "label_smoothing": 0.1},
    ),
    "labels ignored": LossPeer(
        losses.cross_entropy,
        np.where(LABELS == 3, -100, LABELS),
        {"ignore_index": -100, "label_smoothing": 0.2},
        "cross_entropy",
        {"label_smoothing": 0.2},
    ),
    "soft": LossPeer(
        losses.cross_entropy,
        SOFT,
        {"class_weight": WEIGHT, "label_smoothing": 0.1},
        "cross_entropy",
        {"weight": WEIGHT, "label_smoothing": 0.1},
    ),
    "nll": LossPeer(
        losses.nll,
        LABELS,
        {"class_weight": WEIGHT, "ignore_index": 2},
        "nll_loss",
        {"weight": WEIGHT, "ignore_index": 2},
    ),
}


def searched(torch):
    """Return PyTorch's losses and parameters after each step of a search."""
    found: dict[str, Any] = {}
    for name, (ours, more) in SEARCHES.items():
        params = [torch.nn.Parameter(torch.tensor(a)) for a in start()]
        optimizer = torch.optim.LBFGS(params, **{**ours, **more})

        def closure(params=params, optimizer=optimizer):
            optimizer.zero_grad()
            loss = valley(*params)
            loss.backward()
            return loss

        rows = found[name] = []
        for _ in range(MOVES):
            loss = optimizer.step(closure).item()
            rows.append([loss, *(x for p in params for x in p.detach().numpy().ravel().tolist())])
    return found


def scheduled(torch):
    """Return PyTorch's learning rates."""
    found: dict[str, Any] = {}
    for name, (_, theirs, options) in SCHEDULES.items():
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.5)
        schedule = getattr(torch.optim.lr_scheduler, theirs)(optimizer, **options)
        rates = found[name] = []
        for t in range(STEPS):
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if t + 1 < STEPS:
                schedule.step()
    for name, options in PLATEAUS.items():
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.5)
        turned = {**options, "patience": options["patience"] - 1, "threshold": 0.05, "threshold_mode": "abs"}
        schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, eps=0.0, **turned)
        rates = found[name] = []
        for value in watched():
            schedule.step(value)
            rates.append(optimizer.param_groups[0]["lr"])
    return found


def main():
    """Write PyTorch's numbers."""
    import torch

    def tensors(options):
        return {k: torch.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}

    torch.set_default_dtype(torch.float64)  # NAdam keeps the product of its weights in the default dtype
    numbers: dict[str, Any] = {"torch": "2.13.0", "optimizers": {}, "losses": {}}
    for name, (_, theirs, options) in OPTIMIZERS.items():
        params = [torch.nn.Parameter(torch.tensor(a)) for a in start()]
        optimizer = getattr(torch.optim, theirs)(params, **options)
        for t in range(STEPS):
            for p, g in zip(params, gradients(t), strict=True):
                p.grad = torch.tensor(g)
            optimizer.step()
        numbers["optimizers"][name] = [p.detach().numpy().ravel().tolist() for p in params]
    numbers["searches"] = searched(torch)
    numbers["schedules"] = scheduled(torch)
    for name, (_, target, _, theirs, options) in LOSSES.items():
        z = torch.tensor(Z, requires_grad=True)
        scores = torch.log_softmax(z, -1) if name in {"kl", "nll"} else z
        loss = getattr(torch.nn.functional, theirs)(scores, torch.tensor(target), **tensors(options))
        loss.backward()
        numbers["losses"][name] = [loss.item(), z.grad.numpy().ravel().tolist()]
    assert torch.__version__.split("+")[0] == numbers["torch"]
    FILE.write_text(json.dumps(numbers, indent=1) + "\n")


if __name__ == "__main__":
    main()
