"""`pytest --solutions PATH` as newcomers and teachers meet it, in whatever surroundings they have.

Each test runs pytest in processes of its own and reads what a person would read: the score, the
messages and the exit code.
"""

import os
import py_compile
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree

import pytest

import pytorch_basics_verified as plugin
from homework import EXERCISES

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PATIENCE = 300
"""Seconds after which a run counts as hanging: many times what it takes."""
SEEDS = int(os.environ.get("SEEDS", "3"))
"""How many seeds are tried on right answers."""

# Exercise: the module, a wrong answer as a learner writes it, and the mistake that is named.
WRONG = {
    "1.1": (
        "objective_questions",
        "def softmax_mse_delta(y, t):\n"
        "    s = torch.softmax(y, dim=-1)\n"
        "    g = 2 * (s - t)\n"
        "    return s * (g - (g * s).sum(dim=-1, keepdim=True))\n",
        "the gradient of the sum of the squared errors",
    ),
    "1.2": (
        "objective_questions",
        "def sigmoid_layer_delta(delta, y):\n    return delta * y * (1 - y)\n",
        "δ ⊙ y(1 − y), as if y were already the output of the sigmoid",
    ),
    "1.3": (
        "objective_questions",
        "def euclidean_delta(y, t):\n    return t - y\n",
        "t − y, the gradient with its sign turned",
    ),
    "1.4": (
        "objective_questions",
        "def answers():\n"
        '    prose = "It has too many parameters. It ignores the spatial structure."\n'
        '    keys = ["1.1", "1.2", "1.3", "1.4", "1.5", "1.6"]\n'
        '    return dict(zip(keys, ["A", "A", "A", "A", "BD", prose]))\n',
        "y^(L) − t taken for δ^(L)",
    ),
    "1.5": (
        "objective_questions",
        "reference = convolution_matrix\n\n\n"
        "def convolution_matrix(kernel, height, width):\n"
        "    return reference(kernel.flip(0, 1), height, width)\n",
        "the matrix of a convolution with the kernel flipped",
    ),
    "1.6": (
        "objective_questions",
        "def dense_parameter_count(inputs, outputs):\n    return inputs * outputs\n",
        "a count of the weights alone, without the biases",
    ),
    "2.1": (
        "tensor_operations",
        "def arithmetic(A, B):\n"
        "    return Arithmetic(torch.zeros_like(A), A + B, B - A, A * B, A @ B)\n",
        "B − A, the difference the other way round",
    ),
    "2.2": (
        "tensor_operations",
        "def flatten(x):\n    return x.T.reshape(-1)\n",
        "x read column by column",
    ),
    "2.3": (
        "autograd",
        "def gradient(tensor, multiplier=M):\n"
        "    tensor = tensor.detach().clone().requires_grad_()\n"
        "    (tensor * multiplier).sum().backward()\n"
        "    return tensor.grad\n",
        "the gradient of Σ(X * M), element by element",
    ),
    "2.4": (
        "gradient_comparison",
        "def compare(variants, images, labels):\n"
        "    found = {}\n"
        "    for name, model in variants.items():\n"
        "        gradients = layer_gradients(model, images, labels)\n"
        "        found[name] = {k: float(g.mean()) for k, g in gradients.items()}\n"
        "    return found\n",
        "the mean of each gradient, in which plus and minus cancel",
    ),
    "2.5": (
        "linear_regression",
        "def train_epoch(model, x, y, *, lr=0.1):\n"
        "    loss = nn.functional.mse_loss(model(x), y)\n"
        "    model.zero_grad()\n"
        "    loss.backward()\n"
        "    return loss.item()\n",
        "an epoch that leaves the weights as they were",
    ),
}


