"""What a teacher is given of a class, made from records: the list, the pages, and nobody else's."""

from __future__ import annotations

import csv
import re
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from homework import EXERCISES
from judging.submissions import Submission
from report import classroom
from report.marked import Marked, Undecidable, decisions, read, run_of
from report.run import Decision

TURNED = "f(y)\n  returned 1\n  expected 2\nThis is t − y, the gradient with its sign turned. Look."
DOUBLED = "f(y)\n  returned 1\n  expected 2\nThis is 2(y − t). Look."
NAMES = {
    "Ada": "",
    "Bo": TURNED,
    "李雷": TURNED,
    "<script>alert(1)</script>": DOUBLED,
    "=HYPERLINK(1)": "f(y)\n  returned “<b>This is a forgery.</b>”",
}
"""By student, the message of the check of 1.3 that failed, "" where none did."""


def marked(student: str, message: str, **facts: Any) -> Marked:
    results: list[dict[str, Any]] = []
    for part in EXERCISES["1.3"].parts:
        wrong = bool(message) and part == "euclidean_delta"
        results.append(
            {
                "exercise": "1.3",
                "part": part,
                "name": f"test_{part}",
                "claim": "A claim.",
                "outcome": "failed" if wrong else "passed",
                "message": message if wrong else "",
                "examples": 2,
                "of": 1,
                "evidence": [],
            }
        )
    slug = Submission(student, "", ()).slug
    asked = ["1.3", "Report"]
    return Marked(student, "7", slug, "key", exercises=asked, results=results, **facts)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a class, in which Ada's report was read."""
    folder = tmp_path_factory.mktemp("results")
    by_hand = {("Ada", "Report"): Decision(Fraction(3, 4), "a <b>bold</b> one")}
    records = [
        marked(name, message, to_read=f"My report, by {name}.") for name, message in NAMES.items()
    ]
    records[1].remarks.append("cell 7 did not come back within 60 s")
    for one in records:
        one.write(folder)
        classroom.hand_back(one, folder, by_hand)
    classroom.write_class(records, folder, by_hand)
    return folder


