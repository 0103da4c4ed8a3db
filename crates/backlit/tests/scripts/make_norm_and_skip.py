# Numbers of a network with a layer norm and a skip, by PyTorch: what tests/audit.rs claims. Run: python3 make_norm_and_skip.py
import torch

torch.set_default_dtype(torch.float64)
x, y = torch.tensor([0.4, -0.7]), torch.tensor([0.3])
W1 = torch.tensor([[0.5, -0.3], [0.2, 0.8], [-0.6, 0.1]], requires_grad=True)
b1 = torch.tensor([0.1, -0.2, 0.3], requires_grad=True)
gain, shift = torch.ones(3, requires_grad=True), torch.zeros(3, requires_grad=True)
W2 = torch.tensor([[0.4, -0.5, 0.2], [0.7, 0.1, -0.3], [-0.2, 0.6, 0.9]], requires_grad=True)
b2 = torch.tensor([0.05, -0.1, 0.2], requires_grad=True)
W3 = torch.tensor([[0.3, -0.8, 0.5]], requires_grad=True)
b3 = torch.tensor([0.1], requires_grad=True)
all = [W1, b1, gain, shift, W2, b2, W3, b3]


def forward():
    n1 = torch.nn.functional.layer_norm(W1 @ x + b1, (3,), gain, shift, eps=1e-5)
    a1 = torch.tanh(n1)
    s2 = torch.tanh(W2 @ a1 + b2) + a1
    return n1, s2, ((W3 @ s2 + b3 - y) ** 2).sum() / 2


for step in range(3):
    n1, s2, cost = forward()
    n1.retain_grad(), s2.retain_grad(), cost.backward()
    print(f"after {step}: n1[1] {n1[1].item()!r} s2[2] {s2[2].item()!r} C {cost.item()!r}")
    print(f"  dC/dW1[0,1] {W1.grad[0, 1].item()!r} dC/dgain[2] {gain.grad[2].item()!r} dC/dshift[0] {shift.grad[0].item()!r}")
    print(f"  dC/dW2[1,0] {W2.grad[1, 0].item()!r} dC/dn1[1] {n1.grad[1].item()!r} dC/ds2[1] {s2.grad[1].item()!r} gain[2] {gain[2].item()!r}")
    with torch.no_grad():
        for p in all:
            p -= 0.5 * p.grad
            p.grad = None
