"""The files in which learning platforms read the results of one submission.

Whatever becomes of a run, its file is there and true: it is written before anything is judged, and
replaced as a whole at the end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from report.platforms import github_classroom, gradescope
from report.run import Run

FORMATS = {"--gradescope": gradescope, "--github-classroom": github_classroom}
"""By the option that asks for it: begin(path, why) and write(run, path, ended)."""


def asked_for(config: Any) -> dict[str, Path]:
    """The option → the file, of those that were given."""
    return {
        option: Path(path).resolve() for option in FORMATS if (path := config.getoption(option))
    }


@contextmanager
def begun(config: Any) -> Iterator[None]:
    """Say that nothing was judged: for want of an end, or for what the context raises."""
    try:
        _begin(config, "The run did not come to its end: nothing was judged.")
    except OSError as error:
        raise pytest.UsageError(f"the results cannot be written: {error}") from error
    try:
        yield
    except Exception as reason:
        _begin(config, f"Nothing was judged. {reason}")
        raise


def _begin(config: Any, why: str) -> None:
    for option, path in asked_for(config).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        FORMATS[option].begin(path, why)


def write(run: Run, option: str, path: Path, session: Any) -> None:
    """Write what was judged. What a run did not reach before it was ended is not called wrong."""
    stopped = session.shouldstop or session.shouldfail
    FORMATS[option].write(run, path, session.exitstatus in (0, 1) and not stopped)
