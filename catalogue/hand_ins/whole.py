"""Complete homeworks in one file."""

from catalogue.hand_ins import right, wrong

EXERCISES = ("1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "2.1", "2.2", "2.3", "2.4", "2.5")

NOTEBOOK = """\
# %% [markdown]
# Homework 2: PyTorch Basics
1.1 A
1.2 A
1.3 A
1.4 B
1.5 BD
1.6 The MLP needs too many parameters; flattening the image loses its spatial structure.
# %%
import torch
import torch.nn as nn
import matplotlib.pyplot as plt
from torchvision import datasets, transforms
# %% [markdown]
## 2.1
# %%
A, B = torch.rand(5, 5), torch.rand(5, 5)
C = torch.zeros(5, 5, dtype=A.dtype)
print(A + B)
print(A - B)
print(A * B)
print(A @ B)
# %% [markdown]
## 2.2
# %%
x = torch.rand(6, 4)
print(x.reshape(24))
x[1:5, 1:3]
# %% [markdown]
## 2.3
# %%
x = torch.rand(3, 3, requires_grad=True)
m = torch.tensor([[1., 0., 2.], [1., 1., 0.], [0., 3., 1.]])
(x @ m).sum().backward()
print(x.grad)
# %% [markdown]
## 2.4
# %%
mnist = datasets.MNIST("./data", train=True, download=True, transform=transforms.ToTensor())
loader = torch.utils.data.DataLoader(mnist, batch_size=64)
images, labels = next(iter(loader))
for act in [nn.Sigmoid, nn.ReLU]:
    net = nn.Sequential(nn.Flatten(), nn.Linear(784, 30), act(), nn.Linear(30, 10))
    nn.CrossEntropyLoss()(net(images), labels).backward()
    norms = [net[1].weight.grad.norm().item(), net[3].weight.grad.norm().item()]
    plt.bar(["layer 1", "layer 2"], norms)
    plt.title(act.__name__)
    plt.show()
# %% [markdown]
## 2.5
# %%
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)
    def forward(self, x):
        return self.linear(x)
model = Model()
x = torch.randn(100, 1)
y = 2 * x + 1
opt = torch.optim.SGD(model.parameters(), lr=0.1)
loss = nn.MSELoss()(model(x), y)
opt.zero_grad()
loss.backward()
opt.step()
torch.save(model.state_dict(), "model.pth")
model2 = Model()
model2.load_state_dict(torch.load("model.pth"))
print(model2(x[:3]))
"""

SCRIPT = """\
# 作业二 PyTorch 基础
# 1.1 A
# 1.2 A
# 1.3 A
# 1.4 B
# 1.5 B、D
# 1.6 参数量太大；把图像展平会丢失空间结构信息。
import torch
from torch import nn, optim
import torchvision
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt


# 2.1 张量运算
def ex1():
    A = torch.randn(5, 5)
    B = torch.randn(5, 5)
    C = torch.zeros_like(A)
    print("C:", C)
    print("加法:", A + B)
    print("减法:", A - B)
    print("逐元素乘法:", A * B)
    print("矩阵乘法:", torch.mm(A, B))


# 2.2 变形和切片
def ex2():
    T = torch.randn(6, 4)
    print("展平:", T.view(24))
    print("中间:", T[1:5, 1:3])


# 2.3 自动求导
def ex3():
    X = torch.randn(3, 3, requires_grad=True)
    M = torch.tensor([[1, 0, 2], [1, 1, 0], [0, 3, 1]], dtype=torch.float32)
    torch.matmul(X, M).sum().backward()
    print("梯度:", X.grad)


# 2.4 观察梯度
def ex4():
    trans = torchvision.transforms.ToTensor()
    ds = torchvision.datasets.MNIST(r"D:\\data", train=True, transform=trans, download=True)
    x, y = next(iter(torch.utils.data.DataLoader(ds, batch_size=32, shuffle=True)))
    for width in (16, 128):
        net = nn.Sequential(nn.Flatten(), nn.Linear(784, width), nn.Sigmoid(),
                            nn.Linear(width, width), nn.Sigmoid(), nn.Linear(width, 10))
        nn.functional.cross_entropy(net(x), y).backward()
        means = [net[k].weight.grad.abs().mean().item() for k in (1, 3, 5)]
        print(width, means)
        plt.plot([1, 2, 3], means, label=str(width))
    plt.legend()
    plt.savefig("grad.png")


# 2.5 线性回归
class LinearRegression(nn.Module):
    def __init__(self):
        super(LinearRegression, self).__init__()
        self.linear = nn.Linear(1, 1)

    def forward(self, x):
        return self.linear(x)


def ex5():
    x = torch.rand(50, 1)
    y = 3 * x + 0.5
    model = LinearRegression()
    sgd = optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(10):
        loss = nn.functional.mse_loss(model(x), y)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
    torch.save(model.state_dict(), "weights.pth")
    new = LinearRegression()
    new.load_state_dict(torch.load("weights.pth"))
    print("预测:", new(torch.tensor([[1.0], [2.0]])).tolist())


if __name__ == "__main__":
    ex1()
    ex2()
    ex3()
    ex4()
    ex5()
"""

right("a notebook", *EXERCISES, differs="everything, in English", source=NOTEBOOK)
right("a script", *EXERCISES, differs="everything, in Chinese", source=SCRIPT, script=True)


def mistaken(source: str, *changes: tuple[str, str]) -> str:
    """The source with these mistakes in it; each change has to find its place."""
    for good, bad in changes:
        if source.count(good) != 1:
            raise ValueError(f"{good!r} stands {source.count(good)} times in the source")
        source = source.replace(good, bad)
    return source


wrong(
    "a notebook with three mistakes",
    *EXERCISES,
    does="says C to 1.4, shows B − A, and multiplies X * M",
    wrong={"1.4 letters": "", "2.1 difference": "B − A", "2.3 gradient": "element by element"},
    source=mistaken(
        NOTEBOOK,
        ("1.4 B", "1.4 C"),
        ("print(A - B)", "print(B - A)"),
        ("(x @ m).sum()", "(x * m).sum()"),
    ),
)

wrong(
    "a script with three mistakes",
    *EXERCISES,
    does="says BC to 1.5, takes the top left block, and forgets zero_grad",
    wrong={"1.5 letters": "", "2.2 middle": "top left", "2.5 step": "zero_grad"},
    script=True,
    source=mistaken(
        SCRIPT,
        ("B、D", "B、C"),
        ("T[1:5, 1:3]", "T[:4, :2]"),
        ("        sgd.zero_grad()\n", ""),
    ),
)

wrong(
    "a notebook without 2.4",
    *EXERCISES,
    does="never comes to MNIST",
    wrong={},
    missing=("2.4 data", "2.4 gradients", "2.4 picture", "2.4 changes"),
    source=NOTEBOOK[: NOTEBOOK.index("# %% [markdown]\n## 2.4")]
    + NOTEBOOK[NOTEBOOK.index("# %% [markdown]\n## 2.5") :],
)
