"""Hand-ins on trial: wrong ones must be found wrong in just those parts, right ones in none."""

from __future__ import annotations

import zlib
from pathlib import Path

import nbformat
import pytest
from hypothesis import settings
from nbformat import v4

import catalogue.hand_ins.everything  # noqa: F401 - enters them
from answering.hand_in import take
from answering.worker import Place
from catalogue.hand_ins import RIGHT, WRONG, HandIn
from homework.hand_in import PARTS
from judging import digits
from judging.answers import EXAMPLES
from judging.hand_in import copied, run
from judging.parts import Findings

SAMPLE = 4
"""Hand-ins of either kind that a run tries, unless it is thorough: others with another seed."""


def chosen(entries: dict[str, HandIn], seed: object) -> list[HandIn]:
    """All hand-ins in a thorough run, else so many, of which the seed says which."""
    if settings().max_examples > EXAMPLES:
        return [*entries.values()]
    order = sorted(entries.values(), key=lambda one: zlib.crc32(f"{seed} {one.name}".encode()))
    return order[:SAMPLE]


def written(entry: HandIn, folder: Path) -> Path:
    """The hand-in as a file: a notebook, or a script."""
    folder.mkdir(parents=True, exist_ok=True)
    if entry.script:
        path = folder / "homework.py"
        path.write_text(entry.source, encoding="utf-8")
        return path
    cells = []
    for part in ("\n" + entry.source).split("\n# %%")[1:] or [entry.source]:
        kind, _, source = (
            part.partition("\n") if "\n# %%" in "\n" + entry.source else ("", "", part)
        )
        make = v4.new_markdown_cell if "[markdown]" in kind else v4.new_code_cell
        cells.append(make(source.strip("\n")))
    path = folder / "homework.ipynb"
    nbformat.write(v4.new_notebook(cells=cells), path)
    return path


def judged(entry: HandIn, folder: Path) -> Findings:
    """What is found in it."""
    laid = folder / "laid"
    hand_in = take(written(entry, folder / "given"), laid)
    nothing = folder / "nothing"
    nothing.mkdir()
    places = digits.places()
    place = Place(nothing, folder / "scratch", 4 * 2**30, tuple(places), confined=False)
    work = run(
        hand_in,
        place,
        lambda where: copied(laid, where),
        patience=60.0,
        digits=str(places[0]),
        seed=1,
    )
    return Findings(hand_in, work, entry.exercises)


def problems(entry: HandIn, findings: Findings) -> list[str]:
    """Where the verdict is not the one that the catalogue says."""
    found = []
    for number in entry.exercises:
        for part in PARTS[number]:
            key = f"{number} {part.name}"
            finding = findings.of_exercise(number)[part.name]
            if key in entry.disputed:
                continue
            allowed = {"right"}
            if key in entry.wrong:
                allowed = {"wrong", "missing"} if key in entry.either else {"wrong"}
            elif key in entry.missing:
                allowed = {"missing"}
            if key == "1.6 prose":
                allowed.add("for a reader")
            if finding.outcome not in allowed:
                found.append(f"{key} is {finding.outcome}, not {allowed}:\n{finding.message}")
            elif key not in entry.either and entry.wrong.get(key, "") not in finding.message:
                found.append(f"{key}: {entry.wrong[key]!r} is not said:\n{finding.message}")
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    seed = metafunc.config.getoption("--hypothesis-seed")
    for name, register in (("right", RIGHT), ("wrong", WRONG)):
        if name in metafunc.fixturenames:
            entries = chosen(register, seed)
            metafunc.parametrize(name, entries, ids=[entry.name for entry in entries])


def test_a_right_hand_in_is_right(right: HandIn, tmp_path: Path) -> None:
    found = problems(right, judged(right, tmp_path))
    assert not found, "\n".join([right.differs, *found])


def test_a_wrong_hand_in_is_found_wrong(wrong: HandIn, tmp_path: Path) -> None:
    found = problems(wrong, judged(wrong, tmp_path))
    assert not found, "\n".join([wrong.differs, *found])
