"""Which known mistake an answer looks like.

Two answers make the same mistake, as far as can be seen, if the same check on the same case finds
the same wrong result. So the diagnosis lets every known mistake in the function face the learner's
failing case, and keeps those that fail as the learner does. Where several do, the other cases and
checks of the function decide between them, if they can.
"""

from judging.answers import Answers
from judging.checks import REGISTER, Case, Check
from judging.known import ALTERNATIVES, MISTAKES, Mistake
from judging.verdict import Wrong


def diagnose(check: Check, answers: Answers, case: Case, wrong: Wrong) -> list[Mistake]:
    """The known mistakes that explain the failure, all of them if they cannot be told apart."""
    # Where even a right answer in the place of this one fails alike, the fault lies elsewhere.
    controls = (right for right in ALTERNATIVES.values() if check.function in right.replaced)
    if (right := next(controls, None)) and _seen(
        check, answers.trying(right), case
    ) == wrong.seen():
        return []
    suspects = [
        mistake
        for mistake in MISTAKES.values()
        if mistake.exercise == check.exercise
        and check.function in mistake.replaced
        and _seen(check, answers.trying(mistake), case) == wrong.seen()
    ]
    if len(suspects) < 2:
        return suspects
    left = suspects
    for other in [check, *(c for c in REGISTER.values() if c.function == check.function)]:
        for one in other.corpus:
            seen = _seen(other, answers, one)
            left = [m for m in left if _seen(other, answers.trying(m), one) == seen]
            if len(left) < 2:
                return left or suspects
    return left


def _seen(check: Check, answers: Answers, case: Case) -> tuple[str, str] | None:
    wrong = check.failure(answers, case)
    return wrong.seen() if wrong else None
