"""What a teacher is given of a class, made from records: the list, the pages, and nobody else's."""

from __future__ import annotations

import csv
import json
import re
import subprocess
from dataclasses import replace
from fractions import Fraction
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path
from shutil import copyfile, which
from typing import Any

import pytest

from homework import EXERCISES
from judging.submissions import Submission
from report import classroom
from report.marked import (
    Line,
    Marked,
    ToRead,
    Undecidable,
    decisions,
    line,
    read,
    run_of,
)
from report.run import Decision
from tests.suite.test_page import CHROMIUM, FLAGS, LISTEN

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


def result(exercise: str, part: str, outcome: str, message: str = "") -> dict[str, Any]:
    return {
        "exercise": exercise,
        "part": part,
        "name": f"test_{part}",
        "claim": "A claim.",
        "outcome": outcome,
        "message": message,
        "examples": 2,
        "of": 1,
        "evidence": [],
    }


def marked(student: str, message: str, **facts: Any) -> Marked:
    results = [
        result("1.3", part, "failed", message)
        if message and part == "euclidean_delta"
        else result("1.3", part, "passed")
        for part in EXERCISES["1.3"].parts
    ]
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


def ids(page: Read) -> set[str]:
    return {str(a["id"]) for _, a in page.tags if a.get("id")}


def test_every_link_leads_somewhere(results: Path, page: Read) -> None:
    assert len(page.of("a")) > len(NAMES)
    for link in page.of("a"):
        file, _, place = str(link["href"]).partition("#")
        there = Read((results / file).read_text("utf-8")) if file else page
        assert not place or place in ids(there), link


def test_the_page_can_be_read_aloud(page: Read) -> None:
    assert len(page.of("h1")) == 1
    assert all(cell.get("scope") for cell in page.of("th"))
    assert {"lang": "en"} in page.of("html")
    for section in page.of("section"):
        assert [1 for _, a in page.tags if a.get("id") == section["aria-labelledby"]]
    assert "given by hand" in page.text
    for box in page.of("div"):
        assert box.get("tabindex") == "0", "what scrolls has to be reached by keyboard"
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert all(b <= a + 1 for a, b in zip([0, *levels], levels, strict=False))
    assert len(page.of("caption")) == len(page.of("table")) == 2
    (sorted_by,) = [cell for cell in page.of("th") if cell.get("aria-sort")]
    assert sorted_by["aria-sort"] == "ascending"


def test_the_distribution_counts_everybody(results: Path) -> None:
    text = (results / "index.html").read_text("utf-8")
    bars = re.findall(r'aria-hidden="true"></i> (\d+)</td>', text)
    assert sum(map(int, bars)) == len(NAMES)


def test_mistakes_are_counted_and_the_most_frequent_is_first(page: Read) -> None:
    text = " ".join(page.text.split())
    assert "2 × t − y, the gradient with its sign turned 1 × 2(y − t)" in text
    again = text.partition("How many lost points")[2].partition("These points no program")[0]
    assert "1.3 δ of the Euclidean loss 4 of 5 lost points" in again
    assert "forgery" not in again


def test_points_that_no_named_mistake_has_cost_are_told() -> None:
    lines = [line(marked("Ada", "f(y)\n  raised TypeError"), {})]
    assert [(t.exercise.number, t.lost, t.mistakes) for t in troubles(lines)] == [("1.3", 1, [])]
    assert not [*troubles([line(marked("Ada", ""), {("Ada", "Report"): Decision(Fraction(0))})])]


def troubles(lines: list[Line]) -> list[classroom.Trouble]:
    return [*classroom._troubles(lines, classroom.exercises_of(lines))]


def test_what_waits_is_there_with_its_words(results: Path, page: Read) -> None:
    text = " ".join(page.text.split())
    waiting = text.partition("These points no program")[2]
    assert "My report, by Bo." in waiting
    assert "My report, by Ada." not in waiting
    bos = Read((results / "students" / slug("Bo")).read_text("utf-8"))
    assert "My report, by Bo." in bos.text


