"""2.1 and 2.2 as learners hand them in."""

from catalogue.hand_ins import right, wrong

right(
    "operators, each printed on a line",
    "2.1",
    differs="the plain way, with a word before each result",
    source="""\
# %%
import torch
# %%
torch.manual_seed(0)
A = torch.rand(5, 5)
B = torch.rand(5, 5)
C = torch.zeros(5, 5, dtype=A.dtype)
print("A:", A)
print("B:", B)
print("C:", C)
# %%
print("A + B =", A + B)
print("A - B =", A - B)
print("A * B =", A * B)
print("A @ B =", A @ B)
""",
)

right(
    "functions of torch, in last expressions",
    "2.1",
    differs="names in small letters, nothing printed: each cell ends with its result",
    source="""\
# %% [markdown]
## 2.1 Tensor operations
# %%
import torch as t
a, b = t.randn(5, 5), t.randn(5, 5)
c = t.zeros_like(a)
c
# %%
t.add(a, b)
# %%
t.sub(a, b)
# %%
t.mul(a, b)
# %%
t.matmul(a, b)
""",
)

right(
    "a function that prints, as a script",
    "2.1",
    differs="a main function, f-strings, float64, the operations in a dict",
    script=True,
    source="""\
import torch


def main():
    A = torch.randn((5, 5), dtype=torch.float64)
    B = torch.randn((5, 5), dtype=torch.float64)
    C = torch.zeros(A.shape, dtype=torch.float64)
    print(f"C = {C}, {C.dtype}")
    results = {
        "Addition": A.add(B),
        "Subtraction": A.sub(B),
        "Element-wise multiplication": A.mul(B),
        "Matrix multiplication": A.mm(B),
    }
    for name, value in results.items():
        print(f"{name}:\\n{value}\\n")


if __name__ == "__main__":
    main()
""",
)

right(
    "random numbers from numpy, shown as arrays",
    "2.1",
    differs="numpy before and after the tensors",
    source="""\
# %%
import numpy as np
import torch
np.random.seed(42)
A = torch.from_numpy(np.random.rand(5, 5))
B = torch.from_numpy(np.random.rand(5, 5))
C = torch.from_numpy(np.zeros((5, 5)))
assert C.dtype == A.dtype
# %%
print((A + B).numpy())
print((A - B).numpy())
print((A * B).numpy())
print(np.matmul(A.numpy(), B.numpy()))
""",
)

right(
    "small whole numbers on whatever device there is",
    "2.1",
    differs="integers drawn with randint, a device, results moved back before they are printed",
    source="""\
# %%
import torch
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
A = torch.randint(0, 10, (5, 5)).to(device)
B = torch.randint(0, 10, (5, 5)).to(device)
C = torch.zeros((5, 5), dtype=A.dtype, device=device)
# %%
add, diff = A + B, A - B
print("sum", add.cpu(), "difference", diff.cpu(), sep="\\n")
# %%
print("product\\n", torch.multiply(A, B).cpu().tolist())
print("matmul\\n", torch.einsum("ik,kj->ij", A, B).cpu().tolist())
""",
)

right(
    "loops for the matrix product",
    "2.1",
    differs="the matrix product by hand in three loops, rounded to four digits in print",
    source="""\
# %%
import torch
torch.set_printoptions(precision=4, sci_mode=False)
A = torch.empty(5, 5).uniform_(-1, 1)
B = torch.empty(5, 5).uniform_(-1, 1)
C = A.new_zeros(5, 5)
print(C)
D = torch.zeros(5, 5)
for i in range(5):
    for j in range(5):
        for k in range(5):
            D[i][j] += A[i][k] * B[k][j]
# %%
print("1. 加法:", A + B)
print("2. 减法:", A - B)
print("3. 点乘:", A * B)
print("4. 矩阵乘法:", D)
""",
)

