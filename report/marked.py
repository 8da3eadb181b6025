"""One submission of a class as it was marked: plain data in a file, from which reports are made."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from homework import EXERCISES, Exercise, points
from homework.hand_in import PARTS
from report.run import Decision, Result, Run, Total, total
from report.text import clipped

RECORDS = "records"
"""The folder of the records within that of the results."""


@dataclass
class Marked:
    """What became of one submission, as plain data that JSON can hold.

    ``results`` are the arguments of report.run.Result. ``key`` tells on what it rests: a record
    with the same one is not made again.
    """

    student: str
    number: str
    """The platform's number of the student, "" where it gives none."""
    slug: str
    """The name of the student's files."""
    key: str
    exercises: list[str] = field(default_factory=list)
    """Those that were asked for."""
    results: list[dict[str, Any]] = field(default_factory=list)
    by_work: list[str] = field(default_factory=list)
    """The exercises that were judged by what the work shows."""
    environment: dict[str, str] = field(default_factory=dict)
    code: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    """What happened on the way: a cell that did not come back, a file that was refused."""
    to_read: str = ""
    """Its words, for whoever gives the points that no program can give."""

    def write(self, results: Path) -> None:
        """Keep the record: the whole file, or none."""
        folder = results / RECORDS
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / f"{self.slug}.json", json.dumps(asdict(self), ensure_ascii=False))


def read(results: Path, slug: str) -> Marked | None:
    """The record of a student, None if there is none that can be read."""
    try:
        text = (results / RECORDS / f"{slug}.json").read_text(encoding="utf-8")
        return Marked(**json.loads(text))
    except (OSError, ValueError, TypeError):
        return None


def read_all(results: Path) -> Iterator[Marked]:
    """The records in a folder of results, one after the other."""
    for path in sorted((results / RECORDS).glob("*.json")):
        if marked := read(results, path.stem):
            yield marked


HOW = "run.json"
"""Where the results keep how they were judged."""


@dataclass(frozen=True)
class How:
    """How a class was judged, so that the next run with the same results judges the same way.

    Args:
        seed: of the run; None where it was derandomised.
        exercises: those that were asked for, none for all.
        patience: in seconds, None for what is usual.
        memory: in GiB.
        students: the slugs of the whole class, of which a run may be a share.
    """

    seed: str | None = None
    exercises: list[str] = field(default_factory=list)
    patience: float | None = None
    memory: float = 4.0
    students: list[str] = field(default_factory=list)

    def write(self, results: Path) -> None:
        """Keep it with the results."""
        results.mkdir(parents=True, exist_ok=True)
        write(results / HOW, json.dumps(asdict(self)))


