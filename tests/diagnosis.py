"""Which known mistake an answer looks like.

Two answers make the same mistake, as far as can be seen, if they fail the same check on the same
case with the same message: what was called, what came back, what was expected. So the diagnosis
lets every known mistake of the exercise face the learner's failing case, and keeps those that fail
as the learner does. Where several do, the check's other cases decide between them if they can.
"""

from tests.answers import Answers
from tests.catalogue import MISTAKES, Mistake, load
from tests.checks import Case, Check
from tests.verdict import Wrong


def diagnose(check: Check, answers: Answers, case: Case, wrong: Wrong) -> list[Mistake]:
    """The known mistakes that explain the failure, all of them if they cannot be told apart."""
    load()
    suspects = [
        mistake
        for mistake in MISTAKES.values()
        if mistake.exercise == check.exercise
        and _seen(check, answers.trying(mistake), case) == wrong.seen()
    ]
    if len(suspects) < 2:
        return suspects
    seen = [_seen(check, answers, other) for other in check.corpus]
    consistent = [
        mistake
        for mistake in suspects
        if seen == [_seen(check, answers.trying(mistake), o) for o in check.corpus]
    ]
    return consistent or suspects


def _seen(check: Check, answers: Answers, case: Case) -> tuple | None:
    wrong = check.failure(answers, case)
    return wrong and wrong.seen()
