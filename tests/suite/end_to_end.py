"""`pytest --solutions PATH` as newcomers and teachers meet it: `python -m tests.suite.end_to_end`.

Each step runs pytest in processes of its own, in any folder but the suite's, and reads what a
person would read: the score, the messages and the exit code.
"""

import argparse
import os
import py_compile
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from homework import EXERCISES

ROOT = Path(__file__).parents[2]
PATIENCE = 300
"""Seconds after which a run counts as hanging: many times what it takes."""

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


class Failed(Exception):
    """A step did not go as it must; the message says what was seen."""


def require(condition: object, seen: str, verdict: Verdict | None = None) -> None:
    if not condition:
        raise Failed(seen + ("" if verdict is None else f"\n{verdict.output[-6000:]}"))


def same(found: object, expected: object, verdict: Verdict | None = None) -> None:
    require(found == expected, f"found    {found}\nexpected {expected}", verdict)


def judge(*options: object, cwd: Path = ROOT, **environment: str) -> Verdict:
    """Run pytest with these options. Whatever the answers do, the suite itself never stumbles."""
    # On a machine for CI the examples would be derandomised, and no seed would change them.
    kept = {k: v for k, v in os.environ.items() if k not in ("CI", "PYTEST_ADDOPTS")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *map(str, options)],
        cwd=cwd,
        env=kept | environment,
        text=True,
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
        line = re.search(f"{trace}.*", verdict.output, re.MULTILINE)
        require(line is None, f"a traceback: {line and line[0]}", verdict)
    return verdict


class Workplace:
    """The folders that the steps share, and the verdicts that they compare with."""

    def __init__(self, folder: Path, seeds: int) -> None:
        self.folder, self.seeds = folder, seeds

    def reference(self, name: str) -> Path:
        """A copy of the reference under another name."""
        return shutil.copytree(
            ROOT / "solutions", self.folder / name, ignore=shutil.ignore_patterns("__pycache__")
        )

    def wrong(self, name: str) -> Path:
        """A copy of the reference with a wrong answer to each exercise."""
        folder = self.reference(name)
        for module, source, _ in WRONG.values():
            with open(folder / f"{module}.py", "a", encoding="utf-8") as file:
                file.write(f"\n\n{source}")
        return folder

    @cached_property
    def right(self) -> Path:
        return self.reference("right")

    @cached_property
    def plain(self) -> Verdict:
        """The verdict on the wrong answers, with nothing in its way."""
        return judge(f"--solutions={self.wrong('wrong')}")

    @cached_property
    def plugins(self) -> Path:
        """A folder with a plugin that runs the checks in the order that ORDER says."""
        folder = self.folder / "plugins"
        folder.mkdir()
        (folder / "any_order.py").write_text(
            "import os, random, pytest\n"
            "@pytest.hookimpl(trylast=True)\n"
            "def pytest_collection_modifyitems(items):\n"
            "    if os.environ['ORDER'] == 'reversed':\n"
            "        items.reverse()\n"
            "    else:\n"
            "        random.Random(os.environ['ORDER']).shuffle(items)\n"
        )
        return folder

    def judge_in_order(self, order: str, *options: object) -> Verdict:
        return judge("-p", "any_order", *options, ORDER=order, PYTHONPATH=str(self.plugins))


def as_plain(workplace: Workplace, verdict: Verdict) -> None:
    """Require the verdict that the wrong answers get with nothing in their way."""
    same(len(verdict.table), len(EXERCISES), verdict)  # the total stands for the report
    for told in ("code", "table"):
        same(getattr(verdict, told), getattr(workplace.plain, told), verdict)
    same(sorted(verdict.failed), sorted(workplace.plain.failed), verdict)