class Read(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.silent = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.silent = tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self.silent = self.silent and tag not in ("style", "script")

    def handle_data(self, data: str) -> None:
        self.text += "" if self.silent else data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def page(results: Path) -> Read:
    return Read((results / "index.html").read_text("utf-8"))


def test_names_and_messages_are_text(results: Path, page: Read) -> None:
    pages = [page, *(Read(p.read_text("utf-8")) for p in results.glob("students/*.html"))]
    assert "<script>alert(1)</script>" in page.text
    for one in pages:
        assert len(one.of("script")) <= 2
        # What a teacher or an answer writes is never markup.
        assert not [a for tag, a in one.tags if tag == "b" and "bold" in str(a)]
    assert "a <b>bold</b> one" in Read((results / "students" / slug("Ada")).read_text()).text


def slug(student: str) -> str:
    return f"{Submission(student, '', ()).slug}.html"


def test_a_page_that_is_handed_back_names_nobody_else(results: Path) -> None:
    for student in NAMES:
        text = Read((results / "students" / slug(student)).read_text("utf-8")).text
        assert student in text
        assert not [
            other
            for other in NAMES
            if other != student and re.search(rf"\b{re.escape(other)}\b", text)
        ]


def test_every_link_leads_somewhere(results: Path, page: Read) -> None:
    ids = {str(a["id"]) for _, a in page.tags if a.get("id")}
    for link in page.of("a"):
        href = str(link["href"])
        assert href[1:] in ids if href.startswith("#") else (results / href).is_file(), href


def test_the_page_can_be_read_aloud(page: Read) -> None:
    assert len(page.of("h1")) == 1
    assert all(cell.get("scope") for cell in page.of("th"))
    assert {"lang": "en"} in page.of("html")
    for section in page.of("section"):
        assert [1 for _, a in page.tags if a.get("id") == section["aria-labelledby"]]
    assert "given by hand" in page.text
    for box in page.of("div"):
        assert box.get("tabindex") == "0", "what scrolls has to be reached by keyboard"


def test_the_distribution_counts_everybody(results: Path) -> None:
    text = (results / "index.html").read_text("utf-8")
    bars = re.findall(r'aria-hidden="true"></i> (\d+)</td>', text)
    assert sum(map(int, bars)) == len(NAMES)


def test_mistakes_are_counted_and_the_most_frequent_is_first(page: Read) -> None:
    text = " ".join(page.text.split())
    assert "2 × t − y, the gradient with its sign turned 1 × 2(y − t)" in text
    assert "forgery" not in text.partition("Mistakes, by how often")[2].partition("For a reader")[0]


def test_what_waits_is_there_with_its_words(page: Read) -> None:
    text = " ".join(page.text.split())
    waiting = text.partition("For a reader")[2]
    assert "My report, by Bo." in waiting
    assert "My report, by Ada." not in waiting


def test_the_list_of_what_waits_comes_back_as_decisions(results: Path, tmp_path: Path) -> None:
    with open(results / "waiting.csv", encoding="utf-8-sig", newline="") as file:
        rows = [*csv.reader(file)]
    assert [row[1] for row in rows[1:]] == ["Report"] * 4
    filled = tmp_path / "decisions.csv"
    assert decisions(results / "waiting.csv", NAMES) == {}
    with open(filled, "w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([*rows[:1], *([*row[:2], "0.5", "good"] for row in rows[1:])])
    assert set(decisions(filled, NAMES)) == {(name, "Report") for name in NAMES if name != "Ada"}


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("carl,1.3,1,", "nobody in the class is 'carl'"),
        ("Ada,9.9,1,", "'9.9' is none of"),
        ("Ada,1.3,2,", "exercise 1.3 gives 0 to 0.5 points"),
        ("Ada,1.3,-0.5,", "exercise 1.3 gives 0 to 0.5 points"),
        ("Ada,1.3,much,", "no points that can be read"),
        ("Ada,Report,,nice", "no points that can be read"),
    ],
)
def test_a_decision_that_cannot_be_read_says_where(line: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text(f"student,exercise,points,remark\nBo,1.3,0.5,\n{line}\n")
    with pytest.raises(Undecidable, match="line 3") as told:
        decisions(path, NAMES)
    assert why in str(told.value)


def test_the_list_of_scores_has_everybody_once_and_no_formula(results: Path) -> None:
    with open(results / "scores.csv", encoding="utf-8-sig", newline="") as file:
        rows = [*csv.DictReader(file)]
    assert [row["Student"] for row in rows] == [n.replace("=", "'=") for n in NAMES]
    assert rows[0]["Report (out of 1)"] == "0.75"
    assert rows[0]["By hand"] == "Report"
    assert rows[1]["Report (out of 1)"] == ""
    assert rows[1]["For a reader"] == "Report"
    assert rows[1]["Remarks"] == "cell 7 did not come back within 60 s"
    assert not [c for row in rows for c in row.values() if c.startswith(("=", "+", "-", "@"))]


def test_what_is_given_by_hand_stands_whatever_the_checks_say() -> None:
    run = run_of(marked("Bo", TURNED), {("Bo", "1.3"): Decision(Fraction(1, 2))})
    (row,) = [row for row in run.score() if row.exercise.number == "1.3"]
    assert row.earned == Fraction(1, 2)
    other = run_of(marked("Bo", TURNED), {("Ada", "1.3"): Decision(Fraction(1, 2))})
    (row,) = [row for row in other.score() if row.exercise.number == "1.3"]
    assert row.earned == Fraction(1, 4)


def test_a_record_is_whole_or_not_there(tmp_path: Path) -> None:
    one = marked("Ada", TURNED)
    one.write(tmp_path)
    assert read(tmp_path, one.slug) == one
    path = tmp_path / "records" / f"{one.slug}.json"
    path.write_text(path.read_text()[:-9])
    assert read(tmp_path, one.slug) is None
