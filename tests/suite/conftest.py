"""Folders of answers for the suite's own tests, and the two sides on which they are called."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest
import torch

from answering import starting
from answering.worker import Place
from judging.answers import Answers
from judging.beside import ALONE
from judging.sides import MEMORY, Apart

# Most processes here are those of strangers: forked from one that has not imported what they may
# need, each would take seconds. Now, for a judge that is a fork must not do it.
starting.prepare_for_strangers()

Make = Callable[..., Answers]
"""Makes a folder of the given files and loads the answers in it, as --solutions does."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The suite's own tests end the process that answers are forked from, and begin it again."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(ALONE)


def write(folder: Path, files: dict[str, str]) -> Path:
    """The files, each "module" or "package/module" with its source, in the folder."""
    for name, source in files.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(source), encoding="utf-8")
    return folder


@pytest.fixture
def here(tmp_path: Path, solutions: Answers) -> Iterator[Make]:
    """Answers in this process; then all is put back."""
    finders, path, place = sys.meta_path[:], sys.path[:], Path.cwd()
    modules = dict(sys.modules)
    folder = tmp_path / "answers"
    folder.mkdir()

    yield lambda readable=(), **files: Answers.here(write(folder, files)).install()

    sys.meta_path[:], sys.path[:] = finders, path
    os.chdir(place)
    for name, module in [*sys.modules.items()]:
        file = getattr(module, "__file__", None) or ""
        if name.partition(".")[0] == "solutions" or file.startswith(str(tmp_path)):
            del sys.modules[name]
    sys.modules.update({n: m for n, m in modules.items() if n.partition(".")[0] == "solutions"})
    torch.set_default_device(None)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Make]:
    """Answers in processes of their own, which are gone afterwards."""
    sides: list[Apart] = []

    def made(patience: float = 60.0, readable: tuple[Path, ...] = (), **files: str) -> Answers:
        home = tmp_path / f"home-{len(sides)}"
        folder, scratch, shelf = home / "answers", home / "scratch", home / "shelf"
        for new in (folder, scratch, shelf):
            new.mkdir(parents=True)
        place = Place(write(folder, files), scratch, MEMORY, (shelf, *readable))
        sides.append(Apart(place, patience))
        return Answers(sides[-1])

    yield made
    for side in sides:
        side.end()


@pytest.fixture(params=["here", "apart"])
def make(request: pytest.FixtureRequest) -> Make:
    """Answers on either side."""
    return request.getfixturevalue("here" if request.param == "here" else "elsewhere")
