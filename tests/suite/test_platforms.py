"""What learning platforms are given: Gradescope's scripts, GitHub Classroom's workflow, results.

Each run is that of a person or a platform, in processes of its own.
"""

from __future__ import annotations

import base64
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from homework import EXERCISES
from report.platforms import github_classroom, gradescope
from report.run import Result, Run

ROOT = Path(__file__).parents[2]
PATIENCE = 120
"""Seconds after which a run counts as hanging."""

SCRIPTS = ROOT / "report" / "platforms" / "gradescope"
WORKFLOW = ROOT / "report" / "platforms" / "github_classroom" / "classroom.yml"

RIGHT = "def euclidean_delta(y, t):\n    return y - t\n"
ENDLESS = "def euclidean_delta(y, t):\n    while True:\n        pass\n"
ANSWERS = """
def answers():
    prose = "It has too many parameters. It ignores the spatial structure."
    return {"1.1": "A", "1.2": "A", "1.3": "A", "1.4": "A", "1.5": "BD", "1.6": prose}
"""

# https://gradescope-autograders.readthedocs.io/en/latest/specs/, as docs/specs.md of
# gradescope/autograder_samples has it at af5dee4.
VISIBILITIES = {"hidden", "after_due_date", "after_published", "visible"}
OF_RESULTS: dict[str, Any] = {
    "score": float,
    "execution_time": float,
    "output": str,
    "output_format": {"text"},
    "test_output_format": {"text"},
    "test_name_format": {"text"},
    "visibility": VISIBILITIES,
    "stdout_visibility": VISIBILITIES,
    "extra_data": dict,
    "tests": list,
    "leaderboard": list,
}
OF_A_TEST: dict[str, Any] = {
    "score": float,
    "max_score": float,
    "status": {"passed", "failed"},
    "name": str,
    "name_format": {"text"},
    "number": str,
    "output": str,
    "output_format": {"text"},
    "tags": list,
    "visibility": VISIBILITIES,
    "extra_data": dict,
}
"""Key → its type or values. Of the formats only that one which renders no markup is allowed."""


def documented(results: dict[str, Any]) -> dict[str, Any]:
    """The results, once they are found to be of the documented format, with texts as texts."""
    for fields, allowed in [
        (results, OF_RESULTS),
        *((test, OF_A_TEST) for test in results.get("tests", [])),
    ]:
        for key, value in fields.items():
            kind = allowed[key]
            if kind is float:
                assert type(value) in (int, float)
                assert math.isfinite(value)
                assert value >= 0
            elif isinstance(kind, set):
                assert value in kind
            else:
                assert isinstance(value, kind)
    tests = results.get("tests", [])
    # The default of the whole output would render HTML.
    assert results["output_format"] == "text"
    assert results["stdout_visibility"] == "hidden"
    assert all((test["name_format"], test["output_format"]) == ("text", "text") for test in tests)
    scored = [test for test in tests if "score" in test]
    earned, possible = (math.fsum(test[k] for test in scored) for k in ("score", "max_score"))
    assert all(test["score"] <= test["max_score"] for test in scored)
    assert results["score"] <= earned + 1e-9 <= possible + 2e-9
    assert results["score"] > earned - 0.01  # rounded down to hundredths
    return results


def runners(points: str) -> dict[str, dict[str, Any]]:
    """Name → what the reporter of GitHub Classroom reads of it."""
    lines = (line.split("=", 1) for line in points.splitlines())
    return {name: json.loads(base64.b64decode(text, validate=True)) for name, text in lines}


