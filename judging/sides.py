"""Where answers are called: here, in this process, or apart, in one of their own.

Both sides take the same requests and give the same outcomes, so a check is written once and cannot
tell which side it speaks to. Here are the reference and the catalogue, our own code; apart is what
a stranger wrote.
"""

from __future__ import annotations

import atexit
import builtins
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from torch import Generator, Tensor, nn

from answering import questions, starting, worker
from answering.folder import Folder, apart
from answering.own import Loader
from answering.process import Ended, Process
from answering.values import Handle, Recipe, Unfit, plain_words, take_over
from answering.worker import Bench, Error, Missing, Place, described, same_luck
from judging.verdict import NotDecided

CONFINED: set[bool] = set()
"""Whether the processes of this run were confined."""

CONFINEMENT = (
    "answers have their folder, a scratch folder and one process, and nothing else "
    "(--in-process judges them without these bounds)"
)
"""What a learner needs to know who has met a bound of it."""

MEMORY = 4 * 2**30
"""Bytes that answers may have, unless --memory says otherwise."""


@dataclass(frozen=True)
class Raised:
    """An error of an answer, in plain words."""

    error: Error
    hint: str = ""
    """What the suite has to do with it."""

    @property
    def type_name(self) -> str:
        return self.error.type_name

    @property
    def where(self) -> str | None:
        """The line of the answer in which it arose."""
        return self.error.where or None

    def is_a(self, *kinds: type[BaseException]) -> bool:
        """Whether it is an error of one of these kinds, which Python has built in."""
        own = (getattr(builtins, name, None) for name in self.error.bases)
        return any(isinstance(base, type) and issubclass(base, kinds) for base in own)

    def __str__(self) -> str:
        return self.error.words


@dataclass(frozen=True)
class Outcome:
    """What came of a request: a result, an error, or neither, in words; and what was printed."""

    result: Any = None
    raised: Raised | None = None
    missing: str = ""
    """What the folder lacks."""
    unfit: str = ""
    """Why the result cannot be passed on."""
    ended: str = ""
    """How the process came to its end."""
    printed: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What a call left behind: see answering.traces."""


class Here:
    """The folder in this process. What lives on is the object itself."""

    def __init__(self, folder: Path, entry: str = "", replaced: Mapping[str, Any] = {}) -> None:
        self.folder, self.entry = folder, entry
        self.bench = Bench(None, Folder(folder), replaced)  # type: ignore[arg-type]

    @property
    def scratch(self) -> Path:
        """A folder for files that answers write and read."""
        return folder_of_this_process("scratch")

    @property
    def shelf(self) -> Path:
        """A folder for files that answers only read."""
        return folder_of_this_process("shelf")

    def install(self) -> None:
        """Make the folder the one that the name ``solutions`` means."""
        self.bench.folder.install()

    def seed(self, seed: int, others: int | None = None) -> None:
        """Seed what an answer may draw from; others, what is not torch's, if by another number."""
        same_luck(seed, others)

    def begin(self) -> None:
        """A new case: nothing of the one before is asked any more."""
        self.bench.begin()

    def start(self) -> None:
        """Be ready for a request: here that is always so."""

    def renew(self) -> None:
        """Begin anew for another part: here everything stays."""

    def get(self, module: str, name: str) -> Outcome:
        """Whether a name of the contract can be called, and by which names or its value if not."""

        def value() -> tuple[bool, Any]:
            found = self.bench.value(module, name)
            return callable(found), worker.names_of(found) if callable(found) else found

        return self._outcome(value)

    def call(
        self,
        module: str,
        name: str,
        args: tuple,
        kwargs: Mapping[str, Any],
        **how: Any,
    ) -> Outcome:
        """Call a function of the contract; ``how`` is what Bench.call takes beside arguments."""
        self.bench.facts = {}
        outcome = self._outcome(
            lambda: self.bench.call(self.bench.value(module, name), [*args], {**kwargs}, **how)
        )
        return replace(outcome, facts=self.bench.facts)

    def ask(self, there: Any, question: str, args: tuple) -> Outcome:
        """Ask something that lives on."""
        return self._outcome(lambda: questions.QUESTIONS[question](there, *args))

    def _outcome(self, act: Callable[[], Any]) -> Outcome:
        with apart():
            try:
                return Outcome(act())
            except KeyboardInterrupt:
                raise
            except Missing as missing:
                return Outcome(missing=str(missing))
            except BaseException as error:
                return Outcome(raised=Raised(described(error, self.folder)))

    def at_home(self) -> AbstractContextManager[None]:
        """In here, the working directory is the scratch folder."""
        return chdir(self.scratch)

    def weights(self, content: bytes) -> Outcome:
        """What torch.load reads from the bytes of a file."""
        return self._outcome(lambda: worker.weights(self.bench, [], content=content))

    @contextmanager
    def fresh(self) -> Iterator[Apart]:
        """The same answers in a process that has never seen them before."""
        place = Place(self.folder, self.scratch, MEMORY, (self.shelf,), confined=False)
        if self.entry:
            place = replace(place, entry=f"judging.trial:replaced:{self.entry}")
        if starting.context().get_start_method() == "spawn":
            with _as_good_as_new(replace(place, imports=("catalogue",))) as side:
                yield side
            return
        side = Apart(replace(place, imports=("catalogue",) if self.entry else ()), 60.0)
        try:
            yield side
        finally:
            side.end()


