"""`pytest --class PATH` as a teacher meets it: each run is pytest, in processes of its own."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from homework import EXERCISES

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PATIENCE = 300
"""Seconds after which a run counts as hanging: many times what it takes."""

RIGHT = "def euclidean_delta(y, t):\n    return y - t\n"
TURNED = "def euclidean_delta(y, t):\n    return t - y\n"
ENDLESS = "def euclidean_delta(y, t):\n    while True:\n        pass\n"
CRASHING = "import os\n\ndef euclidean_delta(y, t):\n    os._exit(0)\n"
BY_LUCK = (
    "import random\n\ndef euclidean_delta(y, t):\n"
    "    return y - t if random.random() < 0.9 else t - y\n"
)

SUBMISSIONS = {
    "right": RIGHT,
    "turned": TURNED,
    "endless": ENDLESS,
    "crashing": CRASHING,
    "by luck": BY_LUCK,
    "李雷": RIGHT,
    "=SUM(A1)": TURNED,
    "<b>Bold<\u2044b>": TURNED,
}
"""By the name of who handed it in, the source of objective_questions.py."""

ANSWERS = """
def answers():
    prose = "It has too many parameters. It ignores the spatial structure."
    return {"1.1": "A", "1.2": "A", "1.3": "A", "1.4": "A", "1.5": "BD", "1.6": prose}
"""


def laid(folder: Path, submissions: dict[str, str]) -> Path:
    """A class's folder with these submissions."""
    for name, source in submissions.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "objective_questions.py").write_text(source + ANSWERS, encoding="utf-8")
    return folder


def arguments(of: Path, results: Path, *more: str) -> list[str]:
    """The command line of a run that judges exercise 1.3 only."""
    told = ["--class", str(of), "--results", str(results), "--exercise", "1.3", "--patience", "1"]
    return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *told, *more]


