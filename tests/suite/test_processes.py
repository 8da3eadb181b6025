"""What runs in a process of its own: a notebook, and a save that is interrupted."""

import json
from pathlib import Path
from typing import Any

import pytest
from judging.processes import Server

GOOD_SAVE = """
    beside = path.with_name("beside")
    with beside.open("wb") as file:
        torch.save(model.state_dict(), file)
    beside.replace(path)
"""

SAVES = {
    "as it should be": (GOOD_SAVE, None),
    "in place": ("    torch.save(model.state_dict(), path)\n", "at byte"),
    "by deleting first": ("    path.unlink()\n" + GOOD_SAVE, "before os.rename"),
    "in two moves": (
        GOOD_SAVE.replace("beside.replace(path)", 'path.rename(path.with_name("old"))')
        + "    beside.rename(path)\n",
        "before os.rename",
    ),
}
"""A way to save, and the moment at which a crash leaves neither the old file nor the new one."""


@pytest.fixture
def process() -> Server:
    return Server()


def notebook(path: Path, *cells: str) -> str:
    code = [
        {"cell_type": "code", "id": f"cell-{number}", "source": [source]}
        for number, source in enumerate(cells)
    ]
    text = {"cell_type": "markdown", "id": "text", "source": ["# Not code"]}
    file = path / "a.ipynb"
    file.write_text(json.dumps({"cells": [text, *code]}), encoding="utf-8")
    return str(file)


def test_a_notebook_is_executed_in_one_namespace(process: Server, tmp_path: Path) -> None:
    path = notebook(tmp_path, "x = 2\nprint('two')", "x + 1", "import os; os.getcwd()")
    first, second, third = process.ask("execute_notebook", path=path)
    assert [cell["execution_count"] for cell in (first, second, third)] == [1, 2, 3]
    assert first["outputs"] == [{"text": "two\n"}]
    assert second["outputs"] == [{"text/plain": "3"}]
    assert str(tmp_path) in third["outputs"][0]["text/plain"]
    assert not any(cell["error"] for cell in (first, second, third))


def test_a_figure_becomes_a_picture(process: Server, tmp_path: Path) -> None:
    draw = "from matplotlib.figure import Figure\nfigure = Figure()\nfigure.subplots()\nfigure"
    path = notebook(tmp_path, "%matplotlib inline", draw)
    _, drawn = process.ask("execute_notebook", path=path)
    assert "image/png" in drawn["outputs"][0]


def test_a_notebook_stops_at_its_first_error(process: Server, tmp_path: Path) -> None:
    path = notebook(tmp_path, "1", "1 / 0", "2")
    ran = process.ask("execute_notebook", path=path)
    assert [cell["id"] for cell in ran] == ["cell-0", "cell-1"]
    assert "ZeroDivisionError" in ran[-1]["error"]


def answers(folder: Path, save: str) -> Path:
    head = "import torch\nfrom pathlib import Path\n\n\ndef save_weights(model, path):\n"
    (folder / "linear_regression.py").write_text(head + save, encoding="utf-8")
    return folder


def interrupted(process: Server, task: str, folder: Path) -> Any:
    weights = folder / "weights"
    weights.mkdir()
    (weights / "weights.pt").write_bytes(b"old")
    return process.ask(
        task,
        folder=str(folder),
        variant=None,
        path=str(weights / "weights.pt"),
        weights=[3.0, 4.0],
        sizes=[1, 700],
    )


@pytest.mark.parametrize("way", SAVES)
def test_a_crash_is_seen_at_every_step(process: Server, tmp_path: Path, way: str) -> None:
    save, moment = SAVES[way]
    found = interrupted(process, "save_and_crash", answers(tmp_path, save))
    broken = [what for what, left in found if left is None or not is_whole(bytes.fromhex(left))]
    if moment is None:
        assert not broken
        assert any("before os.rename" in what for what, _ in found), found
    else:
        assert any(moment in what for what in broken), found


def is_whole(content: bytes) -> bool:
    """Whether it is the old file, or a complete archive of torch.save."""
    end_of_archive = b"PK\x05\x06"
    return content == b"old" or end_of_archive in content


def test_an_answer_that_raises_is_told_once(process: Server, tmp_path: Path) -> None:
    reply = interrupted(process, "save_and_crash", answers(tmp_path, "    raise KeyError('w')\n"))
    assert reply == {"error": "RuntimeError: an error instead of going on, at byte 1 of the file"}
    assert process.ask("execute_notebook", path=notebook(tmp_path, "1"))[0]["error"] is None


@pytest.mark.parametrize("way", SAVES)
def test_a_full_disk_is_seen(process: Server, tmp_path: Path, way: str) -> None:
    save, _ = SAVES[way]
    found = interrupted(process, "save_on_a_full_disk", answers(tmp_path, save))
    assert [what for what, _ in found] == [
        "the disk was full at byte 1 of the file",
        "the disk was full at byte 700 of the file",
    ]
    lost = [left is None or not is_whole(bytes.fromhex(left)) for _, left in found]
    assert any(lost) == (way in ("in place", "by deleting first")), found
