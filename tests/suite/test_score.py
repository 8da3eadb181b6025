"""The score: what a run of checks earns, to the last fraction, and how the terminal shows it."""

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homework import EXERCISES, Exercise, points
from report.run import UNDECIDED, Result, Run, Tried, total
from report.terminal import write_points, write_score

HOMEWORK = [*EXERCISES.values()]

THIRDS = Exercise("3.1", "Three parts", Fraction(1), "Do it.", "module", ("a", "b", "c"))
HALF = Exercise("3.2", "One part", Fraction(1, 2), "Do it.", "module", ("d",))
READ = Exercise("Essay", "An essay", Fraction(3, 2), "Write it.", "", ())


def result(
    exercise: str, part: str, outcome: str = "passed", *, name: str = "", of: int = 1, n: int = 10
) -> Result:
    return Result(
        exercise,
        part,
        name or f"test_{exercise}_{part}",
        "It holds.",
        outcome,
        "",
        examples=n,
        of=of,
    )


def run(*results: Result, exercises: tuple[Exercise, ...] = (THIRDS, HALF, READ)) -> Run:
    made = Run([*exercises])
    for one in results:
        made.add(one)
    return made


def earned(*results: Result) -> Fraction:
    return total(run(*results).score())[0]


ALL_RIGHT = [result("3.1", "a"), result("3.1", "b"), result("3.1", "c"), result("3.2", "d")]


def test_the_homework_has_ten_points() -> None:
    """Half a point for each of six questions, one for each of four exercises, and two, and one."""
    assert total(Run(HOMEWORK).score()) == (0, 10, 1)
    assert [e.points for e in HOMEWORK] == [Fraction(1, 2)] * 6 + [1, 1, 1, 1, 2, 1]
    assert [e.number for e in HOMEWORK if not e.parts] == ["Report"]


def test_everything_right_earns_all_but_what_a_reader_gives() -> None:
    results = [result(e.number, part) for e in HOMEWORK for part in e.parts]
    rows = run(*results, exercises=tuple(HOMEWORK)).score()
    assert total(rows) == (9, 10, 1)
    assert [row.earned for row in rows] == [*(e.points for e in HOMEWORK[:-1]), 0]


def test_a_run_without_results_earns_nothing() -> None:
    rows = run().score()
    assert total(rows) == (0, 3, Fraction(3, 2))
    assert [(r.earned, r.passed, r.checks, r.examples) for r in rows] == [
        (0, 0, 0, 0),
        (0, 0, 0, 0),
        (0, 0, 0, 0),
    ]
    assert [row.open for row in rows] == [False, False, True]


def test_what_no_check_decides_is_neither_earned_nor_lost() -> None:
    """Prose for a reader: its part is undecided, unless another check of the part fails."""
    one = run(*ALL_RIGHT[:3], result("3.2", "d", "not decided"))
    assert total(one.score()) == (1, 3, 2)
    assert [row.open for row in one.score()] == [False, True, True]
    assert one.status(0, asked=4) == 1, "three passed, and four were asked for"
    one.passed, one.lacking = 3, ["not decided"]
    assert one.status(0, asked=4) == UNDECIDED
    lost = [result("3.2", "d", o, name=o, of=2) for o in ("not decided", "failed")]
    assert total(run(*lost).score()) == (0, 3, Fraction(3, 2))


@pytest.mark.parametrize(
    ("parts", "expected"), [("", 0), ("a", Fraction(1, 3)), ("bc", Fraction(2, 3)), ("abc", 1)]
)
def test_parts_share_the_points_evenly_and_exactly(parts: str, expected: Fraction) -> None:
    assert earned(*(result("3.1", part) for part in parts)) == expected


@pytest.mark.parametrize("outcome", ["failed", "skipped", "error", ""])
def test_a_part_earns_its_share_only_if_all_of_its_checks_pass(outcome: str) -> None:
    """One that failed or was skipped costs the part, and no other part."""
    checks = [result("3.1", "a", name="one", of=2), result("3.1", "a", outcome, name="two", of=2)]
    assert earned(*checks, result("3.1", "b")) == Fraction(1, 3)
    assert earned(*checks, *ALL_RIGHT[1:]) == Fraction(2, 3) + Fraction(1, 2)


def test_a_check_that_did_not_run_earns_nothing() -> None:
    """As with ``pytest -k``: the checks that are there say how many there should be."""
    (row, *_) = run(result("3.1", "a", of=3), result("3.1", "b")).score()
    assert (row.earned, row.passed, row.checks) == (Fraction(1, 3), 2, 4)


def test_what_belongs_to_no_exercise_or_part_earns_nothing() -> None:
    assert earned(result("9.9", "a"), result("3.1", "z"), result("Essay", "a")) == 0


def test_a_check_that_ran_twice_counts_once_with_its_last_outcome() -> None:
    """A failure in the teardown comes after the call has passed."""
    assert earned(result("3.2", "d"), result("3.2", "d", "failed")) == 0
    assert earned(result("3.2", "d", "failed"), result("3.2", "d")) == Fraction(1, 2)


