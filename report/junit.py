"""Points in the JUnit XML that pytest has written: of each check, and of the whole run.

A part's points are shared evenly by its checks, which earn them together: all of them, or none. So
what the checks have earned adds up to the score. Undecided points are neither earned nor lost.
"""

import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

from report.marked import Decisions, Marked, run_of
from report.run import Part, Run, total
from report.text import visible

Properties = dict[str, str]


def add_points(run: Run, path: Path) -> None:
    """Write the properties into the file at path, which stays as it was if that fails."""
    tree = ElementTree.parse(path)
    for suite in tree.iter("testsuite"):
        _add(suite, {f"points_{k}": _decimal(v) for k, v in total(run.score())._asdict().items()})
        of = dict(_of_checks(run))
        for case in suite.iter("testcase"):
            # A check that fails once more while it is torn down has a second case.
            if properties := of.pop(case.get("name", ""), None):
                _add(case, properties)
    _replace(tree, path)


def add_class(records: Iterable[Marked], by_hand: Decisions, path: Path) -> None:
    """Add a case for each part of each submission of a class, with its points and its student."""
    tree = ElementTree.parse(path)
    suite = next(tree.iter("testsuite"))
    for marked in records:
        run = run_of(marked, by_hand)
        for exercise in run.exercises:
            for name, part in zip(exercise.parts, run.parts(exercise), strict=True):
                _add_part(suite, visible(marked.student), exercise.number, name, part)
    for count, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
        suite.set(count, str(sum(1 for _ in suite.iter(tag))))
    _replace(tree, path)


def _add_part(
    suite: ElementTree.Element, student: str, exercise: str, name: str, part: Part
) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", classname=student, name=f"{exercise} {name}", time="0"
    )
    if part.undecided:
        ElementTree.SubElement(case, "skipped", message="not decided")
    elif part.earned < part.possible:
        lost = f"{_decimal(part.earned)} of {_decimal(part.possible)} points"
        ElementTree.SubElement(case, "failure", message=lost)
    properties = {
        "student": student,
        "exercise": exercise,
        "part": name,
        "points_possible": _decimal(part.possible),
        "points_earned": _decimal(part.earned),
        "points_undecided": _decimal(part.undecided),
    }
    _add(case, properties)


def _replace(tree: "ElementTree.ElementTree[ElementTree.Element]", path: Path) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        tree.write(beside, encoding="utf-8", xml_declaration=True)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _of_checks(run: Run) -> Iterator[tuple[str, Properties]]:
    for exercise in run.exercises:
        for name, part in zip(exercise.parts, run.parts(exercise), strict=True):
            checks = max(part.checks, len(part.results))
            for result in part.results:
                yield (
                    result.name,
                    {
                        "exercise": exercise.number,
                        "part": name,
                        "points_possible": _decimal(part.possible / checks),
                        "points_earned": _decimal(part.earned / checks),
                        "points_undecided": _decimal(part.undecided / checks),
                    },
                )


def _decimal(value: Fraction) -> str:
    """The float next to it, with all of its digits: sums of them are right to the last but one."""
    return f"{float(value)}"


def _add(element: ElementTree.Element, properties: Properties) -> None:
    if (found := element.find("properties")) is None:
        found = ElementTree.Element("properties")
        element.insert(0, found)
    for old in [one for one in found if one.get("name") in properties]:
        found.remove(old)
    for name, value in properties.items():
        ElementTree.SubElement(found, "property", name=name, value=value)
