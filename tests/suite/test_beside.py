"""Two judges in one run: what is shown and what remains is as if there were one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from judging import beside

ROOT = Path(__file__).parents[2]

CONFTEST = """
import judging.beside

def pytest_runtestloop(session):
    return judging.beside.judge(session)
"""

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork") or sys.platform != "linux", reason="a judge is forked on Linux only"
)


INTERRUPTIBLE = """
import signal, runpy
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("pytest", run_name="__main__")
"""
"""pytest, also as the child of a background job, which hands on that it ignores SIGINT."""


def start(
    folder: Path, tests: str, *options: str, conftest: str = CONFTEST
) -> subprocess.Popen[str]:
    """A run of these tests by two judges, in a project of its own."""
    (folder / "conftest.py").write_text(conftest, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = afterwards: last.\n", encoding="utf-8")
    (folder / "test_it.py").write_text(tests, encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, "-p", "no:cacheprovider", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run(folder: Path, tests: str, *options: str) -> tuple[list[str], int]:
    """What such a run prints, and its exit status."""
    process = start(folder, tests, *options)
    out, _ = process.communicate(timeout=120)
    return out.splitlines(), process.returncode


TESTS = """
import os, time
from pathlib import Path
import pytest

@pytest.mark.afterwards
def test_afterwards():
    assert len(Path("ran").read_text().split()) == 10

@pytest.fixture(scope="session")
def kept():
    yield
    with open("ended", "a") as ended:
        print(os.getpid(), file=ended)

@pytest.mark.parametrize("number", range(10))
def test_one(number, kept):
    time.sleep(0.05)
    with open("ran", "a") as ran:
        print(os.getpid(), file=ran)
    assert number not in (1, 8), f"this is {number}"
"""


COUNTING = f"""
{CONFTEST}
failures = []

def pytest_runtest_logreport(report):
    if report.failed:
        failures.append(report.nodeid)
        report.longrepr = f"failure {{len(failures)}}"
"""

FAILING = """
import time
import pytest

@pytest.mark.parametrize("number", range(10))
def test_one(number):
    time.sleep(0.05)
    assert False
"""


def test_what_is_told_once_is_told_at_the_first_failure(tmp_path: Path) -> None:
    """The hooks that see what is shown see it in the order in which it is shown, in one process."""
    out, _ = start(tmp_path, FAILING, conftest=COUNTING).communicate(timeout=120)
    told = [line for line in out.splitlines() if line.startswith("failure ")]
    assert told == [f"failure {number}" for number in range(1, 11)]


def test_two_judges_tell_what_one_would(tmp_path: Path) -> None:
    out, status = run(tmp_path, TESTS, "-v")
    shown = [line.split()[:2] for line in out if line.startswith("test_it.py::")]
    order = [f"test_it.py::test_one[{number}]" for number in range(10)]
    assert [name for name, _ in shown] == [*order, "test_it.py::test_afterwards"]
    assert [o for _, o in shown] == [
        "FAILED" if number in (1, 8) else "PASSED" for number in range(11)
    ]
    assert sum("E       AssertionError: this is" in line for line in out) == 2
    assert "2 failed, 9 passed" in out[-1]
    assert status == 1
    judges = set((tmp_path / "ran").read_text(encoding="utf-8").split())
    assert len(judges) == 2
    # The fixtures of either are taken down in it, once.
    assert sorted((tmp_path / "ended").read_text(encoding="utf-8").split()) == sorted(judges)


def test_what_a_judge_leaves_undone_the_other_one_does(tmp_path: Path) -> None:
    """The second judge dies in its first test: all its tests are judged by the first."""
    tests = """
import os, signal, time
import pytest

JUDGE = os.getpid()

@pytest.mark.parametrize("number", range(10))
def test_one(number):
    time.sleep(0.05)
    if os.getpid() != JUDGE:
        os.kill(os.getpid(), signal.SIGKILL)
"""
    out, status = run(tmp_path, tests)
    assert "10 passed" in out[-1]
    assert status == 0


def test_an_interrupted_run_leaves_no_judge(tmp_path: Path) -> None:
    tests = """
import time
import pytest

@pytest.mark.parametrize("number", range(10))
def test_one(number):
    open(f"begun-{number}", "w").close()
    time.sleep(60)
"""
    process = start(tmp_path, tests)
    deadline = time.monotonic() + 60
    while len([*tmp_path.glob("begun-*")]) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    family = psutil.Process(process.pid).children(recursive=True)
    assert family
    os.kill(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in out
    assert process.returncode == 2
    assert not psutil.wait_procs(family, timeout=10)[1]


ALONE = """
import judging.beside

def pytest_runtestloop(session):
    judges = []
    for name, value in {"maxfail": 1, "usepdb": True, "capture": "no", "in_process": True}.items():
        before = getattr(session.config.option, name, None)
        setattr(session.config.option, name, value)
        judges.append(judging.beside.can_judge(session))
        setattr(session.config.option, name, before)
    print("judges:", judges, judging.beside.can_judge(session))
"""


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core has one judge")
def test_what_stops_at_a_test_or_looks_into_it_has_one_judge(tmp_path: Path) -> None:
    tests = "import pytest\n\n@pytest.mark.parametrize('n', range(10))\ndef test_one(n): pass\n"
    process = start(tmp_path, tests, "-q", conftest=ALONE)
    out, _ = process.communicate(timeout=120)
    assert "judges: [False, False, False, False] True" in out


def test_tokens_are_as_many_as_tests() -> None:
    tokens = beside._tokens(3)
    try:
        assert [os.read(tokens, 1) for _ in range(5)] == [b"\0", b"\0", b"\0", b"", b""]
    finally:
        os.close(tokens)
