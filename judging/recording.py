"""What is told of a check once it has run: the learner's message, and the record for reports."""

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import pytest
from hypothesis.errors import Flaky

from homework import points
from homework.hand_in import PARTS
from judging import digits, evidence, sides, trial
from judging.answers import Answers
from judging.checks import Check, checks_of
from judging.diagnosis import diagnose
from judging.known import Alternative, Mistake
from judging.laws import Broken
from judging.parts import NotRight
from judging.session import by_work, check_of, findings, in_process, is_reference, part_of
from judging.verdict import NotDecided, NotTried, Wrong
from report.marked import Line

TOLD: set[str] = set()
"""The messages that this process has shown: many checks can fail for one reason."""

TOLD_INSTEAD = ("auto", "short", "line")
"""The styles of tracebacks in whose place a check's message stands."""

TRIED = pytest.StashKey[dict[str, Any]]()
"""Where a test of the trial leaves its record."""


def reports_wanted(config: pytest.Config) -> bool:
    """Whether a page or a PDF will show what the checks saw."""
    return bool(config.getoption("--html", None) or config.getoption("--pdf"))


@contextmanager
def evidence_of(item: pytest.Item) -> Iterator[None]:
    """Keep what a check shows while it runs, where a report will show it."""
    check = check_of(item)
    if check is None or not reports_wanted(item.config):
        yield
        return
    with evidence.recording() as check.evidence:
        yield


@contextmanager
def without_traceback(item: pytest.Item) -> Iterator[None]:
    """Let pytest make no words of its own for a check whose message is told instead.

    It would read the whole source of each function on the way: 0.15 s for each failure.
    """
    options, style = item.config.option, item.config.option.tbstyle
    told_instead = check_of(item) or part_of(item) or item.config.getoption("--class")
    if told_instead and style in TOLD_INSTEAD:
        options.tbstyle = "native"
    try:
        yield
    finally:
        options.tbstyle = style


def record(
    item: pytest.Item, call: pytest.CallInfo[None], raised: BaseException | None, report: Any
) -> Any:
    """Put on pytest's report what is to be told of a check, or of an entry on trial."""
    check = check_of(item)
    if not isinstance(item, pytest.Function):
        return report
    if check and (call.when == "call" or (call.when == "setup" and not report.passed)):
        message = ""
        if report.failed and call.excinfo:
            answers: Any = item.funcargs.get("solutions")
            message = told(check, answers, call.excinfo.value)
            if item.config.option.tbstyle in TOLD_INSTEAD:
                report.longrepr = message
        outcome = report.outcome
        if report.skipped and check.lacks:
            outcome, message = lacking(check.lacks), str(check.lacks)
        report.verified = recorded(check, outcome, message)
    if call.when == "call" and (part := part_of(item)):
        _record_part(item, part, call, report)
    if call.when == "call" and TRIED in item.stash:
        report.tried = item.stash[TRIED] | {"passed": report.passed}
    if call.when == "call" and LINE in item.stash:
        _record_submission(item, item.stash[LINE], call, report)
    if raised and report.skipped:
        report.lacking = lacking(raised)
    return report


def _record_part(
    item: pytest.Item, part: tuple[str, str], call: pytest.CallInfo[None], report: Any
) -> None:
    """Put on pytest's report what was found of a part of a hand-in."""
    error = call.excinfo.value if call.excinfo else None
    message, outcome = str(error or ""), report.outcome
    if isinstance(error, NotRight) and item.config.option.tbstyle in TOLD_INSTEAD:
        report.longrepr = message
    if report.skipped and isinstance(error, NotDecided):
        outcome = lacking(error)
    number, name = part
    told = findings(item.config)
    report.found = {"environment": told.environment(), "code": told.code()}
    report.verified = {
        "exercise": number,
        "part": name,
        "name": item.name,
        "claim": next(each.claim for each in PARTS[number] if each.name == name),
        "outcome": outcome,
        "message": message,
        "examples": 1,
        "of": 1,
        "evidence": told.evidence(number, name) if reports_wanted(item.config) else [],
    }


LINE = pytest.StashKey[Line]()
"""Where the test of a submission leaves what was earned."""


def _record_submission(
    item: pytest.Item, line: Line, call: pytest.CallInfo[None], report: Any
) -> None:
    """Put on pytest's report what a submission has earned."""
    possible = f"{points(line.total.earned)} / {points(line.total.possible)}"
    report.earned = f"{possible} ({' '.join(line.waiting)} open)" if line.waiting else possible
    if report.failed and call.excinfo and item.config.option.tbstyle in TOLD_INSTEAD:
        report.longrepr = f"{report.earned}: {call.excinfo.value}"