@dataclass
class Verdict:
    """What one run of pytest said."""

    code: int
    output: str

    @cached_property
    def points(self) -> dict[str, str]:
        """Exercise, or "total" → points earned, as the table says."""
        row = re.compile(r"^(total|\d\.\d) .*? (\S+) / ", re.MULTILINE)
        return dict(row.findall(self.output.rpartition(" score =")[2]))

    @cached_property
    def table(self) -> list[str]:
        """The table from its head to the total, without the number of generated examples."""
        lines = self.output.rpartition(" score =")[2].partition("exercise ")[2].splitlines()
        return [line[:74] for line in lines if re.match(r"(total|\d\.\d) .* / ", line)]

    @cached_property
    def failed(self) -> dict[str, str]:
        """Check that failed → what is told of it."""
        failures = self.output.partition("= FAILURES =")[2].partition(" score =")[0]
        parts = re.split(r"^_+ (\w+) _+$", failures, flags=re.MULTILINE)[1:]
        return dict(zip(parts[::2], parts[1::2], strict=True))

    @property
    def messages(self) -> dict[str, str]:
        """The same without those that repeat a message told before."""
        return {name: t for name, t in self.failed.items() if "same message as above" not in t}


def judge(
    *options: object,
    cwd: Path = ROOT,
    python: tuple[str, ...] = (),
    env: Mapping[str, str] = MappingProxyType({}),
) -> Verdict:
    """Run pytest with these options. Whatever the answers do, the suite itself never stumbles."""
    # The run above this one has its own settings. On a machine for CI the examples would be
    # derandomised, and no seed would change them.
    kept = {k: v for k, v in os.environ.items() if k != "CI" and not k.startswith("PYTEST_")}
    # Not python -m pytest, which would find modules in the folder that it is called from.
    command = [sys.executable, *python, str(Path(sys.executable).with_name("pytest"))]
    done = subprocess.run(
        [*command, *map(str, options)],
        cwd=cwd,
        env={**kept, **env},
        encoding="utf-8",
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
        check=False,
    )
    verdict = Verdict(done.returncode, done.stdout)
    for trace in (
        r"INTERNALERROR",
        r"^Traceback",
        r"^E  ",
        r"^\S*\.py:\d+: ",
        r"hypothesis\.errors",
    ):
        assert not re.search(trace, verdict.output, re.MULTILINE), verdict.output[-6000:]
    return verdict


def require(
    verdict: Verdict, *, code: int = 0, total: str, messages: dict[str, str] | None = None
) -> None:
    """Require this exit code and this many points."""
    assert (verdict.code, verdict.points.get("total")) == (code, total), verdict.output[-6000:]
    if messages is not None:
        assert verdict.messages == messages


def refused(sentence: str, *options: object, **how: Any) -> None:
    """Require that pytest says this one sentence, and nothing else, and judges nothing."""
    verdict = judge(*options, **how)
    said = verdict.code, verdict.output.strip()
    assert said in ((2, f"Exit: {sentence}"), (4, f"ERROR: {sentence}"))


def copy_of_the_reference(folder: Path) -> Path:
    return shutil.copytree(
        ROOT / "solutions", folder, ignore=shutil.ignore_patterns("__pycache__", "*.ipynb")
    )


def wrong_answers(folder: Path) -> Path:
    """A copy of the reference with a wrong answer to each exercise."""
    copy_of_the_reference(folder)
    for module, source, _ in WRONG.values():
        with open(folder / f"{module}.py", "a", encoding="utf-8") as file:
            file.write(f"\n\n{source}")
    return folder


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Right answers, under another name than the reference's."""
    return copy_of_the_reference(tmp_path_factory.mktemp("answers") / "right")


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wrong answer to each exercise."""
    return wrong_answers(tmp_path_factory.mktemp("answers") / "wrong")


@pytest.fixture(scope="module")
def plain(wrong: Path) -> Verdict:
    """The verdict on the wrong answers, with nothing in its way."""
    return judge(f"--solutions={wrong}")


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a plugin, any_order, that runs the checks in the order that ORDER says."""
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "any_order.py").write_text(
        "import os, random, pytest\n"
        "@pytest.hookimpl(trylast=True)\n"
        "def pytest_collection_modifyitems(items):\n"
        "    if os.environ['ORDER'] == 'reversed':\n"
        "        items.reverse()\n"
        "    else:\n"
        "        random.Random(os.environ['ORDER']).shuffle(items)\n"
    )
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    return {"PYTHONPATH": path}


