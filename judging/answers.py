"""The answers under test: one folder that keeps the contract, loaded late and called with care.

``Answers(side).autograd.gradient(X, M)`` calls the function on the side where the answers are. A
module is imported when it is first asked for, so that what is missing fails only the checks that
need it. Each call is noted, so that a failure can say what was called, and is held to one rule: it
must not change its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import torch
from hypothesis import settings
from torch import Tensor

from answering.questions import kind_of
from answering.values import Handle
from homework import contract
from judging import digits, laws
from judging.live import KINDS, Live
from judging.sides import Apart, Here, Outcome, Raised
from judging.verdict import NotDecided, NotTried, Wrong, shown

REFERENCE = Path(__file__).parent.parent / "solutions"
"""The folder of the reference answers."""

PATIENCES, EXAMPLES = 6, 25
"""How many times the patience of one call all calls of a part may take together, on so many
examples of each of its checks."""


class Call:
    """One call of an answer: what it was given, so that it can be told and undone."""

    def __init__(self, function: Function, args: tuple, kwargs: dict[str, Any]) -> None:
        self.function, self.args, self.kwargs = function, args, kwargs
        self.before = laws.Before(self.named())

    def named(self) -> dict[str, Any]:
        """The arguments by the names that the contract gives them; one too many by its number."""
        names = self.function.parameters
        numbers = (f"argument {number + 1}" for number in range(len(names), len(self.args)))
        return dict(zip([*names, *numbers], self.args, strict=False)) | self.kwargs

    def __str__(self) -> str:
        named = self.named()
        inline = ", ".join(
            (f"{name}={name}" if name in self.kwargs else str(name))
            if isinstance(value, Tensor | torch.nn.Module | Live)
            else f"{name}={shown(value)}"
            if str(name).isidentifier()
            else shown(value)
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


def _own_grad(value: Tensor) -> Tensor | None:
    """The .grad of a leaf: of another tensor there is none, and to ask for it is warned of."""
    return value.grad if value.is_leaf else None


def _strides(value: Tensor) -> str:
    if value.is_contiguous():
        return ""
    transposed = value.dim() >= 2 and value.mT.is_contiguous()
    how = "a transposed view" if transposed else "a view into a larger tensor"
    return f" ({how}, with strides {value.stride()})"


class Function:
    """One function, or class, of the contract, as the answers define it."""

    def __init__(self, answers: Answers, module: str, name: str, takes: Any = ()) -> None:
        self.answers, self.module, self.name = answers, module, name
        self.takes = takes if isinstance(takes, list) else []
        """The names by which it takes arguments, as it says."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names that the contract gives its arguments."""
        promise = contract.promises(self.module).get(self.name)
        return tuple(promise.parameters) if promise else ()

    def outcome(self, *args: Any, **kwargs: Any) -> Any:
        """What the call returns, or what it raised. Wrong if it changes a tensor, or never ends."""
        answers = self.answers
        args, kwargs = answers.as_asked(self, args, kwargs)
        call = Call(self, args, kwargs)
        answers.calls.append(call)
        outcome = answers.request(self, args, kwargs)
        call.before.judge(self.name)
        laws.judge(call, outcome.facts, answers.numbers)
        if type(number := outcome.facts.get("number")) is int:
            answers.numbers[number] = call
        if outcome.unfit:
            raise Wrong(f"returned {outcome.unfit}", "a result of a size that can be judged")
        return outcome.raised or outcome.result

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self.outcome(*args, **kwargs)
        if isinstance(result, Raised):
            if result.is_a(NotImplementedError):
                raise self.unwritten()
            raise raised(result, "a result and no error")
        return result

    def unwritten(self) -> Wrong:
        """That the function is still what the starter folder has."""
        return Wrong(
            "is not written yet: it raises NotImplementedError",
            "what its docstring asks for",
            call=f"{self.module}.{self.name}",
            whatever_the_case=True,
        )


