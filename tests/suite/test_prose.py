"""1.6's prose: no right answer is called wrong, no wrong one right, and most are decided."""

import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from judging.prose import Reading, read
from solutions.objective_questions import answers


def texts(name: str) -> list[str]:
    """The answers in a file, which stand between empty lines."""
    folder = Path(__file__).parent / "prose"
    return (folder / f"{name}.txt").read_text(encoding="utf-8").strip().split("\n\n")


RIGHT = texts("right")
"""As students write: bullets, slips of the pen, weak English, Chinese, and two other languages."""

WRONG = texts("wrong")
"""Denials, questions, salads, quotations, of other networks, off the subject, too little."""

CLEARLY_WRONG = [
    "",
    " \n\t",
    "?!",
    "AB",
    "1.6",
    "overfitting",
    "I don't know",
    "我不知道",
    "It has no shortcomings.",
    "The MLP has no shortcomings such as too many parameters or lost spatial structure.",
    "MLP没有缺点。",
    "An MLP has too many parameters.",
    "参数太多。",
    "The image is flattened into a vector, which destroys its spatial structure.",
    "Name two or more weaknesses of a multilayer perceptron as a classifier of images.",
    "Give at least two shortcomings for the MLP to do image classification.",
    "请列出MLP用于图像分类的两个缺点。",
    "Paris is the capital of France and a beautiful city on the Seine.",
    "The weather was nice, so we went to the park and had a picnic by the lake.",
    "今天天气很好，我们去公园玩，晚上吃火锅。",
    "An MLP consists of an input layer, hidden layers and an output layer.",
]

TURNED: dict[str, Callable[[str], str]] = {
    "denied before": lambda text: f"It is not true that {text}",
    "denied by one word": lambda text: f"No: {text}",
    "denied after": lambda text: f"{text} None of this is true.",
    "called false": lambda text: f"{text}. All of that is false",
    "asked": lambda text: f"{text}?",
    "quoted": lambda text: f"A friend of mine wrote “{text}”",
    "of other networks": lambda text: f"Convolutional networks: {text}",
    "called merits": lambda text: f"Advantages of the MLP: {text}",
    "supposed": lambda text: f"It would be bad if {text}",
    "denied in Chinese": lambda text: f"以下说法都不对：{text}",
    "false in Chinese": lambda text: f"{text}。以上都是错的。",
}
"""Ways to say the contrary with the same words."""


@pytest.mark.parametrize("text", RIGHT)
def test_a_right_answer_is_never_wrong(text: str) -> None:
    assert read(text).verdict != "wrong", read(text)


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_answer_is_never_right(text: str) -> None:
    assert read(text).verdict != "right", read(text)


@pytest.mark.parametrize("text", CLEARLY_WRONG)
def test_what_is_wrong_beyond_doubt_is_wrong(text: str) -> None:
    assert read(text).verdict == "wrong", read(text)


def test_most_right_answers_are_decided() -> None:
    left = [text for text in RIGHT if read(text).verdict != "right"]
    assert len(left) <= 0.4 * len(RIGHT), left


def test_the_reference_is_right() -> None:
    assert read(answers()["1.6"]).verdict == "right"


@pytest.mark.parametrize("turn", TURNED)
def test_no_right_answer_turned_round_is_right(turn: str) -> None:
    turned = [TURNED[turn](text) for text in RIGHT]
    assert [text for text in turned if read(text).verdict == "right"] == []


def test_right_answers_of_the_mlp_are_not_right_of_other_networks() -> None:
    of_others = [re.sub(r"\bMLPs?\b", "CNN", text) for text in RIGHT if "CNN" not in text]
    assert [text for text in of_others if "CNN" in text and read(text).verdict == "right"] == []


def test_words_in_any_order_are_no_answer() -> None:
    """Of right answers whose words were shuffled, one in a hundred is taken for a sentence."""
    luck = random.Random(0)
    taken = tried = 0
    for text in RIGHT:
        words = re.findall(r"[\w'-]+", text)
        if text.isascii() and len(words) >= 10:
            for _ in range(20):
                luck.shuffle(words)
                taken += read(" ".join(words)).verdict == "right"
                tried += 1
    assert taken <= tried / 50, (taken, tried)


UNITS = ["one ", "overfits ", "abcdefghij ", "n", "not ", "the number of ", "参数", "translation "]
UNITS += ["lose the ", "if cat shift ", "a,", "much weights of ", "1.", "no longer ", "(", "\n- a"]


@pytest.mark.parametrize("unit", UNITS)
def test_it_takes_linear_time(unit: str) -> None:
    """10,000 letters, the most that are read, take no longer than a blink."""
    text = (unit * 10_000)[:10_000]
    began = time.process_time()
    assert isinstance(read(text), Reading)
    assert time.process_time() - began < 2.0


def test_it_names_what_it_made_out() -> None:
    reading = read("Too many parameters, so it overfits. It is not translation invariant.")
    assert reading == Reading("right", "", ("parameters", "overfitting", "invariance"))
    assert read("It has too many parameters.").because == (
        "names one shortcoming alone, the number of parameters"
    )
