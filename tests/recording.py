"""What is told of a check once it has run: the learner's message, and the record for reports."""

import ast
from pathlib import Path
from typing import Any

import pytest
from hypothesis.errors import Flaky

from tests.answers import Answers
from tests.catalogue import Alternative, Mistake
from tests.checks import Check, checks_of
from tests.diagnosis import diagnose
from tests.exercises import EXERCISES
from tests.verdict import Wrong

TRIED = pytest.StashKey[dict[str, Any]]()
"""Where a test of the trial leaves its record."""


def told(check: Check, answers: Answers | None, error: BaseException) -> str:
    """The message for the learner: the smallest failing example, and the mistake it looks like."""
    if answers is None or check.last_failure is None:
        return f"{type(error).__name__}: {error}"
    case, wrong = check.last_failure
    if isinstance(error, Flaky):
        return f"{wrong}\nCalled again with the same arguments, the result was another one."
    if not isinstance(error, Wrong):
        return f"{type(error).__name__}: {error}"
    mistakes = [] if wrong.whatever_the_case else diagnose(check, answers, case, wrong)
    if len(mistakes) > 1:
        named = "\n".join(f"- {mistake}" for mistake in mistakes)
        return f"{wrong}\nSeveral known mistakes give this result:\n{named}"
    return "\n".join([str(wrong), *map(str, mistakes)])


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


def tried(entry: Mistake | Alternative, rejected_by: str | None) -> dict[str, Any]:
    """The record of an entry of the catalogue, as plain data: see report.run.Tried."""
    return {
        "exercise": entry.exercise,
        "part": entry.part,
        "name": entry.name,
        "says": entry.this_is if isinstance(entry, Mistake) else entry.differs,
        "is_mistake": isinstance(entry, Mistake),
        "rejected_by": rejected_by,
    }


def sources(folder: Path) -> dict[str, str]:
    """The source of each function of the contract, by "module.function", as far as it is there."""
    found = {}
    for module in {exercise.module for exercise in EXERCISES.values()} - {""}:
        try:
            text = (folder / f"{module}.py").read_text(encoding="utf-8")
            tree = ast.parse(text)
        except (OSError, ValueError, SyntaxError):
            continue  # the checks of this module have told what is wrong with it
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found[f"{module}.{node.name}"] = ast.get_source_segment(text, node) or ""
    return found
