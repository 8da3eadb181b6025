"""Work as it is handed in: right ones written differently, and wrong ones, one module an exercise.

An entry is a small notebook or script. In its source a line ``# %%`` begins a cell, and
``# %% [markdown]`` one of words, whose lines stand there as they are; a script is run as one file.
``everything`` enters all of them in ``RIGHT`` and ``WRONG``.
"""

from dataclasses import dataclass, field

from homework.hand_in import PARTS


@dataclass(frozen=True)
class HandIn:
    """An entry: what is handed in, and the parts of its exercises that it gets wrong or lacks.

    Args:
        exercises: those whose parts it answers; all that is in neither ``wrong`` nor ``missing`` is
            right there.
        wrong: part, as "2.1 matmul" → words that its message must hold, "" for any.
        either: parts of ``wrong`` of which "missing" is as true, with whatever message.
        disputed: parts on which fair teachers differ, for they rest on one that is wrong: any
            verdict on them stands.
    """

    name: str
    exercises: tuple[str, ...]
    source: str
    wrong: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    disputed: tuple[str, ...] = ()
    script: bool = False
    differs: str = ""
    """What is different about a right one; what a wrong one does instead."""


RIGHT: dict[str, HandIn] = {}
WRONG: dict[str, HandIn] = {}


def right(name: str, *exercises: str, differs: str, source: str, script: bool = False) -> None:
    """Enter a right hand-in: each part of these exercises must be found right."""
    _enter(RIGHT, HandIn(name, exercises, source, script=script, differs=differs))


def wrong(
    name: str,
    *exercises: str,
    does: str,
    source: str,
    wrong: dict[str, str],
    missing: tuple[str, ...] = (),
    either: tuple[str, ...] = (),
    disputed: tuple[str, ...] = (),
    script: bool = False,
) -> None:
    """Enter a wrong hand-in: these parts must be found wrong, or missing, and all others right."""
    entry = HandIn(name, exercises, source, wrong, missing, either, disputed, script, does)
    _enter(WRONG, entry)


def _enter(register: dict[str, HandIn], entry: HandIn) -> None:
    if entry.name in RIGHT or entry.name in WRONG:
        raise ValueError(f"two hand-ins are called {entry.name}")
    known = {f"{number} {part.name}" for number, parts in PARTS.items() for part in parts}
    if strange := {*entry.wrong, *entry.missing, *entry.disputed} - known:
        raise ValueError(f"{entry.name} speaks of parts that no exercise has: {sorted(strange)}")
    if strange := {*entry.wrong, *entry.missing, *entry.disputed} - {
        f"{number} {part.name}" for number in entry.exercises for part in PARTS[number]
    }:
        raise ValueError(f"{entry.name} speaks of exercises that it leaves out: {sorted(strange)}")
    if strange := set(entry.either) - set(entry.wrong):
        raise ValueError(f"{entry.name} calls parts either that are not wrong: {sorted(strange)}")
    register[entry.name] = entry
