"""Writes norms.json: PyTorch's trainings of networks with norms, skips and layers' own learning rates.

    python -m venv venv && venv/bin/pip install torch==2.15.0 numpy==2.4.6
    venv/bin/python make_norms.py

11 rows of 3 inputs and 2 targets, float64; the cost is the mean over rows of ½ Σₖ (a − y)². Each layer is
z = x Wᵀ + b, n = norm(z), a = activation(n), to which the output of the layer `skip` is added (0 is the
inputs). Batches are taken in the order of the rows. `parameters` are flat: for each layer weight
(units × inputs), bias (none before a norm over the batch: its gradient is 0, and Adam makes much of what
rounding leaves of it), then gain and shift of its norm, then running mean and variance of a norm over the
batch. `gradient` is that of the first batch, 0 for what is running; `trained` are the parameters after all
epochs, `costs` the costs of the batches, each before its step, `outputs` the predictions of all rows after
the training, rows × 2, by the running statistics.
"""

import numpy
import torch
import torch.nn.functional as F

from make_optimizers import versions, write

ROWS = 11
RANDOM = numpy.random.RandomState(11)
X = RANDOM.uniform(-1, 1, (ROWS, 3)).round(3)
Y = RANDOM.uniform(-1, 1, (ROWS, 2)).round(3)
ACTIVATIONS = {"tanh": torch.tanh, "sigmoid": torch.sigmoid, "relu": torch.relu, "linear": lambda z: z}


def layer(units, activation, norm=None, skip=None, rate=None):
    return {"units": units, "activation": activation, "norm": norm, "skip": skip, "rate": rate}


LAST = layer(2, "linear")
NETWORKS = {
    "skips": [layer(3, "tanh", skip=0), layer(3, "sigmoid", skip=1), layer(4, "relu"), layer(3, "tanh", skip=0), LAST],
    "layer norm": [layer(5, "tanh", "layer"), layer(2, "sigmoid", "layer"), LAST],
    "batch norm": [layer(5, "tanh", "batch"), layer(4, "relu", "batch"), LAST],
    "batch norm of the prediction": [layer(4, "tanh"), layer(2, "linear", "batch")],
    "own rates": [layer(5, "tanh", rate=0.3), layer(4, "sigmoid"), layer(2, "linear", rate=0.002)],
    "all": [layer(3, "tanh", "batch", 0, 0.02), layer(3, "sigmoid", "layer", 1), layer(3, "tanh", "batch", 1, 0.07), LAST],
}
OPTIMIZERS = {
    "sgd": lambda groups: torch.optim.SGD(groups, lr=0.1, momentum=0.9, dampening=0.25),
    "adam": lambda groups: torch.optim.Adam(groups, lr=0.05),
}


def begin(layers):
    """For each layer the tensors of its parameters, in order."""
    random, width, tensors = numpy.random.RandomState(3), 3, []
    for l in layers:
        own = [random.uniform(-1, 1, (l["units"], width)).round(3)]
        if l["norm"] != "batch":
            own += [random.uniform(-1, 1, l["units"]).round(3)]
        if l["norm"]:
            own += [random.uniform(0.5, 1.5, l["units"]).round(3), random.uniform(-1, 1, l["units"]).round(3)]
        own = [torch.tensor(p, dtype=torch.float64, requires_grad=True) for p in own]
        if l["norm"] == "batch":
            own += [torch.zeros(l["units"], dtype=torch.float64), torch.ones(l["units"], dtype=torch.float64)]
        tensors.append(own)
        width = l["units"]
    return tensors


def forward(layers, tensors, x, training):
    outs = [x]
    for l, own in zip(layers, tensors):
        if l["norm"] == "batch":
            w, gain, shift, mean, variance = own
            z = F.batch_norm(F.linear(outs[-1], w), mean, variance, gain, shift, training=training, momentum=0.1)
        else:
            z = F.linear(outs[-1], own[0], own[1])
        if l["norm"] == "layer":
            z = F.layer_norm(z, (l["units"],), own[2], own[3])
        a = ACTIVATIONS[l["activation"]](z)
        outs.append(a if l["skip"] is None else a + outs[l["skip"]])
    return outs[-1]


def flat(tensors, of=lambda p: p.detach()):
    return torch.cat([of(p).reshape(-1) for own in tensors for p in own]).tolist()


def case(name, optimizer, batch, epochs):
    layers = NETWORKS[name]
    tensors = begin(layers)
    before = flat(tensors)
    groups = [{"params": [p for p in own if p.requires_grad]} | ({"lr": l["rate"]} if l["rate"] else {})
              for l, own in zip(layers, tensors)]
    moves = OPTIMIZERS[optimizer](groups)
    x, y = torch.tensor(X), torch.tensor(Y)
    costs, gradient = [], None
    for _ in range(epochs):
        for start in range(0, ROWS, batch):
            moves.zero_grad()
            a = forward(layers, tensors, x[start:start + batch], True)
            cost = (0.5 * ((a - y[start:start + batch]) ** 2).sum(dim=1)).mean()
            cost.backward()
            costs.append(cost.item())
            if gradient is None:
                gradient = flat(tensors, lambda p: p.grad.clone() if p.requires_grad else torch.zeros_like(p))
            moves.step()
    with torch.no_grad():
        outputs = forward(layers, tensors, x, False)
    return {"name": name, "optimizer": optimizer, "batch": batch, "epochs": epochs, "layers": layers, "parameters": before,
            "gradient": gradient, "costs": costs, "trained": flat(tensors), "outputs": outputs.reshape(-1).tolist()}


if __name__ == "__main__":
    write("norms.json", {
        "versions": versions(),
        "x": X.ravel().tolist(),
        "y": Y.ravel().tolist(),
        "cases": [case(name, optimizer, batch, 5) for name in NETWORKS for optimizer in OPTIMIZERS for batch in (ROWS, 4)],
    })
