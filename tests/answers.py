"""The answers under test: one folder that keeps the contract, loaded late and called with care.

``Answers(folder).autograd.gradient(X, M)`` imports ``autograd`` from the folder when it is first
asked for, so that what is missing fails only the checks that need it. Each call is noted, so that
a failure can say what was called, and is held to one rule: it must not change its arguments.
"""

import builtins
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from tests.verdict import Wrong, shown

PACKAGE = "solutions"

OURS = frozenset(path.stem for path in Path(__file__).parent.parent.iterdir())
"""The suite's own names: an answer that imports ``data`` means the file beside it, if any."""

_broken: dict[str, Wrong] = {}
"""Modules that failed to import: told again to each check, but run only once."""


class _Source(importlib.machinery.SourceFileLoader):
    """Runs the source of an answer, which may import by its bare name what lies beside it."""

    def __init__(self, fullname: str, path: str, folder: "_Folder") -> None:
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


class _Folder(importlib.abc.MetaPathFinder):
    """Makes one folder the package ``solutions``, whichever folder that is.

    Everything under that name comes from the folder or not at all, so two folders never mix.
    """

    def __init__(self, folder: Path, contract: Collection[str]) -> None:
        self.folder, self.contract = folder, contract

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
                loader=_Source(fullname, str(source), self),
                submodule_search_locations=[str(place)] if is_package else None,
            )
        if not place.is_dir():
            raise ModuleNotFoundError(f"there is no {fullname} in {self.folder}", name=fullname)
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
        if name in self.contract or name in OURS:
            return True
        if name in sys.modules:
            return False
        spec = importlib.util.find_spec(name)
        return spec is None or Path(spec.origin or "").is_relative_to(self.folder)


@contextmanager
def _apart() -> Iterator[None]:
    """What an answer sets for the whole process must not reach the oracles or another answer."""
    gradients, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
    device, anomalies = torch.get_default_device(), torch.is_anomaly_enabled()
    path, place = sys.path[:], os.getcwd()
    try:
        yield
    finally:
        torch.set_grad_enabled(gradients)
        torch.set_anomaly_enabled(anomalies)
        if torch.get_default_dtype() is not dtype:
            torch.set_default_dtype(dtype)
        if torch.get_default_device() != device:
            torch.set_default_device(device)
        sys.path[:] = path
        os.chdir(place)


class Call:
    """One call of an answer: what it was given, so that it can be told and undone."""

    def __init__(self, function: "Function", args: tuple, kwargs: dict[str, Any]) -> None:
        self.function, self.args, self.kwargs = function, args, kwargs
        self.before = [
            (value, value.detach().clone(), value.requires_grad, value.grad)
            for value in (*args, *kwargs.values())
            if isinstance(value, Tensor) and value.layout is torch.strided and not value.is_meta
        ]

    def named(self) -> dict[str, Any]:
        """The arguments by the names of the function's parameters, as far as they have any."""
        try:
            bound = inspect.signature(self.function.target).bind(*self.args, **self.kwargs)
        except (TypeError, ValueError):
            return dict(enumerate(self.args)) | self.kwargs  # type: ignore[return-value]
        return dict(bound.arguments)

    def changed(self) -> tuple[str, str] | None:
        """A tensor argument whose values the call changed, and to what; they are put back."""
        found = None
        for value, copy, _, _ in self.before:
            if not _identical(value.detach(), copy):
                name = next(
                    (n for n, given in self.named().items() if given is value), "its argument"
                )
                found = found or (str(name), shown(value))
                with torch.no_grad():
                    value.data = copy
        return found

    def undo(self) -> None:
        """Give the arguments back the autograd state that they came with."""
        for value, _, requires_grad, grad in self.before:
            if value.is_leaf:
                value.requires_grad_(requires_grad)
                value.grad = grad

    def __str__(self) -> str:
        named = self.named()
        inline = ", ".join(
            str(name) if isinstance(value, Tensor | torch.nn.Module) else f"{name}={shown(value)}"
            for name, value in named.items()
        )
        described = []
        for name, value in named.items():
            if isinstance(value, Tensor):
                small = shown(value)
                text = f"{name} {'being ' if 'tensor of shape' in small else '= '}{small}"
                described.append(text + _strides(value))
        where = f" with {' and '.join(described)}" if described else ""
        return f"{self.function.name}({inline}){where}"


def _identical(one: Tensor, other: Tensor) -> bool:
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    # NaN equals nothing, but its bits stay what they are.
    return torch.equal(one, other) or torch.equal(_bits(one), _bits(other))


def _bits(value: Tensor) -> Tensor:
    return value.reshape(-1).contiguous().view(torch.uint8)


def _strides(value: Tensor) -> str:
    if value.is_contiguous():
        return ""
    transposed = value.dim() >= 2 and value.mT.is_contiguous()
    how = "a transposed view" if transposed else "a view into a larger tensor"
    return f" ({how}, with strides {value.stride()})"


