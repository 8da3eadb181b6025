"""The starter folder: everything of the reference that asks, and nothing of it that answers."""

import ast
import importlib
import importlib.util
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch

from answering.folder import Folder, Source
from homework import EXERCISES
from judging.answers import Answers

ROOT = Path(__file__).parents[2]
PARTS = sorted({(e.module, part) for e in EXERCISES.values() for part in e.parts})
MODULES = sorted({module for module, _ in PARTS})

ANSWERS = [
    '"1.1": "A"',
    "differentiable",
    "diagonal",
    "f(y)(1 − f(y))",
    "δ^(L) = y − t",
    "y - t",
    "∂E/∂y = s − t",
    "softmax(y, dim=-1) - t",
    "weight sharing",
    "local connection",
    "inputs * outputs",
    "A @ B",
    "reshape",
    "ones @ Mᵀ",
    "row sums",
    "(X @ M).sum()",
    "ToTensor()",
    "deepcopy",
    "zero_grad",
    "lr·2·mean",
    "weights_only",
    "os.replace",
]
"""What a learner is to find out, as the reference puts it in code or in words."""


@pytest.fixture(scope="module")
def starter(solutions: Answers) -> ModuleType:
    return importlib.import_module("solutions.starter")


@pytest.fixture(scope="module")
def command(solutions: Answers) -> ModuleType:
    return importlib.import_module("solutions.__main__")


@pytest.fixture(scope="module")
def folder(starter: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
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


def test_the_contract_is_that_of_the_exercises(starter: ModuleType) -> None:
    named = {(module, name) for module, names in starter.CONTRACT.items() for name in names}
    given = {("autograd", "M"), ("tensor_operations", "Arithmetic")}
    assert named == {*PARTS, *given}


@pytest.mark.parametrize(("module", "part"), PARTS)
def test_each_function_has_its_signature_and_no_body(
    solutions: Answers, stubs: dict[str, ModuleType], module: str, part: str
) -> None:
    stub, reference = getattr(stubs[module], part), solutions.get(module, part).target
    signature = inspect.signature(stub)
    assert str(signature) == str(inspect.signature(reference))
    assert stub.__doc__.splitlines()[0] == reference.__doc__.splitlines()[0]
    needed = [p.name for p in signature.parameters.values() if p.default is p.empty]
    with pytest.raises(NotImplementedError):
        stub(**dict.fromkeys(needed))


def test_what_the_homework_gives_is_there(solutions: Answers, stubs: dict[str, ModuleType]) -> None:
    assert torch.equal(stubs["autograd"].M, solutions.get("autograd", "M"))
    fields = solutions.get("tensor_operations", "Arithmetic").target._fields
    assert stubs["tensor_operations"].Arithmetic._fields == fields


def test_the_questions_are_those_of_the_exercises(stubs: dict[str, ModuleType]) -> None:
    words = " ".join(stubs["objective_questions"].answers.__doc__.split())
    for exercise in EXERCISES.values():
        if "answers" in exercise.parts:
            assert f"{exercise.number} {exercise.asked}" in words


def body_lines(source: str) -> Iterator[str]:
    """The lines of the bodies of all functions, without docstrings."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            for statement in body:
                yield from lines[statement.lineno - 1 : statement.end_lineno]


@pytest.mark.parametrize("module", MODULES)
def test_no_line_of_an_answer_is_left(folder: Path, module: str) -> None:
    reference = (ROOT / "solutions" / f"{module}.py").read_text(encoding="utf-8")
    text = (folder / f"{module}.py").read_text(encoding="utf-8")
    answered = {line.strip() for line in body_lines(reference)}
    answered = {line for line in answered if len(line) > 1 and not line.startswith("from ")}
    assert not answered.intersection(line.strip() for line in text.splitlines())
    assert {line.strip() for line in body_lines(text)} == {"raise NotImplementedError"}
    assert "solutions" not in text, "a starter must not lean on the reference"


def test_no_answer_is_given_away(folder: Path) -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in folder.iterdir())
    assert [words for words in ANSWERS if words in text] == []


def test_each_of_these_answers_is_in_the_reference() -> None:
    """Or the test above would look for words that nobody uses."""
    files = [ROOT / "solutions" / f"{module}.py" for module in MODULES]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    assert [words for words in ANSWERS if words not in text] == []


def test_the_starter_is_as_tidy_as_the_reference(folder: Path) -> None:
    pytest.importorskip("ruff")
    for command in (["check", "--no-cache"], ["format", "--no-cache", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--config", ROOT / "pyproject.toml", folder],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout


def test_two_starters_are_the_same_and_alone(
    folder: Path, starter: ModuleType, tmp_path: Path
) -> None:
    new, empty = tmp_path / "not" / "there", tmp_path / "an empty one"
    empty.mkdir()
    for other in (new, empty):
        assert sorted(starter.write(other)) == sorted(other.iterdir())
        assert {p.name: p.read_bytes() for p in other.iterdir()} == {
            p.name: p.read_bytes() for p in folder.iterdir()
        }
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