def test_a_check_that_passed_more_often_than_there_are_checks_is_no_gain() -> None:
    more = [result("3.2", "d", name=name) for name in ("one", "two")]
    assert earned(*more) <= Fraction(1, 2)


outcomes = st.sampled_from(["passed", "failed", "skipped"])


@st.composite
def runs(draw: st.DrawFn) -> Run:
    """Runs in which some checks fail and some are left out."""
    results = []
    for exercise in (THIRDS, HALF):
        for part in exercise.parts:
            of = draw(st.integers(1, 3))
            ran = draw(st.integers(0, of))
            results += [
                result(exercise.number, part, draw(outcomes), name=f"{part}{i}", of=of)
                for i in range(ran)
            ]
    return run(*draw(st.permutations(results)))


@given(runs())
def test_the_total_is_the_sum_of_the_shares_that_were_earned(one: Run) -> None:
    """Whatever the order; never less than 0, never more than the points of an exercise."""
    expected = Fraction(0)
    for exercise in one.exercises:
        for part in exercise.parts:
            of_part = [r for r in one.of_exercise(exercise.number) if r.part == part]
            if of_part and len(of_part) == of_part[0].of:
                share = Fraction(all(r.outcome == "passed" for r in of_part), len(exercise.parts))
                expected += exercise.points * share
    rows = one.score()
    assert total(rows) == (expected, 3, Fraction(3, 2))
    assert all(0 <= row.earned <= row.exercise.points for row in rows)
    assert all(row.passed <= row.checks for row in rows)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(2), "2"),
        (Fraction(10), "10"),
        (Fraction(1, 2), "0.5"),
        (Fraction(5, 6), "0.83"),
        (Fraction(1, 6), "0.16"),
        (Fraction(9) - Fraction(1, 1000), "8.99"),
        (Fraction(3, 20), "0.15"),
        (Fraction(100), "100"),
    ],
)
def test_points_have_no_more_decimals_than_they_need(value: Fraction, text: str) -> None:
    assert points(value) == text


# The exit status


class Report:
    """What pytest tells of a test that ran."""

    when = "call"

    def __init__(self, outcome: str, lacking: str = "") -> None:
        self.outcome, self.lacking = outcome, lacking


@pytest.mark.parametrize(
    ("reports", "status"),
    [
        ([Report("passed"), Report("passed")], 0),
        ([Report("passed"), Report("skipped", "not tried")], 0),
        ([Report("passed"), Report("skipped", "not decided")], UNDECIDED),
        ([Report("skipped", "not tried"), Report("skipped", "not decided")], UNDECIDED),
        ([Report("passed"), Report("skipped")], 1),
        ([Report("passed"), Report("skipped"), Report("skipped", "not tried")], 1),
        ([Report("passed")], 1),
    ],
)
def test_what_cannot_be_tried_on_a_system_is_no_failure(reports: list[Report], status: int) -> None:
    """It is none of a check's, and none of the trial's; what was skipped otherwise is not right."""
    one = run()
    for report in reports:
        one.take(report)
    assert one.status(0, asked=max(2, len(reports))) == status
    assert one.status(3, asked=2) == 3


# The terminal


class Paper:
    """Keeps what is written, as pytest's terminal reporter would show it."""

    def __init__(self) -> None:
        self.text = ""
        self.red: list[str] = []

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def write(self, content: str, **markup: bool) -> None:
        self.text += content
        if markup.get("red"):
            self.red.append(content.strip())

    def write_line(self, line: str, **markup: bool) -> None:
        self.write(f"{line}\n", **markup)

    def write_sep(self, sep: str, title: str, **markup: bool) -> None:
        self.write_line(f"{sep} {title} {sep}", **markup)


def test_the_table_shows_points_checks_and_examples() -> None:
    one = run(*ALL_RIGHT[:2], result("3.1", "c", "failed", of=2), result("3.2", "d", n=1234))
    one.environment = {"answers": "mine", "data set": "drawn digits"}
    paper = Paper()
    write_score(one, paper)
    assert paper.lines == [
        "= score =",
        "answers: mine",
        "data set: drawn digits",
        "",
        "exercise                                                  points    checks  examples",
        "3.1    Three parts                                      0.66 / 1     2 / 4        30",
        "3.2    One part                                        0.5 / 0.5     1 / 1     1,234",
        "Essay  An essay                                          ? / 1.5   for a human reader",
        "total                                                   1.16 / 3     3 / 5     1,264",
        "1.16 of the 1.5 points that are decided; 1.5 more neither earned nor lost.",
        "not decided: an essay is for a human reader",
    ]
    assert paper.red == ["0.66 / 1", "2 / 4"]


