"""Marks one submission of a class, on the cases that every other one faces, and keeps the record.

The cases follow from the run's seed alone. A submission is judged on each of them, apart, in a
process for each part; only where one fails does Hypothesis look for a smaller one, for the message.
So the score is the same alone, in any class and in any order.
"""

from __future__ import annotations

import functools
import tempfile
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Any

from answering.hand_in import FOR_READERS, NothingToJudge
from homework import EXERCISES
from homework.hand_in import PARTS
from judging import checks, evidence, recording
from judging.answers import Answers
from judging.checks import LUCK, Case, Check
from judging.conversations import Conversations
from judging.intake import Limits, Taken, answers_apart, found, taken_in
from judging.parts import Findings, NotRight
from judging.submissions import Submission
from judging.verdict import ForReader, NotDecided, NotTried, Wrong
from report import listing
from report.marked import Marked

MOST_TO_READ = 20_000
"""Characters of a submission's words that a reader finds beside the points to be given."""


def mark(submission: Submission, key: str, exercises: list[str], limits: Limits) -> Marked:
    """Judge a submission by these exercises. Whatever it does, there is a record.

    Args: key, what is kept with the record: see report.marked.
    """
    student, number, slug = submission.student, submission.number, submission.slug
    marked = Marked(student, number, slug, key, exercises=exercises)
    with tempfile.TemporaryDirectory(prefix="hand-in-", ignore_cleanup_errors=True) as name:
        laid, into = Path(name).resolve() / "handed-in", Path(name).resolve() / "work"
        laid.mkdir()
        try:
            marked.remarks += submission.lay(laid)
            taken = taken_in(_innermost(laid), into)
            marked.by_work = [*taken.by_work]
            if taken.functions is not None:
                _mark_functions(marked, taken, exercises, limits)
            if taken.hand_in is not None:
                _mark_work(marked, taken, exercises, limits)
        except NothingToJudge as nothing:
            said = str(nothing).replace(f"in {laid.name} ", "in what was handed in ")
            marked.remarks.append(said)
            # What a person may well read is not lost because no program can.
            readable = any(path.suffix.lower() in FOR_READERS for path in laid.rglob("*"))
            marked.results = _all(exercises, "not decided" if readable else "failed", said)
        except Exception as error:
            # A fault of the suite's own costs no neighbour, and no student a point.
            words = f"the suite could not judge this: {type(error).__name__}: {error}"
            marked.remarks.append(words)
            marked.by_work, marked.results = [], _all(exercises, "not decided", words)
    return marked


def _innermost(folder: Path) -> Path:
    """Where the submission lies: what is zipped as a folder is that folder."""
    inside = [*folder.iterdir()]
    return _innermost(inside[0]) if len(inside) == 1 and inside[0].is_dir() else folder


def _all(exercises: list[str], outcome: str, why: str) -> list[dict[str, Any]]:
    """One outcome for every part, for one reason."""
    return [
        _result(number, part, part, "There is work that can be judged.", outcome, why)
        for number in exercises
        for part in EXERCISES[number].parts
    ]


