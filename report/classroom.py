"""What a class's run gives a teacher: a list of scores, a page for each student, one of the class.

All of it is made from the records, so that it can be made again, and from several runs together.
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from html import escape
from pathlib import Path
from shutil import copyfile
from urllib.parse import quote

from homework import EXERCISES, Exercise, points
from report.marked import (
    Decisions,
    How,
    Line,
    Marked,
    Undecidable,
    decisions,
    how,
    line,
    read,
    read_all,
    run_of,
    write,
)
from report.text import clipped, printable, visible

SCORES, DECISIONS, PAGE, STUDENTS = "scores.csv", "decisions.csv", "index.html", "students"

DANGEROUS = (*"=+-@", *"＝＋－＠")
"""Signs by which a spreadsheet takes a cell for a formula."""


def hand_back(marked: Marked, results: Path, by_hand: Decisions, *, pdf: bool = False) -> None:
    """Write the page of one student, with nobody else's data, and the PDF where it is wanted."""
    from report import html

    folder = results / STUDENTS
    folder.mkdir(parents=True, exist_ok=True)
    run = run_of(marked, by_hand)
    write(folder / f"{marked.slug}.html", html.alone(run, marked.student))
    if pdf:
        from report import pdf as typeset

        # The page has the name as its title; the PDF tells it beside what was found.
        run.environment = {"student": marked.student, **run.environment}
        typeset.write(run, folder / f"{marked.slug}.pdf")


def write_class(marked: Iterable[Marked], results: Path, by_hand: Decisions) -> list[Line]:
    """Write the list of scores and the class's page. Returns a line for each submission.

    Args: marked, the records of the class, in the order of the list; each is let go at once.
    """
    lines = [line(one, by_hand) for one in marked]
    # Excel takes a file for UTF-8 by the mark at its beginning.
    write(results / SCORES, scores(lines), "utf-8-sig")
    offer_decisions(results / DECISIONS, lines, by_hand)
    write(results / PAGE, page(lines, STUDENTS))
    return lines


def write_page(lines: Sequence[Line], results: Path, path: Path) -> None:
    """Write the class's page to another place, from where it leads to the students' pages."""
    path.parent.mkdir(parents=True, exist_ok=True)
    students = Path(os.path.relpath(results / STUDENTS, path.parent)).as_posix()
    write(path, page(lines, quote(students)))


def merge(folders: Sequence[Path], into: Path, by_hand: Decisions) -> tuple[list[Line], int]:
    """Put the results of several runs together: each submission's record, page and line.

    Returns: the lines, and how many the class has. Raises Unmergeable where not every submission
    has faced the same cases.
    """
    first = _how(folders[0])
    of_class = {*first.students}
    for folder in folders[1:]:
        told = _how(folder)
        if replace(told, students=[]) != replace(first, students=[]):
            raise Unmergeable(
                f"{folders[0]} and {folder} were judged in different ways, {_in_words(first)} and "
                f"{_in_words(told)}: judge one of them anew"
            )
        of_class |= {*told.students}
    slugs: dict[str, str] = {}
    for folder in folders:
        for marked in read_all(folder):
            if marked.slug not in of_class:
                continue  # of an earlier class in the same folder
            slugs[marked.slug] = marked.student.casefold()
            if folder.resolve() != into.resolve():
                marked.write(into)
                pdf = Path(STUDENTS) / f"{marked.slug}.pdf"
                if (folder / pdf).is_file():
                    (into / STUDENTS).mkdir(parents=True, exist_ok=True)
                    copyfile(folder / pdf, into / pdf)
            hand_back(marked, into, by_hand)
    replace(first, students=sorted(of_class)).write(into)
    ordered = sorted(slugs, key=lambda slug: slugs[slug])
    kept = filter(None, (read(into, slug) for slug in ordered))
    return write_class(kept, into, by_hand), len(of_class)


def _how(folder: Path) -> How:
    if told := how(folder):
        return told
    raise Unmergeable(f"{folder} holds no results of a class")


def _in_words(told: How) -> str:
    asked = f"exercises {', '.join(told.exercises)}" if told.exercises else "all exercises"
    return f"{asked} with seed {told.seed}, patience {told.patience}, memory {told.memory}"


class Unmergeable(Exception):
    """Results that make no class together; the words say why."""


def exercises_of(lines: Sequence[Line]) -> list[Exercise]:
    """The exercises that were asked for, in the homework's order."""
    return [e for number, e in EXERCISES.items() if any(number in one.earned for one in lines)]


def scores(lines: Sequence[Line]) -> str:
    """The list of scores as CSV."""
    asked = exercises_of(lines)
    text = io.StringIO()
    table = csv.writer(text)
    out_of = sum((e.points for e in asked), Fraction(0))
    table.writerow(
        ["Student", "ID"]
        + [f"{e.number} (out of {points(e.points)})" for e in asked]
        + [f"Total (out of {points(out_of)})", "For a reader", "By hand", "Remarks"]
    )
    for one in lines:
        given = [one.earned.get(e.number) for e in asked]
        table.writerow(
            [harmless(one.student), one.number]
            + ["" if value is None else points(value) for value in given]
            + [points(one.total.earned)]
            + [harmless(" ".join(numbers)) for numbers in (one.waiting, one.by_hand)]
            + [harmless(_some(one.remarks))]
        )
    return text.getvalue()


MOST_REMARKS = 5
"""Remarks on one submission in a cell; the student's page has all of them."""


