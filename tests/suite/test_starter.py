"""The contract and the starter folder: all that is asked, and nothing of what answers it."""

import ast
import importlib
import importlib.util
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import torch

from answering.folder import Folder, Source
from homework import EXERCISES, MODULES, contract, starter
from judging.answers import Answers

ROOT = Path(__file__).parents[2]
PARTS = sorted({(e.module, part) for e in EXERCISES.values() for part in e.parts})
GIVEN = {("autograd", "M"), ("tensor_operations", "Arithmetic")}
"""What the contract defines beside the parts that are asked for."""

ANSWERS = [
    '"1.1": "A"',
    "differentiable",
    "diagonal",
    "f(y)(1 − f(y))",
    "δ^(L) = y^(L) − t, whatever",
    "y - t",
    "δ = s − t",
    "softmax(y, dim=-1) - t",
    "weight sharing",
    "local connection",
    "outputs * (inputs + 1)",
    "A @ B",
    "reshape",
    "ones @ Mᵀ",
    "row sums",
    "(X @ M).sum()",
    "ToTensor()",
    "deepcopy",
    "zero_grad",
    "2·mean",
    "weights_only",
    "os.replace",
]
"""What a learner is to find out, as the reference puts it in code or in words."""


@pytest.fixture(scope="module")
def command(solutions: Answers) -> ModuleType:
    return importlib.import_module("solutions.__main__")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A starter folder, made once."""
    made = tmp_path_factory.mktemp("starter") / "answers"
    starter.write(made)
    return made


@pytest.fixture(scope="module")
def stubs(folder: Path) -> dict[str, ModuleType]:
    """The modules of the starter, with the names but not in the place of the reference's."""
    loaded = {}
    for name in MODULES:
        fullname, path = f"solutions.{name}", str(folder / f"{name}.py")
        # As answers are loaded: without the bytecode that Python would put into the folder.
        source = Source(fullname, path, Folder(folder))
        spec = importlib.util.spec_from_file_location(fullname, path, loader=source)
        assert spec is not None
        loaded[name] = importlib.util.module_from_spec(spec)
        source.exec_module(loaded[name])
    return loaded


def source(module: str) -> str:
    """A module of the reference, as it is written."""
    return (ROOT / "solutions" / f"{module}.py").read_text(encoding="utf-8")


# The contract


def test_the_contract_promises_the_parts_of_the_exercises() -> None:
    promised = {(module, name) for module in MODULES for name in contract.promises(module)}
    assert promised == {*PARTS, *GIVEN}
    assert {p.stem for p in contract.FOLDER.glob("*.py")} == {*MODULES, "__init__"}


@pytest.mark.parametrize(("module", "name"), sorted({*PARTS, *GIVEN}))
def test_the_reference_keeps_the_contract(module: str, name: str) -> None:
    """Names, parameters, defaults and annotations are the same, letter by letter."""
    asked, answered = (
        read[name] for read in (contract.promises(module), contract.promised_in(source(module)))
    )
    assert (answered.parameters, answered.signature) == (asked.parameters, asked.signature)


def methods(source: str) -> dict[str, str]:
    """The signature of each method of each class, and the annotation of each field."""
    found = {}
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    for cls in classes:
        for node in cls.body:
            if isinstance(node, ast.FunctionDef):
                result = ast.unparse(node.returns) if node.returns else ""
                found[f"{cls.name}.{node.name}"] = f"{ast.unparse(node.args)} -> {result}"
            elif isinstance(node, ast.AnnAssign):
                found[f"{cls.name}.{ast.unparse(node.target)}"] = ast.unparse(node.annotation)
    return found


def test_the_classes_of_the_reference_keep_the_contract() -> None:
    asked, answered = (
        {name: text for module in MODULES for name, text in methods(read(module)).items()}
        for read in (lambda m: (contract.FOLDER / f"{m}.py").read_text(encoding="utf-8"), source)
    )
    # A forward that the reference's MLP inherits: its modules follow one another.
    del asked["MLP.forward"]
    assert answered == asked