right(
    "names that are used twice",
    "2.1",
    "2.2",
    differs="A and B mean something else in the second exercise; display, in place at the end",
    source="""\
# %%
!pip install torch
import torch
from IPython.display import display
# %%
# 2.1
A = torch.rand(5, 5); B = torch.rand(5, 5)
C = torch.zeros_like(B)
display(A + B, A - B)
display(A * B)
display(A @ B)
A += B
# %%
# 2.2
A = torch.rand(6, 4)
B = A.reshape(24)
print(B)
A[1:5, 1:3]
""",
)

right(
    "view and narrow",
    "2.2",
    differs="view(-1), and the block by two calls of narrow",
    source="""\
# %%
import torch
x = torch.randn(6, 4)
print(x)
print(x.view(-1))
mid = x.narrow(0, 1, 4).narrow(1, 1, 2)
print(mid, mid.shape)
""",
)

right(
    "flatten, and negative indices",
    "2.2",
    differs="a script without functions; the block is counted from the end; shapes are printed too",
    script=True,
    source="""\
# -*- coding: utf-8 -*-
# 练习 2.2
import torch

tensor = torch.rand((6, 4))
print('original:', tensor)
flat = torch.flatten(tensor)
print('flattened:', flat, flat.shape)
sub = tensor[1:-1, 1:-1]
print('sub tensor:', sub)
print('shape of sub tensor:', sub.shape)
""",
)

right(
    "the middle computed from the sizes",
    "2.2",
    differs="a class method computes where the block begins; index_select takes it",
    source="""\
# %%
import torch

class TensorOps:
    def __init__(self, rows, cols):
        self.t = torch.rand(rows, cols, dtype=torch.double)

    def flat(self):
        return self.t.reshape((self.t.numel(),))

    def middle(self, h, w):
        r0 = (self.t.size(0) - h) // 2
        c0 = (self.t.size(1) - w) // 2
        rows = torch.arange(r0, r0 + h)
        cols = torch.arange(c0, c0 + w)
        return self.t.index_select(0, rows).index_select(1, cols)

ops = TensorOps(6, 4)
# %%
ops.flat()
# %%
ops.middle(4, 2)
""",
)

wrong(
    "matmul by a star",
    "2.1",
    does="prints A * B as the matrix product, too",
    wrong={"2.1 matmul": "A * B in place of the matrix product"},
    source="""\
# %%
import torch
A = torch.rand(5, 5)
B = torch.rand(5, 5)
C = torch.zeros_like(A)
print("add:", A + B)
print("sub:", A - B)
print("element-wise:", A * B)
print("matrix multiplication:", torch.mul(A, B))
""",
)

wrong(
    "product by matmul",
    "2.1",
    does="multiplies matrices where it should multiply element by element",
    wrong={"2.1 product": "A @ B in place of"},
    script=True,
    source="""\
import torch

A = torch.randn(5, 5)
B = torch.randn(5, 5)
C = torch.zeros(5, 5)
elementwise = torch.mm(A, B)
matrix = torch.matmul(A, B)
print("Addition\\n", A + B)
print("Subtraction\\n", A - B)
print("Element-wise multiplication\\n", elementwise)
print("Matrix multiplication\\n", matrix)
""",
)

wrong(
    "B minus A",
    "2.1",
    does="subtracts A from B",
    wrong={"2.1 difference": "B − A"},
    source="""\
# %%
import torch
A, B = torch.rand(5, 5), torch.rand(5, 5)
C = torch.zeros(5, 5)
# %%
print(A + B)
# %%
print(B - A)
# %%
print(A * B)
# %%
print(A @ B)
""",
)

wrong(
    "sub with its operands exchanged",
    "2.1",
    does="B.sub(A) in a table of results",
    wrong={"2.1 difference": "B − A"},
    script=True,
    source="""\
import torch

def calculate(A, B):
    return [("plus", A.add(B)), ("minus", B.sub(A)), ("times", A.mul(B)), ("dot", A.matmul(B))]

if __name__ == "__main__":
    A, B = torch.randn(2, 5, 5).unbind()
    C = torch.zeros_like(A)
    for title, result in calculate(A, B):
        print(title)
        print(result)
""",
)