def test_prose_that_waits_is_shown_with_the_reason_and_what_is_left_open_as_open() -> None:
    """Of 1.6, one part for a reader and one wrong: its points are neither 0 nor open altogether."""
    one = marked("Ada", "")
    one.exercises = ["1.6"]
    one.results = [
        result("1.6", "answers", "not decided", "words alone do not tell"),
        result("1.6", "dense_parameter_count", "failed", "f()\n  returned 1"),
    ]
    one.results[0]["evidence"] = [
        {"kind": "text", "title": "answer", "text": "Trop de <i>mots</i>"}
    ]
    lines = [line(one, {})]
    assert lines[0].to_read["1.6"] == ToRead("words alone do not tell", "Trop de <i>mots</i>")
    text = Read(classroom.page(lines, "students")).text
    assert "Trop de <i>mots</i>" in text
    assert "0 + ?" in text
    given = Read(classroom.page([line(one, {("Ada", "1.6"): Decision(Fraction(1, 2))})], ".")).text
    assert "0.5† given by hand" in given
    assert "Nothing waits for a reader." in given


def test_letters_that_wait_are_shown_as_the_reason_tells_them() -> None:
    one = marked("Ada", "")
    one.exercises, one.results = (
        ["1.1"],
        [result("1.1", "answers", "not decided", "line 1: 1.1 A?")],
    )
    text = Read(classroom.page([line(one, {})], "students")).text
    assert "line 1: 1.1 A?" in text
    assert "Without words" not in text


def test_who_left_no_words_is_named_with_the_reason() -> None:
    one = marked("Ada", "", remarks=["report.pdf is for a human reader"])
    text = " ".join(Read(classroom.page([line(one, {})], "students")).text.split())
    assert (
        "Without words that this page could show: Ada (report.pdf is for a human reader)." in text
    )


def test_the_page_of_a_large_class_stays_small() -> None:
    """Below 2 MB for a thousand reports of three thousand words; each is whole where it is read."""
    one = marked("Ada", TURNED, to_read="My report. " * 3000)
    same = line(one, {})
    page = classroom.page([replace(same, student=f"Ada {i}") for i in range(1000)], "students")
    assert len(page.encode()) < 2_000_000
    assert page.count("My report.") >= 50_000


# Points given by hand