def judged(of: Path, results: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments(of, results, *more),
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


def scores(results: Path) -> dict[str, dict[str, str]]:
    """The list of scores, a line by the student's name."""
    with open(results / "scores.csv", encoding="utf-8-sig", newline="") as file:
        return {row["Student"]: row for row in csv.DictReader(file)}


def points(results: Path) -> dict[str, str]:
    return {student: row["1.3 (out of 0.5)"] for student, row in scores(results).items()}


@pytest.fixture(scope="module")
def a_class(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return laid(tmp_path_factory.mktemp("class"), SUBMISSIONS)


@pytest.fixture(scope="module")
def run(
    a_class: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The results of one run on the whole class, and what it printed."""
    results = tmp_path_factory.mktemp("run") / "results"
    xml, page = results.parent / "class.xml", results.parent / "elsewhere" / "class.html"
    return results, judged(
        a_class, results, f"--junitxml={xml}", f"--html={page}", "--hypothesis-seed=5"
    )


def test_each_submission_earns_what_it_is_worth(
    run: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    earned = points(run[0])
    assert set(earned) == {name.replace("=", "'=") for name in SUBMISSIONS}
    right = earned.pop("right")
    assert earned.pop("李雷") == right
    assert all(float(other) < float(right) for other in earned.values()), earned
    assert run[1].returncode == 1


def test_a_hang_or_a_crash_costs_itself_only_and_is_told(
    run: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    page = {one: record(run[0], one)["results"] for one in ("endless", "crashing")}
    told = {one: " ".join(r["message"] for r in results) for one, results in page.items()}
    assert "did not come back within 1 s" in told["endless"]
    assert "ended the process (exit status 0)" in told["crashing"]


def record(results: Path, student: str) -> dict:
    """What was kept of a student."""
    kept = [json.loads(p.read_text("utf-8")) for p in (results / "records").glob("*.json")]
    (found,) = [one for one in kept if one["student"] == student]
    return found


def test_every_submission_is_a_line_with_its_points_and_how_many_are_left(
    run: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    lines = [line for line in run[1].stdout.splitlines() if "test_submission[" in line]
    told = [line for line in lines if " / 0.5" in line and "::" in line]
    assert len(told) == len(SUBMISSIONS), run[1].stdout
    assert [line for line in told if "test_submission[李雷]" in line]
    for left, line in zip(range(len(told) - 1, 0, -1), told, strict=False):
        assert f"{left} left" in line
    assert "the last" in told[-1]


def test_no_cell_is_a_formula(run: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    content = (run[0] / "scores.csv").read_bytes()
    assert content.startswith("\ufeff".encode())
    cells = [cell for row in csv.reader(content.decode("utf-8-sig").splitlines()) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


def test_every_student_has_a_page_and_nobody_else_on_it(
    run: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    results, _ = run
    pages = {p.stem: p.read_text("utf-8") for p in (results / "students").glob("*.html")}
    assert len(pages) == len(SUBMISSIONS)
    for name in ("李雷", "=SUM(A1)"):
        (own,) = [slug for slug, page in pages.items() if name in page]
        assert own == record(results, name)["slug"]
    assert not [slug for slug, page in pages.items() if "<b>Bold" in page]


def test_the_class_page_leads_to_every_student_from_where_it_is(
    run: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    results, _ = run
    for page in (results / "index.html", results.parent / "elsewhere" / "class.html"):
        text = page.read_text("utf-8")
        for path in (results / "students").glob("*.html"):
            link = Path(os.path.relpath(path, page.parent)).as_posix()
            assert f'href="{link}"' in text
        assert "<b>Bold" not in text


def test_the_xml_adds_up_to_the_list(
    run: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    results, _ = run
    earned: dict[str, float] = {}
    for case in ElementTree.parse(results.parent / "class.xml").iter("testcase"):
        of = {p.get("name"): p.get("value") for p in case.iter("property")}
        if "student" in of:
            assert of["exercise"] == "1.3"
            assert of["part"] in EXERCISES["1.3"].parts
            student = str(of["student"])
            earned[student] = earned.get(student, 0.0) + float(str(of["points_earned"]))
    assert earned["right"] == pytest.approx(float(points(results)["right"]), abs=0.005)
    assert earned["endless"] == pytest.approx(float(points(results)["endless"]), abs=0.005)


def test_the_score_is_the_same_alone_and_in_another_company(
    run: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    few = laid(tmp_path / "few", {"by luck": BY_LUCK, "a first one": TURNED})
    judged(few, tmp_path / "results", "--hypothesis-seed=5")
    assert points(tmp_path / "results")["by luck"] == points(run[0])["by luck"]
    told = [record(one, "by luck")["results"] for one in (run[0], tmp_path / "results")]
    assert told[0] == told[1]


def test_two_workers_say_the_same(
    run: tuple[Path, subprocess.CompletedProcess[str]], a_class: Path, tmp_path: Path
) -> None:
    ran = judged(a_class, tmp_path, "--hypothesis-seed=5", "-n", "2")
    assert points(tmp_path) == points(run[0]), ran.stdout
    assert "the last" in ran.stdout


def test_what_was_interrupted_is_kept_and_gone_on_with(tmp_path: Path) -> None:
    many = {"a right one": RIGHT} | {f"endless {number}": ENDLESS for number in range(9)}
    a_class, results = laid(tmp_path / "class", many), tmp_path / "results"
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, *arguments(a_class, results)[3:]],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + PATIENCE
    while not [*results.glob("records/*.json")] and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=PATIENCE)
    kept = {path: path.read_bytes() for path in results.glob("records/*.json")}
    assert 0 < len(kept) < len(many), out
    assert len(scores(results)) == len(kept), out
    assert not [*results.rglob("*.partial")]

    times = {path: path.stat().st_mtime_ns for path in kept}
    ran = judged(a_class, results, "--resume")
    assert len(scores(results)) == len(many), ran.stdout
    assert {path: path.stat().st_mtime_ns for path in kept} == times


INTERRUPTIBLE = """
import signal, sys, pytest
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(pytest.main(sys.argv[1:]))
"""


def test_who_hands_in_again_is_judged_again_and_nobody_else(tmp_path: Path) -> None:
    of = laid(tmp_path / "class", {"ann": TURNED, "bo": TURNED, "annika": TURNED})
    results = tmp_path / "results"
    judged(of, results)
    before = points(results)
    (of / "ann" / "objective_questions.py").write_text(RIGHT + ANSWERS)
    times = {path: path.stat().st_mtime_ns for path in results.glob("records/*.json")}
    ran = judged(of, results, "--resume")
    after = points(results)
    assert float(after.pop("ann")) > float(before.pop("ann")), ran.stdout
    assert after == before
    changed = [p.stem for p, then in times.items() if p.stat().st_mtime_ns != then]
    (again,) = changed
    assert again == record(results, "ann")["slug"]
    # One of them judged anew stands beside the others, on the same cases.
    ran = judged(of, results, "-k", "bo")
    assert "1 passed" in ran.stdout or "1 failed" in ran.stdout
    assert set(points(results)) == {"ann", "bo", "annika"}
    # A list is judged in one way.
    ran = judged(of, results, "-k", "bo", "--hypothesis-seed=77")
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "give another folder with --results" in ran.stderr


def test_shares_make_one_class(
    run: tuple[Path, subprocess.CompletedProcess[str]], a_class: Path, tmp_path: Path
) -> None:
    shares = []
    for share in (1, 2):
        shares.append(tmp_path / str(share))
        judged(a_class, shares[-1], f"--shard={share}/2", "--hypothesis-seed=5")
    merged = tmp_path / "merged"
    subprocess.run(
        [sys.executable, "-m", "report", "--results", str(merged), "--merge", *map(str, shares)],
        cwd=ROOT,
        check=True,
    )
    assert points(merged) == points(run[0])
    assert len([*merged.glob("students/*.html")]) == len(SUBMISSIONS)
    (a_page,) = merged.glob("students/right-*.html")
    assert a_page.read_bytes() == (run[0] / "students" / a_page.name).read_bytes()
    # A share that is not there is not passed over.
    for one, why in ((shares[:1], "a share is missing"), ([tmp_path / "none"], "no results")):
        told = subprocess.run(
            [sys.executable, "-m", "report", "--results", str(tmp_path / "again"), "--merge"]
            + [str(share) for share in one],
            check=False,
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert told.returncode
        assert why in told.stderr


def test_shares_of_different_seeds_are_no_class(a_class: Path, tmp_path: Path) -> None:
    ran = judged(a_class, tmp_path, "--shard=1/2")
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--hypothesis-seed" in ran.stderr


def test_what_is_given_by_hand_is_in_every_output_and_marked(tmp_path: Path) -> None:
    of = laid(tmp_path / "class", {"ann": TURNED, "bo": TURNED})
    decisions = tmp_path / "decisions.csv"
    decisions.write_text(
        'student,exercise,points,remark\nann,1.3,0.5,said it aloud\nann,Report,"0,5",\n',
        encoding="utf-8-sig",
    )
    results, xml = tmp_path / "results", tmp_path / "class.xml"
    judged(of, results, "--decisions", str(decisions), f"--junitxml={xml}")
    rows = scores(results)
    assert rows["ann"]["1.3 (out of 0.5)"] == "0.5"
    assert rows["ann"]["By hand"] == "1.3"
    assert float(rows["bo"]["1.3 (out of 0.5)"]) < 0.5
    page = (results / "students" / f"{record(results, 'ann')['slug']}.html").read_text("utf-8")
    assert "given by hand" in page
    assert "said it aloud" in page
    assert "given by hand" in (results / "index.html").read_text("utf-8")


def test_what_cannot_be_read_is_told_before_anything_runs(tmp_path: Path) -> None:
    of = laid(tmp_path / "class", {"ann": RIGHT})
    decisions = tmp_path / "decisions.csv"
    decisions.write_text("student,exercise,points,remark\ncarl,1.3,0.5,\n")
    ran = judged(of, tmp_path / "results", "--decisions", str(decisions))
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "line 2: nobody in the class is 'carl'" in ran.stderr
    assert not (tmp_path / "results" / "scores.csv").exists()


def test_a_zip_and_all_kinds_of_work_are_one_class(tmp_path: Path) -> None:
    of = laid(tmp_path / "class", {"ann": RIGHT})
    notebook = {
        "cells": [
            {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
            | {"source": "print('1.1 A')\nprint('1.2 A')\nprint('1.3 A')"}
        ],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    (of / "bo.ipynb").write_text(json.dumps(notebook))
    (of / "carl.py").write_text("print('1.3 A')")
    (of / "dora").mkdir()
    (of / "dora" / "homework.exe").write_bytes(b"MZ")
    with zipfile.ZipFile(of / "emil.zip", "w") as archive:
        archive.write(of / "ann" / "objective_questions.py", "hw/objective_questions.py")
    (of / "fay.ipynb").write_text("no notebook")
    (of / "gus.pdf").write_bytes(b"%PDF-1.4")
    (of / "hal.rar").write_bytes(b"Rar!")
    (of / "ida").mkdir()
    shutil.make_archive(str(tmp_path / "all"), "zip", of)
    ran = judged(tmp_path / "all.zip", tmp_path / "results")
    rows = scores(tmp_path / "results")
    everybody = {"ann", "bo", "carl", "dora", "emil", "fay", "gus", "hal", "ida"}
    assert {*rows} == everybody, ran.stdout + ran.stderr
    earned = points(tmp_path / "results")
    assert earned["emil"] == earned["ann"]
    assert earned["dora"] == earned["fay"] == "0"
    assert rows["dora"]["Remarks"]
    assert rows["fay"]["Remarks"]
    assert "what was handed in" in rows["hal"]["Remarks"]
    assert earned["hal"] == earned["ida"] == "0"
    # A program cannot read it, but a person can.
    assert (earned["gus"], rows["gus"]["For a reader"]) == ("", "1.3")
