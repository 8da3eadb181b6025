"""Work as it is handed in: each part of each exercise, by what the work computes and shows."""

import pytest

from homework.hand_in import PARTS
from judging.parts import Findings


@pytest.mark.parametrize(
    ("exercise", "part"),
    [(number, part.name) for number, parts in PARTS.items() for part in parts],
)
def test_hand_in(findings: Findings, exercise: str, part: str) -> None:
    findings.judge(exercise, part)
