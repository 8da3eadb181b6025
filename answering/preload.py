"""What every answering process needs, imported once by the one that they are forked from."""

import gc
import warnings

import torch

from answering import confinement, worker  # noqa: F401

torch.set_num_threads(1)
confinement.adopt_orphans()

# The server would say on the terminal, too, when something ends that it has adopted.
warnings.simplefilter("ignore")

# What is here stays, and no fork need go through it.
gc.freeze()
