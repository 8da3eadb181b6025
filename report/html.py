"""The results page: what a run recorded, at the top of the page that pytest-html writes.

Everything here but the template, the style and the mathematics may come from an answer under test:
its code, its messages, its numbers, the name of its folder. The template escapes all of it; what
is passed to it as ``Markup`` is made by this package from escaped parts.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from html import escape, unescape
from itertools import groupby
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from homework import points
from report.listing import is_definition, listed, needed
from report.run import Decision, Result, Row, Run, Tried, total
from report.text import printable, visible

if TYPE_CHECKING:
    from markupsafe import Markup

TITLE = "PyTorch Basics, verified"

MOST_LETTERS = 8_000
"""Letters of a message, a function or a printed text that the page shows: it stays readable, and
below 4 MB, whatever an answer does."""

LONG_LISTING = 60
"""Lines of code above which a function is folded away."""

LONG_LIST = 8
"""Passed checks above which their list is folded away."""


class Page:
    """The hooks of pytest-html through which the run gets onto its page."""

    def __init__(self, run: Run) -> None:
        self.run = run

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_report_title(self, report: Any) -> None:
        report.title = TITLE
        # What pytest knows of the machine, its paths and packages, is nobody's business; what
        # matters for the verdict stands in run.environment.
        report.set_data("environment", {})

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_summary(self, prefix: list[str], session: Any) -> None:
        try:
            prefix.append(content(self.run))
        except Exception as error:
            # A page that cannot be written must not cost the verdict, which the terminal prints.
            what = visible(f"The results could not be put on the page: {error!r}")
            prefix.append(f"<p>{escape(what)}</p>")
            if terminal := session.config.pluginmanager.get_plugin("terminalreporter"):
                terminal.write_line(what, red=True)

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_header(self, cells: list[str]) -> None:
        # pytest-html sorts by the column that a clicked element names: a button does so by
        # keyboard, too.
        cells[:] = [
            re.sub(
                r'<th class="sortable" data-column-type="(\w+)">(.*?)</th>',
                r'<th scope="col" class="sortable" data-column-type="\1">'
                r'<button type="button" data-column-type="\1">\2</button></th>',
                cell,
            ).replace("<th>Links</th>", '<th scope="col">Message</th>')
            for cell in cells
        ]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_row(self, report: Any, cells: list[str]) -> None:
        check = self._check(report)
        link = f'<a href="#{_anchor("check", check.name)}">above</a>' if check else ""
        for i, cell in enumerate(cells):
            if cell.startswith('<td class="col-links">'):
                cells[i] = f'<td class="col-links">{link if report.failed else ""}</td>'
            elif name := re.fullmatch(r'(<td class="col-testId">)(.*)(</td>)', cell, re.DOTALL):
                # pytest-html does not escape the names of tests.
                cells[i] = name[1] + escape(unescape(name[2])) + name[3]

    @pytest.hookimpl(optionalhook=True)
    def pytest_html_results_table_html(self, report: Any, data: list[str]) -> None:
        if self._check(report) or not (report.longreprtext or report.sections):
            data.clear()  # told with the exercise, or "No log output captured."
        else:
            data[:] = [_shortened(text) for text in data]

    def _check(self, report: Any) -> Result | None:
        return self.run.results.get(report.nodeid.rpartition("::")[2])


@dataclass
class Listing:
    """A function of the answers as the page shows it."""

    name: str
    code: "Markup | None"
    lines: int = 0
    wide: bool = False
    seen_at: str = ""
    """The exercise that shows it already."""


@dataclass
class Section:
    """An exercise as the page shows it."""

    row: Row
    anchor: str
    question: str
    options: list[tuple[str, str]]
    state: str
    """"passed", "failed", "partial", "unfinished", "unseen" or "undecided"."""
    verdict: str
    claim: "Markup"
    listings: list[Listing] = field(default_factory=list)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    failed: list[Result] = field(default_factory=list)
    undecided: list[Result] = field(default_factory=list)
    skipped: list[Result] = field(default_factory=list)
    passed: list[Result] = field(default_factory=list)
    trial: list[tuple[str, list[Tried]]] = field(default_factory=list)
    """The entries of the catalogue by what became of them, where the suite itself is on trial."""


MARKS = {
    "passed": ("✓", "full points"),
    "failed": ("✗", "no points"),
    "partial": ("◐", "part of the points"),
    "unfinished": ("◌", "not all of its checks ran"),
    "unseen": ("–", "not run"),
    "undecided": ("✎", "not decided"),
}
"""How the page marks the state of an exercise: by a sign, and in words."""


@cache
def template(name: str) -> Any:
    """A template of this folder, which escapes what it is given and knows the style."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    folder = Path(__file__).parent
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )
    environment.filters.update(points=points, shortened=_shortened, anchor=_anchor, signs=_signs)
    environment.globals["style"] = Markup((folder / "page.css").read_text(encoding="utf-8"))
    return environment.get_template(name)