def plain(value: Any) -> Any:
    """A copy of what a call gave that stays as it is; of an object, only what kind it is of."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {plain(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [getattr(value, "_fields", ()), *map(plain, value)]
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    # What a learner calls a class of their own tells nothing.
    kind = value.kind if isinstance(value, Handle) else kind_of(value)
    return kind or getattr(value, "type_name", type(value).__name__)


def raised(error: Raised, expected: str, call: str | None = None) -> Wrong:
    """An error as the learner should see it: its kind, its words, the line of theirs."""
    text = f"raised {error.type_name}" + (f": {error}" if str(error) else "")
    text += f"; {error.hint}" if error.hint else ""
    return Wrong(text, expected, call=call, where=error.where)


class _Module:
    def __init__(self, answers: Answers, name: str) -> None:
        self._answers, self._name = answers, name

    def __getattr__(self, name: str) -> Any:
        return self._answers.get(self._name, name)


class Answers:
    """A folder of answers. ``answers.<module>.<function>`` is the contract's function in it."""

    def __init__(self, side: Here | Apart) -> None:
        self.side = side
        self.calls: list[Call] = []
        self.numbers: dict[int, Call] = {}
        """The calls of this case by the numbers that their side gives to their results."""
        self.luck: Random | None = None
        """What decides in which form a call is made; None leaves each as the check makes it."""
        self.asks_beside = True
        """Whether other questions are asked before a call, and the same one after it."""
        self.asked: set[str] = set()
        self.printed = ""
        """What the last call printed."""
        self.known: dict[str, Wrong | tuple[bool, Any]] = {}
        """What each name of the contract stands for, or what is wrong with it whatever the case."""
        self.heard: list[Any] | None = None
        """What each call and each question gave, where somebody listens."""
        self.part = ""
        self.reference: Answers | None = None

    @classmethod
    def here(cls, folder: Path) -> Answers:
        """The answers of a folder, called in this process."""
        return cls(Here(folder.resolve()))

    def trying(self, entry: Any) -> Answers:
        """These answers with an entry of the catalogue in the place of what it replaces.

        Answers that run apart are left there: in their place the reference has the entry.
        """
        if isinstance(self.side, Apart) and self.reference is None:
            self.reference = Answers.here(REFERENCE).install()
        host = self.reference or self
        return Answers(Here(host.side.folder, entry.name, entry.replaced))

    def install(self) -> Answers:
        """Make the folder the one that the name ``solutions`` means, where it is imported here."""
        self.known.clear()
        self.side.install()
        return self

    def begin(self, part: str) -> None:
        """What follows judges this part: what another one did must not reach it."""
        self.calls.clear()
        self.numbers.clear()
        self.asked.clear()
        self.printed = ""
        self.side.begin()
        if part != self.part:
            self.part = part
            self.side.renew()
            # A process that is new has told nothing of its names.
            self.known = {n: known for n, known in self.known.items() if isinstance(known, Wrong)}

    def begin_anew(self) -> None:
        """What follows is judged in a process that has been asked nothing, whatever its part."""
        self.part = ""

    def may_ask(self, places: Iterable[str]) -> bool:
        """Whether none of these functions is known to be missing, or not to be called again."""
        known = (self.known.get(p) or self.known.get(p.partition(".")[0]) for p in places)
        return not any(isinstance(one, Wrong) for one in known)

    @contextmanager
    def noted(self) -> Iterator[list[tuple[bytes, bytes]]]:
        """Take note of each request and its reply, word for word.

        At the end the list is empty where a verdict rests on more than these.
        """
        said: list[tuple[bytes, bytes]] = []
        assert isinstance(self.side, Apart)
        self.side.said = said
        try:
            yield said
        finally:
            if self.side.said is None:
                said.clear()
            self.side.said = None

    def repeat(self, requests: Iterable[bytes]) -> bytes | None:
        """The digest of the replies to requests that were noted.

        None where one is lacking, and where all calls of the part have taken more than they may.
        """
        assert isinstance(self.side, Apart)
        replied = self.side.repeat(requests)
        return replied if self.side.waited <= self._budget() else None

    def _beside_words(self) -> None:
        """What follows happens beside requests and replies."""
        if isinstance(self.side, Apart):
            self.side.said = None

    def choose(self, luck: int) -> None:
        """From now on this number decides what is left to luck; 0 leaves calls as they are."""
        self.side.seed(luck)
        self.luck = Random(luck) if luck else None

    def as_asked(
        self, function: Function, args: tuple, kwargs: dict[str, Any]
    ) -> tuple[tuple, dict]:
        """A call in the form that luck gives it."""
        if self.luck is None:
            return args, kwargs
        return laws.as_asked(
            function.module, function.name, args, kwargs, self.luck, function.takes
        )

    def how_asked(self, function: Function, args: tuple, kwargs: Mapping[str, Any]) -> dict:
        """What the side does beside the call, as luck has it: see Bench.call."""
        if self.luck is None:
            return {}
        how = laws.how_asked(function.name, bool(args or kwargs), self.luck)
        return how if self.asks_beside else {}

    def seed(self, seed: int, others: int | None = None) -> None:
        """Seed the generators that an answer may draw from: torch's own, Python's and NumPy's.

        Args: others, the seed of Python's and NumPy's, where it is not that of torch's own.
        """
        self.side.seed(seed, others)

    @property
    def scratch(self) -> Path:
        """A folder for files that answers write and read."""
        self._beside_words()
        return self.side.scratch

    @property
    def shelf(self) -> Path:
        """A folder for files that answers only read."""
        self._beside_words()
        return self.side.shelf

    def at_home(self) -> AbstractContextManager[None]:
        """In here, the working directory of the answers is their scratch folder."""
        return self.side.at_home()

    @contextmanager
    def fresh(self) -> Iterator[Answers]:
        """The same answers in a process that has never seen them before."""
        self._beside_words()
        with self.side.fresh() as side:
            fresh = Answers(side)
            fresh.asked = self.asked
            yield fresh

    def attempt(self, module: str, name: str, *args: Any) -> Outcome:
        """What comes of a call, whatever that is: also the end of its process."""
        self.asked.add(f"{module}.{name}")
        return self.side.call(module, name, args, {})

    def weights(self, content: bytes) -> Outcome:
        """What torch.load reads from the bytes of a file that an answer wrote."""
        self._beside_words()
        return self.side.weights(content)

    def limit_files(self, size: int, *, deadly: bool) -> None:
        """From now on no file grows beyond so many bytes. NotTried where that cannot be had."""
        assert isinstance(self.side, Apart)
        self._beside_words()
        if self.side.limit_files(size, deadly=deadly).raised:
            raise NotTried("files of a limited size: this system has no RLIMIT_FSIZE")

    def pause_at_steps(self, folder: Path, look: Callable[[str], None]) -> None:
        """From now on, look before each step that touches a file in this folder."""
        assert isinstance(self.side, Apart)
        self._beside_words()
        self.side.pause_at_steps(folder, look)

    @contextmanager
    def calling(self, call: str) -> Iterator[None]:
        """What is wrong in here was this call, of something that an answer returned."""
        try:
            yield
        except Wrong as wrong:
            wrong.call = wrong.call or call
            raise

    def __getattr__(self, module: str) -> _Module:
        if module.startswith("_"):
            raise AttributeError(module)
        return _Module(self, module)

    def get(self, module: str, name: str) -> Any:
        """A function of the contract, wrapped, or a constant as it is. Wrong if missing."""
        place = f"{module}.{name}"
        self.asked.add(place)
        known = self.known.get(place) or self.known.get(module)
        if known is None:
            known = self.known[place] = self._found(module, name)
        if isinstance(known, Wrong):
            raise known
        callable_, value = known
        return Function(self, module, name, value) if callable_ else value

    def _found(self, module: str, name: str) -> Wrong | tuple[bool, Any]:
        outcome = self._timed(lambda: self.side.get(module, name))
        place = f"{module}.{name}"
        self._not_the_answers_fault(outcome)
        if outcome.raised or outcome.ended or outcome.unfit:
            # Whatever is wrong with the import is wrong for every name of the module.
            self.known[module] = self._fate(f"import {module}", outcome, "a module that imports")
            return self.known[module]  # type: ignore[return-value]
        if outcome.missing:
            no_name = "is not defined" in outcome.missing
            return Wrong(
                outcome.missing,
                "a definition with that name: the starter folder has its signature"
                if no_name
                else f"a plain file with the answers of {module}",
                call=place if no_name else f"import {module}",
                whatever_the_case=True,
            )
        callable_, value = outcome.result
        if not callable_ and not name.isupper():
            return Wrong(
                f"is {shown(value)}, which cannot be called",
                "a function, or a class, of that name",
                call=place,
                whatever_the_case=True,
            )
        return callable_, value

    def _fate(self, call: str, outcome: Outcome, expected: str) -> Wrong:
        if outcome.raised:
            wrong = raised(outcome.raised, expected, call)
        else:
            wrong = Wrong(outcome.ended or f"gave {outcome.unfit}", expected, call=call)
        wrong.whatever_the_case = True
        wrong.printed = outcome.printed
        return wrong

    def request(self, function: Function, args: tuple, kwargs: Mapping[str, Any]) -> Outcome:
        """Call a function on its side. Wrong if it ends its process, or is too slow for a check."""
        outcome = self._timed(
            lambda: self.side.call(
                function.module,
                function.name,
                self._there(args),
                self._there(dict(kwargs)),
                **self.how_asked(function, args, kwargs),
            )
        )
        self.printed = outcome.printed
        place = f"{function.module}.{function.name}"
        self._not_the_answers_fault(outcome)
        if outcome.ended:
            self._give_up(place, outcome.ended, str(self.calls[-1]))
        if outcome.missing:
            raise Wrong(outcome.missing, "what was there before", call=place)
        self._hear(place, outcome)
        return replace(outcome, result=self._here(outcome.result, place))

    def ask(self, live: Live, question: str, *args: Any) -> Any:
        """Ask what an answer made and keeps. Wrong if it cannot answer."""
        outcome = self._timed(lambda: self.side.ask(live.there, question, args))
        if outcome.ended:
            self._give_up(live.made_by, outcome.ended, None)
        if outcome.raised:
            raise raised(outcome.raised, "a result and no error")
        if outcome.unfit:
            raise Wrong(f"gave {outcome.unfit}", "a result of a size that can be judged")
        self._hear(question, outcome)
        return outcome.result

    def _hear(self, what: str, outcome: Outcome) -> None:
        if self.heard is not None:
            raised = outcome.raised.type_name if outcome.raised else ""
            self.heard.append((what, plain(outcome.result), raised, outcome.unfit))

    def _not_the_answers_fault(self, outcome: Outcome) -> None:
        """NotDecided if what was raised is just what importing torchvision raises here."""
        if outcome.raised and outcome.raised.is_a(ImportError, RuntimeError, OSError):
            broken = digits.broken_torchvision()
            if broken and broken == f"{outcome.raised.type_name}: {outcome.raised}":
                raise NotDecided(digits.TORCHVISION.format(broken))

    def _give_up(self, place: str, ended: str, call: str | None) -> None:
        """What ended its process is not called again in this run."""
        wrong = Wrong(ended, "a result, and a process that goes on", whatever_the_case=True)
        wrong.call, wrong.printed = call, self.printed
        self.known[place] = wrong
        raise wrong

    def _timed(self, request: Any) -> Outcome:
        outcome = request()
        self.printed = outcome.printed if outcome.ended else self.printed
        if isinstance(self.side, Apart) and self.side.waited > self._budget():
            self._give_up(self.part, f"took more than {self._budget():g} s in all", None)
        return outcome

    def _budget(self) -> float:
        """The seconds that all calls of a part may take: more where more cases are generated."""
        assert isinstance(self.side, Apart)
        return PATIENCES * self.side.patience * max(1.0, settings().max_examples / EXAMPLES)

    def _there(self, value: Any) -> Any:
        """What is passed on of an argument: of something that lives on, what it is there."""
        if isinstance(value, Live):
            return value.there
        if type(value) is tuple:
            return tuple(self._there(entry) for entry in value)
        if type(value) is dict:
            return {key: self._there(entry) for key, entry in value.items()}
        return value

    def _here(self, value: Any, made_by: str) -> Any:
        """A result, with something to ask in the place of what lives on."""
        if isinstance(value, Handle):
            return KINDS[value.kind](self, value, value.type_name, made_by)
        if isinstance(self.side, Here) and (kind := kind_of(value)):
            return KINDS[kind](self, value, type(value).__name__, made_by)
        if type(value) in (list, tuple):
            return type(value)(self._here(entry, made_by) for entry in value)
        if type(value) is dict:
            return {key: self._here(entry, made_by) for key, entry in value.items()}
        return value
