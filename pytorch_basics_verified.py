"""The pytest plugin that makes ``pytest --solutions PATH`` mean what it says.

pytest chooses its root folder, its ini file and its first conftest.py before it has read ours, and
until then it takes the PATH of an option that it does not know for tests to run: a pytest.ini or
conftest.py beside somebody's answers would govern the verdict. Installed as a plugin, this module
knows the option early enough to start pytest again with ``--solutions=PATH``, which cannot be
mistaken.
"""

import os
import sys
from collections.abc import Iterator

import pytest


def add_options(parser: pytest.Parser) -> None:
    """Register the suite's own options."""
    group = parser.getgroup("PyTorch Basics, verified")
    group.addoption(
        "--solutions",
        metavar="PATH",
        help="judge the answers in this folder instead of the reference in solutions/",
    )
    group.addoption(
        "--in-process",
        action="store_true",
        help="run the answers in the suite's own process, for breakpoint(); --pdb implies it",
    )
    group.addoption(
        "--patience",
        metavar="SECONDS",
        type=float,
        default=10.0,
        help="what one call of an answer may take, its import included (10)",
    )
    group.addoption(
        "--memory",
        metavar="GIB",
        type=float,
        default=4.0,
        help="the memory that an answer may have, in GiB (4)",
    )
    group.addoption(
        "--mnist-root",
        metavar="PATH",
        help="use the MNIST files in PATH/MNIST/raw instead of those in data/",
    )
    group.addoption(
        "--exercise",
        metavar="NUMBER",
        help="run the checks of one exercise only, as in --exercise 2.3",
    )
    group.addoption(
        "--pdf",
        metavar="PATH",
        help="write the report as a PDF, as in --pdf=report/report.pdf",
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    add_options(parser)


def joined(args: list[str]) -> list[str]:
    """The same arguments with ``--option PATH`` written as ``--option=PATH``."""
    options = ("--solutions", "--mnist-root", "--pdf")
    result: list[str] = []
    rest = iter(args)
    for arg in rest:
        value = next(rest, None) if arg in options else None
        result.append(arg if value is None else f"{arg}={value}")
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    given = [str(arg) for arg in early_config.invocation_params.args]
    if given != joined(given):
        if given != sys.argv[1:]:
            raise pytest.UsageError(f"write {' '.join(joined(given))}: with an equals sign")
        before = sys.orig_argv[: len(sys.orig_argv) - len(given)]
        sys.stdout.flush()
        os.execv(sys.executable, [*before, *joined(given)])
    return (yield)
