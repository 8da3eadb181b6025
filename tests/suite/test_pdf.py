"""The PDF: whole for a full run, plain about what is missing, and deaf to what answers say."""

import ast
import json
import math
import re
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from homework import EXERCISES, points
from report import pdf
from report.listing import listed, needed, sources, without_docstrings
from report.run import Result, Run, total
from report.text import visible

SOLUTIONS = Path(__file__).parents[2] / "solutions"
HOSTILE = '#panic("no") $ x ] [ ``` */ <lbl> @fig-line \\ \x00\x1b[31m\u202e\ud800 δ⊙∂Σᵀγ 日本 🙂'

Item = dict[str, Any]


def item(kind: str, title: str, **content: Any) -> Item:
    return {"kind": kind, "title": title, **content}


def tensor(title: str, values: list[list[float]]) -> Item:
    shape = [len(values), len(values[0])]
    return item("tensor", title, values=values, shape=shape, dtype="float32")


def lines(title: str, series: dict[str, list[float]]) -> Item:
    return item("lines", title, series=series, x="x", y="y", log=True, alt="lines")


def evidence() -> dict[str, list[Item]]:
    """What the checks record, with numbers that are easily followed."""
    options = ["option", "statement", "verdict", "note"]
    A = [[float(i + j) for j in range(5)] for i in range(5)]
    x = [[float(4 * i + j) for j in range(4)] for i in range(6)]
    M = [[1.0, 0.0, 2.0], [1.0, 1.0, 0.0], [0.0, 3.0, 1.0]]
    kernel = [[1.0, 2.0, 0.0], [0.0, 1.0, 2.0]]
    falling = [10.0 ** (k - 6) for k in range(6)]
    networks = ["sigmoid", "tanh", "ReLU", "ReLU, He", "sigmoid, Xavier", "sigmoid, batch norm"]
    images = [[[label * 20] * 28] * 28 for label in range(10)]
    points = {"data": ([0.0, 1.0, 2.0], [1.0, 3.0, 5.0])}
    ends = {"before": ([0.0, 2.0], [0.0, 0.0]), "after": ([0.0, 2.0], [1.0, 5.0])}
    decided = {
        number: [
            item("text", "answer", text="A"),
            item(
                "table",
                "Each option, decided",
                header=options,
                rows=[[letter, "δ^(L) = y^(L) − t", "holds", ""] for letter in "ABC"],
            ),
        ]
        for number in ("1.1", "1.2", "1.3", "1.4", "1.5")
    }
    decided["1.1"].append(
        lines(
            "δ of a confidently wrong network",
            {"softmax with MSE": [0.5, 1e-3], "softmax with cross-entropy": [0.5, 1.0]},
        )
    )
    decided["1.5"] += [
        item("heatmap", "A convolution as a dense matrix", values=kernel, alt="a matrix"),
        item("table", "Parameters of one layer", header=["layer", "count"], rows=[["a", 7]]),
    ]
    return decided | {
        "1.6": [
            item(
                "table",
                "Parameters of the first layer as the image grows",
                header=["image", "dense", "convolution"],
                rows=[["8 × 8", "6,500", "1,000"], ["16 × 16", "26,000", "1,000"]],
            )
        ],
        "2.1": [tensor(t, A) for t in ("A", "B", "C", "A + B", "A − B", "A ⊙ B", "A @ B")],
        "2.2": [
            tensor("x", x),
            item("tensor", "x as (24,)", values=[*chain(*x)], shape=[24], dtype="float32"),
            tensor("the middle of x", [row[1:3] for row in x[1:5]]),
        ],
        "2.3": [tensor(title, M) for title in ("X", "M", "X @ M", "∂Σ(X @ M)/∂X")],
        "2.4": [
            item("text", "data set", text="seven drawn digits"),
            item("images", "digits of the data set", images=images, labels=[*range(10)], alt="10"),
            lines("gradient of each layer", dict.fromkeys(networks, falling)),
            lines("gradients while training", {"first layer": falling, "last layer": falling}),
        ],
        "2.5": [
            item("scatter", "data and line", points=points, lines=ends, x="x", y="y", alt="data"),
            lines("loss", {"mean squared error": [8.0, 2.0, 0.5]}),
            item("table", "weights", header=["", "w", "b"], rows=[["after", "2", "-1"]]),
        ],
    }


