"""2.1 to 2.3 judged by what hand-ins compute and show."""

import pytest

import catalogue  # noqa: F401 - so that the judge knows the mistakes
from judging.relations import judge
from tests.suite.records import work

AB = "import torch, numpy as np, random\nA = torch.rand(5, 5)\nB = torch.rand(5, 5)\n"
C = "C = torch.zeros_like(A)\n"
PRINTS = "print(A + B)\nprint(A - B)\nprint(A * B)\nprint(A @ B)\n"
X = "import torch, numpy as np\nx = torch.rand(6, 4)\n"
FLAT, MIDDLE = "print(x.reshape(24))\n", "print(x[1:5, 1:3])\n"
LEAF = "import torch\nX = torch.rand(3, 3, requires_grad=True)\n"
M = "M = torch.tensor([[1., 0, 2], [1, 1, 0], [0, 3, 1]])\n"
BACK = "(X @ M).sum().backward()\n"
TYPED = "[[3., 2., 4.], [3., 2., 4.], [3., 2., 4.]]"


def with_a(how: str) -> str:
    return AB.replace("torch.rand(5, 5)", how) + C + PRINTS


RIGHT = {
    "as the homework says": ("2.1", AB + C + PRINTS),
    "normal": ("2.1", with_a("torch.randn(5, 5)")),
    "a seed of its own": ("2.1", "import torch\ntorch.manual_seed(0)\n" + AB + C + PRINTS),
    "integers": ("2.1", with_a("torch.randint(0, 10, (5, 5))")),
    "double": ("2.1", with_a("torch.rand(5, 5, dtype=torch.float64)")),
    "half": ("2.1", with_a("torch.rand(5, 5).half()")),
    "in place of memory": ("2.1", with_a("torch.empty(5, 5).uniform_()")),
    "from numpy": ("2.1", with_a("torch.from_numpy(np.random.rand(5, 5))")),
    "permuted": ("2.1", with_a("torch.randperm(25).reshape(5, 5)")),
    "entries drawn by Python": (
        "2.1",
        with_a("torch.tensor([[random.random() for _ in range(5)] for _ in range(5)])"),
    ),
    "two of one draw": ("2.1", AB + "A, B = torch.randn(2, 5, 5)\n" + C + PRINTS),
    "B drawn like A": ("2.1", AB + "B = torch.rand_like(A)\n" + C + PRINTS),
    "scaled": ("2.1", AB + "A = A * 10\nB = B * 10 - 5\n" + C + PRINTS),
    "other functions": (
        "2.1",
        AB + "C = A.new_zeros(5, 5)\nprint(torch.add(B, A), A.sub(B))\n"
        "print(torch.mul(B, A))\nprint(A.mm(B))\n",
    ),
    "lists": ("2.1", AB + C + "for R in (A + B, A - B, A * B, A @ B):\n    print(R.tolist())\n"),
    "numpy on the way": (
        "2.1",
        AB + C + "a, b = A.numpy(), B.numpy()\nprint(a + b)\nprint(a - b)\nprint(a * b)\n"
        "print(np.dot(a, b))\n",
    ),
    "row by row": (
        "2.1",
        AB + C + "for R in (A + B, A - B, A * B, A @ B):\n    for row in R:\n        print(row)\n",
    ),
    "entry by entry with labels": (
        "2.1",
        AB + C + "for R in (A + B, A - B, A * B, A @ B):\n    for i in range(5):\n"
        "        for j in range(5):\n            print(f'R[{i},{j}] = {R[i, j]:.3f}')\n",
    ),
    "two decimals": (
        "2.1",
        AB
        + C
        + PRINTS.replace("print(", "print(torch.round(decimals=2, input=").replace(")\n", "))\n"),
    ),
    "in a sentence": (
        "2.1",
        AB + C + "print(f'A + B = {A + B}, A - B = {A - B}')\nprint('product', A * B)\nA @ B\n",
    ),
    "in a dict": (
        "2.1",
        AB + C + "print({'sum': A + B, 'difference': A - B, 'product': A * B, 'matmul': A @ B})\n",
    ),
    "a loop for the product": (
        "2.1",
        AB
        + C
        + PRINTS.replace("print(A @ B)\n", "")
        + "for i in range(5):\n    for j in range(5):\n"
        "        for k in range(5):\n            C[i, j] += A[i, k] * B[k, j]\nprint(C)\n",
    ),
    "used again for something else": (
        "2.1",
        AB + C + PRINTS + "A = torch.rand(5, 5)\nB = torch.ones(5, 5)\nprint(A.sum(), B.sum())\n",
    ),
    "view and slices": ("2.2", X + FLAT + MIDDLE),
    "flatten": ("2.2", X + "print(x.flatten())\nprint(x[1:-1, 1:-1])\n"),
    "lists of 2.2": ("2.2", X + "print(x.view(-1).tolist())\nprint(x[1:5, 1:3].tolist())\n"),
    "an array": ("2.2", X + "print(x.numpy().ravel())\nprint(x.narrow(0, 1, 4).narrow(1, 1, 2))\n"),
    "plain numbers": ("2.2", X + "print(*x.flatten().tolist())\nprint(x)\n" + MIDDLE),
    "drawn as 24": ("2.2", X + "x = torch.randn(24).view(6, 4)\n" + FLAT + MIDDLE),
    "integers of 2.2": ("2.2", X + "x = torch.randint(0, 100, (6, 4))\n" + FLAT + MIDDLE),
    "the gradient": ("2.3", LEAF + M + BACK + "print(X.grad)\n"),
    "in two steps": (
        "2.3",
        LEAF + M + "Y = torch.matmul(X, M)\nZ = Y.sum()\nZ.backward()\nX.grad\n",
    ),
    "a leaf made later": (
        "2.3",
        "import torch\nX = torch.ones(3, 3).requires_grad_()\n" + M + BACK + "print(X.grad)\n",
    ),
    "autograd.grad": ("2.3", LEAF + M + "print(torch.autograd.grad((X @ M).sum(), X))\n"),
    "backward from ones": (
        "2.3",
        LEAF + M + "(X @ M).backward(torch.ones(3, 3))\nprint(X.grad.tolist())\n",
    ),
    "a gradient in a sentence": ("2.3", LEAF + M + BACK + "print(f'dX: {X.grad.numpy()}')\n"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_work_is_found_right(name: str) -> None:
    exercise, source = RIGHT[name]
    found = judge(work(source), exercise)
    assert {part: one.message for part, one in found.items() if one.outcome != "right"} == {}


def shows(sum: str = "A + B", minus: str = "A - B", times: str = "A * B", at: str = "A @ B") -> str:
    return AB + C + "".join(f"print({one})\n" for one in (sum, minus, times, at) if one)


WRONG = {
    "B − A": ("2.1", shows(minus="B - A"), "difference", "wrong", "B − A"),
    "the distance": (
        "2.1",
        shows(minus="(A - B).abs()"),
        "difference",
        "wrong",
        "without its sign",
    ),
    "B @ A": ("2.1", shows(at="B @ A"), "matmul", "wrong", "B @ A"),
    "A @ Bᵀ": ("2.1", shows(at="A @ B.T"), "matmul", "wrong", "A @ Bᵀ"),
    "Aᵀ @ B": ("2.1", shows(at="A.T @ B"), "matmul", "wrong", "Aᵀ @ B"),
    "* for @": (
        "2.1",
        shows(at="A * B"),
        "matmul",
        "wrong",
        "A * B in place of the matrix product",
    ),
    "@ for *": ("2.1", shows(times="A @ B"), "product", "wrong", "A @ B in place of the product"),
    "no sum": ("2.1", shows(sum=""), "sum", "missing", "is not there"),
    "no difference": ("2.1", shows(minus=""), "difference", "missing", ""),
    "no product": ("2.1", shows(times=""), "product", "missing", ""),
    "no matmul": ("2.1", shows(at=""), "matmul", "missing", ""),
    "not shown": ("2.1", shows(sum="") + "S = A + B\n", "sum", "wrong", "and not shown"),
    "its shape": ("2.1", shows(sum="(A + B).shape"), "sum", "wrong", "shows the shape"),
    "twice A": ("2.1", shows(sum="A + A"), "sum", "wrong", "A + B"),
    "something added": ("2.1", shows(sum="A + B + 1"), "sum", "wrong", ""),
    "in place": ("2.1", AB + C + "A += B\nprint(A)\n" + PRINTS[13:], "matmul", "wrong", "in place"),
    "typed in": (
        "2.1",
        AB.replace("torch.rand(5, 5)", "torch.arange(25.).view(5, 5) ** 2", 1) + C + PRINTS,
        "random",
        "wrong",
        "in both runs",
    ),
    "all ones": ("2.1", AB + "B = torch.ones(5, 5)\n" + C + PRINTS, "random", "wrong", ""),
    "equal": ("2.1", AB + "B = A.clone()\n" + C + PRINTS, "random", "wrong", ""),
    "unlike dtypes": (
        "2.1",
        AB + "B = torch.rand(5, 5, dtype=torch.float64)\n" + C + PRINTS[:-13],
        "random",
        "wrong",
        "of one dtype",
    ),
    "(3, 3)": ("2.1", with_a("torch.rand(3, 3)"), "random", "wrong", "shape (3, 3)"),
    "(25,)": ("2.1", with_a("torch.rand(25)"), "random", "wrong", "shape (25,)"),
    "one matrix": (
        "2.1",
        "import torch\nA = torch.rand(5, 5)\nprint(A)\n",
        "random",
        "wrong",
        "two",
    ),
    "no matrix": ("2.1", "print('A + B')\n", "random", "missing", "looked for"),
    "no zeros": ("2.1", AB + PRINTS, "zeros", "missing", "zeros_like"),
    "zeros of integers": (
        "2.1",
        AB + "C = torch.zeros(5, 5, dtype=torch.int64)\n" + PRINTS,
        "zeros",
        "wrong",
        "int64",
    ),
    "a row of zeros": ("2.1", AB + "C = torch.zeros(5)\n" + PRINTS, "zeros", "wrong", "shape (5,)"),
    "by columns": ("2.2", X + "print(x.T.reshape(-1))\n" + MIDDLE, "flatten", "wrong", "column"),
    "(1, 24)": ("2.2", X + "print(x.reshape(1, 24))\n" + MIDDLE, "flatten", "wrong", "single row"),
    "(24, 1)": (
        "2.2",
        X + "print(x.reshape(24, 1))\n" + MIDDLE,
        "flatten",
        "wrong",
        "single column",
    ),
    "(4, 6)": ("2.2", X + "print(x.reshape(4, 6))\n" + MIDDLE, "flatten", "wrong", "(4, 6)"),
    "sorted": (
        "2.2",
        X + "print(x.flatten().sort().values)\n" + MIDDLE,
        "flatten",
        "wrong",
        "size",
    ),
    "x itself": ("2.2", X + "print(x)\n" + MIDDLE, "flatten", "missing", ""),
    "x in plain numbers": (
        "2.2",
        X + "for row in x.tolist():\n    print(*row)\n" + MIDDLE,
        "flatten",
        "missing",
        "",
    ),
    "flat and not shown": (
        "2.2",
        X + "y = x.reshape(24)\n" + MIDDLE,
        "flatten",
        "wrong",
        "and not shown",
    ),
    "flat by shape": (
        "2.2",
        X + "y = x.reshape(24)\nprint(y.shape)\n" + MIDDLE,
        "flatten",
        "wrong",
        "shows the shape",
    ),
    "not random": (
        "2.2",
        X + "x = torch.arange(24.).view(6, 4) / 7\n" + FLAT + MIDDLE,
        "flatten",
        "wrong",
        "in both runs",
    ),
    "no middle": ("2.2", X + "print(x)\n" + FLAT, "middle", "missing", ""),
    "top left": ("2.2", X + FLAT + "print(x[:4, :2])\n", "middle", "wrong", "top left"),
    "bottom right": ("2.2", X + FLAT + "print(x[2:, 2:])\n", "middle", "wrong", ""),
    "too low": ("2.2", X + FLAT + "print(x[2:6, 1:3])\n", "middle", "wrong", "rows 2 to 5"),
    "the end included": ("2.2", X + FLAT + "print(x[1:4, 1:2])\n", "middle", "wrong", "last row"),
    "one too many": ("2.2", X + FLAT + "print(x[1:6, 1:4])\n", "middle", "wrong", "too many"),
    "transposed": ("2.2", X + FLAT + "print(x[1:5, 1:3].T)\n", "middle", "wrong", "transposed"),
    "every second row": (
        "2.2",
        X + FLAT + "print(x[::2, 1:3])\n",
        "middle",
        "wrong",
        "rows 0, 2, 4",
    ),
    "no backward": ("2.3", LEAF + M + "print((X @ M).sum())\n", "gradient", "missing", ""),
    "written down": ("2.3", LEAF + M + f"print('{TYPED}')\n", "gradient", "wrong", "no gradient"),
    "the closed form": (
        "2.3",
        LEAF + M + "print(torch.ones(3, 3) @ M.T)\n",
        "gradient",
        "wrong",
        "no gradient",
    ),
    "before backward": (
        "2.3",
        LEAF + M + "s = (X @ M).sum()\nprint(X.grad)\ns.backward()\n",
        "gradient",
        "wrong",
        "None",
    ),
    "the gradient not shown": ("2.3", LEAF + M + BACK, "gradient", "wrong", "not shown"),
    "X * M": (
        "2.3",
        LEAF + M + "(X * M).sum().backward()\nprint(X.grad)\n",
        "gradient",
        "wrong",
        "*",
    ),
    "M @ X": ("2.3", LEAF + M + "(M @ X).sum().backward()\nX.grad\n", "gradient", "wrong", "M @ X"),
    "the mean": (
        "2.3",
        LEAF + M + "(X @ M).mean().backward()\nX.grad\n",
        "gradient",
        "wrong",
        "mean",
    ),
    "squares": (
        "2.3",
        LEAF + M + "((X @ M) ** 2).sum().backward()\nX.grad\n",
        "gradient",
        "wrong",
        "squares",
    ),
    "twice": ("2.3", LEAF + M + BACK + BACK + "print(X.grad)\n", "gradient", "wrong", ""),
    "M transposed": (
        "2.3",
        LEAF + M + "(X @ M.T).sum().backward()\nX.grad\n",
        "gradient",
        "wrong",
        "",
    ),
    "M mistyped": (
        "2.3",
        LEAF + M.replace("3, 1]", "3, 2]") + BACK + "X.grad\n",
        "gradient",
        "wrong",
        "M[2, 2] = 2, not 1",
    ),
    "M mistyped, of the same sums": (
        "2.3",
        LEAF + M.replace("3, 1]", "1, 3]") + BACK + "X.grad\n",
        "gradient",
        "wrong",
        "mistyped",
    ),
    "no leaf": (
        "2.3",
        LEAF.replace("\nX", "\nX0") + "X = X0 * 2\n" + M + BACK + "print(X.grad)\n",
        "gradient",
        "wrong",
        "",
    ),
    "X of (2, 3)": (
        "2.3",
        LEAF.replace("3, 3", "2, 3") + M + BACK + "X.grad\n",
        "gradient",
        "wrong",
        "shape (2, 3)",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_work_is_found_out_and_nothing_else_is(name: str) -> None:
    exercise, source, part, outcome, words = WRONG[name]
    found = judge(work(source), exercise)[part]
    assert (found.outcome, words in found.message) == (outcome, True), found.message


def test_a_string_that_was_pasted_does_not_follow_the_seed() -> None:
    seeded = "import torch\ntorch.manual_seed(3)\n" + AB + C
    first = work(seeded + PRINTS).runs[0]
    pasted = next(event.text for event in first.events if hasattr(event, "text"))
    found = judge(work(seeded + f"print('''{pasted}''')\n" + PRINTS[13:]), "2.1")
    assert found["sum"].outcome == "wrong"
    assert "seed of the work alone" in found["sum"].message