def _result(
    exercise: str,
    part: str,
    name: str,
    claim: str,
    outcome: str,
    message: str,
    evidence: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    return {
        "exercise": exercise,
        "part": part,
        "name": name,
        "claim": claim,
        "outcome": outcome,
        "message": message,
        "examples": 1,
        "of": 1,
        "evidence": evidence or [],
    }


@functools.cache
def cases(name: str, seed: int) -> list[Case]:
    """The cases of a check in this run: drawn once, for every submission."""
    check = checks.REGISTER[name]
    if not check.strategies:
        return [{LUCK: seed}]
    first, *others = check.sample(f"{seed}")
    # As in a run of Hypothesis: who is wrong in the very first call only must not be asked before.
    return [first | {LUCK: 0}, *others]


def _mark_functions(marked: Marked, taken: Taken, exercises: list[str], limits: Limits) -> None:
    assert taken.functions is not None
    parts: dict[str, list[Check]] = defaultdict(list)
    for check in checks.REGISTER.values():
        if check.exercise in exercises and check.exercise not in taken.by_work:
            parts[check.function].append(check)
    with answers_apart(taken.functions, limits) as answers:
        for part in parts.values():
            marked.results += _repeated(part, answers) or _in_full(part, answers)
    marked.code |= listing.sources(taken.functions)


CONVERSATIONS = Conversations()
"""What this process has heard from right answers."""


def _repeated(part: list[Check], answers: Answers) -> list[dict[str, Any]] | None:
    """The results of a part all of whose replies were found right before; None of any other."""
    known = any(CONVERSATIONS.knows(check.name) for check in part)
    if not known or not all(answers.may_ask(check.asked) for check in part):
        return None
    answers.begin_anew()
    results = []
    for check in part:
        check.forget()
        for number, case in enumerate(cases(check.name, checks.luck_of_the_run)):
            check.examples += 1
            if not _is_right_again(check, answers, number, case):
                answers.begin_anew()
                return None
        results.append(recording.recorded(check, "passed", ""))
    return results


def _is_right_again(check: Check, answers: Answers, number: int, case: Case) -> bool:
    try:
        if said := CONVERSATIONS.of(check.name, number):
            answers.begin(check.function)
            return said.repeated(answers)
        _run(check, answers, number, case)
    except (Wrong, NotTried, NotDecided):
        return False
    return True


def _run(check: Check, answers: Answers, number: int, case: Case) -> None:
    """Judge a case, and remember what right answers have said in it."""
    with answers.noted() as said:
        check.run(answers, case)
    CONVERSATIONS.learn(check.name, number, said)


def _in_full(part: list[Check], answers: Answers) -> list[dict[str, Any]]:
    """The results of a part, judged case by case."""
    return [_judged(check, answers) for check in part]


def _judged(check: Check, answers: Answers) -> dict[str, Any]:
    """The result of one check of functions."""
    check.forget()
    outcome, message = "passed", ""
    for number, case in enumerate(cases(check.name, checks.luck_of_the_run)):
        check.examples += 1
        try:
            _run(check, answers, number, case)
        except Wrong as wrong:
            check.last_failure = case, wrong
            outcome, message = "failed", _told(check, answers, wrong)
            break
        except (NotTried, NotDecided) as lacking:
            outcome, message = recording.lacking(lacking), str(lacking)
            if isinstance(lacking, ForReader):
                # Whoever reads it has to see the answer, which nothing else shows.
                with evidence.recording() as check.evidence, suppress(NotDecided):
                    check.run(answers, case)
            break
        except Exception as error:
            # A fault of the suite's own costs no neighbour, and no student either.
            message = f"the suite could not judge this: {type(error).__name__}: {error}"
            outcome = "not decided"
            break
    return recording.recorded(check, outcome, message)


def _told(check: Check, answers: Answers, wrong: Wrong) -> str:
    """The message of what fails, on the smallest case that Hypothesis finds."""
    given, seen = check.last_failure, check.examples
    error: BaseException = wrong
    if check.strategies and not wrong.whatever_the_case:
        try:
            check.test(answers)
        except Exception as smaller:
            error = smaller
    if error is wrong or not isinstance(error, Wrong):
        check.last_failure, error = given, wrong
    check.examples = seen
    return recording.told(check, answers, error)


def _mark_work(marked: Marked, taken: Taken, exercises: list[str], limits: Limits) -> None:
    findings = found(taken, limits, checks.luck_of_the_run)
    for number in taken.by_work:
        for part in PARTS[number] if number in exercises else ():
            outcome, message = _verdict(findings, number, part.name)
            evidence = findings.evidence(number, part.name)
            name = f"test_hand_in[{number}-{part.name}]"
            marked.results.append(
                _result(number, part.name, name, part.claim, outcome, message, evidence)
            )
    marked.environment |= findings.environment()
    marked.code |= findings.code()
    marked.remarks += findings.remarks()
    words = "\n\n".join(text.text.strip() for text in findings.work.texts)
    marked.to_read = words[:MOST_TO_READ]


def _verdict(findings: Findings, number: str, part: str) -> tuple[str, str]:
    try:
        findings.judge(number, part)
    except NotRight as wrong:
        return "failed", str(wrong)
    except ForReader as undecided:
        return "not decided", str(undecided)
    return "passed", ""
