"""What somebody's answers may import, imported once for all processes that are forked.

What is broken or missing fails where an answer needs it, with a message of its own.
"""

import gc
from contextlib import suppress

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

gc.freeze()