def how(results: Path) -> How | None:
    """How the results in a folder were judged, None where there are none."""
    try:
        return How(**json.loads((results / HOW).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write(path: Path, text: str, encoding: str = "utf-8") -> None:
    """Write a file: beside it first, so that it is never there by half."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        beside.write_bytes(text.encode(encoding, "backslashreplace"))
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


Decisions = Mapping[tuple[str, str], Decision]
"""What a teacher gives by hand, by student and exercise."""


class Undecidable(Exception):
    """The teacher's file cannot be read as decisions; the words say where."""


COLUMNS = {"student", "exercise", "points"}
"""What decisions by hand cannot do without; a remark they may have."""


def decisions(path: Path, students: Iterable[str] = ()) -> dict[tuple[str, str], Decision]:
    """Read a file with the columns student, exercise, points and remark. Raises Undecidable.

    A line without points and remark is none yet.

    Args: students, those of the class, where they are known.
    """
    known = {" ".join(name.split()): name for name in students}
    found = {}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        # A spreadsheet writes what its country is used to.
        table = csv.DictReader(lines, delimiter=";" if lines and ";" in lines[0] else ",")
        rows = [*table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Undecidable(f"{path}: {error}") from error
    if lacking := COLUMNS - {str(name).strip().lower() for name in table.fieldnames or ()}:
        raise Undecidable(f"{path}: its first line has no {' and no '.join(sorted(lacking))}")
    for place, row in enumerate(rows, 2):
        given = {str(k).strip().lower(): str(v or "").strip() for k, v in row.items()}
        if not given["points"] and not given.get("remark"):
            continue  # as the suite offers it, to be filled in
        student, number = " ".join(given["student"].split()), given["exercise"]
        if known and student.startswith("'") and student not in known:
            student = student[1:]  # which kept a spreadsheet from taking it for a formula
        if known and student not in known:
            raise Undecidable(f"{path}, line {place}: nobody in the class is {student!r}")
        if number not in EXERCISES:
            raise Undecidable(f"{path}, line {place}: {number!r} is none of {', '.join(EXERCISES)}")
        most = EXERCISES[number].points
        try:
            earned = Fraction(given["points"].replace(",", "."))
        except (ValueError, ZeroDivisionError) as error:
            raise Undecidable(f"{path}, line {place}: it has no points that can be read") from error
        if not 0 <= earned <= most:
            raise Undecidable(
                f"{path}, line {place}: exercise {number} gives 0 to {points(most)} points"
            )
        decided = known.get(student, student), number
        if decided in found:
            raise Undecidable(f"{path}, line {place}: a line above gives {number} of {student!r}")
        found[decided] = Decision(earned, given.get("remark", ""))
    return found


def run_of(marked: Marked, by_hand: Decisions) -> Run:
    """The run that a record keeps, with what was given by hand."""
    remarks = {"remarks": "; ".join(marked.remarks)} if marked.remarks else {}
    run = Run(environment={**marked.environment, **remarks}, code=marked.code, words=marked.to_read)
    run.exercises = [
        replace(e, parts=tuple(part.name for part in PARTS[number]), module=number)
        if number in marked.by_work
        else e
        for number, e in EXERCISES.items()
        if number in marked.exercises
    ]
    for result in marked.results:
        run.add(Result(**result))
    run.by_hand = {
        number: one
        for (student, number), one in by_hand.items()
        if student == marked.student and number in marked.exercises
    }
    return run


@dataclass(frozen=True)
class ToRead:
    """An answer that waits for a reader: why, and its words as far as there are any."""

    why: str
    words: str


@dataclass(frozen=True)
class Line:
    """What the class's reports need of one submission, and no more: there may be a thousand.

    Args:
        earned: of each exercise, the points, None where none of them is decided.
        lost: the exercises that have lost points, whatever a reader gives.
        to_read: of each exercise that waits for a reader, what is to be read.
        mistakes: (exercise, what it is) of each known mistake that was made.
        by_hand: the exercises of which a teacher gave the points.
    """

    student: str
    number: str
    slug: str
    earned: dict[str, Fraction | None]
    total: Total
    lost: tuple[str, ...]
    to_read: dict[str, ToRead]
    mistakes: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]
    by_hand: tuple[str, ...]

    @property
    def waiting(self) -> tuple[str, ...]:
        """The exercises that wait for a reader."""
        return tuple(self.to_read)


MOST_TO_READ = 3_000
"""Characters of a text that waits for a reader in a line; the student's page has all of it."""


MISTAKE = re.compile(r"^(?:- )?This is (.+?)\.(?: |$)", re.MULTILINE)
"""How a message names a known mistake. What comes from an answer stands further to the right."""


def line(marked: Marked, by_hand: Decisions) -> Line:
    """The submission in a line."""
    run = run_of(marked, by_hand)
    rows = run.score()
    mistakes: dict[tuple[str, str], None] = {}
    for result in run.results.values():
        if result.outcome == "failed":
            mistakes |= dict.fromkeys((result.exercise, m) for m in MISTAKE.findall(result.message))
    return Line(
        marked.student,
        marked.number,
        marked.slug,
        {row.exercise.number: None if row.open else row.earned for row in rows},
        total(rows),
        tuple(
            row.exercise.number for row in rows if row.earned + row.undecided < row.exercise.points
        ),
        {row.exercise.number: _to_read(run, row.exercise, marked) for row in rows if row.undecided},
        tuple(mistakes),
        (
            *marked.remarks,
            *(f"{number}: {one.remark}" for number, one in run.by_hand.items() if one.remark),
        ),
        tuple(run.by_hand),
    )


def _to_read(run: Run, exercise: Exercise, marked: Marked) -> ToRead:
    if not exercise.parts:
        return ToRead("\n".join(marked.remarks), clipped(marked.to_read.strip(), MOST_TO_READ))
    undecided = [r for r in run.of_exercise(exercise.number) if r.outcome == "not decided"]
    texts = [
        str(item["text"]).strip()
        for result in undecided
        for item in result.evidence
        if item["kind"] == "text"
    ]
    why = dict.fromkeys(result.message for result in undecided)
    return ToRead(
        clipped("\n".join(why), MOST_TO_READ),
        clipped("\n\n".join(dict.fromkeys(texts)), MOST_TO_READ),
    )