def alone(run: Run, title: str) -> str:
    """A page that nothing is added to: the results of one student, to be handed back."""
    name = printable(title)
    return document(name, name, content(run, whole=False))


def document(title: str, heading: str, content: str) -> str:
    """A whole page: its title and heading are text, its content is markup."""
    return (
        '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
        f"<title>{escape(title)}</title></head>\n<body>\n"
        f"<h1>{escape(heading)}</h1>\n{content}\n</body>\n</html>\n"
    )


def content(run: Run, *, whole: bool = True) -> str:
    """The page's own part: style, score card, run, exercises.

    Args: whole, whether pytest-html's table of all tests follows it.
    """
    rows = run.score()
    page = template("page.html.jinja").render(
        run=run,
        whole=whole,
        marks=MARKS,
        sections=list(_sections(run, rows)),
        total=total(rows),
        passed=sum(row.passed for row in rows),
        expected=sum(row.checks for row in rows),
        examples=sum(row.examples for row in rows),
        written=datetime.now(),
        long_list=LONG_LIST,
        long_listing=LONG_LISTING,
    )
    return visible(page)


def _sections(run: Run, rows: Iterable[Row]) -> Iterator[Section]:
    from markupsafe import Markup

    from report.mathematics import claim

    shown: dict[str, str] = {}
    for row in rows:
        exercise = row.exercise
        results = run.of_exercise(exercise.number)
        given = run.by_hand.get(exercise.number)
        state = _state(row, results, given)
        section = Section(
            row,
            _anchor("exercise", exercise.number),
            *_question(exercise.asked),
            state,
            _verdict(row, results, given),
            Markup(claim(exercise.number)),
            failed=[r for r in results if r.outcome == "failed"],
            undecided=[r for r in results if r.outcome == "not decided"],
            skipped=[r for r in results if r.outcome in ("skipped", "not tried")],
            passed=[r for r in results if r.outcome == "passed"],
            trial=list(_trial(run, exercise.number)),
        )
        if results:
            section.listings = list(_listings(run, row, shown))
            section.evidence = list(_evidence(results, exercise.number))
        yield section


def _trial(run: Run, exercise: str) -> Iterator[tuple[str, list[Tried]]]:
    tried = [one for one in run.tried.values() if one.exercise == exercise]
    mistakes = [one for one in tried if one.is_mistake]
    for check in {one.rejected_by: None for one in mistakes if one.rejected_by}:
        claim = run.results[check].claim if check in run.results else check
        yield f"Rejected by: {claim}", [one for one in mistakes if one.rejected_by == check]
    right = [one for one in tried if not one.is_mistake]
    for headline, entries in (
        (
            "Rejected by no check",
            [one for one in mistakes if not one.rejected_by and not one.for_reader],
        ),
        (
            "Right answers, accepted by every check",
            [one for one in right if one.passed and not one.for_reader],
        ),
        ("Mistakes left to a human reader", [one for one in mistakes if one.for_reader]),
        (
            "Right answers left to a human reader",
            [one for one in right if one.passed and one.for_reader],
        ),
        ("Right answers, rejected all the same", [one for one in right if not one.passed]),
    ):
        if entries:
            yield headline, entries


def _question(asked: str) -> tuple[str, list[tuple[str, str]]]:
    """What was asked, and the options "A: …, B: …" that it offers."""
    question, *options = re.split(r"\s(?=[A-D]: )", asked)
    return question, [(option[0], option[3:].rstrip(",.")) for option in options]


def _state(row: Row, results: Sequence[Result], given: Decision | None) -> str:
    if row.open:
        return "undecided"
    if given:
        full = row.earned == row.exercise.points
        return "passed" if full else "partial" if row.earned else "failed"
    if not results:
        return "unseen"
    if row.earned == row.exercise.points:
        return "passed"
    if row.earned + row.undecided == row.exercise.points:
        return "undecided"
    if all(result.outcome != "failed" for result in results):
        return "unfinished"
    return "partial" if row.earned else "failed"


