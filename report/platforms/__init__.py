"""The files in which learning platforms read the results of one submission.

Whatever becomes of a run, its file is there and true: it is written before anything is judged, and
replaced as a whole at the end.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from report.platforms import github_classroom, gradescope

FORMATS = {"--gradescope": gradescope, "--github-classroom": github_classroom}
"""By the option that asks for it: begin(path, why) and write(run, path)."""


def asked_for(config: pytest.Config) -> dict[str, Path]:
    """The option → the file, of those that were given."""
    given = vars(config.known_args_namespace)
    paths = {option: given[option[2:].replace("-", "_")] for option in FORMATS}
    return {o: config.invocation_params.dir / path for o, path in paths.items() if path}


def begin(
    config: pytest.Config, why: str = "The run did not come to its end: nothing was judged."
) -> None:
    """Say in each file that nothing was judged."""
    for option, path in asked_for(config).items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            FORMATS[option].begin(path, why)
        except OSError as error:
            raise pytest.UsageError(f"{option} {path} cannot be written: {error}") from error


@contextmanager
def reason_told(config: pytest.Config) -> Iterator[None]:
    """Say in each file why the run does not begin, if it does not."""
    try:
        yield
    except Exception as reason:
        begin(config, f"Nothing was judged. {reason}")
        raise
