"""2.3 as learners hand it in."""

from catalogue.hand_ins import right, wrong

right(
    "backward and grad",
    "2.3",
    differs="the plain way, with random numbers",
    source="""\
# %%
import torch
x = torch.rand(3, 3, requires_grad=True)
m = torch.tensor([[1., 0., 2.], [1., 1., 0.], [0., 3., 1.]])
# %%
y = torch.matmul(x, m)
z = y.sum()
print(z)
# %%
z.backward()
print(x.grad)
""",
)

right(
    "ones, and the product as a method",
    "2.3",
    differs="X is all ones, the gradient is a last expression",
    source="""\
# %%
import torch
X = torch.ones((3, 3), requires_grad=True)
M = torch.FloatTensor([[1, 0, 2], [1, 1, 0], [0, 3, 1]])
S = torch.sum(X.mm(M))
S.backward()
X.grad
""",
)

right(
    "torch.autograd.grad",
    "2.3",
    differs="the functional interface, a function, float64, shown as a list",
    script=True,
    source="""\
import torch


def gradient():
    torch.manual_seed(0)
    x = torch.randn(3, 3, dtype=torch.float64, requires_grad=True)
    w = torch.tensor([[1, 0, 2], [1, 1, 0], [0, 3, 1]], dtype=torch.float64)
    out = (x @ w).sum()
    (g,) = torch.autograd.grad(out, x)
    return g


if __name__ == "__main__":
    for row in gradient().tolist():
        print(row)
""",
)

right(
    "a vector of ones sent back",
    "2.3",
    differs="backward from the matrix with a gradient of ones, which is the sum's",
    source="""\
# %%
import torch
a = torch.arange(9, dtype=torch.float32).reshape(3, 3)
a.requires_grad_(True)
b = torch.tensor([[1, 0, 2], [1, 1, 0], [0, 3, 1]]).float()
# %%
c = a @ b
print("sum:", c.sum().item())
c.backward(torch.ones_like(c))
print("梯度:\\n", a.grad.numpy())
""",
)

right(
    "the gradient cleared before a second pass",
    "2.3",
    differs="runs twice, clears the gradient between; checks against the formula, on a device",
    source="""\
# %%
import torch
device = "cuda" if torch.cuda.is_available() else "cpu"
x = torch.randn(3, 3, device=device, requires_grad=True)
M = torch.tensor([[1, 0, 2], [1, 1, 0], [0, 3, 1]], dtype=x.dtype, device=device)
loss = (x @ M).sum()
loss.backward()
print("first:", x.grad)
x.grad.zero_()
torch.sum(torch.matmul(x, M)).backward()
print("second:", x.grad)
print(torch.equal(x.grad, torch.ones(3, 3, device=device) @ M.T))
""",
)

right(
    "numbers typed in, M from numpy",
    "2.3",
    differs="X is typed in by hand, as the homework allows; M comes from numpy",
    source="""\
# %% [markdown]
### 2.3 Autograd
# %%
import numpy as np
import torch
x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]], requires_grad=True)
m = torch.from_numpy(np.array([[1, 0, 2], [1, 1, 0], [0, 3, 1]], dtype=np.float32))
# %%
result = torch.mm(x, m)
result.sum().backward()
print(f"The gradient of x is {x.grad}")
""",
)

wrong(
    "element by element, with a star",
    "2.3",
    does="multiplies X * M",
    wrong={"2.3 gradient": "element by element"},
    source="""\
# %%
import torch
x = torch.rand(3, 3, requires_grad=True)
m = torch.tensor([[1., 0., 2.], [1., 1., 0.], [0., 3., 1.]])
y = x * m
y.sum().backward()
print(x.grad)
""",
)

wrong(
    "element by element, with mul in a function",
    "2.3",
    does="torch.mul(X, M)",
    wrong={"2.3 gradient": "element by element"},
    script=True,
    source="""\
import torch

def f(t, m):
    return torch.mul(t, m).sum()

t = torch.randn((3, 3), requires_grad=True)
m = torch.tensor([[1, 0, 2], [1, 1, 0], [0, 3, 1]])
out = f(t, m)
out.backward()
print("grad:", t.grad.detach().numpy())
""",
)

wrong(
    "M on the left",
    "2.3",
    does="multiplies M @ X",
    wrong={"2.3 gradient": "M @ X"},
    source="""\
# %%
import torch
X = torch.randn(3, 3, requires_grad=True)
M = torch.tensor([[1, 0, 2], [1, 1, 0], [0, 3, 1]], dtype=torch.float32)
Y = torch.matmul(M, X)
L = Y.sum()
L.backward()
# %%
X.grad
""",
)

wrong(
    "the mean for the sum",
    "2.3",
    does="takes the mean of X @ M",
    wrong={"2.3 gradient": "mean"},
    source="""\
# %%
import torch
x = torch.ones(3, 3, requires_grad=True)
m = torch.tensor([[1., 0, 2], [1, 1, 0], [0, 3, 1]])
out = (x @ m).mean()
out.backward()
print(x.grad)
""",
)

