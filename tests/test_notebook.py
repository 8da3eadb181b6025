"""The notebook of 2.4: committed with its outputs, and executed from top to bottom."""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from answering.notebook import Execution

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "solutions" / "grad_cmp.ipynb"
PICTURES = 6

pytestmark = pytest.mark.afterwards


@cache
def execution() -> Execution:
    """The notebook in a process of its own, started early so that it runs beside the checks."""
    return Execution(NOTEBOOK)


@cache
def committed() -> list[dict[str, Any]]:
    """The code cells of the notebook as it is in the repository."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def pictures(outputs: Iterable[dict[str, Any]]) -> int:
    return sum("image/png" in data for data in outputs)


@pytest.fixture(scope="session")
def executed() -> list[dict[str, Any]]:
    return execution().result()


def test_the_notebook_runs_from_top_to_bottom(executed: list[dict[str, Any]]) -> None:
    last = executed[-1]
    assert last["error"] is None, f"{last['id']} of the notebook:\n{last['error']}"
    assert [cell["id"] for cell in executed] == [cell["id"] for cell in committed()]
    shown = sum(pictures(cell["outputs"]) for cell in executed)
    assert shown == PICTURES, "a cell no longer shows its picture"


def test_the_notebook_is_committed_with_its_outputs() -> None:
    counts = [cell["execution_count"] for cell in committed()]
    assert counts == [*range(1, len(counts) + 1)], "execute the notebook from top to bottom"
    shown = sum(pictures(out.get("data", {}) for out in cell["outputs"]) for cell in committed())
    assert shown == PICTURES, "execute the notebook and commit its pictures"


def test_the_notebook_names_its_data_and_no_place_on_a_machine() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert "drawn digits" in text, "the data set that gave the pictures must be named"
    assert str(ROOT) not in text
    assert "/home/" not in text
