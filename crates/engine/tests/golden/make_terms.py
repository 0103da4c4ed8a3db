"""Writes terms.json: PyTorch's gradients of costs with row weights, penalties and masks, and scikit-learn's solutions.

    python -m venv venv && venv/bin/pip install torch==2.15.0 numpy==2.4.6 scikit-learn
    venv/bin/python make_terms.py

Networks: 3 inputs, 4 tanh units, 2 linear units, 11 rows, float64. The cost is

    mean over rows of w · loss · 11 / Σ w  +  l1 Σ |W|  +  l2/2 Σ W²

where W are the weights of both layers, and the biases too where `biases` is true; `half_squared_error`
is ½ Σₖ (a − y)². One weight of the first layer is exactly 0; PyTorch's slope of |0| is 0 too. In the
case with a mask, the activations of the hidden layer are multiplied by it (rows × units, 0 or 2).
`parameters` and `gradient` are flat: weight (units × inputs), bias, layer after layer.

`regressions` are minima found by scikit-learn: of the weighted squares, and of these with alpha Σ w².
`balanced` is compute_class_weight's. `smoothing` is the cross-entropy of LOGITS with label_smoothing; `gradient` is by
the logits, rows x classes.
"""

import numpy
import sklearn
import torch
import torch.nn.functional as F
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.utils.class_weight import compute_class_weight

from make_optimizers import versions, write

ROWS = 11
RANDOM = numpy.random.RandomState(5)
X = RANDOM.uniform(-1, 1, (ROWS, 3)).round(3)
Y = RANDOM.uniform(-1, 1, (ROWS, 2)).round(3)
CLASSES = RANDOM.randint(0, 2, ROWS)
WEIGHTS = [2, 0, 1, 3, 1, 1, 5, 2, 1, 1, 4]
W1, B1 = RANDOM.uniform(-1, 1, (4, 3)).round(3), RANDOM.uniform(-1, 1, 4).round(3)
W2, B2 = RANDOM.uniform(-1, 1, (2, 4)).round(3), RANDOM.uniform(-1, 1, 2).round(3)
W1[2, 1] = 0.0
MASK = (RANDOM.randint(0, 2, (ROWS, 4)) * 2.0)
LOGITS = [[2.0, -1.0, 0.5, 0.25], [-3.5, 0.125, 4.0, 1.0], [1.0, -2.0, 0.0, 9.5]]
LABELS = [3, 2, 0]
ONE_HOT = numpy.eye(2)[CLASSES]

# name, loss, targets, whether weighted, l1, l2, biases, whether masked
CASES = [
    ("weights", "half_squared_error", Y, True, 0.0, 0.0, False, False),
    ("l1", "half_squared_error", Y, False, 0.3, 0.0, False, False),
    ("l2", "half_squared_error", Y, False, 0.0, 0.7, False, False),
    ("both penalties, biases too", "half_squared_error", Y, False, 0.05, 0.7, True, False),
    ("all", "half_squared_error", Y, True, 0.05, 0.7, False, False),
    ("all, of classes", "cross_entropy", ONE_HOT, True, 0.01, 0.2, True, False),
    ("mask", "half_squared_error", Y, False, 0.0, 0.0, False, True),
]


def case(name, loss, targets, weighted, l1, l2, biases, masked):
    parameters = [torch.tensor(p, dtype=torch.float64, requires_grad=True) for p in (W1, B1, W2, B2)]
    w1, b1, w2, b2 = parameters
    x, y = torch.tensor(X), torch.tensor(targets, dtype=torch.float64)
    a = torch.tanh(F.linear(x, w1, b1))
    if masked:
        a = a * torch.tensor(MASK)
    z = F.linear(a, w2, b2)
    rows = 0.5 * ((z - y) ** 2).sum(dim=1) if loss == "half_squared_error" else F.cross_entropy(z, y, reduction="none")
    if weighted:
        w = torch.tensor(WEIGHTS, dtype=torch.float64)
        rows = rows * w * (ROWS / w.sum())
    cost = rows.mean()
    for p in parameters if biases else (w1, w2):
        cost = cost + l1 * p.abs().sum() + l2 / 2 * (p ** 2).sum()
    cost.backward()
    return {"name": name, "loss": loss, "targets": targets.ravel().tolist(), "weighted": weighted, "l1": l1, "l2": l2,
            "biases": biases, "masked": masked, "cost": cost.item(),
            "gradient": torch.cat([p.grad.reshape(-1) for p in parameters]).tolist()}


def smoothing(share):
    logits = torch.tensor(LOGITS, dtype=torch.float64, requires_grad=True)
    cost = F.cross_entropy(logits, torch.tensor(LABELS), label_smoothing=share)
    cost.backward()
    return {"share": share, "logits": [x for row in LOGITS for x in row], "labels": LABELS, "cost": cost.item(),
            "gradient": logits.grad.reshape(-1).tolist()}


def regression(name, model, alpha):
    model.fit(X, Y[:, 0], sample_weight=WEIGHTS)
    return {"name": name, "alpha": alpha, "weight": model.coef_.tolist(), "bias": float(model.intercept_)}


if __name__ == "__main__":
    write("terms.json", {
        "versions": versions() | {"scikit-learn": sklearn.__version__},
        "x": X.ravel().tolist(),
        "y": Y[:, 0].tolist(),
        "weights": WEIGHTS,
        "mask": MASK.ravel().tolist(),
        "parameters": numpy.concatenate([W1.ravel(), B1, W2.ravel(), B2]).tolist(),
        "cases": [case(*c) for c in CASES],
        "regressions": [
            regression("least squares", LinearRegression(), 0.0),
            regression("ridge", Ridge(alpha=0.35, solver="cholesky"), 0.35),
        ],
        "smoothing": [smoothing(0.1), smoothing(0.4)],
        "balanced": {
            "classes": CLASSES.tolist(),
            "weights": compute_class_weight("balanced", classes=numpy.array([0, 1]), y=CLASSES).tolist(),
        },
    })