wrong(
    "B times A",
    "2.1",
    does="multiplies the matrices in the other order",
    wrong={"2.1 matmul": "B @ A"},
    source="""\
# %%
import torch
A = torch.rand([5, 5]); B = torch.rand([5, 5])
C = torch.zeros([5, 5])
print(A + B, A - B, A * B, sep="\\n")
torch.matmul(B, A)
""",
)

wrong(
    "A times B transposed",
    "2.1",
    does="the matrix product with Bᵀ",
    wrong={"2.1 matmul": "A @ Bᵀ"},
    source="""\
# %%
import torch
A = torch.randn(5, 5)
B = torch.randn(5, 5)
C = torch.zeros(A.size())
print('sum =', A + B)
print('difference =', A - B)
print('product =', A * B)
print('matrix product =', A @ B.t())
""",
)

wrong(
    "one number for the sum",
    "2.1",
    does="adds all entries up in place of A + B",
    wrong={"2.1 sum": ""},
    either=("2.1 sum",),
    source="""\
# %%
import torch
A = torch.rand(5, 5)
B = torch.rand(5, 5)
C = torch.zeros(5, 5)
print(torch.sum(A) + torch.sum(B))
print(A - B)
print(A * B)
print(torch.mm(A, B))
""",
)

wrong(
    "the distance",
    "2.1",
    does="takes the absolute value of the difference",
    wrong={"2.1 difference": "without its sign"},
    source="""\
# %%
import torch
torch.manual_seed(1)
A = torch.randn(5, 5); B = torch.randn(5, 5); C = torch.zeros_like(A)
print(A + B); print(torch.abs(A - B)); print(A * B); print(A @ B)
""",
)

wrong(
    "ones for zeros",
    "2.1",
    does="makes C of ones",
    wrong={"2.1 zeros": "ones"},
    either=("2.1 zeros",),
    source="""\
# %%
import torch
A = torch.rand(5, 5)
B = torch.rand(5, 5)
C = torch.ones_like(A)
print("C", C)
print("A+B", A + B)
print("A-B", A - B)
print("A*B", A * B)
print("A@B", A @ B)
""",
)

wrong(
    "zeros of integers",
    "2.1",
    does="makes C of int64, with A and B of float32",
    wrong={"2.1 zeros": "int64"},
    source="""\
# %%
import torch
A = torch.rand(5, 5)
B = torch.rand(5, 5)
C = torch.zeros((5, 5), dtype=torch.int64)
print(C)
# %%
print(A + B)
print(A - B)
print(A * B)
print(A @ B)
""",
)

wrong(
    "zeros of float32 beside doubles",
    "2.1",
    does="draws A and B in float64 and leaves C to the default",
    wrong={"2.1 zeros": "float32"},
    source="""\
# %%
import numpy as np
import torch
A = torch.tensor(np.random.randn(5, 5))
B = torch.tensor(np.random.randn(5, 5))
C = torch.zeros(5, 5)
print(C)
print("A+B:", A + B); print("A-B:", A - B); print("A*B:", A * B); print("AB:", A.mm(B))
""",
)

wrong(
    "no zeros at all",
    "2.1",
    does="leaves C out",
    wrong={},
    missing=("2.1 zeros",),
    source="""\
# %%
import torch
A = torch.rand(5, 5)
B = torch.rand(5, 5)
# %%
A + B
# %%
A - B
# %%
A * B
# %%
A @ B
""",
)

wrong(
    "a zero vector",
    "2.1",
    does="makes five zeros, not a matrix of them",
    wrong={"2.1 zeros": ""},
    source="""\
# %%
import torch
A = torch.randn(5, 5)
B = torch.randn(5, 5)
C = torch.zeros(5)
print(f"{A + B}\\n{A - B}\\n{A * B}\\n{A @ B}\\n{C}")
""",
)