def starter_earns_nothing(workplace: Workplace) -> str:
    """The starter folder: 0 points, and a message for each function of the contract."""
    folder = workplace.folder / "starter"
    make = [sys.executable, "-m", "solutions", "--starter", str(folder)]
    subprocess.run(make, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    verdict = judge(f"--solutions={folder}")
    same((verdict.code, verdict.points["total"]), (1, "0"), verdict)
    first_lines = [message.strip().splitlines()[0] for message in verdict.messages.values()]
    called = {line.partition("(")[0].rpartition(".")[2] for line in first_lines}
    parts = {part for exercise in EXERCISES.values() for part in exercise.parts}
    same(called, parts, verdict)
    return f"0 points, {len(parts)} functions told"


def reference_elsewhere_earns_all(workplace: Workplace) -> str:
    """A copy of the reference: all points that checks can give, without the reference's name."""
    verdict = judge(f"--solutions={workplace.right}")
    same((verdict.code, verdict.points["total"], verdict.messages), (0, "9", {}), verdict)
    return "9 points"


def each_mistake_is_named(workplace: Workplace) -> str:
    """One wrong answer an exercise: each is told by name, and the rest keeps its points."""
    verdict = workplace.plain
    mistakes = [f"This is {mistake}" for _, _, mistake in WRONG.values()]
    for mistake in mistakes:
        require(mistake in verdict.output, f"nobody says {mistake!r}", verdict)
    for check, message in verdict.messages.items():
        require(any(m in message for m in mistakes), f"{check} names no mistake:\n{message}")
    same(
        verdict.points,
        {
            **dict.fromkeys(["1.1", "1.2", "1.3", "1.4", "1.6"], "0.25"),
            "1.5": "0.33",
            "2.1": "0.5",
            "2.2": "0.5",
            "2.3": "0",
            "2.4": "0.83",
            "2.5": "1.6",
            "total": "5.02",
        },
        verdict,
    )
    same(verdict.code, 1, verdict)
    return f"{len(WRONG)} mistakes named in {len(verdict.messages)} messages"


def intruders_change_nothing(workplace: Workplace) -> str:
    """A space in PATH, and files in it that would govern pytest, Python or the verdict."""
    folder = workplace.wrong("wrong answers")
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
    verdict = judge("--solutions", folder)
    require("HERE I AM" not in verdict.output, "the folder's conftest.py ran", verdict)
    as_plain(workplace, verdict)
    return "same verdict"


def any_folder_will_do(workplace: Workplace) -> str:
    """From another folder, with a PATH that is relative to it."""
    elsewhere = workplace.right.parent
    verdict = judge(ROOT, f"--solutions={workplace.right.name}", cwd=elsewhere)
    same((verdict.code, verdict.points["total"]), (0, "9"), verdict)
    return "9 points"


def the_order_is_free(workplace: Workplace) -> str:
    """The checks in reverse order: what one answer leaves behind reaches no other check."""
    workplace.plain  # noqa: B018 - makes the folder
    verdict = workplace.judge_in_order("reversed", f"--solutions={workplace.folder / 'wrong'}")
    as_plain(workplace, verdict)
    return "same verdict"


def processes_change_nothing(workplace: Workplace) -> str:
    """`pytest -n 2` gives the same table and messages for the same checks."""
    workplace.plain  # noqa: B018 - makes the folder
    verdict = judge("-n", "2", f"--solutions={workplace.folder / 'wrong'}")
    as_plain(workplace, verdict)
    return "same verdict"


def one_exercise_alone(workplace: Workplace) -> str:
    """`pytest --exercise 2.3` needs no other answer, and never falls back on the reference."""
    verdict = judge("--exercise", "2.3")
    same((verdict.code, verdict.points["2.3"], verdict.points["total"]), (0, "1", "1"), verdict)
    poor = workplace.folder / "poor"
    poor.mkdir()
    (poor / "tensor_operations.py").write_text("def arithmetic(A, B:\n")
    verdict = judge("--exercise", "2.3", f"--solutions={poor}")
    same((verdict.code, verdict.points["total"]), (1, "0"), verdict)
    require("there is no autograd.py" in verdict.output, "it does not say what is missing", verdict)
    verdict = judge("--exercise", "2.1", f"--solutions={poor}")
    same((verdict.code, verdict.points["total"]), (1, "0"), verdict)
    require("SyntaxError" in verdict.output, "it does not say what is wrong", verdict)
    return "1 point, and 0 where the file is missing or broken"


def luck_plays_no_part(workplace: Workplace) -> str:
    """Other seeds and orders: a right answer never fails."""

    def judged(seed: int) -> Verdict:
        options = f"--hypothesis-seed={seed}", f"--solutions={folder}"
        return workplace.judge_in_order(str(seed), *options)

    folder, _ = workplace.right, workplace.plugins  # made before the threads ask for them
    with ThreadPoolExecutor(max_workers=2) as pool:
        for verdict in pool.map(judged, range(workplace.seeds)):
            same((verdict.code, verdict.points["total"]), (0, "9"), verdict)
    return f"9 points with each of {workplace.seeds} seeds"


STEPS: tuple[Callable[[Workplace], str], ...] = (
    starter_earns_nothing,
    reference_elsewhere_earns_all,
    each_mistake_is_named,
    intruders_change_nothing,
    any_folder_will_do,
    the_order_is_free,
    processes_change_nothing,
    one_exercise_alone,
    luck_plays_no_part,
)


def main() -> int:
    """Take each step, print a line for it, and say how many went as they must."""
    parser = argparse.ArgumentParser(prog="python -m tests.suite.end_to_end", description=__doc__)
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="seeds to try (3)")
    parser.add_argument("--steps", nargs="+", metavar="NAME", help="take these steps alone")
    options = parser.parse_args()
    named = {step.__name__: step for step in STEPS}
    if unknown := {*(options.steps or ())} - named.keys():
        parser.error(f"there is no {' or '.join(unknown)}; the steps are {', '.join(named)}")
    steps = [step for name, step in named.items() if name in (options.steps or named)]
    failed = 0
    with tempfile.TemporaryDirectory(prefix="end-to-end-") as folder:
        workplace = Workplace(Path(folder).resolve(), options.seeds)
        for step in steps:
            began = time.perf_counter()
            try:
                outcome = f"passed: {step(workplace)}"
            except (Failed, subprocess.SubprocessError, KeyError) as error:
                failed += 1
                outcome = f"FAILED: {type(error).__name__}: {error}"
            name = step.__name__.replace("_", " ")
            print(f"{name:<32}{time.perf_counter() - began:6.1f} s  {outcome}", flush=True)
    print(f"{len(steps) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
