"""The notebook of 2.4: committed with its outputs, and run and judged as a hand-in is."""

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from answering.events import CellEnd, Figure
from answering.hand_in import Cell, HandIn, Unit
from answering.worker import Place
from homework.hand_in import PARTS
from judging import digits
from judging.hand_in import Running
from judging.parts import Findings
from judging.work import Work

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "solutions" / "grad_cmp.ipynb"
PICTURES = 6


@cache
def committed() -> list[dict[str, Any]]:
    """The code cells of the notebook as it is in the repository."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


@pytest.fixture(scope="session")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """What is found in it; it is our own, and runs once."""
    cells = tuple(Cell(cell["id"], "".join(cell["source"])) for cell in committed())
    unit = Unit("solutions/grad_cmp.ipynb", "notebook", "UTF-8", cells)
    hand_in = HandIn((unit,), (), {}, {}, (), ())
    scratch = tmp_path_factory.mktemp("notebook") / "scratch"
    place = Place(
        NOTEBOOK.parent, scratch, 4 * 2**30, confined=False, imports=("homework",), work=True
    )

    def lay(folder: Path) -> None:
        shutil.copytree(NOTEBOOK.parent, folder / "solutions")

    record = Running(hand_in, place, lay, 300.0, str(digits.digits().root.resolve()), 1, 0).run()
    return Findings(hand_in, Work([*cells], [], [record, record]), ("2.4",))


def test_the_notebook_runs_from_top_to_bottom(findings: Findings) -> None:
    events = findings.work.runs[0].events
    ends = [event for event in events if isinstance(event, CellEnd)]
    failed = [f"{committed()[end.at.cell]['id']}: {end.error or end.ended}" for end in ends
              if end.error or end.ended]  # fmt: skip
    assert not failed
    assert [end.at.cell for end in ends] == [*range(len(committed()))]
    shown = {event.figure for event in events if isinstance(event, Figure)}
    assert len(shown) == PICTURES, "a cell no longer shows its picture"


@pytest.mark.parametrize("part", [part.name for part in PARTS["2.4"]])
def test_the_notebook_answers_the_exercise(findings: Findings, part: str) -> None:
    findings.judge("2.4", part)


def test_the_notebook_is_committed_with_its_outputs() -> None:
    counts = [cell["execution_count"] for cell in committed()]
    assert counts == [*range(1, len(counts) + 1)], "execute the notebook from top to bottom"
    outputs = [out.get("data", {}) for cell in committed() for out in cell["outputs"]]
    shown = sum("image/png" in data for data in outputs)
    assert shown == PICTURES, "execute the notebook and commit its pictures"


def test_the_notebook_names_its_data_and_no_place_on_a_machine() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert "drawn digits" in text, "the data set that gave the pictures must be named"
    assert str(ROOT) not in text
    assert "/home/" not in text