def _verdict(row: Row, results: Sequence[Result], given: Decision | None) -> str:
    if given:
        return f"Points given by hand. {given.remark}".strip()
    if not row.exercise.parts:
        return "For a human reader to judge."
    if not results:
        return "Not run."
    on = f", on {row.examples:,} generated examples" if row.examples > row.checks else ""
    if row.passed == row.checks == 1:
        return f"Its check passed{on}."
    failed = sum(result.outcome == "failed" for result in results)
    if failed:
        several = "checks" if row.checks > 1 else "check"
        return f"{failed} of {row.checks} {several} failed."
    unseen = {part for part in row.exercise.parts if all(r.part != part for r in results)}
    if row.passed == row.checks and not unseen:
        return f"All {row.checks} checks passed{on}."
    which = f"; of {' and '.join(sorted(unseen))}, none ran" if unseen else ""
    if row.undecided:
        return (
            f"{row.passed} of {row.checks} checks passed{which}. {points(row.undecided)} of the "
            "points are not decided: neither earned nor lost."
        )
    return (
        f"{row.passed} of {row.checks} checks passed{which}. "
        "A part earns its points when all of its checks have run and passed."
    )


def _listings(run: Run, row: Row, shown: dict[str, str]) -> Iterator[Listing]:
    """Each part's code, and then what it is made of, as far as it was not shown before."""
    number = row.exercise.number
    for part in row.exercise.parts:
        name = f"{row.exercise.module}.{part}"
        if row.exercise.module == number and name not in run.code:
            continue  # of a hand-in, each cell is shown with the first part that rests on it
        if name in shown or name not in run.code:
            yield Listing(name, None, seen_at=shown.get(name, ""))
            continue
        new = [one for one in needed(run.code, name) if one not in shown]
        shown |= dict.fromkeys(new, number)
        functions = [one for one in new if is_definition(run.code[one]) and one != name]
        yield _listing(name, listed(run.code, [one for one in new if one not in functions]))
        for function in functions:
            yield _listing(function, [run.code[function]])


def _listing(name: str, sources: Iterable[str]) -> Listing:
    from markupsafe import Markup
    from pygments import highlight
    from pygments.formatters.html import HtmlFormatter
    from pygments.lexers.python import PythonLexer

    source = _shortened("\n\n".join(dedent(one).strip("\n") for one in sources))
    lines = source.splitlines()
    html = highlight(source, PythonLexer(stripnl=False), HtmlFormatter(nowrap=True))
    return Listing(name, Markup(html), len(lines), any(len(line) > 80 for line in lines))


def _evidence(results: Iterable[Result], number: str) -> Iterator[dict[str, Any]]:
    """What the checks recorded, ready to be set. Tensors that follow each other form a group."""
    from markupsafe import Markup

    from report import evidence, figures

    items = [evidence.ready(item, 4) for item in evidence.recorded(results).values()]
    for kind, group in groupby(items, key=lambda item: item["kind"]):
        if kind == "tensor":
            yield {"kind": "tensors", "tensors": [*group]}
            continue
        for i, item in enumerate(group):
            item["title"] = _headline(item["title"])
            if kind == "figure":
                prefix = f"{_anchor('figure', number)}-{i}-"
                svg = figures.inline(item["svg"], item["of"], prefix, item["alt"])
                item["svg"] = Markup(svg)
            yield item


# Text


def _headline(title: str) -> str:
    """A title that begins with a word begins with a capital; a symbol stays as it is."""
    return title[:1].upper() + title[1:] if re.match("[a-z]{2}", title) else title


def _signs(text: str) -> "Markup":
    """Prose, escaped, with y^(l) and s_j raised and lowered as on paper, and `names` as code."""
    from markupsafe import Markup

    def raised(match: re.Match[str]) -> str:
        return f"<sup>{match[1].replace('-', '−')}</sup>"

    def prose(part: str) -> str:
        part = re.sub(r"\^(\([\w+−-]{1,7}\)|\w)", raised, part)
        return re.sub(r"(?<!\w)([A-Za-zα-ω])_(\w{1,3})\b", r"\1<sub>\2</sub>", part)

    # Every second part stood between backticks.
    parts = re.split(r"``?([^`]+)``?", escape(text))
    parts[::2] = map(prose, parts[::2])
    parts[1::2] = [f"<code>{part}</code>" for part in parts[1::2]]
    return Markup("".join(parts))


def _anchor(kind: str, name: str) -> str:
    return f"{kind}-" + re.sub(r"[^\w.]", "-", name)


def _shortened(text: str, most: int = MOST_LETTERS) -> str:
    if len(text) <= most:
        return text
    return f"{text[:most]}\n… and {len(text) - most:,} letters more"