wrong(
    "B is A",
    "2.1",
    does="draws one matrix and uses it under two names",
    wrong={"2.1 random": ""},
    either=("2.1 random",),
    source="""\
# %%
import torch
A = torch.rand(5, 5)
B = A.clone()
C = torch.zeros_like(A)
print(A, B, C)
print(A + B)
print(A - B)
print(A * B)
print(A @ B)
""",
)

wrong(
    "numbers that count",
    "2.1",
    does="A and B are arange, nothing is random",
    wrong={"2.1 random": ""},
    either=("2.1 random",),
    source="""\
# %%
import torch
A = torch.arange(25.).reshape(5, 5)
B = torch.arange(25., 50.).view(5, 5)
C = torch.zeros(5, 5)
print(A + B)
print(A - B)
print(A * B)
print(torch.matmul(A, B))
""",
)

wrong(
    "three by three",
    "2.1",
    does="uses 3 × 3 matrices throughout",
    wrong={"2.1 random": "(5, 5)"},
    disputed=("2.1 zeros", "2.1 sum", "2.1 difference", "2.1 product", "2.1 matmul"),
    script=True,
    source="""\
import torch
A = torch.rand(3, 3)
B = torch.rand(3, 3)
C = torch.zeros(3, 3)
print(A + B)
print(A - B)
print(A * B)
print(A @ B)
""",
)

wrong(
    "results that nobody sees",
    "2.1",
    does="computes the two products and shows only the sum and the difference",
    wrong={"2.1 product": "shown", "2.1 matmul": "shown"},
    either=("2.1 product", "2.1 matmul"),
    source="""\
# %%
import torch
A = torch.rand(5, 5)
B = torch.rand(5, 5)
C = torch.zeros_like(A)
S = A + B
D = A - B
P = A * B
M = A @ B
# %%
print("S =", S)
print("D =", D)
""",
)

wrong(
    "shapes in place of results",
    "2.1",
    does="prints the shape of the matrix product",
    wrong={"2.1 matmul": "shape"},
    either=("2.1 matmul",),
    source="""\
# %%
import torch
A = torch.randn(5, 5)
B = torch.randn(5, 5)
C = torch.zeros(5, 5)
print("sum", A + B)
print("difference", A - B)
print("product", A * B)
print("matmul", (A @ B).shape)
""",
)

wrong(
    "A overwritten on the way",
    "2.1",
    does="A *= B changes A, so that the matrix product is computed with the product",
    wrong={"2.1 matmul": ""},
    source="""\
# %%
import torch
A = torch.rand(5, 5)
B = torch.rand(5, 5)
C = torch.zeros_like(A)
print(A, B)
print("A + B", A + B)
print("A - B", A - B)
A *= B
print("A * B", A)
print("A @ B", A @ B)
""",
)

wrong(
    "the sum left out",
    "2.1",
    does="has no addition; the cell for it is empty",
    wrong={},
    missing=("2.1 sum",),
    source="""\
# %%
import torch
A = torch.rand(5, 5)
B = torch.rand(5, 5)
C = torch.zeros_like(A)
# %%
# TODO: addition
# %%
print(A - B)
# %%
print(A * B)
# %%
print(A @ B)
""",
)

wrong(
    "a crash before the matrix product",
    "2.1",
    does="calls torch.matmultiply, which does not exist",
    wrong={},
    missing=("2.1 matmul",),
    source="""\
# %%
import torch
A = torch.rand(5, 5)
B = torch.rand(5, 5)
C = torch.zeros_like(A)
# %%
print(A + B)
print(A - B)
print(A * B)
# %%
print(torch.matmultiply(A, B))
""",
)

