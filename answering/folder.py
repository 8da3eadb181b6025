"""A folder of answers as the package ``solutions``, whichever folder that is.

Nothing of the suite's is found under that name, and what an answer imports by its bare name is
what lies beside it.
"""

import builtins
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from homework import MODULES

PACKAGE = "solutions"

OURS = frozenset(path.stem for path in Path(__file__).parent.parent.iterdir())
"""The suite's own names: an answer that imports ``data`` means the file beside it, if any."""


class Source(importlib.machinery.SourceFileLoader):
    """Runs the source of an answer, which may import by its bare name what lies beside it."""

    def __init__(self, fullname: str, path: str, folder: "Folder") -> None:
        super().__init__(fullname, path)
        self.folder = folder

    def get_code(self, fullname: str) -> Any:
        """Compile the source each time: no bytecode left by an older version can speak."""
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)

    def exec_module(self, module: ModuleType) -> None:
        """Run it with an ``import`` of its own, which neither the suite nor a library sees."""
        vars(module)["__builtins__"] = {**vars(builtins), "__import__": self.folder.import_}
        super().exec_module(module)


class Folder(importlib.abc.MetaPathFinder):
    """Makes one folder the package ``solutions``, whichever folder that is.

    Everything under that name comes from the folder or not at all, so two folders never mix.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def has(self, module: str) -> bool:
        """Whether the folder has a file, or a package, of this name."""
        places = self.folder / f"{module}.py", self.folder / module / "__init__.py"
        return any(place.is_file() for place in places)

    def install(self) -> None:
        """Make this folder the one that the name ``solutions`` means, in this process."""
        sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, Folder)]
        for name in [n for n in sys.modules if n.partition(".")[0] == PACKAGE]:
            del sys.modules[name]
        sys.meta_path.insert(0, self)

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        package, *inner = fullname.split(".")
        if package != PACKAGE:
            return None
        place = self.folder.joinpath(*inner)
        source = place / "__init__.py"
        is_package = source.is_file()
        if inner and not is_package:
            source = place.with_name(f"{place.name}.py")
        if source.is_file():
            return importlib.util.spec_from_file_location(
                fullname,
                source,
                loader=Source(fullname, str(source), self),
                submodule_search_locations=[str(place)] if is_package else None,
            )
        if not place.is_dir():
            raise ModuleNotFoundError(
                f"there is no {'/'.join(inner)}.py among the answers", name=fullname
            )
        spec = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
        spec.submodule_search_locations = [str(place)]
        return spec

    def import_(
        self,
        name: str,
        globals: Any = None,
        locals: Any = None,
        fromlist: Any = (),
        level: int = 0,
    ) -> Any:
        """``__import__`` for the answers: as in a script, a bare name can be that of a sibling."""
        first = name.partition(".")[0]
        if level or not self._is_beside(first):
            return builtins.__import__(name, globals, locals, fromlist, level)
        module = importlib.import_module(f"{PACKAGE}.{name}")
        if fromlist:
            return builtins.__import__(module.__name__, globals, locals, fromlist)
        return sys.modules[f"{PACKAGE}.{first}"]

    def _is_beside(self, name: str) -> bool:
        """Whether the folder has it, and no library: an answer's random.py hides no other."""
        place = self.folder / name
        if not (place.with_name(f"{name}.py").is_file() or (place / "__init__.py").is_file()):
            return False
        if name in MODULES or name in OURS:
            return True
        if name in sys.modules:
            return False
        spec = importlib.util.find_spec(name)
        return spec is None or Path(spec.origin or "").is_relative_to(self.folder)


@contextmanager
def apart() -> Iterator[None]:
    """What an answer sets for the whole process must not reach the oracles or another answer."""
    gradients, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
    # torch 2.6 cannot say its default device any more once that has been set to None.
    device, anomalies = torch.empty(0).device, torch.is_anomaly_enabled()
    path, place = sys.path[:], os.getcwd()
    try:
        yield
    finally:
        torch.set_grad_enabled(gradients)
        torch.set_anomaly_enabled(anomalies)
        if torch.get_default_dtype() is not dtype:
            torch.set_default_dtype(dtype)
        if torch.empty(0).device != device:
            torch.set_default_device(device)
        sys.path[:] = path
        os.chdir(place)
