"""The letters of 1.1 to 1.5 and the prose of 1.6, found wherever they stand in a hand-in."""

import re
import time
from pathlib import Path

import pytest

from answering.events import At, Record, Shown
from judging.letters import judge
from judging.options import QUESTIONS, accepted
from judging.work import Cell, Text, Work


def entries(name: str) -> list[tuple[str, str]]:
    """The hand-ins in a file, each with its first line: the questions that it answers so."""
    text = (Path(__file__).parent / "letters" / f"{name}.txt").read_text(encoding="utf-8")
    blocks = (block.partition("\n") for block in text.split("----\n"))
    return [(head, body) for head, _, body in blocks]


RIGHT = entries("right")
WRONG = entries("wrong")
UNDECIDED = [(*head.split(" ", 1), body) for head, body in entries("undecided")]


def words(*texts: str) -> Work:
    return Work(texts=[Text(f"markdown cell {i}", text) for i, text in enumerate(texts, start=1)])


def cells(*sources: str) -> Work:
    return Work(cells=[Cell(f"cell {i}", text) for i, text in enumerate(sources, start=1)])


def commented(text: str) -> str:
    return "import torch\n" + "".join(f"# {line}\n" for line in text.splitlines())


def shown(text: str) -> Work:
    work = cells("main()")
    work.runs = [Record(events=[Shown(At(0, 1), "print", text + "\n")])]
    return work


def outcomes(work: Work) -> str:
    return " ".join(finding.outcome for finding in judge(work).values())


@pytest.mark.parametrize(("questions", "text"), RIGHT)
def test_a_right_answer_is_right_in_words_docstrings_and_prints(questions: str, text: str) -> None:
    for work in (words(text), cells(f'r"""\n{text}"""\nimport torch'), shown(text)):
        findings = judge(work)
        for question in questions.split():
            assert findings[question].outcome == "right", findings[question]
            assert not findings[question].message


@pytest.mark.parametrize(("questions", "text"), WRONG)
def test_a_wrong_answer_is_wrong_and_told_why(questions: str, text: str) -> None:
    findings = judge(words("Some words.", text))
    for finding in map(findings.__getitem__, questions.split()):
        assert finding.outcome == "wrong", finding
        assert re.match(r"markdown cell 2, line \d+: ", finding.message)
        assert "\n  expected " in finding.message


@pytest.mark.parametrize(("question", "outcome", "text"), UNDECIDED)
def test_what_words_cannot_decide_is_not_decided(question: str, outcome: str, text: str) -> None:
    for work in (words(text), cells(commented(text))):
        finding = judge(work)[question]
        assert finding.outcome == outcome, finding
        assert question in finding.message


@pytest.mark.parametrize(
    "source",
    [
        "answers = {'1.1': 'A', '1.2': 'A', '1.3': 'A', '1.4': 'B', '1.5': ['B', 'D']}",
        "answers = {1.1: 'A', 1.2: 'A', 1.3: 'A', 1.4: 'B', 1.5: 'BD'}",
        'print("1.1", "A")\nprint("1.2: A")\nq1_3 = "A"\nprint("1.4: B\\n1.5: BD")',
        "%matplotlib inline\n!pip install x\n# 1.1 A\n# 1.2 A\n# 1.3 A\n# 1.4 B\n# 1.5 B, D\nx = (",
        "answers['1.1'] = 'A'; a_1_2 = 'a'\nans1_3 = 'A'\nq1_4 = 'B'\nq1_5 = ['B', 'D']",
        "%%markdown\n1.1 A\n\n1.2 A\n\n1.3 A\n\n1.4 B\n\n1.5 BD",
    ],
)
def test_answers_stand_in_code(source: str) -> None:
    assert outcomes(cells(source)) == "right " * 5 + "missing"


def test_an_answer_stands_in_the_cell_below_its_question() -> None:
    work = words("### 1.1\nCan the MSE be used?\n\nA. Yes\n\nB. No", "Answer: A", "### 1.2", "A")
    assert outcomes(work).startswith("right right missing")
    assert judge(words("### 1.1", "## 2\nA"))["1.1"].outcome == "missing"


@pytest.mark.parametrize("question", QUESTIONS)
def test_whoever_lists_all_letters_earns_nothing(question: str) -> None:
    every = [option.letter for option in QUESTIONS[question][0].options]
    every += [*accepted(question), "".join(every)]
    lists = ["\n".join(f"{question}: {letters}" for letters in every)]
    lists += [f"{question}\n\n" + "\n\nor\n\n".join(every), f"{question}: " + " or ".join(every)]
    for text in lists:
        for work in (words(text), cells(commented(text)), shown(text)):
            assert judge(work)[question].outcome != "right", text
    apart = words(*(f"{question}: {letters}" for letters in every))
    finding = judge(apart)[question]
    assert finding.outcome == "for a reader"
    assert "markdown cell 1, line 1" in finding.message
    assert "markdown cell 2, line 1" in finding.message


def test_prose_comes_with_its_words_for_whoever_reads_it() -> None:
    for text in (
        "Il y a trop de paramètres.",
        "It has too many parameters and loses the structure.",
    ):
        assert judge(words(f"1.6 {text}"))["1.6"].words == text


def test_a_statement_is_not_contradicted_by_its_own_print() -> None:
    work = cells('print("1.1: A" if works else "1.1: B")')
    assert judge(work)["1.1"].outcome == "for a reader"
    work.runs = [Record(events=[Shown(At(0, 1), "print", "1.1: A")])]
    assert judge(work)["1.1"].outcome == "right"


def test_nothing_is_found_in_nothing() -> None:
    assert outcomes(Work()) == " ".join(["missing"] * 6)
    assert "a row of letters alone" in judge(words("AAABBD"))["1.1"].message


UNITS = [
    "1.1 ",
    "1.1: A ",
    "A, ",
    "(1) A ",
    "A. x ",
    "answer is ",
    "B -> ",
    "~~",
    "<s>",
    "**A",
    "'''\n",
]
UNITS += ["1.1\n", "| 1.1 ", "not A ", "first A but ", "{", "\n# 1.6 a", "A or ", "1.6: x\n"]


@pytest.mark.parametrize("unit", UNITS)
def test_it_takes_linear_time(unit: str) -> None:
    text = (unit * 10_000)[:10_000]
    began = time.process_time()
    judge(words(text))
    judge(cells(text))
    assert time.process_time() - began < 2.0
