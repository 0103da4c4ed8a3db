"""Writes clipping.json: gradients that PyTorch clipped.

    python -m venv venv && venv/bin/pip install torch==2.15.0 numpy==2.4.6
    venv/bin/python make_clipping.py

A case is a gradient in float64, a bound by value or by norm or both (the value first), and what
`torch.nn.utils.clip_grad_value_` and `clip_grad_norm_` make of it.
"""

import math

import torch

from make_optimizers import versions, write

GRADIENTS = [
    [math.sin(1.3 * i) * 10.0 ** (i % 4 - 2) for i in range(150)],
    [3.0, -4.0],
    [0.0, 0.0, 0.0],
    [1e-9, -2e-9, 5e-10],
]
BOUNDS = [(None, 1.0), (None, 5.0), (None, 1e-3), (None, 1e6), (0.5, None), (3.5, None), (0.5, 2.0)]


def clipped(gradient, value, norm):
    parameter = torch.nn.Parameter(torch.zeros(len(gradient), dtype=torch.float64))
    parameter.grad = torch.tensor(gradient, dtype=torch.float64)
    if value is not None:
        torch.nn.utils.clip_grad_value_([parameter], value, foreach=False)
    if norm is not None:
        torch.nn.utils.clip_grad_norm_([parameter], norm, foreach=False)
    return parameter.grad.tolist()


if __name__ == "__main__":
    write("clipping.json", {
        "versions": versions(),
        "cases": [
            dict(gradient=gradient, value=value, norm=norm, clipped=clipped(gradient, value, norm))
            for gradient in GRADIENTS for value, norm in BOUNDS
        ],
    })
