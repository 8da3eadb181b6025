"""What somebody's answers may import, imported once for all processes that are forked.

What is broken or missing fails where an answer needs it, with a message of its own. A DataLoader's
workers are the process of the answer itself: others would have to share memory with it, which a
confined process cannot. The batches are the same, in the same order.
"""

import gc
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from torch.utils.data import DataLoader

from answering import confinement, worker

try:
    import torchvision  # noqa: F401
except Exception as error:
    worker.BROKEN.append(worker.described(error, confinement.ROOT))

with suppress(Exception):
    import matplotlib.pyplot  # noqa: F401
with suppress(Exception):
    import beartype  # noqa: F401
    import jaxtyping  # noqa: F401

begin = DataLoader.__iter__


def without_workers(loader: DataLoader) -> Iterator[Any]:
    """``iter(loader)``, as if ``num_workers`` were 0; it stays what it is."""
    workers, timeout = loader.num_workers, loader.timeout
    loader.num_workers = loader.timeout = 0
    try:
        return begin(loader)
    finally:
        loader.num_workers, loader.timeout = workers, timeout


DataLoader.__iter__ = without_workers  # type: ignore[method-assign,assignment]

gc.freeze()