class Function:
    """One function, or class, of the contract, as the folder defines it."""

    def __init__(self, answers: "Answers", module: str, name: str, target: Any) -> None:
        self.answers, self.module, self.name, self.target = answers, module, name, target

    def outcome(self, *args: Any, **kwargs: Any) -> Any:
        """What the call returns, or the error that it raises. Wrong if it changes a tensor."""
        call = Call(self, args, kwargs)
        self.answers.calls.append(call)
        with _apart():
            try:
                result = self.target(*args, **kwargs)
            except (Exception, SystemExit) as error:
                result = error
        if changed := call.changed():
            name, value = changed
            raise Wrong(
                f"changed its argument {name} to {value}",
                f"{name} as it was: the result goes into new tensors",
            )
        return result

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self.outcome(*args, **kwargs)
        if isinstance(result, NotImplementedError):
            raise self.unwritten()
        if isinstance(result, Exception | SystemExit):
            raise raised(result, self.answers.folder, "a result and no error") from result
        return result

    def unwritten(self) -> Wrong:
        """That the function is still what the starter folder has."""
        return Wrong(
            "is not written yet: it raises NotImplementedError",
            "what its docstring asks for",
            call=f"{self.module}.{self.name}",
            whatever_the_case=True,
        )


def raised(error: BaseException, folder: Path, expected: str, call: str | None = None) -> Wrong:
    """An error as the learner should see it: its kind, its words, the line of theirs."""
    words = str(error).strip().splitlines()
    text = f"raised {type(error).__name__}" + (f": {words[0][:300]}" if any(words) else "")
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(folder)]
    where = f"{Path(own[-1].filename).name}, line {own[-1].lineno}: {own[-1].line}" if own else None
    if isinstance(error, SyntaxError) and error.filename:
        where = f"{Path(error.filename).name}, line {error.lineno}: {(error.text or '').strip()}"
    return Wrong(text, expected, call=call, where=where)


class _Module:
    def __init__(self, answers: "Answers", name: str) -> None:
        self._answers, self._name = answers, name

    def __getattr__(self, name: str) -> Any:
        return self._answers.get(self._name, name)


class Answers:
    """A folder of answers. ``answers.<module>.<function>`` is the contract's function in it.

    Args:
        folder: the folder, its modules directly inside.
        replaced: "module.function" → what stands in its place; how the trial tries a mistake.
    """

    def __init__(
        self, folder: Path, contract: Collection[str], replaced: Mapping[str, Any] | None = None
    ) -> None:
        self.folder, self.contract = Path(folder).resolve(), contract
        self.replaced = dict(replaced or {})
        self.variant: str | None = None
        self.calls: list[Call] = []
        self.asked: set[str] = set()

    def trying(self, entry: Any) -> "Answers":
        """The same answers with an entry of the catalogue in the place of what it replaces."""
        trial = Answers(self.folder, self.contract, {**self.replaced, **entry.replaced})
        trial.variant = entry.name
        return trial

    @contextmanager
    def calling(self, call: str) -> Iterator[None]:
        """What is wrong or raises in here was this call, of something that an answer returned."""
        try:
            yield
        except Wrong as wrong:
            wrong.call = wrong.call or call
            raise
        except (Exception, SystemExit) as error:
            raise raised(error, self.folder, "a result and no error", call) from error

    def install(self) -> "Answers":
        """Make the folder the one that the name ``solutions`` means, in this process."""
        sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Folder)]
        for name in [n for n in sys.modules if n.partition(".")[0] == PACKAGE]:
            del sys.modules[name]
        _broken.clear()
        sys.meta_path.insert(0, _Folder(self.folder, self.contract))
        return self

    def __getattr__(self, module: str) -> _Module:
        if module.startswith("_"):
            raise AttributeError(module)
        return _Module(self, module)

    def get(self, module: str, name: str) -> Any:
        """A function of the contract, wrapped, or a constant as it is. Wrong if missing."""
        self.asked.add(f"{module}.{name}")
        if f"{module}.{name}" in self.replaced:
            value = self.replaced[f"{module}.{name}"]
        else:
            loaded = self._load(module)
            try:
                value = getattr(loaded, name)
            except AttributeError:
                raise Wrong(
                    f"{module}.{name} is not defined in {self.folder / module}.py",
                    "a definition with that name: the starter folder has its signature",
                    call=f"{module}.{name}",
                    whatever_the_case=True,
                ) from None
        if callable(value):
            return Function(self, module, name, value)
        if not name.isupper():
            raise Wrong(
                f"is {shown(value)}, which cannot be called",
                "a function, or a class, of that name",
                call=f"{module}.{name}",
                whatever_the_case=True,
            )
        return value

    def _load(self, module: str) -> ModuleType:
        sources = self.folder / f"{module}.py", self.folder / module / "__init__.py"
        if not any(source.is_file() for source in sources):
            raise Wrong(
                f"there is no {module}.py in {self.folder}",
                f"a file with the answers of {module}",
                call=f"import {module}",
                whatever_the_case=True,
            )
        if module in _broken:
            raise _broken[module]
        try:
            with _apart():
                return importlib.import_module(f"{PACKAGE}.{module}")
        except (Exception, SystemExit) as error:
            _broken[module] = raised(
                error, self.folder, "a module that imports", f"import {module}"
            )
            _broken[module].whatever_the_case = True
            raise _broken[module] from error