def filled_in(path: Path, delimiter: str = ",") -> None:
    """As a teacher does it: half a point for whatever waits."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        half = "0,5" if delimiter == ";" else "0.5"
        rows = [[row[0], row[1], row[2] or half, row[3] or "good"] for row in rows]
        csv.writer(file, delimiter=delimiter).writerows([head, *rows])


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_the_file_that_is_offered_comes_back_as_decisions(
    results: Path, tmp_path: Path, delimiter: str
) -> None:
    path = tmp_path / "decisions.csv"
    copyfile(results / "decisions.csv", path)
    given = {("Ada", "Report"): Decision(Fraction(3, 4), "a <b>bold</b> one")}
    assert decisions(path, NAMES) == given
    filled_in(path, delimiter)
    half = Decision(Fraction(1, 2), "good")
    assert decisions(path, NAMES) == given | {(n, "Report"): half for n in NAMES if n != "Ada"}


def test_what_a_teacher_has_filled_in_is_never_lost(tmp_path: Path) -> None:
    """A run that was not told of it leaves it; one that was told writes it again."""
    records = [marked(name, message) for name, message in NAMES.items()]
    path = tmp_path / "decisions.csv"
    classroom.write_class(records, tmp_path, {})
    filled_in(path)
    before, given = path.read_bytes(), decisions(path, NAMES)
    classroom.write_class(records, tmp_path, {})
    assert path.read_bytes() == before
    classroom.write_class(records, tmp_path, given)
    assert decisions(path, NAMES) == given
    path.write_text("not what it was")
    classroom.write_class(records, tmp_path, {})
    assert path.read_text() == "not what it was"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("student,points\nAda,1\n", "no exercise"),
        ("student\texercise\tpoints\nAda\tReport\t1\n", "no exercise and no points"),
        ("student,exercise,points\nAda,Report,1\nAda,Report,0\n", "line 3"),
        ("", "no exercise"),
    ],
)
def test_a_file_that_would_be_read_wrongly_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "decisions.csv"
    path.write_text(text)
    with pytest.raises(Undecidable, match=said):
        decisions(path, NAMES)


@pytest.mark.skipif(not which("pdftotext"), reason="needs pdftotext, of poppler-utils")
def test_the_pdf_names_the_student_and_marks_what_was_given_by_hand(tmp_path: Path) -> None:
    by_hand = {("Ada", "1.3"): Decision(Fraction(1, 4), "#strong[half]")}
    one = marked("Ada", TURNED)
    classroom.hand_back(one, tmp_path, by_hand, pdf=True)
    path = tmp_path / "students" / f"{one.slug}.pdf"
    text = subprocess.run(["pdftotext", path, "-"], capture_output=True, check=True).stdout.decode()
    assert "Ada" in text
    assert "Given by hand: 0.25 / 0.5 for 1.3 (#strong[half])." in " ".join(text.split())
    assert text.count("given by hand") == 2, "beside the exercise, and in the table of all claims"


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


# The browser

LOOK = """<!doctype html><iframe width=360 height=700 style="border: 0" srcdoc="{page}"></iframe>
<script>addEventListener("load", () => {{
  const {{document: seen, problems, hacked, Event}} = frames[0];
  const [student, total] = seen.querySelectorAll("#class-table thead th");
  const first = () => seen.querySelector("#class-table tbody th").textContent;
  const across = seen.documentElement.scrollWidth - seen.documentElement.clientWidth;
  const pressed = [student, total, total].map((head) => {{
    head.firstChild.click();
    return [first(), head.ariaSort];
  }});
  const find = seen.querySelector(".find input");
  find.value = "ADA 1";
  find.dispatchEvent(new Event("input"));
  document.documentElement.replaceChildren(JSON.stringify({{
    pressed, across, problems, hacked: hacked ?? null,
    sorted: seen.querySelectorAll("[aria-sort]").length,
    found: seen.querySelector(".find output").value,
    left: [...seen.querySelectorAll("#class-table tbody tr")].filter((row) => row.checkVisibility())
      .length,
  }}));
}})</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
def test_a_browser_sorts_and_finds_and_is_not_wider_than_a_phone(tmp_path: Path) -> None:
    hostile = "<img src=x onerror='hacked = 1'>" * 20
    best, worst = line(marked("Zoë", ""), {}), line(marked(hostile, TURNED), {})
    lines = [worst, *(replace(worst, student=f"Ada {i}") for i in range(25)), best]
    page = LISTEN + classroom.page(lines, "students")
    (tmp_path / "look.html").write_text(LOOK.format(page=escape(page)), encoding="utf-8")
    look = (tmp_path / "look.html").as_uri()
    browser = [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", look]
    dom = subprocess.run(browser, capture_output=True, timeout=60, check=True).stdout.decode()
    seen = json.loads(unescape(re.sub("<[^>]+>", "", dom)))
    assert [order for _, order in seen["pressed"]] == ["descending", "descending", "ascending"]
    assert [first for first, _ in seen["pressed"]][:2] == ["Zoë", "Zoë"]
    assert seen["pressed"][2][0] != "Zoë"
    assert seen["sorted"] == 1
    assert seen["found"] == "11 of 27"
    assert seen["left"] == 11
    assert seen["across"] == 0
    assert seen["problems"] == []
    assert seen["hacked"] is None
