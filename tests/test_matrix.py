"""Every right function, broken in every way: a check of that function rejects it.

A run tries some cells of the matrix: for every law one, of every kind and every function some,
which the seed chooses. All of them are tried with --hypothesis-profile=thorough.
"""

from importlib import import_module

import pytest

import catalogue  # noqa: F401 - importing it enters the wrappers
from homework import MODULES
from judging.answers import Answers
from judging.checks import REGISTER
from judging.matrix import Cell
from judging.trial import cells_of_this_run, raise_what_lacks, rejection

for module in MODULES:  # importing the checks registers them
    import_module(f"tests.test_{module}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    metafunc.parametrize("cell", cells_of_this_run(), ids=lambda cell: cell.name)


def test_a_broken_function_is_rejected(solutions: Answers, cell: Cell) -> None:
    """A check of the function that was broken rejects it."""
    mistake = cell.mistake()
    checks = [check for check in REGISTER.values() if check.function in mistake.replaced]
    found = rejection(checks, solutions.trying(mistake))
    if not found:
        raise_what_lacks(checks)
    assert found, f"no check of {cell.part} rejects {mistake.this_is}"