def _some(remarks: Sequence[str]) -> str:
    more = [f"and {len(remarks) - MOST_REMARKS} more"] if len(remarks) > MOST_REMARKS else []
    return "; ".join([*remarks[:MOST_REMARKS], *more])


def harmless(cell: str) -> str:
    """The text of a cell that no spreadsheet runs as a formula."""
    text = " ".join(visible(cell).split()) if cell.isascii() else " ".join(cell.split())
    text = printable(text)
    return f"'{text}" if text.startswith(DANGEROUS) else text


@dataclass(frozen=True)
class Bar:
    """One bar of the distribution: so many totals lie there."""

    label: str
    count: int
    share: float


@dataclass(frozen=True)
class Trouble:
    """What to explain again of an exercise: how many lost points, and by which known mistakes."""

    exercise: Exercise
    lost: int
    mistakes: list[tuple[str, int]]


@dataclass(frozen=True)
class Waiting:
    """The answers to an exercise that wait for a reader, with words to be read and without."""

    exercise: Exercise
    answers: list[Line]
    without_words: list[Line]
    most: int
    """Characters of each that the page shows."""


def page(lines: Sequence[Line], students: str) -> str:
    """The class's page, whole.

    Args: students, where the pages of the students are, as seen from this one.
    """
    from report.html import document

    name = "PyTorch Basics, verified"
    return document(f"The class, {name}", name, content(lines, students))


def content(lines: Sequence[Line], students: str) -> str:
    """The page's own part: distribution, table, mistakes, what waits for a reader."""
    from report.html import template

    asked = exercises_of(lines)
    return visible_page(
        template("class.html.jinja").render(
            lines=lines,
            exercises=asked,
            students=students,
            decisions=DECISIONS,
            bars=_distribution(lines),
            troubles=[*_troubles(lines, asked)],
            waiting=[*_waiting(lines, asked)],
            open=sum(len(one.waiting) for one in lines),
            offered=_decision_lines(lines, {}).split("\r\n")[:2],
            possible=sum((e.points for e in asked), Fraction(0)),
            middle=_middle([one.total.earned for one in lines]),
            clipped=clipped,
        )
    )


def visible_page(text: str) -> str:
    """The page without signs that nobody sees; names keep their letters."""
    return "".join(c if c.isprintable() or c == "\n" else escape(repr(c)[1:-1]) for c in text)


def _middle(totals: list[Fraction]) -> Fraction:
    """The median, 0 of none."""
    if not totals:
        return Fraction(0)
    ordered, half = sorted(totals), len(totals) // 2
    return ordered[half] if len(totals) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _distribution(lines: Sequence[Line]) -> list[Bar]:
    """How many totals lie in each point's width; the last bar holds its upper end, too."""
    possible = max((one.total.possible for one in lines), default=Fraction(0))
    width = max(int(possible), 1)
    counts = Counter(min(int(one.total.earned), width - 1) for one in lines)
    most = max(counts.values(), default=1)
    return [
        Bar(f"{n} to {n + 1 if n + 1 < width else points(possible)}", counts[n], counts[n] / most)
        for n in range(width)
    ]


def _troubles(lines: Sequence[Line], asked: Sequence[Exercise]) -> Iterator[Trouble]:
    """Of each exercise that points were lost in, the known mistakes, the most frequent first."""
    lost = Counter(number for one in lines for number in one.lost)
    counts = Counter(mistake for one in lines for mistake in one.mistakes)
    for exercise in asked:
        number = exercise.number
        made = [(words, n) for (of, words), n in counts.most_common() if of == number]
        if made or (exercise.parts and lost[number]):
            yield Trouble(exercise, lost[number], made)


MOST_WORDS, LEAST_WORDS = 1_000_000, 500
"""Characters of all that is to be read on the class's page, and of each answer at least.

A large class has shorter beginnings there: the page stays quick, and leads to the rest."""


def _waiting(lines: Sequence[Line], asked: Sequence[Exercise]) -> Iterator[Waiting]:
    """What waits for a reader, by exercise in the homework's order."""
    most = max(MOST_WORDS // max(sum(len(one.waiting) for one in lines), 1), LEAST_WORDS)
    for exercise in asked:
        answers: list[Line] = []
        without_words: list[Line] = []
        for one in lines:
            if found := one.to_read.get(exercise.number):
                # Why a check could not decide tells what it saw.
                told = found.words or (exercise.parts and found.why)
                (answers if told else without_words).append(one)
        if answers or without_words:
            yield Waiting(exercise, answers, without_words, most)


def offer_decisions(path: Path, lines: Sequence[Line], by_hand: Decisions) -> None:
    """Write the file in which a teacher gives points: what was given, and a line for what waits.

    One that holds what this run was not told stays as it is.
    """
    if path.exists():
        try:
            filled = decisions(path, [one.student for one in lines])
        except Undecidable:
            return
        if any(by_hand.get(decided) != given for decided, given in filled.items()):
            return
    write(path, _decision_lines(lines, by_hand), "utf-8-sig")


def _decision_lines(lines: Sequence[Line], by_hand: Decisions) -> str:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["student", "exercise", "points", "remark"])
    for one in lines:
        for number in EXERCISES:
            if given := by_hand.get((one.student, number)):
                earned = f"{float(given.points):g}"
                table.writerow([harmless(one.student), number, earned, harmless(given.remark)])
            elif number in one.to_read:
                table.writerow([harmless(one.student), number, "", ""])
    return text.getvalue()
