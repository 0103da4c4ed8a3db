"""Writes numeric.json: steps of PBLD numeric embeddings beside a category's table, in PyTorch, in f64.

The network: four columns, of which three have five waves and three learned numbers each, and the code of a category of four levels with
two numbers; 6 tanh, 1 linear. The embeddings' parameters move at a rate of their own. The formula is that of Holzmüller, Grinsztajn and
Steinwart, Better by Default (RealMLP), NeurIPS 2024: cos(2π f x + φ), a linear map for each column, and the column itself.
"""

import json
import math
import pathlib

import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(4)
ROWS, COLUMNS, WAVES, NUMBERS, LEVELS = 13, [0, 2, 3], 5, 3, 4
x = torch.randn(ROWS, 4)
codes = torch.randint(0, LEVELS, (ROWS,))
y = torch.randn(ROWS, 1)
C = len(COLUMNS)
WIDTH = 4 + 2 + C * NUMBERS
start = [
    torch.randn(LEVELS, 2),
    torch.randn(C, WAVES),
    math.pi * (2 * torch.rand(C, WAVES) - 1),
    torch.randn(C * NUMBERS, WAVES) / 2,
    torch.randn(C * NUMBERS) / 2,
    torch.randn(6, WIDTH) / 2,
    torch.randn(6) / 2,
    torch.randn(1, 6) / 2,
    torch.randn(1),
]


def trained(make, rate, factor, steps, l2):
    p = [number.clone().requires_grad_() for number in start]
    table, frequency, phase, weight, bias, w1, b1, w2, b2 = p
    optimizer, costs = make([{"params": p[:1] + p[5:]}, {"params": p[1:5], "lr": rate * factor}]), []
    for _ in range(steps):
        t = 2 * math.pi * x[:, COLUMNS, None] * frequency + phase
        sums = torch.einsum("rck,cuk->rcu", torch.cos(t), weight.view(C, NUMBERS, WAVES)) + bias.view(C, NUMBERS)
        into = torch.cat([x, table[codes], sums.flatten(1)], dim=1)
        a = torch.tanh(into @ w1.T + b1) @ w2.T + b2
        cost = (0.5 * (a - y) ** 2).sum(dim=1).mean()
        # A penalty holds for all parameters of embeddings, of layers for the weights.
        cost = cost + l2 / 2 * sum((q**2).sum() for q in p[:5] + [w1, w2])
        optimizer.zero_grad()
        cost.backward()
        if not costs:
            gradient = torch.cat([q.grad.flatten() for q in p]).tolist()
        costs.append(cost.item())
        optimizer.step()
    return {"gradient": gradient, "costs": costs, "parameters": torch.cat([q.detach().flatten() for q in p]).tolist()}


cases = [
    ("sgd", {"momentum": 0.9}, 0.05, 0.1, 0.0, lambda g: torch.optim.SGD(g, lr=0.05, momentum=0.9)),
    ("sgd", {}, 0.1, 1.0, 0.3, lambda g: torch.optim.SGD(g, lr=0.1)),
    ("adam", {}, 0.02, 0.1, 0.0, lambda g: torch.optim.Adam(g, lr=0.02)),
    ("adamw", {"weight_decay": 0.1}, 0.01, 0.5, 0.0, lambda g: torch.optim.AdamW(g, lr=0.01, weight_decay=0.1)),
]
STEPS = 8
golden = {
    "x": torch.cat([x, codes.double()[:, None]], dim=1).flatten().tolist(),
    "y": y.flatten().tolist(),
    "start": torch.cat([p.flatten() for p in start]).tolist(),
    "steps": STEPS,
    "cases": [
        {"optimizer": name, "options": options, "rate": rate, "factor": factor, "l2": l2, **trained(make, rate, factor, STEPS, l2)}
        for name, options, rate, factor, l2, make in cases
    ],
}
path = pathlib.Path(__file__).with_name("numeric.json")
path.write_text(json.dumps(golden, indent=1) + "\n")
