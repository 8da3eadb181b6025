"""The starter folder: this package with everything but its answers, for a learner to fill.

Signatures, type hints and docstrings are cut out of the reference's own source, so the two never
drift apart. Of a docstring the first paragraph and the sections named in SECTIONS are kept: they
say what is asked. The paragraphs between them say why the answer is right, and are left out.
"""

import ast
import inspect
import os
import re
import shutil
from pathlib import Path
from textwrap import dedent, indent

REFERENCE = Path(__file__).parent

CONTRACT: dict[str, tuple[str, ...]] = {
    "objective_questions": (
        "answers",
        "softmax_mse_delta",
        "sigmoid_layer_delta",
        "euclidean_delta",
        "softmax_cross_entropy_delta",
        "convolution_matrix",
        "dense_parameter_count",
        "convolution_parameter_count",
    ),
    "tensor_operations": ("Arithmetic", "random_matrices", "arithmetic", "flatten", "middle"),
    "autograd": ("M", "gradient"),
    "gradient_comparison": ("mnist", "MLP", "layer_gradients", "train", "compare", "plot"),
    "linear_regression": (
        "LinearRegression",
        "random_data",
        "train_epoch",
        "save_weights",
        "load_weights",
    ),
}
"""Module → what it must define. Helpers of the reference are part of its answer, and stay out."""

SECTIONS = ("Questions:", "Args:", "Returns:", "Raises:")

REFUSAL = "Raises: TypeError or ValueError, naming the argument that does not fit."
"""The reference refuses unfit arguments; the homework does not ask for that."""

FORWARD = "def forward(self, images: Tensor) -> Tensor:\n    raise NotImplementedError"

README = """\
# Your answers

Each file here is one part of the homework. Write the answers in the place of
`raise NotImplementedError`: the docstring says what a function takes and returns. The imports are
those that the signatures need; add yours, and functions and files of your own as you like.

The checks are run from the folder of the project, where `pytest.ini` is:

    pytest --solutions PATH                  the whole homework, with a score out of 10
    pytest --solutions PATH --exercise 2.3   one exercise

PATH is this folder. Each check that fails says what it called, what came back, what it expected and
why. A function that is not written yet fails only its own checks, so you can go one by one.

The functions return their results and print nothing. Where the homework asks for a print-out,
print what they return. The report, 1 of the 10 points, is for a human reader.
"""


class StarterError(Exception):
    """The starter folder cannot be made; the message says why."""


def write(folder: Path) -> list[Path]:
    """Make the folder, or fill an empty one, and return its files.

    Everything is written beside it first, so that a failure leaves no half of a starter.

    Raises: StarterError if the folder is there and not empty, OSError if it cannot be written.
    """
    folder = folder.resolve()
    if folder.exists() and not folder.is_dir():
        raise StarterError(f"{folder} is a file: name a new folder, or an empty one")
    if folder.is_dir() and any(folder.iterdir()):
        raise StarterError(f"{folder} is not empty: name a new folder, or an empty one")
    files = {f"{module}.py": stub(module) for module in CONTRACT} | {"README.md": README}
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = folder.with_name(f".{folder.name}.{os.getpid()}.partial")
    beside.mkdir()
    try:
        for name, text in files.items():
            (beside / name).write_text(text, encoding="utf-8")
        if folder.is_dir():  # it may be where somebody's shell stands, so it stays that folder
            for name in files:
                (beside / name).rename(folder / name)
        else:
            beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return [folder / name for name in files]


def stub(module: str) -> str:
    """The source of a module of the reference, less its answers."""
    source = (REFERENCE / f"{module}.py").read_text(encoding="utf-8")
    tree = ast.parse(source)
    names = CONTRACT[module]
    constants, definitions = [], []
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in names:
            constants.append(_text(node, source))
        elif isinstance(node, ast.FunctionDef) and node.name in names:
            definitions.append(_function(node, source))
        elif isinstance(node, ast.ClassDef) and node.name in names:
            definitions.append(_class(node, source))
    kept = "\n".join(constants + definitions)
    used = set(re.findall(r"\w+", re.sub(r'""".*?"""', "", kept, flags=re.DOTALL)))
    head = [_text(tree.body[0], source), _imports(tree.body, used), *constants]
    return "\n\n\n".join(["\n\n".join(filter(None, head)), *definitions]) + "\n"


def _function(node: ast.FunctionDef, source: str) -> str:
    body = "\n".join([*_docstring(node, source), "raise NotImplementedError"])
    return f"{_header(node, source)}\n{indent(body, _inside(node))}"


def _class(node: ast.ClassDef, source: str) -> str:
    header = _header(node, source)
    fields = [_text(n, source) for n in node.body if isinstance(n, ast.AnnAssign)]
    methods = [dedent(_function(n, source)) for n in node.body if isinstance(n, ast.FunctionDef)]
    if "(nn.Sequential)" in header:
        # That the modules follow one another is part of the answer; asked for is a module.
        header = header.replace("(nn.Sequential)", "(nn.Module)")
        methods.append(FORWARD)
    body = [*_docstring(node, source), "\n".join(fields), *methods]
    text = "\n\n".join(filter(None, body))
    return f"{header}\n{indent(text, _inside(node))}"


def _header(node: ast.FunctionDef | ast.ClassDef, source: str) -> str:
    """The lines of a definition before its body."""
    return "\n".join(source.splitlines()[node.lineno - 1 : node.body[0].lineno - 1])


def _docstring(node: ast.FunctionDef | ast.ClassDef, source: str) -> list[str]:
    """The docstring less what gives the answer away: a list of one, or of none."""
    if ast.get_docstring(node) is None:
        return []
    first, *others = inspect.cleandoc(_text(node.body[0], source).strip('"')).split("\n\n")
    sections = [text.replace(REFUSAL, "").strip() for text in others if text.startswith(SECTIONS)]
    text = "\n\n".join(filter(None, [first, *sections]))
    return [f'"""{text}\n"""' if "\n" in text else f'"""{text}"""']


def _imports(body: list[ast.stmt], used: set[str]) -> str:
    """The import statements, each with the names that are used; blank lines as they were."""
    lines: list[str] = []
    below, apart = 0, False
    for node in reversed(body):  # what an if asks for is imported above it
        if isinstance(node, ast.Import | ast.ImportFrom):
            node.names = [name for name in node.names if (name.asname or name.name) in used]
            text = ast.unparse(node) if node.names else ""
        elif isinstance(node, ast.If):
            inner = _imports(node.body, used)
            text = f"if {ast.unparse(node.test)}:\n{indent(inner, '    ')}" if inner else ""
            used.update(re.findall(r"\w+", ast.unparse(node.test) if inner else ""))
        else:
            continue
        apart = apart or below - (node.end_lineno or 0) > 1
        below = node.lineno
        if text:
            lines += ["", text] if apart and lines else [text]
            apart = False
    return "\n".join(reversed(lines))


def _text(node: ast.AST, source: str) -> str:
    return ast.get_source_segment(source, node) or ""


def _inside(node: ast.stmt) -> str:
    return " " * (node.col_offset + 4)
