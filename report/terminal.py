"""The score card as the terminal shows it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Protocol

from homework import points
from report import classroom, junit, platforms
from report.run import Run, total


class Writer(Protocol):
    """What is needed of pytest's terminal reporter."""

    def write_sep(self, sep: str, title: str, **markup: bool) -> None: ...

    def write(self, content: str, **markup: bool) -> None: ...

    def write_line(self, line: str, **markup: bool) -> None: ...


@contextmanager
def progress(config: Any) -> Iterator[Callable[[str], None]]:
    """Tells which cell of a hand-in runs, in one line, while the context lasts."""
    writer = config.pluginmanager.getplugin("terminalreporter")
    capture = config.pluginmanager.getplugin("capturemanager")
    if writer is None:
        yield lambda title: None
        return

    def tell(title: str) -> None:
        with capture.global_and_fixture_disabled() if capture else nullcontext():
            writer.write(f"{title} · ")

    with capture.global_and_fixture_disabled() if capture else nullcontext():
        writer.write("running: ")
    yield tell
    writer.write_line("done")


def write_score(run: Run, writer: Writer) -> None:
    """Write the table: exercise, points earned of points possible, checks, generated examples."""
    rows = run.score()
    writer.write_sep("=", "score")
    for key, value in run.environment.items():
        writer.write_line(f"{key}: {value}")
    writer.write_line("")
    writer.write_line(f"{'exercise':<52}{'points':>12}{'checks':>10}{'examples':>10}")
    for row in rows:
        name = f"{row.exercise.number:<7}{row.exercise.title}"
        out_of = points(row.exercise.points)
        if row.open and not row.checks:
            writer.write_line(f"{name:<52}{f'? / {out_of}':>12}   for a human reader")
        elif row.checks == 0:
            writer.write_line(f"{name:<52}{f'0 / {out_of}':>12}   not run")
        else:
            writer.write(f"{name:<52}")
            for cell, width, full in (
                (
                    f"{'?' if row.open else points(row.earned)} / {out_of}",
                    12,
                    row.earned + row.undecided == row.exercise.points,
                ),
                (f"{row.passed} / {row.checks}", 10, row.passed == row.checks),
            ):
                right = full and not row.undecided
                writer.write(f"{cell:>{width}}", green=right, red=not full and not row.undecided)
            undecided = f"   {points(row.undecided)} not decided" if row.undecided else ""
            writer.write_line(f"{row.examples:>10,}{undecided}")
    all_in_all = total(rows)
    earned = points(all_in_all.earned)
    writer.write_line(
        f"{'total':<52}{f'{earned} / {points(all_in_all.possible)}':>12}"
        f"{f'{sum(row.passed for row in rows)} / {sum(row.checks for row in rows)}':>10}"
        f"{sum(row.examples for row in rows):>10,}",
        bold=True,
    )
    writer.write_line(
        f"{earned} of the {points(all_in_all.decided)} points that are decided; "
        f"{points(all_in_all.undecided)} more neither earned nor lost."
    )
    for reason, outcome in run.reasons().items():
        writer.write_line(f"{outcome}: {reason}", yellow=True)


def close(run: Run, session: Any) -> None:
    """Write what outlives pytest's session, whatever becomes of each, and set its exit status."""
    config, writer = session.config, session.config.pluginmanager.getplugin("terminalreporter")
    run.ended = session.exitstatus in (0, 1) and not (session.shouldstop or session.shouldfail)
    write_points(run, config.getoption("xmlpath"), writer)
    if path := config.getoption("--pdf"):
        write_pdf(run, Path(path), writer)
    for option, file in platforms.asked_for(config).items():
        write_for_platform(run, option, file, writer)
    write_score(run, writer)
    session.exitstatus = run.status(session.exitstatus, session.testscollected)


def close_class(room: Any, session: Any) -> None:
    """Write what a class's run gives, and say where it is. ``room`` is a judging.Classroom."""
    config, writer = session.config, session.config.pluginmanager.getplugin("terminalreporter")
    results = room.results
    lines = classroom.write_class(room.records(), results, room.by_hand)
    if path := config.getoption("--html", None):
        classroom.write_page(lines, results, Path(path).resolve())
    if xml := config.getoption("xmlpath"):
        junit.add_class(room.records(), room.by_hand, Path(xml))
    writer.write_sep("=", "class")
    totals = sorted(one.total.earned for one in lines)
    if totals:
        possible = points(max(one.total.possible for one in lines))
        spread = ", ".join(
            f"{what} {points(totals[place])}"
            for what, place in (("lowest", 0), ("middle", len(totals) // 2), ("highest", -1))
        )
        many = counted(len(totals), "submission", "submissions")
        writer.write_line(f"{many}, of {possible} points: {spread}")
    if left := len(room.submissions) - len(lines):
        were = counted(left, "was", "were")
        writer.write_line(f"{were} not judged: --resume goes on there", yellow=True)
    if waiting := sum(len(one.waiting) for one in lines):
        wait = counted(waiting, "answer waits", "answers wait")
        writer.write_line(f"{wait} for a reader: see the class's page", yellow=True)
    seed = config.getoption("--hypothesis-seed")
    if seed is not None:
        writer.write_line(f"seed: repeat with --hypothesis-seed={seed}")
    for what, name in (
        ("scores", classroom.SCORES),
        ("the class", classroom.PAGE),
        ("each student", classroom.STUDENTS),
    ):
        writer.write_line(f"{what}: {results / name}")


def counted(number: int, one: str, many: str) -> str:
    """A number with the word that fits it."""
    return f"{number} {one if number == 1 else many}"


def write_pdf(run: Run, path: Path, writer: Writer) -> None:
    """Write the report, and say so. Whatever becomes of it, the score stands."""
    try:
        from report import pdf

        pdf.write(run, path)
    except Exception as error:
        writer.write_line(f"no PDF: {type(error).__name__}: {error}", red=True)
    else:
        writer.write_line(f"report written to {path}")


def write_points(run: Run, xml: str | None, writer: Writer) -> None:
    """Add the points to the JUnit XML, where there is one. The score stands."""
    try:
        if xml:
            junit.add_points(run, Path(xml))
    except Exception as error:
        writer.write_line(f"no points in {xml}: {type(error).__name__}: {error}", red=True)


def write_for_platform(run: Run, option: str, path: Path, writer: Writer) -> None:
    """Write the file of a learning platform. The score stands, and the file as it was begun."""
    try:
        platforms.FORMATS[option].write(run, path)
    except Exception as error:
        writer.write_line(f"{option} {path}: {type(error).__name__}: {error}", red=True)
