"""A pytest plugin that takes away what Windows lacks, before anything else is imported.

PYTHONPATH=.ci pytest -p without_fork
"""

import multiprocessing
import os
import signal
import sys
from typing import Any

for name in ("fork", "forkpty", "killpg", "setsid"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGALRM", "SIGXFSZ"):
    if hasattr(signal, name):
        delattr(signal, name)
sys.modules["resource"] = None  # type: ignore[assignment]
multiprocessing.get_all_start_methods = lambda: ["spawn"]  # type: ignore[assignment]

_access = os.access


def _without_shared_memory(path: Any, *args: Any, **kwargs: Any) -> bool:
    return not str(path).startswith("/dev/shm") and _access(path, *args, **kwargs)


os.access = _without_shared_memory  # type: ignore[assignment]