def run_of(
    shown: dict[str, list[Item]],
    code: dict[str, str],
    outcome: str = "passed",
    message: str = "",
    checks: int = 70,
) -> Run:
    """A run of about so many checks, the first of each exercise with what it has to show."""
    run = Run([*EXERCISES.values()], code=code)
    parts = [(e.number, part) for e in EXERCISES.values() for part in e.parts]
    of = checks // len(parts)
    for number, part in parts:
        for k in range(of):
            first = not run.of_exercise(number)
            claim = f"Claim {k} on {part} is a sentence of ordinary length, true of all cases."
            run.add(
                Result(
                    number,
                    part,
                    f"test_{number}_{part}_{k}",
                    claim,
                    outcome,
                    message,
                    50,
                    of,
                    shown.get(number, []) if first else [],
                )
            )
    run.environment = {"data set": "seven drawn digits", "seed": "0"}
    return run


@pytest.fixture(scope="module")
def full() -> Run:
    return run_of(evidence(), sources(SOLUTIONS))


def pages(document: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", document))


def words(content: Any) -> str:
    """All text in an element that Typst's query returned."""
    if isinstance(content, dict):
        return "".join(words(v) for k, v in content.items() if k in ("text", "body", "children"))
    return "".join(map(words, content)) if isinstance(content, list) else str(content)


def told(run: Run, selector: str) -> list[str]:
    """The text of all elements of a kind, as in "heading" and "raw"."""
    return [words(element) for element in json.loads(pdf.compiler(run).query(selector))]


def test_the_report_of_a_full_run_is_whole(full: Run, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "report.pdf"
    pdf.write(full, path)
    document = path.read_bytes()
    assert document == pdf.typeset(full)
    assert 6 <= pages(document) <= 12
    assert [*path.parent.iterdir()] == [path]

    _, warnings = pdf.compiler(full).compile_with_warnings(format="pdf")
    assert warnings == []
    headings = " ".join(told(full, "heading"))
    for exercise in EXERCISES.values():
        assert exercise.title in headings or not exercise.parts
    code = "".join(told(full, "raw"))
    for exercise in EXERCISES.values():
        for part in exercise.parts:
            source = full.code[f"{exercise.module}.{part}"]
            assert source.splitlines()[-1] in code or part == "answers"
    assert len(told(full, "figure")) >= 10


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs pdftotext, of poppler-utils")
def test_the_numbers_in_the_text_are_those_of_the_run(full: Run) -> None:
    text = subprocess.run(
        ["pdftotext", "-", "-"], input=pdf.typeset(full), capture_output=True, check=True
    ).stdout.decode()
    text = " ".join(text.split())
    all_in_all = total(full.score())
    assert f"{points(all_in_all.earned)} of the {points(all_in_all.possible - 1)} points" in text
    assert f"{len(full.results)} checks" in text
    assert "smaller by a factor of 1,000" in text
    assert "grows 4.0 times, to 26,000" in text
    assert "seven drawn digits" in text
    assert "Not recorded" not in text


def test_what_is_not_decided_is_told_so() -> None:
    half = run_of(evidence(), {}, outcome="not decided", message="the prose is for a reader")
    told_of = pdf.document(half)["exercises"]["1.6"]
    assert (told_of["earned"], told_of["undecided"], told_of["open"]) == ("0", "0.5", True)
    assert [one["message"] for one in told_of["undecided_checks"]] == [
        "the prose is for a reader"
    ] * 2
    assert told(half, "raw").count("the prose is for a reader") >= len(EXERCISES) - 1


def test_where_nothing_was_recorded_the_report_says_so() -> None:
    empty = Run([*EXERCISES.values()])
    assert pages(pdf.typeset(empty)) >= 4

    failed = run_of({}, {}, outcome="failed", message="f(x)\n  returned 1\n  expected 2", checks=58)
    messages = told(failed, "raw")
    assert messages.count("f(x)\n  returned 1\n  expected 2") == len(failed.results) // 2


def test_what_an_answer_says_is_shown_and_never_obeyed() -> None:
    shown = {
        number: [
            {key: HOSTILE if key in ("text", "x", "alt") else value for key, value in it.items()}
            for it in items
        ]
        for number, items in evidence().items()
    }
    shown["2.4"].append(
        lines("gradient of each layer", {HOSTILE: [math.nan, math.inf, 0.0, 1e308]})
    )
    shown["1.6"].append(item("text", "answer", text=HOSTILE + "w" * 5000))
    run = run_of(shown, dict.fromkeys(sources(SOLUTIONS), HOSTILE), "failed", HOSTILE, checks=25)
    run.environment[HOSTILE] = HOSTILE
    said = visible(HOSTILE)
    assert r"\x00\x1b[31m\u202e\ud800 δ⊙∂Σᵀγ" in said
    assert said in told(run, "raw")


@pytest.mark.parametrize("broken", ["template", "typst", "disk"])
def test_a_failure_leaves_the_old_report(
    broken: str, full: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.pdf"
    path.write_text("the old one")
    if broken == "template":
        template = tmp_path / "broken.typ"
        template.write_text("#panic()")
        monkeypatch.setattr(pdf, "TEMPLATE", template)
    elif broken == "typst":
        monkeypatch.setitem(sys.modules, "typst", None)
    else:
        monkeypatch.setattr(Path, "write_bytes", onto_a_full_disk)
    with pytest.raises(pdf.ReportError, match=r"typeset|pip install typst|No space"):
        pdf.write(full, path)
    assert path.read_text() == "the old one"
    assert not [*tmp_path.glob(".*")]


def onto_a_full_disk(self: Path, data: bytes) -> int:
    self.write_text("half")
    raise OSError(28, "No space left on device")


def test_facts_follow_from_what_was_recorded() -> None:
    seen = {
        number: {f"{it['kind']}: {it['title']}": it for it in items}
        for number, items in evidence().items()
    }
    known = pdf.facts(seen)
    assert known["confident"]["ratio"] == 1000
    assert known["sparsity"] == {
        "rows": 2,
        "columns": 3,
        "entries": 6,
        "nonzero": 4,
        "per_row": 2,
        "different": 2,
    }
    assert known["centre"] is True
    assert known["row_sums"] == ["3", "2", "4"]
    assert known["layers"]["sigmoid"]["factor"] == pytest.approx(0.1)
    assert known["fit"]["slope"] == 2
    assert known["fit"]["intercept"] == 1
    # 2·[[mean x², mean x], [mean x, 1]] for x = 0, 1, 2 has the eigenvalues (8 ± √40)/3.
    assert known["fit"]["curvature"] == pytest.approx((8 + math.sqrt(40)) / 3)
    assert known["loss"] == {"epochs": 3, "first": 8.0, "second": 2.0, "last": 0.5}
    # (A @ B) is recorded as A, so the error is that of a wrong product: far beyond rounding.
    assert known["product"]["within"] is False
    assert set(pdf.facts({}).values()) == {None}


def test_code_is_shown_without_its_docstrings() -> None:
    source = '''class A:
    """Gone."""

    def f(self): "stays, on a line with code"; return 1

    def g(self):
        """Gone,
        too."""
        return """stays"""

    def h(self):
        """All there is, and so it stays."""
'''
    kept = without_docstrings(source)
    assert "Gone" not in kept
    assert kept.count("stays") == 3
    ast.parse(kept)
    assert without_docstrings("def f(:\n  'no Python'") == "def f(:\n  'no Python'"


ANSWER = """
import torch
from answers import shapes
from answers.shapes import checked
M = torch.eye(3)
UNUSED = 1

@checked
def gradient(X, M=M):
    scale = 2
    return weigh(X, scale) @ M

def weigh(X, by):
    return X * by * FACTOR if by else gradient(X)

FACTOR: int = 3

def scale(X):
    return shapes.scale(X)
"""


def test_code_comes_with_what_it_uses_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "autograd.py").write_text(ANSWER)
    (tmp_path / "shapes.py").write_text("")
    code = sources(tmp_path)
    assert [name.partition(".")[2] for name in needed(code, "autograd.gradient")] == [
        *["checked", "M", "weigh", "FACTOR", "gradient"]
    ]
    plain, *functions = listed(code, needed(code, "autograd.gradient"))
    assert plain == "from answers.shapes import checked\nM = torch.eye(3)\nFACTOR: int = 3"
    assert [function.split("(")[0] for function in functions] == [
        "def weigh",
        "@checked\ndef gradient",
    ]
    assert needed(code, "autograd.scale") == ["autograd.shapes", "autograd.scale"]
    assert needed(code, "autograd.missing") == []


@pytest.mark.parametrize("text", ["def f(:", "x = '\0'", "(" * 10_000, "\x80"])
def test_a_file_that_is_no_python_has_no_code_to_show(text: str, tmp_path: Path) -> None:
    (tmp_path / "autograd.py").write_bytes(text.encode("latin-1"))
    assert sources(tmp_path) == {}


@pytest.mark.parametrize("text", ["x" * 1000, "    " + "word " * 300, "\n" * 500, "δ\tσ\r\n"])
def test_lines_fit_the_page(text: str) -> None:
    lines = pdf.wrapped(text, 20).split("\n")
    assert all(len(line) <= pdf.COLUMNS for line in lines)
    assert len(lines) <= 21
