"""What the process that all answering processes are forked from imports, once for all of them."""

import gc
import warnings
from contextlib import suppress

import torch

from answering import confinement, worker

torch.set_num_threads(1)
confinement.adopt_orphans()

# The server would say on the terminal, too, when something ends that it has adopted.
warnings.simplefilter("ignore")

try:
    import torchvision  # noqa: F401
except Exception as error:
    worker.BROKEN.append(worker.described(error, confinement.ROOT))

# Broken or missing, they fail where an answer needs them, with a message of their own.
with suppress(Exception):
    import matplotlib.pyplot  # noqa: F401
with suppress(Exception):
    import beartype  # noqa: F401
    import jaxtyping  # noqa: F401

# What is here stays, and no fork need go through it.
gc.freeze()