class Apart:
    """The folder in a process of its own. What lives on is a handle.

    Args:
        place: what a process needs to know when it begins.
        patience: the seconds that a request may take.
        refused: files of the answers that were not taken, with the reason.
        many: whether processes will follow each other, so that the next one begins beforehand.
    """

    def __init__(
        self,
        place: Place,
        patience: float,
        refused: Mapping[str, str] | None = None,
        *,
        many: bool = False,
    ) -> None:
        self.place, self.patience, self.refused = place, patience, refused or {}
        self.folder = place.folder
        self.process: Process | None = None
        self.begun: Process | None = None
        """The process of this part, begun while the one before was judged."""
        self.next: Process | None = None
        """The process of the next part."""
        self.places = 0
        self.many = many
        self.used = False
        """Whether a process may have left something in the scratch folder."""
        self.inspector: Apart | None = None
        """Where files that answers wrote are read: it never loads an answer."""
        self.waited = 0.0
        """Seconds that calls have taken, without the time in which processes began."""
        self.luck: tuple[int, int | None] | None = None
        self.new_case = False
        self.on_step: Callable[[str], None] | None = None
        self.said: list[tuple[bytes, bytes]] | None = None
        """Each request and its reply, word for word, while somebody takes note of them."""

    @property
    def scratch(self) -> Path:
        """A folder for files that answers write and read."""
        return self.place.scratch

    @property
    def shelf(self) -> Path:
        """A folder for files that answers only read."""
        return self.place.readable[0]

    def install(self) -> None:
        """Nothing is imported here."""

    def seed(self, seed: int, others: int | None = None) -> None:
        """Seed what an answer may draw from, before the next call."""
        self.luck = seed, others

    def begin(self) -> None:
        """A new case: nothing of the one before is asked any more."""
        self.new_case = True

    def start(self) -> Process:
        """Be ready for a request. NotDecided if no process can be started."""
        if self.process is None or not self.process.alive:
            try:
                self.process = (self.begun or Process(self.place, self.patience)).be_ready()
                self.begun = None
                if self.many and self.next is None:
                    # That of the next part begins beside the calls of this one.
                    self.next = Process(self._another_place(), self.patience)
            except (Ended, OSError) as error:
                raise NotDecided(f"no process for the answers could be started: {error}") from error
            CONFINED.add(self.process.confined)
            self.used = True
        return self.process

    def renew(self) -> None:
        """End the process, for another part: what one part did reaches no other."""
        self.waited = 0.0
        self._end_process()
        if self.used:
            self.used = False
            remove(self.scratch)
            self.begun, self.next = self.next, None
            self.place = self.begun.place if self.begun else self._another_place()

    def begin_anew(self, place: Place) -> None:
        """Let the process, if it lives, forget what it knows: for our own code, which helps it."""
        alive = self.process is not None and self.process.alive
        self.place, self.on_step = place, None
        request = {"folder": str(place.folder), "entry": place.entry}
        if alive and self._outcome({"do": "begin_anew", **request}).raised:
            self._end_process()

    def _another_place(self) -> Place:
        """The same for another process, with a scratch folder of its own."""
        self.places += 1
        scratch = self.place.scratch.with_name(f"scratch-{self.places}")
        scratch.mkdir()
        return replace(self.place, scratch=scratch)

    def end(self) -> None:
        """End every process."""
        self._end_process()
        for process in filter(None, (self.begun, self.next)):
            process.kill()
        self.begun = self.next = None
        if self.inspector is not None:
            self.inspector.end()
            self.inspector = None

    def _end_process(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process = None

    def get(self, module: str, name: str) -> Outcome:
        """Whether a name of the contract can be called, and its value if not."""
        for name_of_file in (module, f"{module}/__init__.py", f"{module}.py"):
            if reason := self.refused.get(name_of_file):
                return Outcome(missing=f"{name_of_file} {reason}")
        outcome = self._outcome({"do": "get", "module": module, "name": name})
        if type(outcome.result) is tuple and len(outcome.result) == 2:
            return outcome
        return replace(outcome, result=(False, outcome.result))

    def call(
        self,
        module: str,
        name: str,
        args: tuple,
        kwargs: Mapping[str, Any],
        **how: Any,
    ) -> Outcome:
        """Call a function of the contract; ``how`` is what Bench.call takes beside arguments.

        The arguments hold afterwards what it left in them.
        """
        request = {
            "do": "call",
            "module": module,
            "name": name,
            "args": args,
            "kwargs": {**kwargs},
            **how,
        }
        return self._outcome(request, given=[*args, *kwargs.values()])

    def ask(self, there: Handle, question: str, args: tuple) -> Outcome:
        """Ask something that lives on."""
        request = {"do": "ask", "number": there.number, "question": question, "args": args}
        return self._outcome(request)

    def at_home(self) -> AbstractContextManager[None]:
        """The working directory is the scratch folder."""
        return nullcontext()

    def weights(self, content: bytes) -> Outcome:
        """What torch.load reads from the bytes of a file, in a process that knows no answer."""
        if self.inspector is None:
            empty = self.scratch.with_name("inspection")
            empty.mkdir(exist_ok=True)
            self.inspector = Apart(replace(self.place, folder=empty, scratch=empty), self.patience)
        return self.inspector._outcome({"do": "weights", "content": content})

    def limit_files(self, size: int, *, deadly: bool) -> Outcome:
        """No file grows beyond so many bytes: OSError, or the end of the process."""
        return self._outcome({"do": "limit_files", "size": size, "deadly": deadly})

    def pause_at_steps(self, folder: Path, look: Callable[[str], None]) -> Outcome:
        """Look before each step that touches a file in this folder."""
        self.on_step = look
        return self._outcome({"do": "pause_at_steps", "folder": str(folder)})

    def _outcome(self, request: dict[str, Any], given: list[Any] = []) -> Outcome:  # noqa: B006
        if self.luck is not None:
            request["seed"], self.luck = self.luck, None
        if self.new_case:
            request["begin"], self.new_case = True, False
        note = None if self.said is None else self.said.append
        try:
            process = self.start()
            with self._waiting():
                reply = process.ask(request, on_step=self.on_step, note=note)
        except Ended as ended:
            self.process, self.said = None, None
            return Outcome(ended=str(ended), printed=plain_words(process.last_words))
        except Unfit as unfit:
            self.end()
            return Outcome(unfit=f"bytes that are no result ({unfit})")
        try:
            return self._read(reply, given)
        except Exception as error:
            # What came is not what a worker sends: the answer has written it itself, and it can
            # break anywhere.
            self.end()
            return Outcome(unfit=f"bytes that are no result ({type(error).__name__})")

    def repeat(self, requests: Iterable[bytes]) -> bytes | None:
        """The digest of the replies to requests that were noted, None where the process ended."""
        process = self.start()
        try:
            with self._waiting():
                return process.repeat(requests)
        except Ended:
            self.process = None
            return None

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """Count the seconds in here as those of a call."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.waited += time.monotonic() - began

    def _read(self, reply: dict[str, Any], given: list[Any]) -> Outcome:
        """What a reply says, in words of a bounded length."""
        printed = plain_words(reply.get("printed"))
        if "error" in reply:
            error = error_of(*reply["error"])
            if "MemoryError" in error.bases or "can't allocate memory" in error.words:
                limit = f"limit {self.place.memory / 2**30:g} GiB, --memory"
                error = error._replace(words=f"ran out of memory ({limit})")
            outcome = Outcome(raised=Raised(error, self._hint(error)), printed=printed)
        elif "missing" in reply:
            outcome = Outcome(missing=plain_words(reply["missing"]), printed=printed)
        elif "unfit" in reply:
            outcome = Outcome(unfit=plain_words(reply["unfit"]), printed=printed)
        else:
            outcome = Outcome(reply["result"], printed=printed)
        if isinstance(now := reply.get("given"), list) and len(now) == len(given):
            for before, after in zip(given, now, strict=True):
                put_back(before, after)
        if type(facts := reply.get("facts")) is dict:
            outcome = replace(outcome, facts=facts)
        return outcome

    def _hint(self, error: Error) -> str:
        if "SystemExit" in error.bases:
            return "a function ends by return, for exit() ends the whole program"
        if "PermissionError" in error.bases and self.process and self.process.confined:
            return CONFINEMENT
        return ""

    @contextmanager
    def fresh(self) -> Iterator[Apart]:
        """The same answers in a process that has never seen them before."""
        side = Apart(self.place, self.patience, self.refused)
        try:
            yield side
        finally:
            side.end()


@contextmanager
def _as_good_as_new(place: Place) -> Iterator[Apart]:
    """One process for our own code, used again: without fork a new one takes 3 s of imports."""
    if not SPARE:
        SPARE.append(Apart(place, 60.0))
        # Before the folder that it works in is removed.
        atexit.register(SPARE[0].end)
    side = SPARE.pop()
    side.begin_anew(place)
    try:
        yield side
    finally:
        SPARE.append(side)


SPARE: list[Apart] = []
"""Processes of our own that nobody uses now."""


@contextmanager
def chdir(folder: Path) -> Iterator[None]:
    """In here, the working directory is this folder."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@cache
def home() -> tempfile.TemporaryDirectory:
    """Where this process and its forks keep their files, until this one ends."""
    # In memory where that can be had, for each save waits until its bytes are on the disk.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    return tempfile.TemporaryDirectory(prefix="answers-", dir=memory, ignore_cleanup_errors=True)


def folder_of_this_process(name: str) -> Path:
    """A folder for files, which no fork of this process uses, and which is gone at the end."""
    folder = Path(home().name) / f"{name}-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    return folder


def put_back(before: Any, after: Any) -> None:
    """Make an argument hold what became of it on the other side, as far as it is of one kind.

    Raises Unfit where torch has no way to that: from a float to a meta tensor, for instance.
    """
    try:
        _put_back(before, after)
    except RuntimeError as error:
        raise Unfit("an argument that has become of another kind") from error


def _put_back(before: Any, after: Any) -> None:
    if isinstance(before, Tensor) and isinstance(after, Tensor):
        take_over(before, after)
    elif isinstance(before, nn.Module) and isinstance(after, Recipe):
        after.update(before)
    elif isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            _put_back(value, after.get(key))
    elif isinstance(before, list | tuple) and isinstance(after, list | tuple):
        for one, other in zip(before, after, strict=False):
            _put_back(one, other)
    elif isinstance(before, Loader) and isinstance(after, Loader):
        _put_back(before.batches, after.batches)
    elif isinstance(before, Generator) and isinstance(after, Generator):
        before.set_state(after.get_state())


def remove(folder: Path) -> None:
    """Remove a folder, whatever answers have done to it."""
    aside = Path(tempfile.mkdtemp(prefix="left-", dir=folder.parent))
    with suppress(OSError):  # not there any more or, on Windows, open
        folder.rename(aside / folder.name)
    # What cannot be removed, closed folders or very deep ones, goes with the folder around it.
    with suppress(RecursionError):
        shutil.rmtree(aside, ignore_errors=True)


def error_of(name: Any, words: Any, bases: Any, where: Any) -> Error:
    """An error as the other side tells it: plain, bounded words, whatever came."""
    kept = tuple(plain_words(base, 200) for base in bases[:20])
    return Error(plain_words(name, 200), plain_words(words, 300), kept, plain_words(where, 300))