def test_the_table_shows_what_is_not_decided() -> None:
    half = [
        result("3.1", "a"),
        replace(result("3.1", "b", "not decided"), message="prose is for a human reader"),
        result("3.1", "c"),
        replace(result("3.2", "d", "not decided"), message="no digits"),
    ]
    paper = Paper()
    write_score(run(*half), paper)
    assert paper.lines[3:] == [
        "3.1    Three parts                                      0.66 / 1     2 / 3        30"
        "   0.33 not decided",
        "3.2    One part                                          ? / 0.5     0 / 1        10"
        "   0.5 not decided",
        "Essay  An essay                                          ? / 1.5   for a human reader",
        "total                                                   0.66 / 3     2 / 4        40",
        "0.66 of the 0.66 points that are decided; 2.33 more neither earned nor lost.",
        "not decided: an essay is for a human reader",
        "not decided: prose is for a human reader",
        "not decided: no digits",
    ]
    assert paper.red == []


def test_the_columns_stand_under_one_another() -> None:
    results = [result(e.number, part, n=10**6) for e in HOMEWORK for part in e.parts]
    paper = Paper()
    write_score(run(*results, exercises=tuple(HOMEWORK)), paper)
    table = paper.lines[2:-2]
    assert {len(line) for line in table if "reader" not in line} == {84}
    assert all(line[7] != " " for line in table[1:-1])


def test_the_trial_counts_mistakes_and_right_answers() -> None:
    one = run()
    assert one.trial() == ""
    for number, (is_mistake, passed) in enumerate([(True, True), (True, False), (False, True)]):
        entry = Tried("3.1", "a", f"entry {number}", "it", is_mistake, None, passed)
        one.tried[entry.name] = entry
    assert one.trial() == (
        "1 of 2 known mistakes rejected, 1 of 1 right answers written differently accepted"
    )
    assert one.trial("3.1") == one.trial()
    assert one.trial("3.2") == ""


def test_the_trial_tells_what_is_left_to_a_reader() -> None:
    one = run()
    for is_mistake in (True, False):
        for for_reader in (True, False):
            name = f"{is_mistake} {for_reader}"
            one.tried[name] = Tried("3.1", "a", name, "it", is_mistake, None, True, for_reader)
    assert one.trial() == (
        "1 of 2 known mistakes rejected, 1 left to a human reader, "
        "1 of 2 right answers written differently accepted, 1 left to a human reader"
    )


# The JUnit XML


def properties(element: ElementTree.Element) -> dict[str, str]:
    found = element.findall("properties/property")
    return {one.get("name", ""): one.get("value", "") for one in found}


def written_points(one: Run, path: Path) -> tuple[list[dict[str, str]], dict[str, str]]:
    """The properties of each case that has points, and those of the suite."""
    suite = ElementTree.Element("testsuite")
    for name in ["foreign", *one.results, *one.results]:
        case = ElementTree.SubElement(suite, "testcase", name=name)
        known = ElementTree.SubElement(case, "properties")
        ElementTree.SubElement(known, "property", name="by", value="another plugin")
    ElementTree.ElementTree(suite).write(path)
    write_points(one, str(path), Paper())
    suite = ElementTree.parse(path).getroot()
    cases = [properties(case) for case in suite.findall("testcase")]
    assert all(case.pop("by") == "another plugin" for case in cases)
    return [case for case in cases if case], properties(suite)


@given(runs())
def test_the_points_in_the_xml_add_up_to_the_score(one: Run) -> None:
    with TemporaryDirectory() as folder:
        cases, suite = written_points(one, Path(folder, "results.xml"))
    assert len(cases) == len(one.results), "a check that has two cases counts once"
    earned = total(one.score()).earned
    assert suite == {
        "points_earned": f"{float(earned)}",
        "points_possible": "3.0",
        "points_undecided": "1.5",
    }
    # Each is rounded once to a float, and no sum of them exceeds 4.
    bound = 2 * len(cases) * 4 * 2.0**-53
    assert abs(math.fsum(float(case["points_earned"]) for case in cases) - earned) <= bound
    for exercise in one.exercises:
        of_it = [case for case in cases if case["exercise"] == exercise.number]
        assert math.fsum(float(c["points_possible"]) for c in of_it) <= exercise.points + bound
    assert all(case["part"] in "abcd" for case in cases)


def test_a_part_with_a_failed_check_earns_nothing_in_the_xml(tmp_path: Path) -> None:
    checks = [result("3.2", "d", o, name=o, of=2) for o in ("passed", "failed")]
    cases, suite = written_points(run(*checks), tmp_path / "results.xml")
    assert [(c["points_earned"], c["points_possible"]) for c in cases] == [("0.0", "0.25")] * 2
    assert suite["points_earned"] == "0.0"


def test_the_xml_tells_what_is_not_decided(tmp_path: Path) -> None:
    checks = [result("3.2", "d", o, name=o, of=2) for o in ("passed", "not decided")]
    cases, suite = written_points(run(*checks), tmp_path / "results.xml")
    assert [(c["points_earned"], c["points_undecided"]) for c in cases] == [("0.0", "0.25")] * 2
    assert suite["points_undecided"] == "2.0"


def test_an_xml_that_is_none_stays_and_is_told(tmp_path: Path) -> None:
    path, paper = tmp_path / "results.xml", Paper()
    path.write_text("no xml")
    write_points(run(), str(path), paper)
    assert path.read_text() == "no xml"
    assert paper.text.startswith(f"no points in {path}: ParseError")
    assert [*tmp_path.iterdir()] == [path]
