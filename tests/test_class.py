"""A class: each submission is judged apart, on the same cases, and its record is kept."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from homework import MODULES
from judging import classroom

if TYPE_CHECKING:
    from report.marked import Line

for module in MODULES:  # importing the checks registers them
    import_module(f"tests.test_{module}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each submission, named as its student."""
    submissions = metafunc.config.stash[classroom.CLASS].submissions
    metafunc.parametrize("submission", submissions, ids=[one.student for one in submissions])


def test_submission(line: Line) -> None:
    classroom.require_full_marks(line)
