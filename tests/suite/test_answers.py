"""The loading of answers: late, from one folder only, and without a trace on the suite itself.

What holds wherever they run is tried here, in this process, and apart, in one of their own.
"""

import importlib
import os
import py_compile
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from judging.answers import Answers
from judging.sides import Raised
from judging.verdict import Wrong
from tests.suite.conftest import Make, write


def said(answers: Answers, module: str, name: str) -> str:
    """What a learner reads who asks for a function that is not there."""
    with pytest.raises(Wrong) as verdict:
        answers.get(module, name)
    return str(verdict.value)


RIGHT = "def gradient(X, M=None): return 'theirs'\n"


# What is missing or broken


def test_a_missing_module_fails_when_it_is_asked_for(make: Make) -> None:
    answers = make(autograd=RIGHT)
    assert said(answers, "tensor_operations", "flatten").splitlines() == [
        "import tensor_operations",
        "  there is no tensor_operations.py",
        "  expected a plain file with the answers of tensor_operations",
    ]
    assert answers.autograd.gradient(1) == "theirs"


def test_a_missing_function_fails_alone(make: Make) -> None:
    answers = make(tensor_operations="def flatten(x): return 'theirs'")
    assert said(answers, "tensor_operations", "middle").splitlines() == [
        "tensor_operations.middle",
        "  tensor_operations.middle is not defined in tensor_operations.py",
        "  expected a definition with that name: the starter folder has its signature",
    ]
    assert answers.tensor_operations.flatten(1) == "theirs"


