"""The answers under test: one folder that keeps the contract, loaded late and called with care.

``Answers(folder).autograd.gradient(X, M)`` imports ``autograd`` from the folder when it is first
asked for, so that what is missing fails only the checks that need it. Each call is noted, so that
a failure can say what was called, and is held to one rule: it must not change its arguments.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import inspect
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

_broken: dict[str, Wrong] = {}
"""Modules that failed to import: told again to each check, but run only once."""


class _FromSource(importlib.machinery.SourceFileLoader):
    """Compiles the source each time, so that no bytecode left by an older version can speak."""

    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


class _Alias(importlib.abc.Loader):
    """Lets one answer import another by its bare name, as a script in the same folder does."""

    def __init__(self, fullname: str) -> None:
        self.fullname = fullname

    def create_module(self, spec: Any) -> ModuleType:
        return importlib.import_module(self.fullname)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to do: importing it has run it."""


class _Folder(importlib.abc.MetaPathFinder):
    """Makes one folder the package ``solutions``, whichever folder that is.

    Everything under that name comes from the folder or not at all, so two folders never mix. By
    its bare name a module of the folder is found only where nothing else has that name: a file
    ``json.py`` among the answers does not reach the suite or the standard library.
    """

    def __init__(self, folder: Path, contract: frozenset[str]) -> None:
        self.folder, self.contract = folder, contract

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        package, _, rest = fullname.partition(".")
        if package == PACKAGE:
            spec = self._spec(fullname, self.folder.joinpath(*rest.split(".")) if rest else None)
            if spec is None:
                raise ModuleNotFoundError(f"there is no {fullname} in {self.folder}", name=fullname)
            return spec
        if not rest and package in self.contract and (self.folder / f"{package}.py").is_file():
            return importlib.util.spec_from_loader(package, _Alias(f"{PACKAGE}.{package}"))
        return None

    def _spec(self, fullname: str, place: Path | None) -> Any:
        if place is None:
            place = self.folder
            source = place / "__init__.py"
            if not source.is_file():
                spec = importlib.machinery.ModuleSpec(fullname, None, is_package=True)
                spec.submodule_search_locations = [str(place)]
                return spec
        elif place.is_dir():
            source = place / "__init__.py"
        else:
            source, place = place.with_suffix(".py"), None  # type: ignore[assignment]
        if not source.is_file():
            return None
        return importlib.util.spec_from_file_location(
            fullname,
            source,
            loader=_FromSource(fullname, str(source)),
            submodule_search_locations=[str(place)] if place else None,
        )


class _Leftover(importlib.abc.MetaPathFinder):
    """Asked last: bare names of the folder's modules that nothing else knows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if "." not in fullname and (self.folder / f"{fullname}.py").is_file():
            return importlib.util.spec_from_loader(fullname, _Alias(f"{PACKAGE}.{fullname}"))
        return None


class Call:
    """One call of an answer: what it was given, so that it can be told and undone."""

    def __init__(self, function: "Function", args: tuple, kwargs: dict[str, Any]) -> None:
        self.function, self.args, self.kwargs = function, args, kwargs
        self.before = [
            (value, value.detach().clone(), value.requires_grad, value.grad)
            for value in (*args, *kwargs.values())
            if isinstance(value, Tensor) and not value.is_meta
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
            if value.shape != copy.shape or not torch.equal(value.detach(), copy):
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
        try:
            result = self.target(*args, **kwargs)
        except (Exception, SystemExit) as error:
            result = error
        finally:
            # Global state that an answer may set for itself must not reach the oracles.
            torch.set_grad_enabled(True)
            if torch.get_default_dtype() is not torch.float32:
                torch.set_default_dtype(torch.float32)
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
        for finder in [f for f in sys.meta_path if isinstance(f, _Folder | _Leftover)]:
            sys.meta_path.remove(finder)
        for name in [n for n in sys.modules if n.partition(".")[0] == PACKAGE]:
            del sys.modules[name]
        _broken.clear()
        sys.meta_path.insert(0, _Folder(self.folder, frozenset(self.contract)))
        sys.meta_path.append(_Leftover(self.folder))
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
        return Function(self, module, name, value) if callable(value) else value

    def _load(self, module: str) -> ModuleType:
        if not (self.folder / f"{module}.py").is_file() and not (self.folder / module).is_dir():
            raise Wrong(
                f"there is no {module}.py in {self.folder}",
                f"a file with the answers of {module}",
                call=f"import {module}",
                whatever_the_case=True,
            )
        if module in _broken:
            raise _broken[module]
        try:
            return importlib.import_module(f"{PACKAGE}.{module}")
        except (Exception, SystemExit) as error:
            _broken[module] = raised(
                error, self.folder, "a module that imports", f"import {module}"
            )
            _broken[module].whatever_the_case = True
            raise _broken[module] from error
        finally:
            torch.set_grad_enabled(True)
            torch.set_default_dtype(torch.float32)