def shown(report: pytest.TestReport) -> None:
    """Take note of what is shown of a test now, so that no message is shown twice."""
    if entry := getattr(report, "tried", None):
        trial.REJECTING.add(entry["rejected_by"])
    if report.failed and hasattr(report, "verified") and isinstance(report.longrepr, str):
        if report.longrepr in TOLD:
            report.longrepr = "The same message as above."
        else:
            TOLD.add(report.longrepr)


def lacking(error: BaseException) -> str:
    """The outcome of what could not be tried, "" of what was skipped for another reason."""
    if isinstance(error, NotTried):
        return "not tried"
    return "not decided" if isinstance(error, NotDecided) else ""


def isolation(config: pytest.Config) -> dict[str, str]:
    """How strangers' answers were kept apart, in a line; the reference is our own code."""
    if is_reference(config):
        return {}
    if in_process(config) and not by_work(config):
        return {"isolation": "none: the answers ran in the suite's own process"}
    return {
        "isolation": "a process of their own, confined to their folder"
        if {False} != sides.CONFINED
        else "a process of their own, not confined: this system has no Landlock"
    }


def _on_trial(tried_so: str) -> str:
    rest = trial.share_of_the_catalogue()
    return f"{tried_so}; {rest}" if rest else tried_so


def environment(
    config: pytest.Config, ran: set[str], tried_so: str, found: dict[str, str]
) -> dict[str, str]:
    """Where the results come from, in words.

    Args:
        ran: the exercises whose checks ran.
        tried_so: how what was tried of the catalogue fared.
        found: what is to be said of a hand-in.
    """
    folder = config.getoption("--solutions")
    seed = config.getoption("--hypothesis-seed")
    return {
        "answers": "solutions (the reference)" if is_reference(config) else str(folder),
        **found,
        **isolation(config),
        **({"data set": digits.name()} if "2.4" in ran else {}),
        **({"the suite on trial": _on_trial(tried_so)} if tried_so else {}),
        "versions": ", ".join(
            [f"Python {platform.python_version()}"]
            + [f"{name} {version(name)}" for name in ("torch", "torchvision", "hypothesis")]
        ),
        "device": f"CPU ({platform.machine()})",
        "seed": "derandomised" if seed is None else f"repeat with --hypothesis-seed={seed}",
    }


def told(check: Check, answers: Answers | None, error: BaseException) -> str:
    """The message for the learner: the smallest failing example, and the mistake it looks like."""
    if answers is None or check.last_failure is None:
        return f"{type(error).__name__}: {error}"
    case, wrong = check.last_failure
    if isinstance(error, Flaky):
        return f"{wrong}\nCalled again with the same arguments, the result was another one."
    if not isinstance(error, Wrong):
        return f"{type(error).__name__}: {error}"
    if isinstance(wrong, Broken):
        return str(wrong)
    if not wrong.whatever_the_case and _goes_well_anew(check, answers, case):
        return f"{wrong}\n{ANEW}"
    try:
        diagnosis = "" if wrong.whatever_the_case else diagnose(check, answers, case, wrong)
    except Exception as failure:
        # What is wrong stands, whatever became of the search for its name.
        return f"{wrong}\n(The search for a known mistake failed: {type(failure).__name__}.)"
    return f"{wrong}\n{diagnosis}".rstrip()


ANEW = (
    "Asked in a new process, and nothing before, this goes well: the answer depends on earlier "
    "calls, or on chance."
)


def _goes_well_anew(check: Check, answers: Answers, case: dict[str, Any]) -> bool:
    """Whether the same case is no failure where no other call came before it."""
    try:
        with answers.fresh() as fresh:
            fresh.asks_beside = False
            return check.failure(fresh, case) is None
    except (NotTried, NotDecided):
        return False


def recorded(check: Check, outcome: str, message: str) -> dict[str, Any]:
    """The record of one check, as plain data: see report.run.Result."""
    siblings = [c for c in checks_of(check.exercise) if c.part == check.part]
    return {
        "exercise": check.exercise,
        "part": check.part,
        "name": check.name,
        "claim": check.claim,
        "outcome": outcome,
        "message": message,
        "examples": check.examples,
        "of": len(siblings),
        "evidence": check.evidence,
    }


def tried(
    entry: Mistake | Alternative, rejected_by: str | None, for_reader: bool
) -> dict[str, Any]:
    """The record of an entry of the catalogue, as plain data: see report.run.Tried."""
    return {
        "exercise": entry.exercise,
        "part": entry.part,
        "name": entry.name,
        "says": entry.this_is if isinstance(entry, Mistake) else entry.differs,
        "is_mistake": isinstance(entry, Mistake),
        "rejected_by": rejected_by,
        "for_reader": for_reader,
    }
