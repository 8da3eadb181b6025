"""2.4 and 2.5 as they are recorded: what is right however it is written, and what is wrong.

Each case is a small hand-in that differs from a right one in a line or two; it runs in a process of
its own under the recorder.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

from judging.training import judge
from tests.suite.runs import work

LINE = """\
import torch
from torch import nn
import torch.nn.functional as F
class Line(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)
    def forward(self, x):
        return self.linear(x)
x = torch.randn(40, 1)
y = 3 * x - 1 + 0.1 * torch.randn(40, 1)
model = Line()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(4):
    optimizer.zero_grad()
    loss = nn.MSELoss()(model(x), y)
    loss.backward()
    optimizer.step()
torch.save(model.state_dict(), "line.pt")
new = Line()
new.load_state_dict(torch.load("line.pt"))
print(new(x[:3]))
"""

LAYERS = """\
import torch
from torch import nn
import torch.nn.functional as F
import numpy as np
import matplotlib.pyplot as plt
from torchvision import datasets, transforms
train = datasets.MNIST("data", train=True, download=True, transform=transforms.ToTensor())
x = torch.stack([train[i][0] for i in range(24)])
t = torch.tensor([train[i][1] for i in range(24)])
def net(act):
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 12), act, nn.Linear(12, 8), act,
                         nn.Linear(8, 10))
def size(layer):
    return layer.weight.grad.abs().mean().item()
for act in (nn.Sigmoid(), nn.ReLU()):
    model = net(act)
    F.cross_entropy(model(x), t).backward()
    sizes = [size(model[i]) for i in (1, 3, 5)]
    plt.plot([1, 2, 3], sizes, label=str(act))
