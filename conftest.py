"""Options and fixtures of the suite, and its hooks, which hand over to tests/ and report/."""

from __future__ import annotations

import gc
import os

# What is imported, a million objects, stays until the end: the garbage collector need not go
# through it again and again, while it grows or later.
gc.disable()

# Tensors here are small: a second thread costs more than it brings, and much more on a busy
# machine. matplotlib must not look for a screen.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import platform
import random
from collections.abc import Generator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings

from pytorch_basics_verified import add_options
from report.run import Exercise, Result, Run, Tried, points
from report.terminal import write_score
from tests import digits, evidence
from tests.exercises import EXERCISES
from tests.recording import TRIED, recorded, sources, told

if TYPE_CHECKING:
    from tests.answers import Answers

ROOT = Path(__file__).parent
REFERENCE = ROOT / "solutions"

TOLD: set[str] = set()
"""The messages that this process has told: many checks can fail for one reason."""

RUN = Run([Exercise(*exercise) for exercise in EXERCISES.values()])

common: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "report_multiple_bugs": False,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.differing_executors],
    "phases": [Phase.explicit, Phase.generate, Phase.shrink],
}
settings.register_profile("default", max_examples=25, **common)
settings.register_profile("thorough", max_examples=1000, **common)
settings.register_profile("ci", max_examples=25, derandomize=True, **common)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    if not pluginmanager.hasplugin("pytorch_basics_verified"):
        add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--hypothesis-profile", None):
        settings.load_profile("ci" if os.environ.get("CI") else "default")
    if config.getoption("--hypothesis-seed") is None and not settings().derandomize:
        # Chosen here, so that the run can be repeated and every worker has the same.
        config.option.hypothesis_seed = str(random.SystemRandom().randrange(2**32))
    if not folder_of(config).is_dir():
        raise pytest.UsageError(f"--solutions {folder_of(config)}: there is no such folder")
    if mnist_root := config.getoption("--mnist-root"):
        digits.root = Path(mnist_root)
    if config.getoption("--html", None) and not hasattr(config, "workerinput"):
        from report.html import Page

        config.pluginmanager.register(Page(RUN))
    number = config.getoption("--exercise")
    if number and number not in EXERCISES:
        raise pytest.UsageError(f"--exercise {number}: the exercises are {', '.join(EXERCISES)}")


def reports_wanted(config: pytest.Config) -> bool:
    return bool(config.getoption("--html", None) or config.getoption("--pdf"))


def folder_of(config: pytest.Config) -> Path:
    """The folder with the answers under test."""
    return Path(config.getoption("--solutions") or REFERENCE).resolve()


def is_reference(config: pytest.Config) -> bool:
    return folder_of(config) == REFERENCE


@pytest.fixture(scope="session")
def solutions(request: pytest.FixtureRequest) -> Answers:
    """The answers under test: the reference, or the folder given with --solutions."""
    from tests.answers import Answers

    return Answers(
        folder_of(request.config), {exercise.module for exercise in EXERCISES.values()}
    ).install()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what judges the suite itself where a learner's answers are judged."""
    about_the_suite = ("test_trial.py", "test_notebook.py")
    return True if collection_path.name in about_the_suite and not is_reference(config) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    number = config.getoption("--exercise")

    def runs(item: pytest.Item) -> bool:
        check = check_of(item)
        if number:
            return check is not None and check.exercise == number
        # What is no check of an exercise judges the suite itself, not a learner's answers.
        return check is not None or is_reference(config)

    config.hook.pytest_deselected(items=[item for item in items if not runs(item)])
    # What runs in a process of its own is started first and asked for last.
    items[:] = sorted(filter(runs, items), key=lambda item: item.path.stem == "test_notebook")


def pytest_collection_finish(session: pytest.Session) -> None:
    gc.freeze()
    modules = {item.path.stem for item in session.items}
    if not session.config.option.collectonly and not hasattr(session.config, "workerinput"):
        start_beside(modules)
    gc.enable()


def start_beside(modules: set[str]) -> None:
    """Start what runs in processes of its own, for the tests of these modules."""
    # The smaller this process is when it forks, the quicker are the forks of that fork.
    if "test_linear_regression" in modules:
        from tests.processes import server

        server()
    if "test_notebook" in modules:
        # The checks need these, too: imported before the fork, they cost their time once.
        import matplotlib.pyplot  # noqa: F401
        import torchvision  # noqa: F401

        from tests.test_notebook import execution

        execution()


def check_of(item: pytest.Item) -> Any:
    """The check that a test is, or None."""
    return getattr(getattr(item, "function", None), "check", None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    check = check_of(item)
    if check is None or not reports_wanted(item.config):
        return (yield)
    with evidence.recording() as check.evidence:
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, Any]:
    report = yield
    check = check_of(item)
    if not isinstance(item, pytest.Function):
        return report
    if check and (call.when == "call" or (call.when == "setup" and not report.passed)):
        message = ""
        if report.failed and call.excinfo:
            answers: Any = item.funcargs.get("solutions")
            message = told(check, answers, call.excinfo.value)
            if item.config.option.tbstyle in ("auto", "short", "line"):
                report.longrepr = "The same message as above." if message in TOLD else message
            TOLD.add(message)
        report.verified = recorded(check, report.outcome, message)
        exercise = EXERCISES[check.exercise]
        # pytest's --junitxml reads them from the report of the teardown, which is made later.
        item.user_properties += [
            ("exercise", check.exercise),
            ("part", check.part),
            ("points", points(exercise.points / len(exercise.parts) / report.verified["of"])),
        ]
    if call.when == "call" and TRIED in item.stash:
        report.tried = item.stash[TRIED] | {"passed": report.passed}
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Called in the process that shows the results, wherever the check ran."""
    if result := getattr(report, "verified", None):
        RUN.add(Result(**result))
    if entry := getattr(report, "tried", None):
        RUN.tried[entry["name"]] = Tried(**entry)


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """With -v the line of a known mistake says who rejects it: the whole table, as it is made."""
    entry = getattr(report, "tried", None)
    if not (entry and entry["is_mistake"] and report.passed):
        return None
    return "passed", ".", f"PASSED (rejected by {entry['rejected_by']})"


def environment(config: pytest.Config) -> dict[str, str]:
    """Where the results come from, in words."""
    folder = config.getoption("--solutions")
    seed = config.getoption("--hypothesis-seed")
    ran = {result.exercise for result in RUN.results.values()}
    return {
        "answers": "solutions (the reference)" if is_reference(config) else str(folder),
        **({"data set": digits.digits().name} if "2.4" in ran else {}),
        **({"the suite on trial": trial} if (trial := RUN.trial()) else {}),
        "versions": ", ".join(
            [f"Python {platform.python_version()}"]
            + [f"{name} {version(name)}" for name in ("torch", "torchvision", "hypothesis")]
        ),
        "device": f"CPU ({platform.machine()})",
        "seed": "derandomised" if seed is None else f"repeat with --hypothesis-seed={seed}",
    }


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if RUN.results:
        RUN.environment = environment(session.config)
        if reports_wanted(session.config):
            RUN.code = sources(folder_of(session.config))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if RUN.results:
        write_score(RUN, terminalreporter)
    path = config.getoption("--pdf")
    if path and not hasattr(config, "workerinput"):
        # Whatever becomes of the report, the verdict above stands.
        try:
            from report import pdf

            pdf.write(RUN, Path(path))
        except Exception as error:
            terminalreporter.write_line(f"no PDF: {type(error).__name__}: {error}", red=True)
        else:
            terminalreporter.write_line(f"report written to {path}")
