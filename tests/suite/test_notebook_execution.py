"""The execution of a notebook: from top to bottom, in a process of its own."""

import json
from pathlib import Path
from typing import Any

from answering.notebook import Execution


def ran(folder: Path, *cells: str) -> list[dict[str, Any]]:
    """What the cells of a notebook gave, which lies in the folder."""
    code = [
        {"cell_type": "code", "id": f"cell-{number}", "source": [source]}
        for number, source in enumerate(cells)
    ]
    text = {"cell_type": "markdown", "id": "text", "source": ["# Not code"]}
    file = folder / "a.ipynb"
    file.write_text(json.dumps({"cells": [text, *code]}), encoding="utf-8")
    return Execution(file).result()


def test_a_notebook_is_executed_in_one_namespace(tmp_path: Path) -> None:
    first, second, third = ran(tmp_path, "x = 2\nprint('two')", "x + 1", "import os; os.getcwd()")
    assert [cell["execution_count"] for cell in (first, second, third)] == [1, 2, 3]
    assert first["outputs"] == [{"text": "two\n"}]
    assert second["outputs"] == [{"text/plain": "3"}]
    assert str(tmp_path) in third["outputs"][0]["text/plain"]
    assert not any(cell["error"] for cell in (first, second, third))


def test_a_figure_becomes_a_picture(tmp_path: Path) -> None:
    draw = "from matplotlib.figure import Figure\nfigure = Figure()\nfigure.subplots()\nfigure"
    _, drawn = ran(tmp_path, "%matplotlib inline", draw)
    assert "image/png" in drawn["outputs"][0]


def test_a_notebook_stops_at_its_first_error(tmp_path: Path) -> None:
    cells = ran(tmp_path, "1", "1 / 0", "2")
    assert [cell["id"] for cell in cells] == ["cell-0", "cell-1"]
    assert "ZeroDivisionError" in cells[-1]["error"]
