"""Writes functions.json: PyTorch's values and derivatives of activations and losses, in float64.

    python -m venv venv && venv/bin/pip install torch==2.15.0 numpy==2.4.6
    venv/bin/python make_functions.py

Derivatives are autograd's. No point lies on a kink, so every derivative is the only one there is.

Activations: `values[k]` and `derivatives[k]` belong to `points[k]`. Softplus is the formula
log(1 + exp(x)) everywhere: PyTorch's switch to the identity above `threshold` is put out of reach.
The hard sigmoid is built from `relu6`, because the derivative of `F.hardsigmoid` is the float32
value of 1/6 even in float64.

Losses: matrices are rows x outputs. `rows[r]` is the sum over the outputs of row r, `cost` the mean
of `rows`, and `gradient` the derivative of `cost` by `predictions`, which are logits where
`from_logits` is true. Class targets are column numbers. The quantile loss has no PyTorch function:
it is max(q e, (q - 1) e) with e = target - prediction (Koenker and Bassett 1978).

How far PyTorch itself may be trusted, held against 50-digit numbers: every cost, and every value and
derivative of an activation, is within 2e-15, absolute where it is smaller than 1. Far below zero the
relative error is larger, because 1 + erf and 1 + tanh cancel there: 1e-8 for gelu, 2e-7 for
gelu_tanh, 2e-12 for the derivative of tanh. Compare those absolutely.

Numbers are the shortest decimals that read back as the same f64.
"""

import torch
import torch.nn.functional as F

from make_optimizers import versions, write

# 25 points 0.49 apart, which miss 0 and the kinks of the hard sigmoid at -3 and 3, and some near 0.
POINTS = sorted([round(-5.95 + 0.49 * k, 2) for k in range(25)] + [-1e-3, 1e-3, -1e-8, 1e-8])

ACTIVATIONS = [
    ("relu", {}, F.relu),
    ("leaky_relu", {"slope": 0.01}, lambda x: F.leaky_relu(x, 0.01)),
    ("elu", {"alpha": 1.0}, F.elu),
    ("selu", {}, F.selu),
    ("gelu", {}, F.gelu),
    ("gelu_tanh", {}, lambda x: F.gelu(x, approximate="tanh")),
    ("silu", {}, F.silu),
    ("softplus", {}, lambda x: F.softplus(x, threshold=1e9)),
    ("softsign", {}, F.softsign),
    ("sigmoid", {}, torch.sigmoid),
    ("hard_sigmoid", {}, lambda x: F.relu6(x + 3.0) / 6.0),
    ("tanh", {}, torch.tanh),
]

LOGITS = [[2.0, -1.0, 0.5, 0.25], [-3.5, 0.125, 4.0, 1.0], [10.0, -20.0, 0.0, 9.5]]
SOFT = [[0.1, 0.2, 0.3, 0.4], [0.0, 0.0, 1.0, 0.0], [0.25, 0.5, 0.125, 0.125]]
BINARY = [[1.0, 0.0, 1.0, 0.0], [0.0, 0.25, 1.0, 0.9], [0.0, 1.0, 1.0, 0.5]]
PREDICTIONS = [[0.5, -1.0], [2.25, 3.0], [-4.0, 0.3]]
TARGETS = [[0.7, 1.5], [1.0, 3.125], [-4.6, -1.1]]
RATES = [[0.5, 1.0], [2.25, 7.5], [0.01, 30.0]]
COUNTS = [[0.0, 1.0], [3.0, 12.0], [0.0, 25.0]]


def quantile(predictions, targets, q):
    error = targets - predictions
    return torch.maximum(q * error, (q - 1.0) * error)


def huber(delta):
    return ("huber", {"delta": delta}, False, PREDICTIONS, TARGETS,
            lambda p, t: F.huber_loss(p, t, reduction="none", delta=delta))


# name, parameters, whether the predictions are logits, predictions, targets, loss by element or row
LOSSES = [
    ("cross_entropy_classes", {}, True, LOGITS, [3, 2, 0],
     lambda p, t: F.cross_entropy(p, t, reduction="none")),
    ("cross_entropy_soft", {}, True, LOGITS, SOFT,
     lambda p, t: F.cross_entropy(p, t, reduction="none")),
    ("binary_cross_entropy", {}, True, LOGITS, BINARY,
     lambda p, t: F.binary_cross_entropy_with_logits(p, t, reduction="none")),
    huber(1.0),
    huber(1.5),
    ("poisson", {}, False, RATES, COUNTS,
     lambda p, t: F.poisson_nll_loss(p, t, log_input=False, full=False, eps=0.0, reduction="none")),
] + [
    ("quantile", {"q": q}, False, PREDICTIONS, TARGETS, lambda p, t, q=q: quantile(p, t, q))
    for q in (0.1, 0.5, 0.9)
]


def activation_case(name, parameters, function):
    x = torch.tensor(POINTS, dtype=torch.float64, requires_grad=True)
    values = function(x)
    values.sum().backward()
    return {"name": name, "parameters": parameters,
            "values": values.tolist(), "derivatives": x.grad.tolist()}


def loss_case(name, parameters, from_logits, predictions, targets, function):
    p = torch.tensor(predictions, dtype=torch.float64, requires_grad=True)
    classes = isinstance(targets[0], int)
    t = torch.tensor(targets, dtype=torch.long if classes else torch.float64)
    elements = function(p, t)
    rows = elements if elements.dim() == 1 else elements.sum(dim=1)
    cost = rows.mean()
    cost.backward()
    return {"name": name, "parameters": parameters, "from_logits": from_logits,
            "predictions": predictions, "targets": targets,
            "rows": rows.tolist(), "cost": cost.item(), "gradient": p.grad.tolist()}


if __name__ == "__main__":
    write("functions.json", {
        "versions": versions(),
        "points": POINTS,
        "activations": [activation_case(*case) for case in ACTIVATIONS],
        "losses": [loss_case(*case) for case in LOSSES],
    })
