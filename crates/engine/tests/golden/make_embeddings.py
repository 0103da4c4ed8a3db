"""Writes embeddings.json: steps of nn.Embedding beside plain columns, in PyTorch, in f64.

The network: two columns and the codes of two categories of 5 and 3 levels, two learned numbers each; 4 tanh, 1 linear.
"""

import json
import pathlib

import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(3)
ROWS, LEVELS, NUMBERS = 12, (5, 3), 2
numbers = torch.randn(ROWS, 2)
# The last level of the first category is in no row.
codes = torch.stack([torch.randint(0, 4, (ROWS,)), torch.randint(0, 3, (ROWS,))], dim=1)
y = torch.randn(ROWS, 1)
start = [torch.randn(LEVELS[0], NUMBERS), torch.randn(LEVELS[1], NUMBERS), torch.randn(4, 6), torch.randn(4), torch.randn(1, 4), torch.randn(1)]


def trained(make, steps, l2):
    tables = [torch.nn.Embedding(levels, NUMBERS) for levels in LEVELS]
    layers = [torch.nn.Linear(6, 4), torch.nn.Linear(4, 1)]
    parameters = [tables[0].weight, tables[1].weight, layers[0].weight, layers[0].bias, layers[1].weight, layers[1].bias]
    with torch.no_grad():
        for parameter, numbers_ in zip(parameters, start):
            parameter.copy_(numbers_)
    optimizer, costs = make(parameters), []
    for _ in range(steps):
        e = torch.cat([numbers] + [table(codes[:, t]) for t, table in enumerate(tables)], dim=1)
        a = layers[1](torch.tanh(layers[0](e)))
        cost = (0.5 * (a - y) ** 2).sum(dim=1).mean()
        cost = cost + l2 / 2 * sum((w**2).sum() for w in [tables[0].weight, tables[1].weight, layers[0].weight, layers[1].weight])
        optimizer.zero_grad()
        cost.backward()
        if not costs:
            gradient = torch.cat([parameter.grad.flatten() for parameter in parameters]).tolist()
        costs.append(cost.item())
        optimizer.step()
    return {"gradient": gradient, "costs": costs, "parameters": torch.cat([p.detach().flatten() for p in parameters]).tolist()}


cases = [
    ("sgd", {"momentum": 0.9}, 0.05, 0.0, lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9)),
    ("sgd", {}, 0.1, 0.3, lambda p: torch.optim.SGD(p, lr=0.1)),
    ("adam", {}, 0.01, 0.0, lambda p: torch.optim.Adam(p, lr=0.01)),
    ("adamw", {"weight_decay": 0.1}, 0.01, 0.0, lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1)),
]
STEPS = 8
golden = {
    "x": torch.cat([numbers, codes.double()], dim=1).flatten().tolist(),
    "y": y.flatten().tolist(),
    "start": torch.cat([p.flatten() for p in start]).tolist(),
    "steps": STEPS,
    "cases": [
        {"optimizer": name, "options": options, "rate": rate, "l2": l2, **trained(make, STEPS, l2)}
        for name, options, rate, l2, make in cases
    ],
}
path = pathlib.Path(__file__).with_name("embeddings.json")
path.write_text(json.dumps(golden, indent=1) + "\n")
