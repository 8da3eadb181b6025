"""The answers under test: one folder that keeps the contract, loaded late and called with care.

``Answers(folder).autograd.gradient(X, M)`` imports ``autograd`` from the folder when it is first
asked for, so that what is missing fails only the checks that need it. Each call is noted, so that
a failure can say what was called, and is held to one rule: it must not change its arguments.
"""

import importlib
import inspect
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from answering.folder import PACKAGE, Folder, apart
from judging.verdict import Wrong, shown

_broken: dict[str, Wrong] = {}
"""Modules that failed to import: told again to each check, but run only once."""


class Call:
    """One call of an answer: what it was given, so that it can be told and undone."""

    def __init__(self, function: "Function", args: tuple, kwargs: dict[str, Any]) -> None:
        self.function, self.args, self.kwargs = function, args, kwargs
        self.before = [
            (value, value.detach(), value.detach().clone(), value.requires_grad, value.grad)
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
        for value, view, copy, _, _ in self.before:
            if not _identical(value.detach(), copy):
                name = next(
                    (n for n, given in self.named().items() if given is value), "its argument"
                )
                found = found or (str(name), shown(value))
                # In its old place and strides, so that the case is the same when it is tried again.
                view.copy_(copy)
                value.data = view
        return found

    def undo(self) -> None:
        """Give the arguments back the autograd state that they came with."""
        for value, _, _, requires_grad, grad in self.before:
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
    # A single entry counts as contiguous under any strides: only a clone has them in order.
    return value.clone(memory_format=torch.contiguous_format).reshape(-1).view(torch.uint8)


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
        with apart():
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

    def __init__(self, folder: Path, replaced: Mapping[str, Any] | None = None) -> None:
        self.folder = Path(folder).resolve()
        self.replaced = dict(replaced or {})
        self.variant: str | None = None
        self.calls: list[Call] = []
        self.asked: set[str] = set()

    def trying(self, entry: Any) -> "Answers":
        """The same answers with an entry of the catalogue in the place of what it replaces."""
        trial = Answers(self.folder, {**self.replaced, **entry.replaced})
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
        _broken.clear()
        Folder(self.folder).install()
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
            with apart():
                return importlib.import_module(f"{PACKAGE}.{module}")
        except (Exception, SystemExit) as error:
            _broken[module] = raised(
                error, self.folder, "a module that imports", f"import {module}"
            )
            _broken[module].whatever_the_case = True
            raise _broken[module] from error
