"""The reference answers: one module for each part of the homework, to be read as much as run."""

import io
import sys

# `python -m solutions.…` prints δ, ⊙ and −. A terminal that lacks them shows ? in their place.
if sys.argv[0] == "-m" and isinstance(sys.stdout, io.TextIOWrapper):
    sys.stdout.reconfigure(errors="replace")
