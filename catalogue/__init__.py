"""What learners really hand in, wrong and right: one module for each of the contract's.

Importing it enters everything in ``judging.known``, and the ways to break any right answer, in
``wrappers``, in ``judging.matrix``. No check and no oracle may be here.

Each entry is written as a learner writes it, without type hints. What is right about a mistake
comes from the functions at the top of its section, so that what stands in the entry is what is
wrong.
"""

from importlib import import_module
from pkgutil import iter_modules

from catalogue import wrappers
from homework import MODULES

for _module in MODULES:
    import_module(f"catalogue.{_module}")
for _kind in iter_modules(wrappers.__path__):
    import_module(f"catalogue.wrappers.{_kind.name}")