wrong(
    "flatten of the transpose",
    "2.2",
    does="reads the tensor column by column",
    wrong={"2.2 flatten": "column by column"},
    source="""\
# %%
import torch
x = torch.rand(6, 4)
print(x)
y = x.T.reshape(24)
print(y)
print(x[1:5, 1:3])
""",
)

wrong(
    "a row of 24",
    "2.2",
    does="reshapes to (1, 24)",
    wrong={"2.2 flatten": "a single row"},
    script=True,
    source="""\
import torch
x = torch.randn(6, 4)
print("reshaped", x.reshape(1, 24))
print("middle", x[1:5, 1:3])
""",
)

wrong(
    "the shape after reshape",
    "2.2",
    does="prints the shape (24,) and never the entries",
    wrong={"2.2 flatten": "shape"},
    either=("2.2 flatten",),
    source="""\
# %%
import torch
t = torch.rand(6, 4)
flat = t.reshape(-1)
print(flat.shape)
# %%
t[1:5, 1:3]
""",
)

wrong(
    "the top left block",
    "2.2",
    does="takes rows 0 to 3 and columns 0 and 1",
    wrong={"2.2 middle": "top left"},
    source="""\
# %%
import torch
x = torch.rand(6, 4)
print(x.flatten())
print(x[:4, :2])
""",
)

wrong(
    "one row too low",
    "2.2",
    does="counts from one: x[2:6, 2:4]",
    wrong={"2.2 middle": "bottom right"},
    source="""\
# %%
import torch
torch.manual_seed(2025)
data = torch.rand(6, 4)
data.reshape(24)
# %%
print("middle:", data[2:6, 2:4])
print(data.reshape(24))
""",
)

wrong(
    "the end of a slice forgotten",
    "2.2",
    does="x[1:4, 1:2], of shape (3, 1)",
    wrong={"2.2 middle": "without its last row"},
    source="""\
# %%
import torch
x = torch.randn(6, 4)
print("(24,):", x.view(24))
# rows 1-4, columns 1-2
middle = x[1:4, 1:2]
print("middle:", middle)
""",
)

wrong(
    "middle rows, first columns",
    "2.2",
    does="x[1:5, 0:2]",
    wrong={"2.2 middle": ""},
    script=True,
    source="""\
import torch


def reshape(x):
    return x.reshape(x.shape[0] * x.shape[1])


def sub_tensor(x):
    return x[1:5, 0:2]


x = torch.rand(6, 4)
print(x)
print(reshape(x))
print(sub_tensor(x))
""",
)

wrong(
    "middle rows, last columns",
    "2.2",
    does="x[1:5, 2:4], shown as the cell's last expression",
    wrong={"2.2 middle": ""},
    source="""\
# %%
import torch
x = torch.rand(6, 4); x
# %%
x.reshape(24)
# %%
x[1:5, 2:]
""",
)

wrong(
    "a (4, 2) tensor by reshaping",
    "2.2",
    does="takes the eight entries in the middle of the flat tensor",
    wrong={"2.2 middle": ""},
    either=("2.2 middle",),
    source="""\
# %%
import torch
x = torch.rand(6, 4)
flat = x.reshape(24)
print(flat)
middle = flat[8:16].reshape(4, 2)
print(middle)
""",
)

wrong(
    "a tensor typed in",
    "2.2",
    does="uses the numbers 1 to 24 in place of random ones",
    wrong={"2.2 flatten": "random"},
    either=("2.2 flatten",),
    missing=(),
    source="""\
# %%
import torch
x = torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12],
                  [13, 14, 15, 16], [17, 18, 19, 20], [21, 22, 23, 24]])
print(x.reshape(24))
# %%
y = torch.rand(6, 4)
print(y[1:5, 1:3])
""",
)

wrong(
    "no sub-tensor",
    "2.2",
    does="stops after the reshape",
    wrong={},
    missing=("2.2 middle",),
    source="""\
# %%
import torch
x = torch.rand(6, 4)
print(x)
print(x.reshape(24))
""",
)