BROKEN = {
    "an error": ("1 / 0", "raised ZeroDivisionError: division by zero", "line 1: 1 / 0"),
    "an error without words": ("\nraise ValueError", "raised ValueError", "line 2: raise"),
    "an error of many lines": (r'raise ValueError("\n\n" + "a\nb")', "ValueError: a\n", "line 1"),
    "a syntax error": ("def gradient(:", "raised SyntaxError", "line 1: def gradient(:"),
    "a tab": ("if 1:\n\tx = 1\n        y = 2", "raised TabError", "line 3"),
    "sys.exit": ("import sys\nsys.exit(0)", "raised SystemExit: 0", "line 2: sys.exit(0)"),
    "quit": ("raise SystemExit", "raised SystemExit", "line 1"),
    "recursion": ("def f(): f()\nf()", "raised RecursionError", "line 1: def f(): f()"),
    "no such module": ("import nothing_like_it", "raised ModuleNotFoundError", "line 1"),
    "no such name": ("from math import cosinus", "raised ImportError", "line 1"),
    "a null byte": ("x = '\0'", "raised", "expected a module that imports"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_module_that_does_not_import_fails_alone(make: Make, what: str) -> None:
    """It is run once; every function of it fails with the reason and the line, no other does."""
    source, reason, line = BROKEN[what]
    answers = make(autograd=source, tensor_operations="def flatten(x): return 'theirs'")
    for name in ("gradient", "M"):
        message = said(answers, "autograd", name)
        assert message.startswith("import autograd\n  ")
        assert reason in f"{message}\n"
        assert line in message
    assert answers.tensor_operations.flatten(1) == "theirs"


def test_bytes_that_are_no_text_are_told(make: Make) -> None:
    answers = make(autograd="")
    (answers.side.folder / "autograd.py").write_bytes(b"x = '\xe9\xff'\n")
    assert "raised SyntaxError" in said(answers, "autograd", "gradient")


COUNTED = "import torch\ntorch.RUNS = [*getattr(torch, 'RUNS', []), __name__]\n"
"""Notes each module that is run, in their order, where all of them find it."""


def test_a_module_runs_once_and_when_it_is_asked_for(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it is asked for, and whether it works or not."""
    monkeypatch.setattr(torch, "RUNS", [], raising=False)  # which is undone afterwards
    answers = make(
        autograd=COUNTED + RIGHT,
        tensor_operations=COUNTED + "import autograd, solutions.autograd\n1 / 0",
        linear_regression="from .autograd import gradient as random_data",
        gradient_comparison="import torch\ndef make_mlp(): return getattr(torch, 'RUNS', [])",
    )
    assert answers.gradient_comparison.make_mlp() == []
    for _ in range(3):
        assert "ZeroDivisionError" in said(answers, "tensor_operations", "flatten")
        assert answers.autograd.gradient(1) == "theirs"
        assert answers.linear_regression.random_data(1) == "theirs"
    ran = ["solutions.tensor_operations", "solutions.autograd"]
    assert answers.gradient_comparison.make_mlp() == ran


CALLS = {
    "an error": ("1 / 0", "raised ZeroDivisionError: division by zero"),
    "sys.exit": ("raise SystemExit('done')", "raised SystemExit: done"),
    "recursion": ("return gradient(X)", "raised RecursionError"),
}


@pytest.mark.parametrize("what", CALLS)
def test_a_call_that_raises_is_told_with_its_line(make: Make, what: str) -> None:
    source, reason = CALLS[what]
    answers = make(autograd=f"def gradient(X):\n    {source}\n")
    with pytest.raises(Wrong) as verdict:
        answers.autograd.gradient(1)
    assert reason in str(verdict.value)
    assert f"at autograd.py, line 2: {source}" in str(verdict.value)


def test_what_is_not_written_yet_is_told_as_such(make: Make) -> None:
    answers = make(autograd="def gradient(X): raise NotImplementedError")
    with pytest.raises(Wrong, match=r"^autograd\.gradient\n  is not written yet"):
        answers.autograd.gradient(1)


# One folder only

REACHES = {
    "by the package": "from solutions.autograd import gradient",
    "by a relative name": "from .autograd import gradient",
    "by its bare name": "from autograd import gradient",
    "for a module that is no exercise": "from solutions import guards as gradient",
}


@pytest.mark.parametrize("how", REACHES)
def test_what_the_folder_lacks_is_not_taken_from_the_reference(make: Make, how: str) -> None:
    answers = make(tensor_operations=f"{REACHES[how]}\ndef flatten(x): return gradient")
    message = said(answers, "tensor_operations", "flatten")
    assert "Error" in message
    assert REACHES[how] in message
    assert "there is no autograd.py" in said(answers, "autograd", "gradient")


def test_a_solutions_package_that_was_imported_is_forgotten(here: Make, tmp_path: Path) -> None:
    """Neither as a module in memory nor on the path."""
    stray = write(tmp_path / "elsewhere", {"solutions/autograd": "def gradient(X): return 'no'"})
    sys.path.insert(0, str(stray))
    stranger = ModuleType("solutions.autograd")
    stranger.gradient = lambda X: "no"  # type: ignore[attr-defined]
    sys.modules["solutions.autograd"] = stranger
    assert "is not defined" in said(here(autograd=""), "autograd", "gradient")


def test_a_library_of_the_same_name_is_not_meant(make: Make) -> None:
    """There is an autograd on PyPI: beside an exercise of that name, it is not what is imported."""
    answers = make(
        autograd=RIGHT,
        tensor_operations="import sys, types\n"
        "sys.modules['autograd'] = types.ModuleType('autograd')\n"
        "from autograd import gradient\n"
        "del sys.modules['autograd']\n"
        "flatten = gradient",
    )
    assert answers.tensor_operations.flatten(1) == "theirs"


def test_bytecode_is_neither_read_nor_left(make: Make) -> None:
    """Not without its source, and not where it is as old and its source as long as before."""
    old = "def gradient(X): return 'old'\n"
    answers = make(autograd=old, helper=old, tensor_operations="from helper import gradient as f")
    for name in ("autograd", "helper"):
        source = answers.side.folder / f"{name}.py"
        for cfile in (None, str(source.with_suffix(".pyc"))):
            py_compile.compile(str(source), cfile)
        seconds = source.stat().st_mtime
        source.write_text(old.replace("old", "new"))
        os.utime(source, (seconds, seconds))
    before = sorted(answers.side.folder.rglob("*"))
    assert answers.autograd.gradient(1) == "new"
    assert answers.tensor_operations.f(1) == "new"
    assert sorted(answers.side.folder.rglob("*")) == before
    for name in ("autograd", "helper"):
        (answers.side.folder / f"{name}.py").unlink()
    answers.install()
    answers.begin("another part")
    assert "there is no autograd.py" in said(answers, "autograd", "gradient")
    assert "no module" in said(answers, "tensor_operations", "f").lower()


def test_two_folders_in_turn_do_not_mix(here: Make, tmp_path: Path) -> None:
    """Nor under the bare names that the first has given its modules."""
    source = "import autograd\nimport helper\ndef flatten(x): return autograd.name + helper.name"
    first = here(tensor_operations=source, autograd="name = 'a'", helper="name = 'a'")
    assert first.tensor_operations.flatten(1) == "aa"
    files = {"tensor_operations": source, "autograd": "name = 'b'", "helper": "name = 'b'"}
    second = Answers.here(write(tmp_path / "second", files)).install()
    assert second.tensor_operations.flatten(1) == "bb"


# Names


SIBLINGS = {
    "by the package": "from solutions.{name} import value",
    "by a relative name": "from .{name} import value",
    "by its bare name": "from {name} import value",
    "by a bare import": "import {name}\nvalue = {name}.value",
    "by an import of the package": "import solutions.{name}\nvalue = solutions.{name}.value",
}


@pytest.mark.parametrize("how", SIBLINGS)
@pytest.mark.parametrize("name", ["autograd", "helper", "package", "data", "report", "tests"])
def test_an_answer_can_import_what_lies_beside_it(make: Make, how: str, name: str) -> None:
    """At the top of the file and in a function, under any name that the answers have chosen."""
    text = SIBLINGS[how].format(name=name)
    body = "".join(f"    {line}\n" for line in text.splitlines())
    make_it = {"package": "package/__init__"}.get(name, name)
    answers = make(
        **{make_it: "value = 'theirs'"},
        tensor_operations=f"{text}\ndef flatten(x): return value",
        linear_regression=f"def random_data(n):\n{body}    return value",
    )
    assert answers.tensor_operations.flatten(1) == "theirs"
    assert answers.linear_regression.random_data(1) == "theirs"


def test_two_answers_can_import_each_other(make: Make) -> None:
    answers = make(
        autograd="import tensor_operations\ndef gradient(X): return tensor_operations.flatten(X)",
        tensor_operations="import autograd\ndef flatten(x): return [autograd.__name__, x]",
    )
    assert answers.autograd.gradient(1) == ["solutions.autograd", 1]


@pytest.mark.filterwarnings("error")
def test_a_module_imported_by_its_bare_name_is_still_itself(make: Make) -> None:
    answers = make(
        tensor_operations="import autograd\ndef flatten(x): return autograd.__spec__.name",
        autograd="def gradient(X):\n    from .helper import value\n    return value, __spec__.name",
        helper="value = 'theirs'",
    )
    assert answers.tensor_operations.flatten(1) == "solutions.autograd"
    assert answers.autograd.gradient(1) == ("theirs", "solutions.autograd")


def test_a_folder_of_the_same_name_does_not_hide_a_module(make: Make) -> None:
    answers = make(autograd=RIGHT, **{"autograd/notes": ""})
    assert answers.autograd.gradient(1) == "theirs"


def test_an_exercise_may_be_a_package(make: Make) -> None:
    """With modules inside, and with folders that have no __init__.py."""
    answers = make(
        **{
            "autograd/__init__": "from .inner import gradient",
            "autograd/inner": RIGHT,
            "parts/flat": "def flatten(x): return 'theirs'",
            "tensor_operations": "from solutions.parts.flat import flatten",
        }
    )
    assert answers.autograd.gradient(1) == "theirs"
    assert answers.tensor_operations.flatten(1) == "theirs"


TRAPS = ["json", "random", "torch", "numpy", "tests", "report", "data", "conftest", "colorsys"]
NOWHERE = "a_package_that_is_optional"


def test_names_of_libraries_stay_theirs_for_everybody(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For the suite, for packages that look whether an optional one is there, for the answers."""
    # A module of the standard library that has not been imported yet.
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    answers = make(
        **dict.fromkeys([*TRAPS, NOWHERE], "raise SystemExit('this was a trap')"),
        autograd="import sys, os\nsys.path.insert(0, os.path.dirname(__file__))\n" + RIGHT,
        tensor_operations="import random, json, colorsys\n"
        "def flatten(x): return [random.__file__, json.__file__, colorsys.__file__]",
    )
    assert answers.autograd.gradient(1) == "theirs"
    files = [importlib.import_module(name).__file__ for name in ("random", "json", "colorsys")]
    assert answers.tensor_operations.flatten(1) == files
    assert str(answers.side.folder) not in sys.path
    for name in TRAPS:
        assert str(answers.side.folder) not in str(importlib.import_module(name).__file__)
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module(NOWHERE)


# Global state

STATE = {
    "the default dtype": ("torch.set_default_dtype(torch.float64)", "torch.get_default_dtype()"),
    "that gradients are recorded": ("torch.set_grad_enabled(False)", "torch.is_grad_enabled()"),
    "the default device": ("torch.set_default_device('meta')", "torch.ones(1).device"),
    "anomaly detection": (
        "torch.autograd.set_detect_anomaly(True)",
        "torch.is_anomaly_enabled()",
    ),
    "the folder": ("os.chdir('/')", "os.getcwd()"),
}
"""A change, and what shows whether it lasts."""


@pytest.mark.parametrize("when", ["at import", "in a call", "in a call that raises"])
@pytest.mark.parametrize("what", STATE)
def test_what_an_answer_sets_for_itself_is_put_back(make: Make, what: str, when: str) -> None:
    """For the suite, and for the next answer."""
    change, state = STATE[what]
    before = eval(state)
    body = {"in a call": change, "in a call that raises": f"{change}; 1 / 0"}.get(when, "pass")
    answers = make(
        autograd=f"import os, torch\n{change if when == 'at import' else ''}\n"
        f"def gradient(X):\n    {body}\n    return str({state})\n",
        tensor_operations=f"import os, torch\ndef flatten(x): return str({state})",
    )
    told = answers.tensor_operations.flatten(1)
    if when == "at import" or what == "anomaly detection":
        answers.autograd.gradient.outcome(1)
    else:
        with pytest.raises(Wrong, match=r"changed .* from .* to"):
            answers.autograd.gradient.outcome(1)
    assert eval(state) == before
    assert answers.tensor_operations.flatten(1) == told


def test_where_gradients_are_off_they_stay_off(here: Make) -> None:
    answers = here(autograd=RIGHT)
    with torch.no_grad():
        answers.autograd.gradient(1)
        assert not torch.is_grad_enabled()


# Arguments

CHANGES = {
    "a value": "X[0] = 9",
    "all values": "X += 1",
    "a value behind autograd's back": "X.data[0] = 9",
    "the layout of a square": "X.t_()",
    "the shape": "X.unsqueeze_(0)",
    "the size": "X.resize_(1, 1)",
    "the dtype": "X.data = X.data.double()",
    "a value, and raises": "X[0] = 9; 1 / 0",
    "a value to NaN": "X[0] = float('nan')",
}


@pytest.mark.parametrize("given", ["by position", "by name", "in a view"])
@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_argument_is_told_and_put_back(make: Make, what: str, given: str) -> None:
    answers = make(autograd=f"def gradient(X): {CHANGES[what]}")
    X = torch.arange(4.0).reshape(2, 2)
    if given == "in a view":
        X = torch.arange(4.0).repeat_interleave(2)[::2].reshape(2, 2)
    strides = X.stride()
    with pytest.raises(Wrong, match="changed its argument X to"):
        answers.autograd.gradient(X) if given != "by name" else answers.autograd.gradient(X=X)
    assert X.dtype == torch.float32
    assert X.tolist() == [[0, 1], [2, 3]]
    assert X.stride() == strides, "the case is the same when it is tried again"


def test_a_single_entry_that_changes_is_told_whatever_its_strides(make: Make) -> None:
    answers = make(autograd="def gradient(X): X.zero_()")
    X = torch.ones(1, 1, 2, dtype=torch.bfloat16)[..., 0]
    assert X.stride() == (2, 2)
    with pytest.raises(Wrong, match="changed its argument X to"):
        answers.autograd.gradient(X)
    assert X.tolist() == [[1]]


UNCHANGED = {
    "NaN": torch.tensor([torch.nan, 1.0]),
    "nothing": torch.ones(0, 3),
    "a tensor without values": torch.ones(2, device="meta"),
    "a sparse tensor": torch.eye(2).to_sparse(),
    "complex numbers": torch.tensor([1j, torch.nan]),
    "float8": torch.ones(2).to(torch.float8_e5m2),
    "a number": 3.0,
    "bools": torch.tensor([True]),
}


@pytest.mark.parametrize("what", UNCHANGED)
def test_an_argument_that_stays_is_no_matter(make: Make, what: str) -> None:
    answers = make(autograd="def gradient(X): return X is not None")
    assert answers.autograd.gradient(UNCHANGED[what]) is True


def test_the_marks_of_autograd_are_put_back(make: Make) -> None:
    """A learner's X.requires_grad_() and X.grad are told, and do not last."""
    answers = make(
        autograd="def gradient(X):\n    X.requires_grad_().sum().backward()\n    return 1"
    )
    X = torch.ones(2)
    with pytest.raises(Wrong, match=r"changed X.requires_grad from False to True"):
        answers.autograd.gradient(X)
    assert X.requires_grad
    for call in answers.calls:
        call.before.undo()
    assert not X.requires_grad
    assert X.grad is None


def test_a_call_is_told_as_it_was_made(make: Make) -> None:
    answers = make(
        autograd="def gradient(X, M=1, *, path=None, model=None): raise ValueError('no\\nmore')"
    )
    X = torch.eye(2)
    cases: list[tuple[tuple, dict[str, Any], str]] = [
        ((X,), {}, "gradient(X) with X = [[1, 0], [0, 1]]"),
        ((X, 2), {}, "gradient(X, M=2) with X = [[1, 0], [0, 1]]"),
        ((torch.ones(2, 3).mT,), {}, "(a transposed view, with strides (1, 3))"),
        ((torch.ones(4)[::2],), {}, "(a view into a larger tensor, with strides (2,))"),
        ((torch.ones(9, 9),), {}, "with X being a tensor of shape (9, 9)"),
        ((1,), {"path": Path("/tmp/w.pt")}, "gradient(X=1, path='w.pt')"),
        ((1,), {"model": nn.Linear(1, 1)}, "gradient(X=1, model=model)"),
        ((1, 2, 3), {}, "gradient(X=1, M=2, 3)"),
        ((1, 2, X), {}, "gradient(X=1, M=2, argument 3) with argument 3 = [[1, 0], [0, 1]]"),
        ((1,), {"out": 2}, "gradient(X=1, out=2)"),
    ]
    for given, named, told in cases:
        outcome = answers.autograd.gradient.outcome(*given, **named)
        assert isinstance(outcome, Raised)
        assert outcome.is_a(ValueError, TypeError)
        assert told in str(answers.calls[-1])


def test_what_is_no_function_is_told_as_such(make: Make) -> None:
    answers = make(autograd="M = 5\ngradient = None")
    assert answers.get("autograd", "M") == 5
    with pytest.raises(Wrong, match="gradient"):
        answers.autograd.gradient(torch.ones(1))


def test_what_an_answer_prints_is_no_part_of_what_it_gives(
    here: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = here(autograd="print('a\\n' * 10**5)\ndef gradient(X): print(X); return 1 / 0")
    outcome = answers.autograd.gradient.outcome("flood")
    assert "flood" in capsys.readouterr().out
    assert "flood" not in str(outcome)


def test_the_answers_of_this_run_are_untouched(solutions: Answers) -> None:
    """These tests have put everything back, in whatever order they ran."""
    value = solutions.autograd.gradient(torch.eye(3))
    assert isinstance(value, Tensor)
    assert sys.modules["solutions.autograd"].__file__ == str(solutions.side.folder / "autograd.py")