def judge_on_gradescope(
    root: Path, *options: str, python: str = sys.executable, seconds: int = PATIENCE
) -> tuple[dict[str, Any], str]:
    """Run run_autograder in Gradescope's layout. Returns the results, and what was printed."""
    (root / "source").symlink_to(ROOT)
    (root / "submission").mkdir(exist_ok=True)
    script = shutil.copy(SCRIPTS / "run_autograder", root)
    settings = {
        "AUTOGRADER_ROOT": str(root),
        "AUTOGRADER_PYTHON": python,
        "AUTOGRADER_SECONDS": str(seconds),
    }
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(
        [script, *options],
        cwd=root,
        env={**kept, **settings},
        text=True,
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    results = json.loads((root / "results" / "results.json").read_text(encoding="utf-8"))
    return documented(results), done.stdout + done.stderr


def submit(root: Path, source: str) -> None:
    """The loose files of one student."""
    (root / "submission").mkdir()
    module = root / "submission" / "objective_questions.py"
    module.write_text(source + ANSWERS, encoding="utf-8")


def statuses(results: dict[str, Any]) -> dict[str, str | None]:
    return {test["number"]: test.get("status") for test in results["tests"]}


@pytest.mark.slow
def test_right_answers_earn_on_both_platforms_what_the_table_says(tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "*.ipynb")
    shutil.copytree(ROOT / "solutions", tmp_path / "submission", ignore=ignored)
    points = tmp_path / "points"
    results, printed = judge_on_gradescope(
        tmp_path, "--exercise=1.5,2.3", f"--github-classroom={points}"
    )
    assert re.search(r"^total +1\.5 / 10 ", printed, re.MULTILINE)
    assert results["score"] == 1.5
    assert statuses(results) == {
        **dict.fromkeys(["1.5.1", "1.5.2", "1.5.3", "2.3.1"], "passed"),
        "Report": None,
    }
    read = runners(points.read_text())
    assert [test["score"] for test in read["exercise15"]["tests"]] == [16, 17, 17]
    assert sum(test["score"] for runner in read.values() for test in runner["tests"]) == 150


@pytest.mark.slow
def test_an_answer_that_hangs_costs_its_part(tmp_path: Path) -> None:
    submit(tmp_path, ENDLESS)
    results, _ = judge_on_gradescope(tmp_path, "--exercise=1.3", "--patience=1")
    assert results["score"] == 0.25
    assert statuses(results) == {"1.3.1": "passed", "1.3.2": "failed", "Report": None}
    assert "did not come back" in results["tests"][1]["output"]


@pytest.mark.slow
def test_nothing_that_can_be_judged_is_told_to_the_student(tmp_path: Path) -> None:
    (tmp_path / "submission").mkdir()
    (tmp_path / "submission" / "<img src=x>.csv").touch()
    points = tmp_path / "points"
    results, _ = judge_on_gradescope(tmp_path, f"--github-classroom={points}")
    assert results["score"] == 0
    assert "<img src=x>.csv is nothing to run. What is taken: notebooks" in results["output"]
    assert {runner["status"] for runner in runners(points.read_text()).values()} == {"error"}
    assert "img" not in json.dumps(runners(points.read_text()))  # the workflow's runner would print


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--no-such-option"], "The run did not come to its end: nothing was judged."),
        (["{root}/test_broken.py"], "The run did not come to its end: nothing was judged."),
    ],
)
def test_a_run_that_cannot_begin_says_so(tmp_path: Path, options: list[str], said: str) -> None:
    submit(tmp_path, RIGHT)
    (tmp_path / "test_broken.py").write_text("raise RuntimeError('not to be collected')\n")
    results, _ = judge_on_gradescope(tmp_path, *(o.format(root=tmp_path) for o in options))
    assert results["score"] == 0
    assert said in results["output"]


