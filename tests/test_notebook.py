"""The notebook of 2.4: committed with its outputs, and executed from top to bottom."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "solutions" / "grad_cmp.ipynb"

EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=120, resources={"metadata": {"path": sys.argv[2]}}).execute()
print(nbformat.writes(notebook))
"""


@cache
def execution() -> subprocess.Popen:
    """The notebook in a kernel of its own, started early so that it runs beside the checks."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", EXECUTE, str(NOTEBOOK), str(NOTEBOOK.parent)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def pictures(notebook: dict[str, Any]) -> Iterator[str]:
    """The PNG of each output that is one."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", ()):
            if "image/png" in output.get("data", {}):
                yield output["data"]["image/png"]


@pytest.fixture(scope="session")
def executed() -> dict[str, Any]:
    out, err = execution().communicate()
    assert execution().returncode == 0, f"the notebook stopped at an error:\n{err[-3000:]}"
    return json.loads(out)


def test_the_notebook_runs_from_top_to_bottom(executed: dict[str, Any]) -> None:
    code = [cell for cell in executed["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == [*range(1, len(code) + 1)]
    assert len([*pictures(executed)]) == 6, "a cell no longer shows its picture"


def test_the_notebook_is_committed_with_its_outputs() -> None:
    committed = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    assert len([*pictures(committed)]) == 6, "execute the notebook and commit its pictures"


def test_the_notebook_names_its_data_and_no_place_on_a_machine() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert "drawn digits" in text, "the data set that gave the pictures must be named"
    assert str(ROOT) not in text
    assert "/home/" not in text