plt.legend()
plt.show()
"""


class Case(NamedTuple):
    """What is changed in a right hand-in: parts of its text and what stands in their place."""

    name: str
    changes: tuple[tuple[str, str], ...]
    wrong: dict[str, str] = {}  # noqa: RUF012 - of a tuple
    """Part → words of its message; "missing" where nothing of the kind is found; "" for any."""


def case(name: str, *changes: tuple[str, str], **wrong: str) -> Case:
    return Case(name, changes, wrong)


STEP = "    optimizer.zero_grad()\n    loss = nn.MSELoss()(model(x), y)\n"
LOSS = "nn.MSELoss()(model(x), y)"
SAVE = 'torch.save(model.state_dict(), "line.pt")\n'
LOAD = 'new.load_state_dict(torch.load("line.pt"))\n'
SHOW = "print(new(x[:3]))"
SGD = "torch.optim.SGD(model.parameters(), lr=0.1)"
LAYER = "self.linear = nn.Linear(1, 1)"

LINES = [
    case("as it is"),
    case("F.mse_loss", (LOSS, "F.mse_loss(model(x), y)")),
    case("by hand", (LOSS, "((model(x) - y) ** 2).mean()")),
    case("the sum over the count", (LOSS, "(y - model(x)).pow(2).sum() / len(x)")),
    case("flat", (LOSS, "F.mse_loss(model(x).squeeze(), y.squeeze())")),
    case("multiplied out", (LOSS, "(model(x)**2 - 2*model(x)*y + y**2).mean()")),
    case(
        "doubles",
        ("torch.randn(40, 1)", "torch.randn(40, 1).double()"),
        ("Line()", "Line().double()"),
    ),
    case(
        "mini-batches",
        (LOSS, "F.mse_loss(model(x[epoch*10:epoch*10+10]), y[epoch*10:epoch*10+10])"),
    ),
    case(
        "momentum",
        (SGD, "torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)"),
    ),
    case("weight decay", (SGD, "torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.3)")),
    case(
        "cleared at the end",
        ("optimizer.step()\n", "optimizer.step()\n    model.zero_grad()\n"),
        ("    optimizer.zero_grad()\n", ""),
    ),
    case(
        "one step, nothing to clear", ("    optimizer.zero_grad()\n", ""), ("range(4)", "range(1)")
    ),
    case(
        "clipped",
        (
            "optimizer.step()",
            "nn.utils.clip_grad_norm_(model.parameters(), 0.5)\n    optimizer.step()",
        ),
    ),
    case("a Sequential in it", (LAYER, "self.linear = nn.Sequential(nn.Linear(1, 1))")),
    case(
        "sizes as arguments",
        ("__init__(self)", "__init__(self, i=1, o=1)"),
        ("Linear(1, 1)", "Linear(i, o)"),
    ),
    case(
        "a subclass of nn.Linear",
        ("class Line(nn.Module)", "class Line(nn.Linear)"),
        ("super().__init__()", "super().__init__(1, 1)"),
        ("        " + LAYER + "\n", ""),
        ("self.linear(x)", "super().forward(x)"),
    ),
    case(
        "a checkpoint",
        ("torch.save(model.state_dict()", 'torch.save({"w": model.state_dict(), "e": 4}'),
        ('torch.load("line.pt")', 'torch.load("line.pt")["w"]'),
    ),
    case(
        "copied in",
        (
            LOAD,
            'held = torch.load("line.pt")\nwith torch.no_grad():\n'
            "    for name, p in new.named_parameters():\n        p.copy_(held[name])\n",
        ),
    ),
    case("a number is shown", (SHOW, "print(f'{new(torch.tensor([[2.0]])).item():.3f}')")),
    case("its loss is shown", (SHOW, "print('loss', F.mse_loss(new(x), y).item())")),
    case("equal to the old one", (SHOW, "print(torch.equal(model(x), new(x)))")),
    case("numpy shows it", (SHOW, "print(new(x).detach().numpy()[:4, 0].mean())")),
    case(
        "a picture shows it",
        (
            SHOW,
            "import matplotlib.pyplot as plt\n"
            "plt.plot(x.numpy(), new(x).detach().numpy())\nplt.show()",
        ),
    ),
    case(
        "x evenly spaced, y random",
        ("x = torch.randn(40, 1)", "x = torch.linspace(0, 1, 40)[:, None]"),
    ),
    case("each sample alone", (LOSS, "nn.MSELoss()(model(x[epoch:epoch+1]), y[epoch:epoch+1])")),
    case("nn.Linear itself", ("Line()", "nn.Linear(1, 1)"), model="class"),
    case("Sequential itself", ("Line()", "nn.Sequential(nn.Linear(1, 1))"), model="class"),
    case(
        "a hidden layer",
        (LAYER, "self.linear = nn.Sequential(nn.Linear(1, 4), nn.ReLU(), nn.Linear(4, 1))"),
        model="hidden",
    ),
    case(
        "two layers",
        (LAYER, "self.linear = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))"),
        model="Two linear",
    ),
    case(
        "two outputs",
        ("nn.Linear(1, 1)", "nn.Linear(1, 2)"),
        ("y = 3 * x", "y = 3 * x.repeat(1, 2)"),
        model="one input and one output",
    ),
    case(
        "bare parameters",
        (LAYER, "self.w = nn.Parameter(torch.randn(1)); self.b = nn.Parameter(torch.zeros(1))"),
        ("self.linear(x)", "self.w * x + self.b"),
        model="nn.Parameter",
    ),
    case(
        "relu after it",
        ("return self.linear(x)", "return torch.relu(self.linear(x))"),
        model="activation",
    ),
    case(
        "twice through it",
        ("return self.linear(x)", "return self.linear(self.linear(x))"),
        model="w·x + b",
    ),
    case("no step", ("    optimizer.step()\n", ""), step="never called"),
    case("step without parentheses", ("optimizer.step()", "optimizer.step"), step="parentheses"),
    case("not cleared", ("    optimizer.zero_grad()\n", ""), step="zero_grad() is not called"),
    case("cleared without parentheses", ("zero_grad()", "zero_grad"), step="parentheses"),
    case(
        "cleared before the step",
        ("    optimizer.step()", "    optimizer.zero_grad()\n    optimizer.step()"),
        step="between backward() and step()",
    ),
    case("Adam", ("optim.SGD", "optim.Adam"), step="Adam"),
    case("RMSprop", ("optim.SGD", "optim.RMSprop"), step="RMSprop"),
    case("L1", ("MSELoss", "L1Loss"), step="L1"),
    case("a sum", ("MSELoss()", "MSELoss(reduction='sum')"), step="the sum in place"),
    case("the root", (LOSS, LOSS + ".sqrt()"), step="root"),
    case("half", (LOSS, "0.5 * " + LOSS), step="half of the mean"),
    case("Huber", ("MSELoss", "SmoothL1Loss"), step="smooth L1"),
    case("broadcasting", (LOSS, "F.mse_loss(model(x), y[:, 0])"), step="broadcasting"),
    case(
        "by hand, without optimizer",
        (
            "    optimizer.step()",
            "    with torch.no_grad():\n"
            "        for p in model.parameters():\n            p -= 0.1 * p.grad",
        ),
        step="by hand",
    ),
    case("lr = 0", ("lr=0.1", "lr=0.0"), step="learning rate lr is 0"),
    case(
        "another's parameters",
        ("SGD(model.parameters()", "SGD(Line().parameters()"),
        step="other parameters",
    ),
    case("no backward", ("    loss.backward()\n", ""), step="backward"),
    case(
        "fixed data",
        ("torch.randn(40, 1)", "torch.linspace(-1, 1, 40).reshape(40, 1)"),
        step="not random",
    ),
    case(
        "the whole model",
        ("torch.save(model.state_dict()", "torch.save(model"),
        (LOAD, 'new = torch.load("line.pt", weights_only=False)\n'),
        save="whole model",
    ),
    case(
        "saved before",
        ("for epoch", SAVE + "for epoch"),
        ("optimizer.step()\n" + SAVE, "optimizer.step()\n"),
        save="after",
    ),
    case(
        "nothing saved",
        (SAVE, ""),
        (LOAD, "new.load_state_dict(model.state_dict())\n"),
        save="missing",
        load="in memory",
        apply="missing",
    ),
    case(
        "loaded into the old one",
        (LOAD, 'new = model\nnew.load_state_dict(torch.load("line.pt"))\n'),
        load="trained model itself",
    ),
    case(
        "keys that match nothing",
        (
            LOAD,
            'new.load_state_dict({"a." + k: v for k, v in '
            'torch.load("line.pt").items()}, strict=False)\n',
        ),
        load="strict=False",
    ),
    case("the file is not used", (LOAD, 'torch.load("line.pt")\n'), load="no model took", apply=""),
    case("the old one applied", (SHOW, "print(model(x[:3]))"), apply="old model"),
    case("nothing shown", (SHOW, "result = new(x[:3])"), apply="nowhere shown"),
    case("never applied", (SHOW, "print('loaded')"), apply="missing"),
]

TAKEN = "layer.weight.grad.abs().mean().item()"
PLOT = "    plt.plot([1, 2, 3], sizes, label=str(act))"
ACTS = "(nn.Sigmoid(), nn.ReLU())"

COMPARED = [
    case("as it is"),
    case("norms", (TAKEN, "layer.weight.grad.norm().item()")),
    case("numpy's mean", (TAKEN, "np.abs(layer.weight.grad.numpy()).mean()")),
    case("logarithms", (PLOT, "    plt.bar([1, 2, 3], np.log10(sizes))")),
    case(
        "histograms",
        (PLOT, "    for i in (1, 3, 5): plt.hist(model[i].weight.grad.flatten().numpy())"),
    ),
    case(
        "a batch size",
        ("model = net(act)", "model = net(nn.Tanh()); n = 8 if str(act) == 'ReLU()' else 24"),
        ("model(x), t", "model(x[:n]), t[:n]"),
    ),
    case(
        "first weights",
        (
            "model = net(act)",
            "model = net(nn.Tanh())\n"
            "    if str(act) == 'ReLU()': nn.init.normal_(model[3].weight, std=2.0)",
        ),
    ),
    case(
        "means over steps",
        (
            "    sizes = [",
            "    rows = [[size(model[i]) for i in (1, 3, 5)]]\n"
            "    model.zero_grad(); F.cross_entropy(model(x[:20]), t[:20]).backward()\n"
            "    rows += [[size(model[i]) for i in (1, 3, 5)]]\n"
            "    sizes = list(np.mean(rows, 0)) or [",
        ),
    ),
    case("FashionMNIST", ("datasets.MNIST", "datasets.FashionMNIST"), data="FashionMNIST"),
    case(
        "no transform",
        (", transform=transforms.ToTensor()", ""),
        ("train[i][0] for", "train.data[i][None] / 255 for"),
        data="transform",
    ),
    case(
        "values",
        (TAKEN, "layer.weight.abs().mean().item()"),
        gradients="values",
        picture="weights themselves",
    ),
    case(
        "after zeroing",
        ("    sizes = [", "    model.zero_grad(set_to_none=False)\n    sizes = ["),
        gradients="zeroed",
        picture="",
    ),
    case(
        "one layer only",
        ("(1, 3, 5)]", "(1,)]"),
        ("[1, 2, 3]", "[1]"),
        gradients="one layer only",
        picture="",
    ),
    case(
        "a layer left out",
        ("(1, 3, 5)]", "(1, 3)]"),
        ("[1, 2, 3]", "[1, 2]"),
        gradients="none was taken of 5",
    ),
    case("nothing plotted", (PLOT, "    print(sizes)"), picture="Nothing is drawn"),
    case(
        "the losses plotted",
        ("    F.cross", "    loss = F.cross"),
        ("t).backward()", "t); loss.backward()"),
        (PLOT, "    plt.plot([1], loss.item(), 'o'); print(sizes)"),
        picture="losses",
    ),
    case("one setting only", (ACTS, "(nn.ReLU(),)"), changes="one setting only"),
    case("the same twice", (ACTS, "(nn.ReLU(), nn.ReLU())"), changes="same setting twice"),
]


@pytest.mark.parametrize("one", LINES, ids=lambda one: one.name)
def test_a_line_is_judged_by_what_was_recorded(one: Case) -> None:
    _is_judged(LINE, "2.5", one)


@pytest.mark.parametrize("one", COMPARED, ids=lambda one: one.name)
def test_gradients_are_judged_by_what_was_recorded(one: Case) -> None:
    _is_judged(LAYERS, "2.4", one)


@pytest.mark.parametrize("exercise", ["2.4", "2.5"])
def test_what_is_not_there_is_missing_and_not_wrong(exercise: str) -> None:
    found = judge(work("import torch\nprint(torch.rand(5, 5) @ torch.rand(5, 5))\n"), exercise)
    assert {one.outcome for one in found.values()} == {"missing"}


def _is_judged(source: str, exercise: str, one: Case) -> None:
    for old, new in one.changes:
        assert old in source, f"{old!r} is no part of it"
        source = source.replace(old, new)
    for part, found in judge(work(source), exercise).items():
        words = one.wrong.get(part)
        told = f"{part}: {found.outcome}\n{found.message}"
        if words is None:
            assert found.outcome == "right", told
        elif words == "missing":
            assert found.outcome == "missing", told
        else:
            assert found.outcome == "wrong", told
            assert words in found.message, told