wrong(
    "the gradient before backward",
    "2.3",
    does="prints x.grad before backward was called",
    wrong={"2.3 gradient": "before"},
    either=("2.3 gradient",),
    source="""\
# %%
import torch
x = torch.rand(3, 3, requires_grad=True)
m = torch.tensor([[1., 0., 2.], [1., 1., 0.], [0., 3., 1.]])
s = (x @ m).sum()
print("gradient:", x.grad)
s.backward()
""",
)

wrong(
    "backward never called",
    "2.3",
    does="prints the sum, and a grad that is None",
    wrong={"2.3 gradient": ""},
    either=("2.3 gradient",),
    source="""\
# %%
import torch
a = torch.randn(3, 3, requires_grad=True)
b = torch.tensor([[1., 0., 2.], [1., 1., 0.], [0., 3., 1.]])
c = torch.mm(a, b)
d = c.sum()
print(d)
print(a.grad)
""",
)

wrong(
    "an entry of M mistyped",
    "2.3",
    does="M has a 0 for the 2 in its first row",
    wrong={"2.3 gradient": ""},
    source="""\
# %%
import torch
x = torch.randn(3, 3, requires_grad=True)
m = torch.tensor([[1., 0., 0.], [1., 1., 0.], [0., 3., 1.]])
y = torch.sum(x @ m)
y.backward()
print(x.grad)
""",
)

wrong(
    "M with its columns as rows",
    "2.3",
    does="M was typed in column by column",
    wrong={"2.3 gradient": "column sums"},
    script=True,
    source="""\
import torch
m = torch.tensor([[1, 1, 0], [0, 1, 3], [2, 0, 1]], dtype=torch.float)
x = torch.rand(3, 3, requires_grad=True)
result = torch.matmul(x, m).sum()
result.backward()
print("result =", result.item())
print("gradient =", x.grad)
""",
)

wrong(
    "two passes that add up",
    "2.3",
    does="calls backward twice and prints the sum of the two gradients",
    wrong={"2.3 gradient": "twice"},
    source="""\
# %%
import torch
x = torch.rand(3, 3, requires_grad=True)
m = torch.tensor([[1., 0., 2.], [1., 1., 0.], [0., 3., 1.]])
s = (x @ m).sum()
s.backward(retain_graph=True)
# %%
s.backward()
print(x.grad)
""",
)

wrong(
    "the product for its gradient",
    "2.3",
    does="calls backward and prints the product",
    wrong={"2.3 gradient": "product X @ M"},
    either=("2.3 gradient",),
    source="""\
# %%
import torch
x = torch.randn(3, 3, requires_grad=True)
m = torch.tensor([[1., 0., 2.], [1., 1., 0.], [0., 3., 1.]])
y = x @ m
y.sum().backward()
print("Gradient:", y.detach())
""",
)

wrong(
    "the gradient of M",
    "2.3",
    does="asks for the gradient with respect to M",
    wrong={"2.3 gradient": "leaves the gradient"},
    source="""\
# %%
import torch
x = torch.rand(3, 3)
m = torch.tensor([[1., 0., 2.], [1., 1., 0.], [0., 3., 1.]], requires_grad=True)
out = torch.matmul(x, m).sum()
out.backward()
print(m.grad)
""",
)

wrong(
    "a gradient pasted as text",
    "2.3",
    does="prints the gradient as a string and computes nothing",
    wrong={"2.3 gradient": ""},
    either=("2.3 gradient",),
    source="""\
# %%
import torch
x = torch.rand(3, 3, requires_grad=True)
m = torch.tensor([[1., 0., 2.], [1., 1., 0.], [0., 3., 1.]])
print("tensor([[3., 2., 4.],\\n        [3., 2., 4.],\\n        [3., 2., 4.]])")
""",
)

wrong(
    "a gradient typed in",
    "2.3",
    does="writes the gradient down as a tensor, without autograd",
    wrong={"2.3 gradient": ""},
    either=("2.3 gradient",),
    script=True,
    source="""\
import torch

x = torch.rand(3, 3, requires_grad=True)
# each row of the gradient holds the row sums of M
grad = torch.tensor([[3.0, 2.0, 4.0]] * 3)
print("gradient:", grad)
""",
)

wrong(
    "no autograd",
    "2.3",
    does="says in words how it would be done",
    wrong={},
    missing=("2.3 gradient",),
    source="""\
# %% [markdown]
2.3: call backward() on the sum, then look at the grad of the tensor.
# %%
import torch
print(torch.__version__)
""",
)

wrong(
    "two rows only",
    "2.3",
    does="uses a (2, 3) tensor where (3, 3) is asked for",
    wrong={"2.3 gradient": "(3, 3)"},
    source="""\
# %%
import torch
x = torch.rand(2, 3, requires_grad=True)
m = torch.tensor([[1., 0., 2.], [1., 1., 0.], [0., 3., 1.]])
torch.sum(x @ m).backward()
print(x.grad)
""",
)
