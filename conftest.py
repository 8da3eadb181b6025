"""The suite in pytest: fixtures, and hooks of a few lines that hand over.

Its options are in pytorch_basics_verified.py, which pytest knows before it looks for this file.
"""

from __future__ import annotations

import os

# Tensors here are small: a second thread costs more than it brings, and a process that has used
# several can no longer fork. matplotlib must not look for a screen.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("MPLBACKEND", "Agg")

import pytorch_basics_verified as plugin
from answering import starting

# The process that those of the answers are forked from imports torch beside this one. Where the
# answers are our own, it knows the catalogue, and what the reference imports.
OWN = ("catalogue", "beartype", "jaxtyping", "torchvision", starting.SHELL)
FOR_WORK = (starting.LIBRARIES, starting.SHELL)
starting.prepare(
    *(OWN if plugin.judges_the_reference() else FOR_WORK if plugin.judges_work() else ())
)

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from judging import beside, classroom, recording
from judging import session as rules
from report import classroom as outputs
from report import listing, platforms, terminal
from report import marked as records
from report.run import Run

if TYPE_CHECKING:
    from judging.answers import Answers
    from judging.parts import Findings
    from judging.submissions import Submission
    from report.marked import Line

RUN = Run()
CLASS = plugin.PROJECT / "tests" / "test_class.py"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    with platforms.reason_told(config):
        if config.getoption("--class"):
            classroom.go_on_as_before(config)
        rules.prepare(config)
        if config.getoption("--class"):
            classroom.prepare(config)
    page_of_checks = config.getoption("--html", None) and classroom.CLASS not in config.stash
    if page_of_checks and not rules.is_worker(config):
        from report.html import Page

        config.pluginmanager.register(Page(RUN))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Called by pytest-xdist for each worker, before it starts."""
    node.workerinput[rules.SEED] = node.config.option.hypothesis_seed


@pytest.fixture(scope="session")
def solutions(request: pytest.FixtureRequest) -> Iterator[Answers]:
    """The answers under test: the reference, or the folder given with --solutions."""
    import catalogue  # noqa: F401 - so that the diagnosis knows the mistakes

    with rules.answers_under_test(request.config) as answers:
        yield answers


@pytest.fixture(scope="session")
def findings(request: pytest.FixtureRequest) -> Findings:
    """What was found in the hand-in under test, once it has run."""
    import catalogue  # noqa: F401 - so that the diagnosis knows the mistakes

    return rules.findings(request.config)


@pytest.fixture
def line(request: pytest.FixtureRequest, submission: Submission) -> Line:
    """What a submission of a class has earned: judged now, and kept, with the student's page."""
    import catalogue  # noqa: F401 - so that the diagnosis knows the mistakes

    room = request.config.stash[classroom.CLASS]
    marked = room.marked(submission)
    pdf = bool(request.config.getoption("--pdf"))
    outputs.hand_back(marked, room.results, room.by_hand, pdf=pdf)
    return request.node.stash.setdefault(recording.LINE, records.line(marked, room.by_hand))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out what judges the suite itself where a learner's answers are judged."""
    if config.getoption("--class"):
        return (collection_path.name.startswith("test_") and collection_path != CLASS) or None
    if collection_path == CLASS:
        return True
    about_the_suite = collection_path.name in (
        "test_trial.py",
        "test_matrix.py",
        "test_notebook.py",
        "test_hand_in_trial.py",
    )
    return True if about_the_suite and not rules.is_reference(config) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    rules.select(config, items)


def pytest_report_collectionfinish(items: list[pytest.Item]) -> list[str]:
    """Tell what is wrong with the surroundings before the first check, and not by a check."""
    return [f"not decided will be: {fault}" for fault in rules.faults_before(items)]


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    if any(rules.part_of(item) for item in session.items) and not session.config.option.collectonly:
        with terminal.progress(session.config) as told:
            rules.findings(session.config, told)
    return beside.judge(session) if beside.can_judge(session) else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    with recording.evidence_of(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, Any]:
    # pytest makes a skip of its own of what says why a check could not be decided.
    raised = call.excinfo and call.excinfo.value
    with recording.without_traceback(item):
        report = yield
    return recording.record(item, call, raised, report)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Called in the process that shows the results, wherever the check ran."""
    RUN.take(report)
    recording.shown(report)


def pytest_report_teststatus(
    report: pytest.TestReport, config: pytest.Config
) -> tuple[str, str, str] | None:
    """With -v the line of a known mistake says who rejects it: the whole table, as it is made.

    That of a submission tells its points, and how many are left.
    """
    if report.when == "call" and (earned := getattr(report, "earned", "")):
        left = config.stash[classroom.CLASS].left(report.nodeid, config)
        return report.outcome, "." if report.passed else "F", f"{earned}, {left}"
    tried = (report.passed and getattr(report, "tried", None)) or {}
    if rejected_by := tried.get("rejected_by"):
        return "passed", ".", f"PASSED (rejected by {rejected_by})"
    return ("passed", ".", "PASSED (left to a human reader)") if tried.get("for_reader") else None


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, Any, Any]:
    """The score is the last that is printed, whatever became of the run, and decides its status."""
    try:
        if RUN.results:
            RUN.environment = recording.environment(
                session.config, RUN.ran(), RUN.trial(), RUN.found.get("environment", {})
            )
            RUN.exercises = rules.exercises(session.config)
            RUN.code = listing.sources(rules.folder_of(session.config))
            RUN.code |= RUN.found.get("code", {})
        return (yield)
    finally:
        if RUN.results and not rules.is_worker(session.config):
            terminal.close(RUN, session)
        if classroom.CLASS in session.config.stash and not rules.is_worker(session.config):
            terminal.close_class(session.config.stash[classroom.CLASS], session)
