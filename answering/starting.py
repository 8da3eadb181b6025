"""How answering processes begin; known before anything that takes long to import is imported."""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parent.parent


@cache
def context() -> Any:
    """How processes begin: forked from one that knows torch, or anew where there is no fork."""
    forks = hasattr(os, "fork") and "forkserver" in multiprocessing.get_all_start_methods()
    return multiprocessing.get_context("forkserver" if forks else "spawn")


def can_fork() -> bool:
    """Whether a fork of this process itself can go on: not beside threads, which it would lose."""
    return sys.platform == "linux" and hasattr(os, "fork") and threading.active_count() == 1


def prepare(*own: str) -> None:
    """Begin to start the process that others are forked from, so that it is ready when needed.

    Args: own, what it imports instead of a stranger's libraries, if it serves our own answers.
    """
    if context().get_start_method() != "forkserver":
        return
    OWN[:] = [name for name in own if not name.startswith("answering.")]
    context().set_forkserver_preload(["answering.preload", *(own or [LIBRARIES])])
    from multiprocessing import forkserver

    with clean_surroundings():
        forkserver.ensure_running()


def prepare_for_strangers() -> None:
    """What the answers of somebody else begin from knows nothing of ours."""
    if OWN:
        prepare_anew()


def prepare_anew(*own: str) -> None:
    """Begin again, with another process that others are forked from."""
    if context().get_start_method() != "forkserver":
        return
    from multiprocessing import forkserver

    server: Any = forkserver._forkserver
    if server._forkserver_pid is not None:
        # One that was inherited serves another judge, too.
        if server._forkserver_pid != getattr(server, "inherited", None):
            with suppress(ProcessLookupError):
                os.kill(server._forkserver_pid, signal.SIGKILL)
        with suppress(ChildProcessError, FileNotFoundError):
            server._stop()
        server._forkserver_pid = server._forkserver_alive_fd = server._forkserver_address = None
    prepare(*own)


LIBRARIES = "answering.libraries"
"""What is imported for the answers of somebody else."""

SHELL = "answering.shell"
"""What is imported to run work as it is handed in."""

OWN: list[str] = []
"""What the process that others are forked from knows of our own."""


NO_GPU = {"CUDA_VISIBLE_DEVICES": ""}
"""A confined process reaches no GPU: one that is seen would be chosen, and then fail."""


@contextlib.contextmanager
def clean_surroundings() -> Iterator[None]:
    """For the process that all others come from: it starts in the suite, with a known path."""
    before, place = dict(os.environ), os.getcwd()
    main = sys.modules["__main__"]
    os.environ.pop("PYTHONSTARTUP", None)
    os.environ.update(PYTHONPATH=str(ROOT), OMP_NUM_THREADS="1", MPLBACKEND="Agg", **NO_GPU)
    os.chdir(ROOT)
    # What pytest was started with is no business of theirs, and costs its imports each time.
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        os.environ.clear()
        os.environ.update(before)
        with suppress(OSError):
            os.chdir(place)
