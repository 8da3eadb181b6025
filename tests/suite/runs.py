"""Runs small hand-ins under the real recorder, each in a process of its own, for those who judge.

A line ``# %%`` begins a cell, as in the catalogue; a script is one cell.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import torch
import torch._dynamo  # what the first step of an optimizer imports: once, not in each process
import torchvision  # noqa: F401

from answering.events import Record
from answering.shell import Work as Shell
from judging.digits import digits
from judging.records import read
from judging.work import Cell, Work

MOST_RECORDED, SHIFT = 80_000, 7_368_787
"""Values and events that are taken of a run, and what is added to each seed in the second."""


def work(source: str, *, script: bool = False) -> Work:
    """A hand-in that has run twice, the second time with every seed moved."""
    parts = [source] if script else re.split(r"(?m)^# %%.*\n", source)
    parts = [part for part in parts if part.strip()]
    cells = [Cell(f"cell {number}", part) for number, part in enumerate(parts, 1)]
    root = str(digits().root)
    return Work(cells, [], [_record(parts, script, root, number) for number in (0, 1)])


def _record(parts: list[str], script: bool, root: str, number: int) -> Record:
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as folder:
        process = context.Process(target=_run, args=(there, folder, parts, script, root, number))
        process.start()
        there.close()
        record = Record()
        while part := here.recv_bytes():
            read(record, part, MOST_RECORDED)
        process.join()
    return record


def _run(pipe: Any, folder: str, parts: list[str], script: bool, root: str, number: int) -> None:
    def send(part: bytes | int) -> None:
        if isinstance(part, bytes):
            pipe.send_bytes(part)

    torch.set_num_threads(1)
    (Path(folder) / "work").mkdir()
    torch.manual_seed(11 + number)
    shell = Shell(Path(folder) / "work", Path(root), SHIFT * number, send)
    shell.begin("work.py" if script else "work.ipynb", is_script=script)
    for cell, part in enumerate(parts):
        shell.run(cell, part)
    pipe.send_bytes(b"")
    os._exit(0)
