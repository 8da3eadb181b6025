"""The pytest plugin that makes a run with one of the suite's options a run of the suite.

pytest chooses its root folder, its ini file and its first conftest.py before it has read ours: by
the folder in which it is called, or by the PATH of an option that it does not know yet. A
pytest.ini or conftest.py beside somebody's answers would govern the verdict, or nothing would be
collected. Installed as a plugin, this module knows the options early enough to start pytest again
with the suite's own ini file and tests.
"""

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

PROJECT = Path(__file__).resolve().parent
INI = PROJECT / "pytest.ini"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the suite's own options."""
    group = parser.getgroup("PyTorch Basics, verified")
    group.addoption(
        "--solutions",
        metavar="PATH",
        help="judge these answers instead of the reference in solutions/: a folder of functions, "
        "or work as it is handed in: a notebook, a script, a folder of them, or a zip",
    )
    group.addoption(
        "--class",
        metavar="PATH",
        help="judge many submissions: a folder or zip as a learning platform gives it, each entry "
        "of which is one student's",
    )
    group.addoption(
        "--results",
        metavar="PATH",
        help="the folder for what --class gives (report/class): scores.csv, pages, records",
    )
    group.addoption(
        "--resume",
        action="store_true",
        help="with --class: judge only what an interrupted run has left, or what has changed",
    )
    group.addoption(
        "--decisions",
        metavar="PATH",
        help="with --class: points given by hand, a CSV file with the columns student, exercise, "
        "points and remark",
    )
    group.addoption(
        "--shard",
        metavar="K/N",
        help="with --class: judge the K-th of N shares of the submissions",
    )
    group.addoption(
        "--gradescope",
        metavar="PATH",
        help="with --solutions: write the results as Gradescope reads them",
    )
    group.addoption(
        "--github-classroom",
        metavar="PATH",
        help="with --solutions: write the results as the reporter of GitHub Classroom reads them",
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
        help="what one call of an answer may take, its import included (10), "
        "or a cell of a hand-in (60)",
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
        action="extend",
        type=lambda numbers: [number.strip() for number in numbers.split(",")],
        default=[],
        help="run the checks of these exercises only: --exercise 2.3, --exercise 2.1,2.3, "
        "or the option several times",
    )
    group.addoption(
        "--pdf",
        metavar="PATH",
        nargs="?",
        const="report/report.pdf",
        help="write the report as a PDF, as in --pdf=report/report.pdf, which is also meant where "
        "no PATH is given; with --class, one for each student",
    )


def missing(config: pytest.Config) -> list[str]:
    """The arguments that make this run one of the suite, if its options or its folder ask for it.

    Empty where the run is one already, or is none of ours.
    """
    given = config.known_args_namespace
    asked = given.solutions or given.mnist_root or given.exercise or given.pdf
    asked = asked or vars(given)["class"] or given.gradescope or given.github_classroom
    if given.rootdir and Path(given.rootdir).resolve() == PROJECT:
        asked = True
    if not asked or not INI.is_file():
        return []
    here = config.invocation_params.dir
    for folder in (here, *here.parents):
        if folder != PROJECT and (folder / Path(__file__).name).is_file():
            raise pytest.UsageError(
                f"{folder} is another copy of the suite than {PROJECT}, which is installed: "
                "install this one, with pip install -e ."
            )
    arguments = []
    if given.inifilename is None and (not config.inipath or config.inipath.resolve() != INI):
        arguments += ["-c", str(INI)]
    if not given.file_or_dir and here != PROJECT:
        arguments.append(str(PROJECT / "tests"))
    if vars(given)["class"] and not config.getini(NAMES_AS_THEY_ARE):
        arguments += ["-o", f"{NAMES_AS_THEY_ARE}=true"]
    return arguments


NAMES_AS_THEY_ARE = "disable_test_id_escaping_and_forfeit_all_rights_to_community_support"
"""pytest's ini option by which the test of a submission has its student's name, as it is written.

In the ini file it would hold for the names of all tests, whatever signs they have.
"""


_given: list[argparse.Namespace] = []


def judges_the_reference() -> bool:
    """Whether this run was given no answers but our own; known before the first conftest.py."""
    return not any(options.solutions or vars(options)["class"] for options in _given)


def judges_work() -> bool:
    """Whether it looks as if work as it is handed in was given, and not a folder of functions."""
    if any(vars(options)["class"] for options in _given):
        return True
    paths = [Path(options.solutions) for options in _given if options.solutions]
    return any(path.is_file() or [*path.glob("*.ipynb")] for path in paths)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    _given.append(early_config.known_args_namespace)
    if first := missing(early_config):
        given = [str(argument) for argument in early_config.invocation_params.args]
        if given != sys.argv[1:]:  # pytest.main in a program, which must not be replaced
            raise pytest.UsageError(f"pass these arguments, too: {shlex.join(first)}")
        before = sys.orig_argv[1 : len(sys.orig_argv) - len(given)]
        start_again([sys.executable, *before, *first, *given])
    loaded = yield
    asked = early_config.known_args_namespace
    if asked.gradescope or asked.github_classroom:
        # Not later: of an option that it does not know pytest complains before it configures.
        from report import platforms

        platforms.begin(early_config)
    return loaded


def start_again(command: list[str]) -> NoReturn:
    """Let this command take the place of this process; its exit status is this one's."""
    sys.stdout.flush()
    if sys.platform == "win32":
        # execv there begins another process, and tells the shell that all is done and well.
        raise SystemExit(subprocess.call(command))
    os.execv(command[0], command)