def same_verdict(verdict: Verdict, plain: Verdict) -> None:
    """Require the verdict that the wrong answers get with nothing in their way."""
    assert len(verdict.table) == len(EXERCISES), verdict.output  # the total stands for the report
    assert (verdict.code, verdict.table) == (plain.code, plain.table)
    assert sorted(verdict.failed) == sorted(plain.failed)


def test_the_starter_earns_nothing(tmp_path: Path) -> None:
    """The starter folder: 0 points, and a message for each function of the contract."""
    folder = tmp_path / "starter"
    make = [sys.executable, "-m", "solutions", "--starter", str(folder)]
    subprocess.run(make, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    verdict = judge(f"--solutions={folder}")
    require(verdict, code=1, total="0")
    first_lines = [message.strip().splitlines()[0] for message in verdict.messages.values()]
    called = {line.partition("(")[0].rpartition(".")[2] for line in first_lines}
    assert called == {part for exercise in EXERCISES.values() for part in exercise.parts}


def test_the_reference_elsewhere_earns_all(right: Path) -> None:
    """A copy of the reference: all points that checks can give, without the reference's name."""
    require(judge(f"--solutions={right}"), total="9", messages={})


def test_each_mistake_is_named(plain: Verdict) -> None:
    """One wrong answer an exercise: each is told by name, and the rest keeps its points."""
    mistakes = [f"This is {mistake}" for _, _, mistake in WRONG.values()]
    for mistake in mistakes:
        assert mistake in plain.output
    for check, message in plain.messages.items():
        assert any(m in message for m in mistakes), f"{check} names no mistake:\n{message}"
    assert plain.points == {
        **dict.fromkeys(["1.1", "1.2", "1.3", "1.4", "1.6"], "0.25"),
        "1.5": "0.33",
        "2.1": "0.5",
        "2.2": "0.5",
        "2.3": "0",
        "2.4": "0.83",
        "2.5": "1.6",
        "total": "5.01",  # 5 1/60, rounded down
    }
    assert plain.code == 1


@pytest.mark.parametrize("called", ["from the project", "in their own folder"])
def test_intruders_change_nothing(tmp_path: Path, plain: Verdict, called: str) -> None:
    """A space in PATH, and files in it that would govern pytest, Python or the verdict."""
    folder = wrong_answers(tmp_path / "wrong answers")
    (folder / "conftest.py").write_text("print('HERE I AM')\nraise RuntimeError('conftest')\n")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '--collect-only'")
    for name in ("json", "random", "torch", "tests", "data", "report", "sitecustomize"):
        (folder / f"{name}.py").write_text(f"raise RuntimeError('{name}')\n")
    # Bytecode that Python would trust without a look at the source: the right answer.
    py_compile.compile(
        str(ROOT / "solutions" / "autograd.py"),
        cfile=str(folder / "__pycache__" / f"autograd.{sys.implementation.cache_tag}.pyc"),
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if called == "from the project":
        verdict = judge("--solutions", folder)
    else:
        verdict = judge("--solutions", ".", cwd=folder)
    assert "HERE I AM" not in verdict.output
    same_verdict(verdict, plain)


def test_the_order_is_free(wrong: Path, plain: Verdict, in_order: dict[str, str]) -> None:
    """The checks in reverse order: what one answer leaves behind reaches no other check."""
    options = "-p", "any_order", f"--solutions={wrong}"
    same_verdict(judge(*options, env=in_order | {"ORDER": "reversed"}), plain)


def test_processes_change_nothing(wrong: Path, plain: Verdict) -> None:
    """`pytest -n 2` gives the same table and messages for the same checks."""
    same_verdict(judge("-n", "2", f"--solutions={wrong}"), plain)


def test_processes_share_the_seed_that_the_run_has_chosen() -> None:
    """`pytest -n 2` without a seed: two workers that chose other cells would not begin."""
    verdict = judge("-n", "2", "tests/test_matrix.py", "-k", "random_matrices")
    assert verdict.code == 0, verdict.output


def test_one_exercise_alone(tmp_path: Path) -> None:
    """`pytest --exercise 2.3` needs no other answer, and never falls back on the reference."""
    verdict = judge("--exercise", "2.3")
    require(verdict, total="1")
    assert verdict.points["2.3"] == "1"
    (tmp_path / "tensor_operations.py").write_text("def arithmetic(A, B:\n")
    verdict = judge("--exercise", "2.3", f"--solutions={tmp_path}")
    require(verdict, code=1, total="0")
    assert "there is no autograd.py" in verdict.output
    verdict = judge("--exercise", "2.1", f"--solutions={tmp_path}")
    require(verdict, code=1, total="0")
    assert "SyntaxError" in verdict.output


@pytest.mark.parametrize(
    "options", [("--exercise", "2.1", "--exercise", "2.3"), ("--exercise=2.3, 2.1",)]
)
def test_several_exercises(options: tuple[str, ...]) -> None:
    verdict = judge(*options)
    require(verdict, total="2")
    assert (verdict.points["2.1"], verdict.points["2.3"]) == ("1", "1")


@pytest.mark.parametrize("seed", range(SEEDS))
def test_luck_plays_no_part(seed: int, right: Path, in_order: dict[str, str]) -> None:
    """Other seeds and orders: a right answer never fails."""
    options = "-p", "any_order", f"--hypothesis-seed={seed}", f"--solutions={right}"
    require(judge(*options, env=in_order | {"ORDER": str(seed)}), total="9")


@pytest.mark.parametrize(
    ("called", "options"),
    [
        ("{right}/..", "{ROOT} --solutions=right"),
        ("{right}/..", "--solutions right"),
        ("{right}", "--solutions=."),
        ("{right}", "--solutions . -n 2"),
        ("{elsewhere}", ""),
        ("{elsewhere}", "{ROOT}"),
        ("{elsewhere}", "{ROOT} --rootdir {elsewhere}"),
        ("{elsewhere}", "--rootdir {ROOT}"),
        ("{ROOT}", "--rootdir {elsewhere}"),
        ("{ROOT}/tests", ""),
    ],
)
def test_any_folder_will_do(called: str, options: str, right: Path, tmp_path: Path) -> None:
    """Called from elsewhere, with the suite named or not, and with a root folder of one's own."""
    places = {"ROOT": ROOT, "right": right, "elsewhere": tmp_path}
    options, cwd = options.format_map(places), Path(called.format_map(places))
    require(judge("--exercise=2.3", *options.split(), cwd=cwd), total="1")


def test_what_cannot_be_judged_is_refused(tmp_path: Path) -> None:
    none = tmp_path / "none"
    refused(f"--solutions {none}: there is no such file or folder", f"--solutions={none}")
    (tmp_path / "numbers.csv").write_text("1,2\n", encoding="utf-8")
    verdict = judge(f"--solutions={tmp_path}")
    assert verdict.code == 2
    assert "numbers.csv is nothing to run. What is taken: notebooks" in verdict.output


def test_functions_are_found_wherever_they_lie(tmp_path: Path) -> None:
    module = copy_of_the_reference(tmp_path / "work" / "mine") / "autograd.py"
    for given in (module, module.parent, tmp_path / "work"):
        require(judge("--exercise=2.3", f"--solutions={given}"), total="1")


HOMEWORK = """
import torch
# 1.1: A
A, B = torch.rand(5, 5), torch.rand(5, 5)
C = torch.zeros_like(A)
print(A + B, A - B, A * B, A * B)
while True:
    pass
print("<script>alert(1)</script>")
"""


@pytest.mark.parametrize("how", ["", "-n 2"])
def test_a_hand_in_is_judged_from_its_zip_to_the_page(tmp_path: Path, how: str) -> None:
    with zipfile.ZipFile(tmp_path / "hand_in.zip", "w") as archive:
        archive.writestr("Müller 李/作业.py", HOMEWORK)
    page, xml, pdf = (tmp_path / f"results.{kind}" for kind in ("html", "xml", "pdf"))
    verdict = judge(
        *("--solutions=hand_in.zip", "--exercise=1.1,2.1", "--patience=5", *how.split()),
        *(f"--html={page}", f"--junitxml={xml}", f"--pdf={pdf}"),
        cwd=tmp_path,
    )
    # 1.1, and five of the six parts of 2.1; what hangs costs nothing of what came before.
    require(verdict, code=1, total="1.33")
    assert "found: Müller 李/作业.py (a script)" in verdict.output
    assert "did not come back within 5 s" in verdict.output
    assert "This is A * B in place of the matrix product" in verdict.output
    assert pdf.read_bytes().startswith(b"%PDF")
    assert "<script>alert(1)" not in page.read_text(encoding="utf-8")
    tree = ElementTree.parse(xml)
    earned = [float(one.get("value", "")) for one in tree.iter("property")
              if one.get("name") == "points_earned"]  # fmt: skip
    assert abs(sum(earned[1:]) - earned[0]) < 1e-9


def test_an_exercise_that_has_no_checks_is_refused() -> None:
    numbers = ", ".join(number for number, exercise in EXERCISES.items() if exercise.parts)
    refused(f"--exercise 2.6: the exercises are {numbers}", "--exercise=2.1,2.6")
    refused(f"--exercise Report: the exercises are {numbers}", "--exercise=Report")


def test_another_copy_of_the_suite_is_not_judged_by_this_one(tmp_path: Path) -> None:
    (tmp_path / "pytorch_basics_verified.py").touch()
    refused(
        f"{tmp_path} is another copy of the suite than {ROOT}, which is installed: "
        "install this one, with pip install -e .",
        "--exercise=2.3",
        cwd=tmp_path,
    )


def test_threads_that_torch_has_already_used_do_no_harm() -> None:
    """A plugin has imported torch, and the environment asks for more threads than one."""
    threads = {"OMP_NUM_THREADS": "4", "MKL_NUM_THREADS": "4"}
    verdict = judge("-p", "torch", "tests/test_trial.py", "-k", "train", env=threads)
    assert verdict.code == 0, verdict.output


@pytest.mark.parametrize("flag", ["-O", "-OO"])
def test_python_without_assertions_is_refused(flag: str) -> None:
    refused(
        "python -O leaves out assertions, and what the suite and the answers check by them: "
        "run pytest without -O and without PYTHONOPTIMIZE",
        python=(flag,),
    )


def test_warnings_as_errors_change_nothing() -> None:
    verdict = judge("tests/test_notebook.py", "tests/test_autograd.py", python=("-W", "error"))
    require(verdict, total="1")


def test_where_no_process_takes_the_place_of_another_its_exit_status_is_passed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So on Windows, where the run would seem to end, and well, as soon as it begins."""
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr(os, "execv")
    with pytest.raises(SystemExit) as ended:
        plugin.start_again([sys.executable, "-c", "raise SystemExit(6)"])
    assert ended.value.code == 6


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_terminal_without_greek_shows_question_marks(wrong: Path, encoding: str) -> None:
    env = {"PYTHONIOENCODING": encoding, "LC_ALL": "C"}
    verdict = judge("--exercise=2.3", f"--solutions={wrong}", env=env)
    require(verdict, code=1, total="0")
    line = "  expected [[3, 2, 4], [3, 2, 4], [3, 2, 4]] = ones @ M?, the gradient of ?(X @ M)"
    assert line in verdict.output.splitlines()
    assert "\\" not in verdict.output


@pytest.mark.parametrize("option", ["--lf", "--ff"])
def test_what_failed_last_is_run_again(tmp_path: Path, wrong: Path, option: str) -> None:
    """--lf runs the checks that failed and no others, --ff runs them first; git sees no trace."""
    options = "-v", "--exercise=2.2", f"--solutions={wrong}", "-o", f"cache_dir={tmp_path}"
    ran = re.compile(r"::(\w+) (PASSED|FAILED)")
    first = ran.findall(judge(*options).output)
    failed = [outcome for outcome in first if outcome[1] == "FAILED"]
    passed = [outcome for outcome in first if outcome[1] == "PASSED"]
    assert failed
    assert passed
    again = ran.findall(judge(option, *options).output)
    assert again == (failed if option == "--lf" else failed + passed)
    assert ".pytest_cache/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
