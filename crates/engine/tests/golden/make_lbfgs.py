"""Writes lbfgs.json: where PyTorch's LBFGS with strong Wolfe line search goes, step after step.

    python -m venv venv && venv/bin/pip install torch==2.15.0 numpy==2.4.6
    venv/bin/python make_lbfgs.py

In float64, one iteration a step (`max_iter=1`), at most 25 lengths tried behind the first. The functions are written here
and, with their gradients, in the test: Rosenbrock's in pairs of neighbours, and `bowl`, sum of i (cosh(x_i) - 1) + (sum x)^4 / 10.
"""

import torch

from make_optimizers import versions, write


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def bowl(x):
    i = torch.arange(1, len(x) + 1, dtype=torch.float64)
    return (i * (torch.cosh(x) - 1)).sum() + x.sum() ** 4 / 10


CASES = [
    ("rosenbrock", rosenbrock, [-1.2, 1.0], 1.0, 10, 14),
    ("rosenbrock", rosenbrock, [-1.2, 1.0, 0.5, -0.7], 1.0, 3, 12),
    ("rosenbrock", rosenbrock, [0.3, -0.4, 0.5], 0.01, 5, 10),
    ("bowl", bowl, [3.0, -2.0, 1.0, 4.0, -0.5], 1.0, 10, 8),
    ("bowl", bowl, [0.3, 0.2, -0.1], 20.0, 2, 5),
]


def run(function, start, rate, history, steps):
    x = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    optimizer = torch.optim.LBFGS([x], lr=rate, max_iter=1, max_eval=26, tolerance_grad=0, history_size=history,
                                  line_search_fn="strong_wolfe")
    calls = 0

    def closure():
        nonlocal calls
        calls += 1
        optimizer.zero_grad()
        value = function(x)
        value.backward()
        return value

    after, counts = [], []
    for _ in range(steps):
        calls = -1
        optimizer.step(closure)
        after.append(x.detach().tolist())
        counts.append(calls)
    return after, counts


if __name__ == "__main__":
    cases = []
    for name, function, start, rate, history, steps in CASES:
        after, counts = run(function, start, rate, history, steps)
        cases.append(dict(function=name, start=start, rate=rate, history=history, after=after, evaluations=counts))
    write("lbfgs.json", {"versions": versions(), "cases": cases})
