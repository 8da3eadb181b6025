"""Judges 2.4 and 2.5 of work as it is handed in, from what was recorded while it ran, twice."""

from __future__ import annotations

from dataclasses import replace

from judging.gradients import judge_gradients
from judging.history import History
from judging.regression import judge_regression
from judging.work import Finding, Work


def judge(work: Work, exercise: str) -> dict[str, Finding]:
    """The finding on each part of an exercise, "2.4" or "2.5": a part must hold in both runs.

    Where one of the runs ended where the other went on, the other one decides.
    """
    histories = [History(record) for record in work.runs]
    if exercise == "2.4":
        found = [judge_gradients(work, one) for one in histories]
    else:
        others = [*histories[1:2], *histories[:1]]
        # Whether data are random is asked once: of the first run, against the second.
        found = [
            judge_regression(work, one, others[0] if number == 0 and len(others) > 1 else None)
            for number, one in enumerate(histories)
        ]
    if len(found) < 2:
        return found[0]
    ended = [{(end.at.cell, why) for end, why in one.failures()} for one in histories]
    return {
        name: _both(
            found[0][name], found[1][name], bool(ended[0] - ended[1]), bool(ended[1] - ended[0])
        )
        for name in found[0]
    }


def _both(first: Finding, second: Finding, first_ended: bool, second_ended: bool) -> Finding:
    if first.outcome == "right" == second.outcome:
        return first
    if first_ended and not second_ended:
        return second
    if second_ended or first.outcome != "right":
        return first
    return replace(second, message=f"With other seeds: {second.message}")
