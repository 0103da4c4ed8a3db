"""Writes optimizers.json: what PyTorch's optimizers do to seven parameters in sixty steps.

    python -m venv venv && venv/bin/pip install torch==2.15.0 numpy==2.4.6
    venv/bin/python make_optimizers.py

PyTorch is run in float64, on the CPU, with `foreach=False, fused=False`: the plain loop that its
documentation describes. The gradients are fixed in advance and stored in the file, so a test needs
no function to differentiate: step t (from 0) gives parameter i (from 0) the gradient
sin(1.3 t + 0.7 i) * 10^((i % 4) - 2). The very first one is exactly 0, on purpose: an adaptive
rule that divides by zero there is found out.

The options of a case are all that its optimizer has, defaults included, under Backlit's names:
`alpha` is the decay of RMSprop's squares, `epsilon` PyTorch's `eps`, `beta1` and `beta2` its
`betas`, `learning_rate` its `lr`. Numbers are the shortest decimals that read back as the same f64.
"""

import json
import math
import platform
from pathlib import Path

import torch

START = [0.5, -1.25, 3.0, 0.0, -0.0625, 7.5, -20.0]
STEPS = 60
RECORDED = [1, 2, 10, 60]

SGD = dict(learning_rate=0.1, momentum=0.0, dampening=0.0, nesterov=False, weight_decay=0.0)
ADAGRAD = dict(learning_rate=0.01, lr_decay=0.0, weight_decay=0.0, initial_accumulator_value=0.0,
               epsilon=1e-10)
RMSPROP = dict(learning_rate=0.01, alpha=0.99, epsilon=1e-8, weight_decay=0.0, momentum=0.0,
               centered=False)
ADAM = dict(learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0,
            amsgrad=False)
ADAMW = ADAM | dict(weight_decay=0.01)

CASES = [
    ("sgd", torch.optim.SGD, SGD),
    ("sgd momentum", torch.optim.SGD, SGD | dict(momentum=0.9)),
    ("sgd nesterov", torch.optim.SGD, SGD | dict(momentum=0.9, nesterov=True)),
    ("sgd momentum weight_decay", torch.optim.SGD, SGD | dict(momentum=0.9, weight_decay=0.01)),
    ("sgd momentum dampening", torch.optim.SGD, SGD | dict(momentum=0.9, dampening=0.25)),
    ("adagrad", torch.optim.Adagrad, ADAGRAD),
    ("adagrad weight_decay initial lr_decay", torch.optim.Adagrad,
     ADAGRAD | dict(weight_decay=0.02, initial_accumulator_value=0.1, lr_decay=0.01)),
    ("rmsprop", torch.optim.RMSprop, RMSPROP),
    ("rmsprop momentum", torch.optim.RMSprop, RMSPROP | dict(momentum=0.9)),
    ("rmsprop centered", torch.optim.RMSprop, RMSPROP | dict(centered=True)),
    ("rmsprop weight_decay", torch.optim.RMSprop, RMSPROP | dict(weight_decay=0.01)),
    ("rmsprop centered momentum", torch.optim.RMSprop, RMSPROP | dict(centered=True, momentum=0.9)),
    ("adam", torch.optim.Adam, ADAM),
    ("adam betas epsilon weight_decay", torch.optim.Adam,
     ADAM | dict(beta1=0.8, beta2=0.99, epsilon=1e-6, weight_decay=0.01)),
    ("adam amsgrad", torch.optim.Adam, ADAM | dict(amsgrad=True)),
    ("adamw", torch.optim.AdamW, ADAMW),
    ("adamw weight_decay", torch.optim.AdamW, ADAMW | dict(weight_decay=0.1, learning_rate=0.01)),
    ("adamw amsgrad", torch.optim.AdamW, ADAMW | dict(amsgrad=True)),
]


def gradients():
    """steps x parameters."""
    return [
        [math.sin(1.3 * t + 0.7 * i) * 10.0 ** (i % 4 - 2) for i in range(len(START))]
        for t in range(STEPS)
    ]


def pytorch_options(options):
    """The same options under PyTorch's names."""
    options = dict(options)
    renamed = {"lr": options.pop("learning_rate")}
    if "epsilon" in options:
        renamed["eps"] = options.pop("epsilon")
    if "beta1" in options:
        renamed["betas"] = (options.pop("beta1"), options.pop("beta2"))
    return renamed | options


def run(optimizer_class, options, rows):
    """The parameters after each recorded step."""
    parameters = torch.nn.Parameter(torch.tensor(START, dtype=torch.float64))
    optimizer = optimizer_class(
        [parameters], **pytorch_options(options), foreach=False,
        **({} if optimizer_class is torch.optim.RMSprop else {"fused": False}),
    )
    after = {}
    for step, row in enumerate(rows, start=1):
        parameters.grad = torch.tensor(row, dtype=torch.float64)
        optimizer.step()
        if step in RECORDED:
            after[str(step)] = parameters.detach().tolist()
    return after


def check_defaults():
    """The defaults written out above must be PyTorch's own; SGD's rate alone is another."""
    for optimizer_class, options in [(torch.optim.Adagrad, ADAGRAD), (torch.optim.RMSprop, RMSPROP),
                                     (torch.optim.Adam, ADAM), (torch.optim.AdamW, ADAMW)]:
        defaults = optimizer_class([torch.nn.Parameter(torch.zeros(1))]).defaults
        for name, value in pytorch_options(options).items():
            assert defaults[name] == value, (optimizer_class, name, defaults[name], value)


def layout(value, indent=0):
    """JSON with every list of plain values, and every dict of them, on one line."""
    inner = value.values() if isinstance(value, dict) else value
    if not isinstance(value, (dict, list)) or not any(isinstance(v, (dict, list)) for v in inner):
        return json.dumps(value, allow_nan=False)
    margin = "\n" + " " * (indent + 1)
    if isinstance(value, dict):
        entries = [json.dumps(k) + ": " + layout(v, indent + 1) for k, v in value.items()]
        return "{" + margin + ("," + margin).join(entries) + margin[:-1] + "}"
    return "[" + margin + ("," + margin).join(layout(v, indent + 1) for v in value) + margin[:-1] + "]"


def versions():
    """What made the file."""
    return {"python": platform.python_version(), "torch": torch.__version__.split("+")[0]}


def write(name, document):
    """Puts the document beside this script."""
    (Path(__file__).parent / name).write_text(layout(document) + "\n")


if __name__ == "__main__":
    check_defaults()
    rows = gradients()
    write("optimizers.json", {
        "versions": versions(),
        "start": START,
        "gradients": rows,
        "cases": [
            {"name": name, "options": options, "after": run(optimizer_class, options, rows)}
            for name, optimizer_class, options in CASES
        ],
    })
