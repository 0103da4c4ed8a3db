"""Writes schedules.json: the learning rates of PyTorch's schedulers, step after step.

    python -m venv venv && venv/bin/pip install torch==2.15.0 numpy==2.4.6
    venv/bin/python make_schedules.py

A case is a schedule as it is typed, a share of warm-up, epochs and steps of an epoch, the base rate
being 0.5, and the rate at every step. Those that fall between epochs are stepped once an epoch, the
others at each step. `costs` are what a plateau hears after each epoch. CosLog4 has no scheduler in
PyTorch; its formula is written out in `coslog4` and run as a LambdaLR. Beside a warm-up, those that
fall between epochs are PyTorch's two schedulers chained: the linear one stepped at each step, the other
after each epoch but those that are all warm-up. `eps` of ReduceLROnPlateau,
the least change it makes, is 0.
"""

import math
import warnings

import torch
from torch.optim import lr_scheduler as schedulers

from make_optimizers import versions, write

RATE = 0.5


def coslog4(steps):
    return lambda n: 0.5 * (1 - math.cos(2 * math.pi * math.log2(1 + 15 * n / steps)))


def warm(optimizer, steps, share, make):
    """PyTorch's own way: LinearLR, then the schedule over what is left."""
    first = round(share * steps)
    ramp = schedulers.LinearLR(optimizer, start_factor=1 / first, end_factor=1, total_iters=first - 1)
    return schedulers.SequentialLR(optimizer, [ramp, make(optimizer, steps - first)], [first])


BY_STEP = [
    ("constant", 0, 3, 4, lambda o, n: schedulers.LambdaLR(o, lambda step: 1.0)),
    ("cosine", 0, 5, 7, lambda o, n: schedulers.CosineAnnealingLR(o, T_max=n)),
    ("cosine(0.1)", 0, 8, 3, lambda o, n: schedulers.CosineAnnealingLR(o, T_max=n, eta_min=0.1 * RATE)),
    ("cosine(0.1)", 0.25, 8, 3, lambda o, n: warm(
        o, n, 0.25, lambda o, n: schedulers.CosineAnnealingLR(o, T_max=n, eta_min=0.1 * RATE))),
    ("constant", 0.3, 4, 5, lambda o, n: warm(o, n, 0.3, lambda o, n: schedulers.LambdaLR(o, lambda step: 1.0))),
    ("one_cycle", 0, 5, 8, lambda o, n: schedulers.OneCycleLR(o, RATE, total_steps=n, cycle_momentum=False)),
    ("one_cycle(0.45, 10, 100)", 0, 10, 3, lambda o, n: schedulers.OneCycleLR(
        o, RATE, total_steps=n, pct_start=0.45, div_factor=10, final_div_factor=100, cycle_momentum=False)),
    ("coslog4", 0, 6, 9, lambda o, n: schedulers.LambdaLR(o, coslog4(n))),
]

BY_EPOCH = [
    ("step(3)", 0, 10, 4, lambda o: schedulers.StepLR(o, step_size=3)),
    ("step(every=4, factor=0.5)", 0, 9, 2, lambda o: schedulers.StepLR(o, step_size=4, gamma=0.5)),
    ("exponential", 0, 12, 3, lambda o: schedulers.ExponentialLR(o, gamma=0.98)),
    ("exponential(0.9)", 0, 20, 1, lambda o: schedulers.ExponentialLR(o, gamma=0.9)),
]

WARM_BY_EPOCH = [
    ("step(2)", 0.1, 7, 8, lambda o: schedulers.StepLR(o, step_size=2)),
    ("exponential(0.5)", 0.3, 6, 5, lambda o: schedulers.ExponentialLR(o, gamma=0.5)),
    ("step(1, 0.5)", 0.25, 8, 4, lambda o: schedulers.StepLR(o, step_size=1, gamma=0.5)),
]

COSTS = [5, 4, 3, 3, 2.9999, 2.99, 2.99, 2.99, 2.99, 2.5, 2.6, 2.6, 2.6, 2.6, 2.6, 2.6, 2.6, 2.6, 2.4, 2.4, 2.3999,
         2.3998, 2.3997, 2.3996, 2.0, 2.1, 2.1, 2.1, 2.1, 2.1]

PLATEAUS = [
    ("plateau", dict()),
    ("plateau(0.5, 1)", dict(factor=0.5, patience=1)),
    ("plateau(patience=2, cooldown=2, factor=0.2)", dict(factor=0.2, patience=2, cooldown=2)),
    ("plateau(0.5, 0, 0.01, 1, 0.05)", dict(factor=0.5, patience=0, threshold=0.01, cooldown=1, min_lr=0.05 * RATE)),
]


def optimizer():
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=RATE)


def rates(epochs, per_epoch, optimizer, after_step, after_epoch):
    seen = []
    for epoch in range(epochs):
        for _ in range(per_epoch):
            seen.append(float(optimizer.param_groups[0]["lr"]))
            optimizer.step()
            after_step()
        after_epoch(epoch)
    return seen


def cases():
    nothing = lambda *_: None
    for name, warm_up, epochs, per_epoch, make in BY_STEP:
        o = optimizer()
        scheduler = make(o, epochs * per_epoch)
        steps = epochs * per_epoch
        count = iter(range(1, steps + 1))
        # OneCycleLR refuses a step after the last.
        step = lambda: scheduler.step() if next(count) < steps else None
        yield name, warm_up, per_epoch, epochs, [], rates(epochs, per_epoch, o, step, nothing)
    for name, warm_up, epochs, per_epoch, make in BY_EPOCH:
        o = optimizer()
        scheduler = make(o)
        yield name, warm_up, per_epoch, epochs, [], rates(epochs, per_epoch, o, nothing, lambda epoch: scheduler.step())
    for name, warm_up, epochs, per_epoch, make in WARM_BY_EPOCH:
        o = optimizer()
        first = round(warm_up * epochs * per_epoch)
        ramp = schedulers.LinearLR(o, start_factor=1 / first, end_factor=1, total_iters=first - 1)
        scheduler = make(o)
        fall = lambda epoch: scheduler.step() if epoch >= first // per_epoch else None
        yield name, warm_up, per_epoch, epochs, [], rates(epochs, per_epoch, o, ramp.step, fall)
    for name, options in PLATEAUS:
        o = optimizer()
        scheduler = schedulers.ReduceLROnPlateau(o, eps=0, **options)
        yield name, 0, 2, len(COSTS), COSTS, rates(len(COSTS), 2, o, nothing, lambda epoch: scheduler.step(COSTS[epoch]))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    write("schedules.json", {
        "versions": versions(),
        "rate": RATE,
        "cases": [
            dict(schedule=name, warm_up=warm_up, epochs=epochs, per_epoch=per_epoch, costs=costs, rates=seen)
            for name, warm_up, per_epoch, epochs, costs, seen in cases()
        ],
    })
