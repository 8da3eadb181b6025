"""Points in the JUnit XML that pytest has written: of each check, and of the whole run.

A part's points are shared evenly by its checks, which earn them together: all of them, or none. So
what the checks have earned adds up to the score. Undecided points are neither earned nor lost.
"""

import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

from report.marked import Decisions, read, run_of
from report.run import Run, total
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


def add_class(slugs: Iterable[str], results: Path, by_hand: Decisions, path: Path) -> None:
    """Add a case for each part of each submission of a class, with its points and its student."""
    tree = ElementTree.parse(path)
    for suite in tree.iter("testsuite"):
        for marked in filter(None, (read(results, slug) for slug in slugs)):
            run = run_of(marked, by_hand)
            for exercise in run.exercises:
                for name, part in zip(exercise.parts, run.parts(exercise), strict=True):
                    case = ElementTree.SubElement(
                        suite,
                        "testcase",
                        classname=visible(marked.student),
                        name=f"{exercise.number} {name}",
                        time="0",
                    )
                    _add(
                        case,
                        {
                            "student": visible(marked.student),
                            "exercise": exercise.number,
                            "part": name,
                            "points_possible": _decimal(part.possible),
                            "points_earned": _decimal(part.earned),
                            "points_undecided": _decimal(part.undecided),
                        },
                    )
    _replace(tree, path)


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
