"""What a class's run gives a teacher: a list of scores, a page for each student, one of the class.

All of it is made from the records, so that it can be made again, and from several runs together.
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from pathlib import Path
from shutil import copyfile
from urllib.parse import quote

from homework import EXERCISES, Exercise, points
from report.marked import Decisions, Line, Marked, line, read, read_all, run_of, write
from report.text import clipped, visible

SCORES, WAITING, PAGE, STUDENTS = "scores.csv", "waiting.csv", "index.html", "students"

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

        typeset.write(run, folder / f"{marked.slug}.pdf")


def write_class(marked: Iterable[Marked], results: Path, by_hand: Decisions) -> list[Line]:
    """Write the list of scores and the class's page. Returns a line for each submission.

    Args: marked, the records of the class, in the order of the list; each is let go at once.
    """
    lines = [line(one, by_hand) for one in marked]
    # Excel takes a file for UTF-8 by the mark at its beginning.
    write(results / SCORES, scores(lines), "utf-8-sig")
    write(results / WAITING, waiting_lines(lines), "utf-8-sig")
    write(results / PAGE, page(lines, results, STUDENTS))
    return lines


def write_page(lines: Sequence[Line], results: Path, path: Path) -> None:
    """Write the class's page to another place, from where it leads to the students' pages."""
    path.parent.mkdir(parents=True, exist_ok=True)
    students = Path(os.path.relpath(results / STUDENTS, path.parent)).as_posix()
    write(path, page(lines, results, quote(students)))


def merge(folders: Sequence[Path], into: Path, by_hand: Decisions) -> list[Line]:
    """Put the results of several runs together: each submission's record, page and line.

    Raises Unmergeable where not every submission has faced the same cases.
    """
    slugs: dict[str, str] = {}
    seeds: dict[str, Path] = {}
    for folder in folders:
        for marked in read_all(folder):
            slugs[marked.slug] = marked.student.casefold()
            seeds.setdefault(marked.seed, folder)
            if len(seeds) > 1:
                said = " and ".join(f"{seed} in {where}" for seed, where in seeds.items())
                raise Unmergeable(
                    f"the runs have had different seeds, {said}: run one of them anew"
                )
            if folder.resolve() != into.resolve():
                marked.write(into)
                pdf = Path(STUDENTS) / f"{marked.slug}.pdf"
                if (folder / pdf).is_file():
                    (into / STUDENTS).mkdir(parents=True, exist_ok=True)
                    copyfile(folder / pdf, into / pdf)
            hand_back(marked, into, by_hand)
    ordered = sorted(slugs, key=lambda slug: slugs[slug])
    return write_class(filter(None, (read(into, slug) for slug in ordered)), into, by_hand)


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
            + [harmless("; ".join(one.remarks))]
        )
    return text.getvalue()


def harmless(cell: str) -> str:
    """The text of a cell that no spreadsheet runs as a formula."""
    text = " ".join(visible(cell).split()) if cell.isascii() else " ".join(cell.split())
    text = "".join(c for c in text if c.isprintable())
    return f"'{text}" if text.startswith(DANGEROUS) else text


@dataclass(frozen=True)
class Bar:
    """One bar of the distribution: so many totals lie there."""

    label: str
    count: int
    share: float


@dataclass(frozen=True)
class Waiting:
    """What waits for a reader, and the text to be read."""

    student: str
    slug: str
    why: str
    text: str


def page(lines: Sequence[Line], results: Path, students: str) -> str:
    """The class's page, whole.

    Args: students, where the pages of the students are, as seen from this one.
    """
    head = '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
    return (
        f"{head}<title>A class</title></head>\n<body>\n"
        f"<h1>PyTorch Basics, verified</h1>\n{content(lines, results, students)}\n"
        "</body>\n</html>\n"
    )


def content(lines: Sequence[Line], results: Path, students: str) -> str:
    """The page's own part: distribution, table, mistakes, what waits for a reader."""
    from report.html import template

    asked = exercises_of(lines)
    return visible_page(
        template("class.html.jinja").render(
            lines=lines,
            exercises=asked,
            students=students,
            bars=_distribution(lines),
            mistakes=list(_mistakes(lines, asked)),
            waiting=_waiting(lines, results),
            possible=sum((e.points for e in asked), Fraction(0)),
            decided=max((one.total.decided for one in lines), default=Fraction(0)),
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


def _mistakes(
    lines: Sequence[Line], asked: Sequence[Exercise]
) -> Iterator[tuple[Exercise, list[tuple[str, int]]]]:
    """Of each exercise the known mistakes, the most frequent first."""
    counts = Counter(mistake for one in lines for mistake in one.mistakes)
    for exercise in asked:
        made = [
            (words, n) for (number, words), n in counts.most_common() if number == exercise.number
        ]
        if made:
            yield exercise, made


MOST_TO_READ = 3_000
"""Characters of a text that waits for a reader on the class's page; the student's has all of it."""


def _waiting(lines: Sequence[Line], results: Path) -> list[tuple[Exercise, list[Waiting]]]:
    """What waits for a reader, by exercise in the homework's order."""
    found: dict[str, list[Waiting]] = {number: [] for number in EXERCISES}
    for one in lines:
        if one.waiting and (marked := read(results, one.slug)):
            for number in one.waiting:
                found[number].append(_of_reader(one, marked, EXERCISES[number]))
    return [(EXERCISES[number], answers) for number, answers in found.items() if answers]


def _of_reader(one: Line, marked: Marked, exercise: Exercise) -> Waiting:
    undecided = (r for r in marked.results if r["outcome"] == "not decided")
    why = [str(r["message"]) for r in undecided if r["exercise"] == exercise.number]
    return Waiting(
        one.student,
        one.slug,
        clipped("\n".join(dict.fromkeys(why)), MOST_TO_READ),
        # What a check could not decide it quotes; of the report there are the words as they are.
        "" if why else clipped(marked.to_read, MOST_TO_READ),
    )


def waiting_lines(lines: Sequence[Line]) -> str:
    """A file of decisions without points, a line for each answer that waits."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["student", "exercise", "points", "remark"])
    for one in lines:
        for number in one.waiting:
            table.writerow([harmless(one.student), number, "", ""])
    return text.getvalue()