def test_a_signature_is_read_as_it_is_written() -> None:
    promised = contract.promised_in(
        "import os\nN = 3\n"
        "def f(x: int, /, y='a', *, z: 'T' = N, w) -> str:\n    '''Says.'''\n    g = 1\n"
        "class C(B):\n    '''Is.'''\n    a: int\n    def __init__(self, p=(1,)): ...\n"
    )
    assert promised["f"].parameters == {"x": "", "y": "'a'", "z": "N", "w": ""}
    assert promised["f"].signature == "(x: int, /, y='a', *, z: 'T'=N, w) -> str"
    assert (promised["f"].docstring, promised["C"].docstring) == ("Says.", "Is.")
    assert promised["C"].parameters == {"p": "(1,)"}
    assert promised["N"].signature == "3"
    assert [*promised] == ["N", "f", "C"]


def test_the_questions_are_those_of_the_exercises() -> None:
    words = " ".join(contract.promises("objective_questions")["answers"].docstring.split())
    for exercise in EXERCISES.values():
        if "answers" in exercise.parts:
            assert f"{exercise.number} {exercise.asked}" in words


# The starter


@pytest.mark.parametrize(("module", "part"), PARTS)
def test_what_is_asked_for_is_not_written_yet(
    stubs: dict[str, ModuleType], module: str, part: str
) -> None:
    parameters = contract.promises(module)[part].parameters
    needed = [name for name, default in parameters.items() if not default]
    with pytest.raises(NotImplementedError):
        getattr(stubs[module], part)(**dict.fromkeys(needed))


def test_what_the_homework_gives_is_there(solutions: Answers, stubs: dict[str, ModuleType]) -> None:
    assert torch.equal(stubs["autograd"].M, solutions.get("autograd", "M"))
    fields = import_module("solutions.tensor_operations").Arithmetic._fields
    assert stubs["tensor_operations"].Arithmetic._fields == fields


def body_lines(source: str) -> Iterator[str]:
    """The lines of the bodies of all functions, without docstrings."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            for statement in body:
                yield from lines[statement.lineno - 1 : statement.end_lineno]


@pytest.mark.parametrize("module", MODULES)
def test_no_line_of_an_answer_is_there(folder: Path, module: str) -> None:
    text = (folder / f"{module}.py").read_text(encoding="utf-8")
    assert {line.strip() for line in body_lines(text)} == {"raise NotImplementedError"}
    assert "solutions" not in text, "a starter must not lean on the reference"
    assert "homework" not in "".join(ln for ln in text.splitlines() if "import" in ln)


def test_no_answer_is_given_away(folder: Path) -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in folder.iterdir())
    assert [words for words in ANSWERS if words in text] == []


def test_each_of_these_answers_is_in_the_reference() -> None:
    """Or the test above would look for words that nobody uses."""
    text = "\n".join(map(source, MODULES))
    assert [words for words in ANSWERS if words not in text] == []


def test_two_starters_are_the_same_and_alone(folder: Path, tmp_path: Path) -> None:
    new, empty = tmp_path / "not" / "there", tmp_path / "an empty one"
    empty.mkdir()
    for other in (new, empty):
        assert sorted(starter.write(other)) == sorted(other.iterdir())
        assert {p.name: p.read_bytes() for p in other.iterdir()} == {
            p.name: p.read_bytes() for p in folder.iterdir()
        }
    assert {p.name for p in folder.iterdir()} == {*(f"{m}.py" for m in MODULES), "README.md"}
    assert sorted(tmp_path.iterdir()) == [empty, tmp_path / "not"]
    assert [*(tmp_path / "not").iterdir()] == [new]


def test_what_is_there_is_never_written_over(
    command: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "autograd.py"
    mine.write_text("my work")
    for taken, reason in ((tmp_path, "is not empty"), (mine, "is a file")):
        assert command.main(["--starter", str(taken)]) == 1
        assert f"{taken} {reason}" in capsys.readouterr().err
    assert [(p, p.read_text()) for p in tmp_path.iterdir()] == [(mine, "my work")]


def test_a_failure_leaves_nothing(
    command: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "rename", full)
    assert command.main(["--starter", str(tmp_path / "new")]) == 1
    assert "no space left" in capsys.readouterr().err
    assert not [*tmp_path.iterdir()]


def test_the_command_says_what_there_is(
    command: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([]) == 0
    listing = capsys.readouterr().out
    assert all(f"python -m solutions.{module}\n" in listing for module in MODULES)
    assert "--starter" in listing
