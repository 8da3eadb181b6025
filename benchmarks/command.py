"""Runs a command as a user would, and looks at its process while it lasts."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent


def watched(
    command: list[str],
    look: Callable[[psutil.Process], None],
    *,
    folder: Path = ROOT,
    every: float = 0.25,
) -> float:
    """The wall time of a command in seconds. What it prints goes nowhere.

    Args: look, is given its process every so many seconds.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    done = threading.Event()

    def watch() -> None:
        with suppress(psutil.Error):
            one = psutil.Process(process.pid)
            while not done.wait(every):
                with suppress(psutil.Error):
                    look(one)

    watcher = threading.Thread(target=watch)
    watcher.start()
    process.wait()
    seconds = time.perf_counter() - start
    done.set()
    watcher.join()
    return seconds
