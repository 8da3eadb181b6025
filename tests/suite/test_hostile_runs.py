"""Hostile answers in whole runs of pytest: each run ends with the score that is deserved.

What is planted beside the answers must not govern the run, and what an answer does or prints must
reach neither the score, nor the exit status, nor the files of the reports.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from tests.suite.test_hostile import MARK, RIGHT, ROOT, ZERO, left_behind, state

pytestmark = pytest.mark.slow

RIGHT_ONE, WRONG_ONE = "1 / 1", "0 / 1"
"""The row of 2.3 in the score."""

TABLE = "2.3    Autograd                                            1 / 1     5 / 5       125"
"""A row that somebody would like to have."""

EVIL = f"""
    import os
    open({str(ROOT / MARK)!r}, "w").close()
    print({TABLE!r})
    os._exit(0)
"""
"""What is planted where pytest or Python might run it."""

HOOKS = f"""
    import pytest
    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(item, call):
        report = yield
        report.outcome = "passed"
        return report
    open({str(ROOT / MARK)!r}, "w").close()
"""


@dataclass(frozen=True)
class Run:
    """A folder, and what a run on it must give.

    Args:
        source: what is added to the right answer of 2.3.
        row: the points of 2.3 in the score.
        status: the exit status.
        says: what the output must hold.
        files: other files of the folder, by name.
        options: what is passed beside ``--solutions``.
        apart: whether PATH is a word of its own, with a space before it.
        module: whether it is ``python -m pytest``.
        inside: whether the folder is the working directory.
        background: whether SIGINT is ignored, as in a shell's background job.
    """

    source: str = ZERO
    row: str = WRONG_ONE
    status: int = 1
    says: tuple[str, ...] = ()
    files: dict[str, str] | None = None
    options: tuple[str, ...] = ()
    apart: bool = False
    module: bool = False
    inside: bool = False
    background: bool = False


def lines(call: str) -> str:
    """An answer that first does something."""
    return f"\nright = gradient\n\ndef gradient(X, M=M):\n    {call}\n    return right(X, M)\n"


PLANTED = {
    name: dedent(EVIL)
    for name in ("sitecustomize.py", "usercustomize.py", "pytest.py", "_pytest/__init__.py")
} | {
    "conftest.py": dedent(HOOKS),
    "evil.py": dedent(HOOKS),
    "test_mine.py": "def test_mine(): pass\n",
    "torch.py": dedent(EVIL),
    "judging/__init__.py": dedent(EVIL),
    "pytest.ini": "[pytest]\naddopts = --collect-only -k nothing\ntestpaths = .\n",
}

CHOSEN = "[pytest]\naddopts = -p evil -p no:pytorch_basics_verified\npythonpath = .\n"
"""What pytest obeys before it knows of any plugin, where it takes PATH for tests to be run. Only
the equals sign keeps it from that, as the README says."""

RUNS = {
    "planted files": Run(files=PLANTED | {"pytest.ini": CHOSEN}),
    "planted files, with a space": Run(files=PLANTED, apart=True),
    "planted files, by python -m pytest": Run(files=PLANTED | {"pytest.ini": CHOSEN}, module=True),
    "planted files, by python -m pytest with a space": Run(files=PLANTED, module=True, apart=True),
    "planted files, called among them": Run(files=PLANTED, inside=True, apart=True),
    "a planted tox.ini": Run(files={"tox.ini": "[pytest]\naddopts = --collect-only\n"}, apart=True),
    "a planted pyproject.toml": Run(
        files={"pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-k nothing'\n"}, apart=True
    ),
    "a forged table, printed": Run(
        ZERO.replace("return", f"print({TABLE!r}); return"), says=("It printed:",)
    ),
    "a forged table on every descriptor": Run(
        dedent(f"""
            import os
            def gradient(X, M=M):
                for place in range(1000):
                    try: os.write(place, b"\\n" + {TABLE!r}.encode() + b"\\n")
                    except OSError: pass
                return torch.zeros_like(X)
        """),
    ),
    "a forged table at the end": Run(
        "import atexit\natexit.register(lambda: print('total  10 / 10'))\n" + ZERO
    ),
    "a forged table in an error": Run(
        ZERO.replace("return", f"raise ValueError('\\x1b[2J\\x1b[H\\n' + {TABLE!r}); return")
    ),
    "pytest.skip": Run(lines("import pytest; pytest.skip('no')"), says=("raised Skipped: no",)),
    "pytest.exit": Run(lines("import pytest; pytest.exit('no', 0)"), says=("raised Exit",)),
    "pytest.exit at import": Run("import pytest; pytest.exit('no', returncode=0)"),
    "pytest.skip at import": Run("import pytest; pytest.skip('no', allow_module_level=True)"),
    "xfail": Run(lines("import pytest; pytest.xfail('no')"), says=("raised XFailed",)),
    "a signal, in a run that a shell has sent to the background": Run(
        lines("import os; os.kill(os.getpid(), 2)"),
        says=("raised KeyboardInterrupt",),
        background=True,
    ),
    "the process ends with status 0": Run(
        lines("import os; os._exit(0)"), says=("ended the process (exit status 0)",)
    ),
    "a loop": Run(
        lines("while True: pass"), says=("did not come back within 3 s",), options=("--patience=3",)
    ),
    "a right answer that makes a noise": Run(
        lines("print('total  10 / 10'); import os, sys; os.write(2, b'noise'); sys.stdout.close()"),
        RIGHT_ONE,
        0,
    ),
    "a right answer that is markup": Run(
        lines("print('<script>alert(1)</script>')"),
        RIGHT_ONE,
        0,
        options=("--html=REPORTS/page.html", "--junitxml=REPORTS/points.xml"),
    ),
    "an error that is markup": Run(
        ZERO.replace(
            "return",
            "raise ValueError('<script>alert(1)</script> \\ud800\\x00 ]]> #eval(1)'); return",
        ),
        options=(
            "--html=REPORTS/page.html",
            "--junitxml=REPORTS/points.xml",
            "--pdf=REPORTS/report.pdf",
        ),
    ),
}


def run(folder: Path, one: Run, reports: Path) -> subprocess.CompletedProcess[str]:
    """One run of pytest in a process of its own."""
    start = [sys.executable, "-m", "pytest"] if one.module else [PYTEST]
    solutions = ["--solutions", str(folder)] if one.apart else [f"--solutions={folder}"]
    options = [option.replace("REPORTS", str(reports)) for option in one.options]
    surroundings = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV_"))}
    if one.background:
        start = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *start]
    return subprocess.run(
        [*start, *solutions, "--exercise", "2.3", *options],
        cwd=folder if one.inside else ROOT,
        env=surroundings | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


PYTEST = str(Path(sys.executable).with_name("pytest"))
PATIENCE = 240.0
"""Seconds after which a run counts as hanging: many times what it takes."""


@pytest.mark.parametrize("name", RUNS)
def test_a_run_ends_with_the_honest_score(name: str, tmp_path: Path) -> None:
    """The row of the exercise, the exit status, and nothing changed anywhere."""
    one = RUNS[name]
    folder, reports = tmp_path / "answers", tmp_path / "reports"
    folder.mkdir()
    (folder / "autograd.py").write_text(
        dedent(RIGHT["autograd"]) + "\n" + one.source, encoding="utf-8"
    )
    for file, content in (one.files or {}).items():
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
    before, project = state(folder), state(ROOT)
    ran = run(folder, one, reports)
    output = ran.stdout + ran.stderr
    score = ran.stdout.rpartition(" score =")[2]
    assert score, output[-3000:]
    rows = re.findall(r"^2\.3 .*? (\S+ / 1) ", score, re.MULTILINE)
    assert rows == [one.row], score
    assert re.search(rf"^total +{one.row[0]} / ", score, re.MULTILINE), score
    assert ran.returncode == one.status, output[-3000:]
    for words in one.says:
        assert words in output
    assert "\x1b[2J" not in output
    assert "Traceback" not in output, output[-3000:]
    assert not re.search(r"^total +10 / 10", output, re.MULTILINE)
    assert state(folder) == before
    assert state(ROOT) == project
    assert not [left for left in left_behind() if not left.startswith("process")]
    for report in reports.glob("*.*ml"):
        text = report.read_text(encoding="utf-8")
        assert "<script>alert" not in text
        assert "alert(1)" in text or one.status == 0
    wanted = {
        Path(option.partition("=REPORTS/")[2]).name for option in one.options if "REPORTS" in option
    }
    assert {path.name for path in reports.glob("*.*")} == wanted