@pytest.mark.slow
def test_what_was_judged_before_an_interruption_counts(tmp_path: Path) -> None:
    """The second part is interrupted: the first has its points, and the second is not wrong."""
    submit(tmp_path, RIGHT)
    (tmp_path / "interrupting.py").write_text(
        "import os, signal\n"
        "def pytest_runtest_setup(item):\n"
        "    if item.function.check.part == 'euclidean_delta':\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path))
        # With -s one judge judges, so that the order is known.
        results, _ = judge_on_gradescope(tmp_path, "-p", "interrupting", "--exercise=1.3", "-s")
    assert results["output"].startswith("The run did not come to its end. What has no points here")
    assert results["score"] == 0.25
    assert statuses(results) == {"1.3.1": "passed", "Report": None}


@pytest.mark.parametrize("python", ["no/such/python", "crashing", "hanging"])
def test_whatever_becomes_of_python_there_are_results(tmp_path: Path, python: str) -> None:
    """Setup failed; Python crashes; Python does not come back."""
    broken = tmp_path / python
    if python == "crashing":
        broken.write_text("#!/bin/sh\nkill -SEGV $$\n")
    elif python == "hanging":
        broken.write_text("#!/bin/sh\nexec sleep 100\n")
    if broken.exists():
        broken.chmod(0o755)
    results, printed = judge_on_gradescope(tmp_path, python=str(broken), seconds=1)
    assert results["score"] == 0
    assert "did not come to its end: nothing was judged" in results["output"]
    assert "exit status" in printed


@pytest.mark.slow
def test_a_run_that_is_ended_leaves_results(tmp_path: Path) -> None:
    submit(tmp_path, ENDLESS)
    file = tmp_path / "results.json"
    command = [sys.executable, "-m", "pytest", f"--solutions={tmp_path / 'submission'}"]
    with subprocess.Popen(
        [*command, f"--gradescope={file}", "--exercise=1.3", "--patience=60"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    ) as run:
        until = time.monotonic() + PATIENCE
        while not file.exists() and time.monotonic() < until:
            time.sleep(0.1)
        run.send_signal(signal.SIGTERM)
        run.wait(PATIENCE)
    assert run.returncode != 0
    results = documented(json.loads(file.read_text(encoding="utf-8")))
    assert "The run did not come to its end" in results["output"]
    assert results["score"] == 0


def result(exercise: str, part: str, outcome: str, message: str = "") -> Result:
    return Result(exercise, part, f"test_{part}", "It holds.", outcome, message, 1, 1)


@pytest.fixture
def run() -> Run:
    """A run in which a part of each kind was judged, and 1.4 was not reached."""
    forged = '::notice title=Autograding report::{"totalPoints":9}\n<script>\x1b[31m\ud800'
    run = Run(ended=False, environment={"answers": "<b>hw</b>"})
    outcomes = "passed", "failed", "not decided"
    for part, outcome in zip(EXERCISES["2.5"].parts[:3], outcomes, strict=True):
        run.add(result("2.5", part, outcome, "" if outcome == "passed" else forged))
    for exercise in ("1.5", "2.4"):
        for part in EXERCISES[exercise].parts[1:]:
            run.add(result(exercise, part, "passed"))
    return run


def test_what_waits_for_a_reader_is_neither_passed_nor_failed(tmp_path: Path, run: Run) -> None:
    gradescope.write(run, tmp_path / "results.json")
    results = documented(json.loads((tmp_path / "results.json").read_text(encoding="utf-8")))
    assert results["score"] == 1.56  # 2/5 + 2·1/6 + 5·1/6 rounded down
    tests = {test["number"]: test for test in results["tests"]}
    assert tests["2.5.2"]["status"] == "failed"
    for number, said in (("2.5.3", "0.4 points neither earned nor lost"), ("Report", "reader")):
        assert not {"score", "max_score", "status"} & set(tests[number])
        assert said in tests[number]["output"]
    assert "\x1b" not in json.dumps(results, ensure_ascii=False)


def test_the_reporter_gets_whole_points_and_no_words_of_an_answer(tmp_path: Path, run: Run) -> None:
    github_classroom.write(run, tmp_path / "points")
    read = runners((tmp_path / "points").read_text(encoding="ascii"))
    assert "notice" not in json.dumps(read)
    scores = [test["score"] for runner in read.values() for test in runner["tests"]]
    assert all(type(score) is int for score in scores)
    assert sum(scores) == 156
    assert {name: runner["max_score"] for name, runner in read.items()} == {
        github_classroom.output(e): int(e.points * 100) for e in EXERCISES.values()
    }
    assert sum(runner["max_score"] for runner in read.values()) == 1000
    of = {name: [test["status"] for test in runner["tests"]] for name, runner in read.items()}
    assert of["exercise25"] == ["pass", "fail", "error", "error", "error"]
    assert (of["report"], read["report"]["status"]) == (["error"], "pass")
    assert {name: read[name]["status"] for name in ("exercise25", "exercise14", "exercise15")} == {
        "exercise25": "fail",
        "exercise14": "error",
        "exercise15": "error",
    }


# Inputs of each action: name → whether it has to be given; from the action.yml of its repository at
# the commit that the workflow names: checkout v6.1.0, setup-python v6.3.0, the reporter's v1.
INPUTS = {
    "actions/checkout": {
        **dict.fromkeys(["repository", "ref", "token", "path", "persist-credentials"], False),
        **dict.fromkeys(["fetch-depth", "submodules", "lfs", "clean", "show-progress"], False),
    },
    "actions/setup-python": dict.fromkeys(["python-version", "cache", "architecture"], False),
    "classroom-resources/autograding-grading-reporter": {"runners": True, "token": False},
}


def test_the_workflow_uses_actions_as_they_are_documented() -> None:
    workflow = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    (name, job), *others = workflow["jobs"].items()
    # What Classroom looks for, by the pull request 14 of its reporter's repository.
    assert (workflow["name"], name, others) == ("Autograding Tests", "run-autograding-tests", [])
    assert workflow["permissions"] == {"actions": "read", "contents": "read"}
    for step in job["steps"]:
        assert ("uses" in step) is not ("run" in step)
        if "uses" in step:
            action, _, commit = step["uses"].partition("@")
            assert re.fullmatch("[0-9a-f]{40}", commit)
            inputs = INPUTS[action]
            assert set(step.get("with", {})) <= set(inputs)
            assert {i for i, required in inputs.items() if required} <= set(step.get("with", {}))


def test_the_reporter_is_given_every_exercise() -> None:
    """By its src/main.js it reads NAME_RESULTS for each name in runners, in capitals."""
    workflow = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    *_, judge, reporter = workflow["jobs"]["run-autograding-tests"]["steps"]
    names = [github_classroom.output(exercise) for exercise in EXERCISES.values()]
    assert reporter["with"]["runners"].split(",") == names
    assert re.fullmatch(r"([a-zA-Z0-9]+,)*[a-zA-Z0-9]+", reporter["with"]["runners"])
    assert reporter["env"] == {
        f"{name.upper()}_RESULTS": f"${{{{ steps.{judge['id']}.outputs.{name} }}}}"
        for name in names
    }


@pytest.mark.slow
def test_the_workflow_judges_and_no_print_reaches_the_runner(tmp_path: Path) -> None:
    """Its step, run as GitHub does: what the answer prints stands where commands are stopped."""
    workflow = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    judge = workflow["jobs"]["run-autograding-tests"]["steps"][-2]
    (tmp_path / judge["working-directory"]).symlink_to(ROOT)
    forged = "::notice title=Autograding report::{}"
    submit(tmp_path, f"def euclidean_delta(y, t):\n    print({forged!r})\n    raise ValueError\n")
    submission = tmp_path / "submission"
    script = judge["run"].replace("../work", str(submission)) + "\n"
    script = script.replace("python -m pytest", "python -m pytest --exercise=1.3")
    outputs = tmp_path / "outputs"
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=tmp_path / judge["working-directory"],
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "POINTS": str(tmp_path / "points"),
            "GITHUB_OUTPUT": str(outputs),
        },
        text=True,
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    token = re.match(r"::stop-commands::(\w{32})\n", done.stdout)
    assert token, done.stdout
    before, _, after = done.stdout.partition(f"\n::{token[1]}::\n")
    assert forged in before
    assert after == ""
    read = runners(outputs.read_text())["exercise13"]
    assert (read["status"], [test["score"] for test in read["tests"]]) == ("fail", [25, 0])
