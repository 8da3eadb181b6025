"""A pytest plugin that takes away what Windows lacks, here and in every process that is started.

    PYTHONPATH=.ci pytest -p without_fork

What the suite asks for first, and does without if it is not there: fork and what starts by it,
process groups, the limits of ``resource``, alarms, memory as a folder.
"""

import errno
import multiprocessing
import multiprocessing.context
import multiprocessing.spawn
import os
import signal
import sys
from pathlib import Path
from typing import Any

import psutil  # noqa: F401 - on Linux it is made for Linux, and wants `resource`

SHARED = "/dev/shm"

# torch has something done after each fork, and looks for no system that has none.
for name in ("fork", "forkpty", "killpg", "setsid", "getpgid", "setpgid"):
    delattr(os, name)
for name in ("SIGALRM", "alarm", "setitimer", "getitimer"):
    delattr(signal, name)
sys.modules["resource"] = None  # type: ignore[assignment]

methods = multiprocessing.context._concrete_contexts  # type: ignore[attr-defined]
for name in [*methods]:
    if name != "spawn":
        del methods[name]
default: Any = multiprocessing.context._default_context  # type: ignore[attr-defined]
default._default_context = default._actual_context = methods["spawn"]
default.get_all_start_methods = multiprocessing.get_all_start_methods = lambda: ["spawn"]

exists = os.access


def access(path: Any, *args: Any, **kwargs: Any) -> bool:
    return not _is_shared(path) and exists(path, *args, **kwargs)


def _is_shared(path: Any) -> bool:
    return isinstance(path, str | os.PathLike) and os.fspath(path).startswith(SHARED)


def no_shared_memory(event: str, args: tuple) -> None:
    if event in ("open", "os.mkdir", "os.listdir", "os.scandir") and _is_shared(args[0]):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), args[0])


os.access = access
sys.addaudithook(no_shared_memory)

begin = multiprocessing.spawn.get_command_line


def get_command_line(**kwargs: Any) -> list[str]:
    """The command of a spawned process, which imports this module first."""
    *command, program, fork = begin(**kwargs)
    first = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); "
    return [*command, f"{first}import without_fork; sys.path.pop(0); {program}", fork]


multiprocessing.spawn.get_command_line = get_command_line
