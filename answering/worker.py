"""The answering process: it loads answers, calls them, and reports what they gave as plain data.

It holds no oracle, no expected value, no reference and no mistake. Whatever an answer does to it
(patches, threads, signals, descriptors) dies with it.
"""

import builtins
import importlib
import inspect
import io
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy
import torch
from torch import Tensor, nn

from answering import confinement, questions, traces
from answering.folder import PACKAGE, Folder, apart
from answering.starting import LIBRARIES, NO_GPU, SHELL
from answering.traces import Traces
from answering.values import (
    Foreign,
    Handle,
    Packer,
    Recipe,
    Unfit,
    Unpacker,
    bases_of,
    parts_of,
    plain_words,
    type_name,
)

MOST_PRINTED = 2_000
"""Characters kept of what an answer prints."""

MOST_KEPT = 4 * MOST_PRINTED
"""Bytes that so many characters may take."""


@dataclass(frozen=True)
class Place:
    """Where a process of answers lives. Everything a process needs to know when it begins.

    Args:
        folder: the answers, read as they are there.
        scratch: the working directory, HOME and TMPDIR.
        readable: what else it may read: the digits, and what checks hand out.
        memory: bytes that the process may have beyond what it begins with.
        space: bytes that its files may have, all together.
        confined: whether it is kept from everything else, where the system can do that.
        entry: names an entry of a register that stands in the place of some functions, as
            "module:function:name".
        imports: modules of ours that fill the register.
        work: whether a hand-in runs there, and not functions.
    """

    folder: Path
    scratch: Path
    memory: int
    readable: tuple[Path, ...] = ()
    confined: bool = True
    space: int = 2**28
    entry: str = ""
    imports: tuple[str, ...] = ()
    work: bool = False


class Error(NamedTuple):
    """An exception in plain words: its type, what it says, its built-in bases, and where."""

    type_name: str
    words: str
    bases: tuple[str, ...]
    where: str


class Sink(io.RawIOBase):
    """Keeps the first bytes of what is written to it, and costs next to nothing after."""

    name = "<stdout>"

    def __init__(self, full: Callable[[], None]) -> None:
        self.kept, self.full = bytearray(), full
        self.echo = -1
        """A pipe for the same, in case that the process does not live to tell."""

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        if len(self.kept) < MOST_KEPT:
            first = bytes(content[:MOST_KEPT])
            self.kept += first
            if self.echo >= 0:
                with suppress(OSError):
                    os.write(self.echo, first)
            if len(self.kept) >= MOST_KEPT:
                self.full()
        return len(content)

    def close(self) -> None:
        """Stay open: the next function prints, too."""


class Printed(io.TextIOWrapper):
    """Takes the place of stdout and stderr."""

    def __init__(self) -> None:
        # What is not kept is passed on in lumps, at a tenth of the time.
        self.sink = Sink(lambda: self.reconfigure(write_through=False))
        super().__init__(
            self.sink,  # type: ignore[type-var]
            encoding="utf-8",
            errors="backslashreplace",
            write_through=True,
        )

    def close(self) -> None:
        """Stay open: the next function prints, too."""

    def take(self) -> str:
        """What was printed since the last time, as far as it was kept."""
        if len(self.sink.kept) >= MOST_KEPT:
            with suppress(ValueError):  # an answer has detached it
                self.reconfigure(write_through=True)
        kept, self.sink.kept = self.sink.kept, bytearray()
        return kept.decode("utf-8", "backslashreplace")[:MOST_PRINTED]


BROKEN: list[Error] = []
"""What was raised where torchvision was imported, before there were answers."""


class Missing(LookupError):
    """A module or name of the contract is not there; the words say which."""


@dataclass
class Bench:
    """What this process has: the modules that it has loaded and the objects that stay here."""

    connection: Connection
    folder: Folder
    replaced: Mapping[str, Any]
    printed: Printed | None = None
    objects: dict[int, Any] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)
    own: list[nn.Module] = field(default_factory=list)
    """The suite's own networks among the arguments: they go back as recipes."""
    watched: str = ""
    """The folder before whose steps it pauses; see pause_at_steps."""
    watches: bool = False
    left: Traces = field(default_factory=Traces)
    facts: dict[str, Any] = field(default_factory=dict)
    """What the last call left behind."""
    work: Any = None
    """The hand-in that this process runs, if it runs one: see answering.shell."""

    def handle(self, value: Any) -> Handle | None:
        """The handle of an object that can be asked questions, None for any other."""
        kind = questions.kind_of(value)
        if kind is None or any(value is own for own in self.own):
            return None
        number = self.numbers.setdefault(id(value), len(self.numbers))
        self.objects[number] = value
        return Handle(number, kind, type_name(value))

    def begin(self) -> None:
        """A new case: let go of the objects that stayed here, pyplot's figures among them."""
        self.objects.clear()
        self.numbers.clear()
        self.left.begin()
        if pyplot := sys.modules.get("matplotlib.pyplot"):
            pyplot.close("all")

    def built(self, argument: Any) -> Any:
        """An argument, with the suite's own networks built from their recipes."""
        if isinstance(argument, Recipe):
            self.own.append(argument.build())
            return self.own[-1]
        if type(argument) is list:
            return [self.built(entry) for entry in argument]
        if type(argument) is dict:
            return {key: self.built(entry) for key, entry in argument.items()}
        return argument

    def module(self, name: str) -> ModuleType:
        """A module of the answers, imported when it is first asked for."""
        if not self.folder.has(name):
            raise Missing(f"there is no {name}.py")
        return importlib.import_module(f"{PACKAGE}.{name}")

    def value(self, module: str, name: str) -> Any:
        """What a name of the contract stands for."""
        if f"{module}.{name}" in self.replaced:
            return self.replaced[f"{module}.{name}"]
        loaded = self.module(module)
        try:
            return getattr(loaded, name)
        except AttributeError:
            raise Missing(f"{module}.{name} is not defined in {module}.py") from None

    def call(
        self,
        target: Callable[..., Any],
        args: list[Any],
        kwargs: dict[str, Any],
        *,
        rehearsed: bool = False,
        again: int = 0,
    ) -> Any:
        """Call a function; ``facts`` then has what it left behind, however it ended.

        Args: rehearsed, whether another question is asked first; again, how often the same one is
            asked once more, until it has another answer.
        """
        given = [*args, *kwargs.values()]
        drawn = any(isinstance(one, torch.Generator) for one in given)
        before, hooks = traces.state(drawn=drawn), traces.hooks_on(given)
        self.facts = {}
        rehearsal = self._rehearse(target, given, [*kwargs]) if rehearsed else None
        try:
            result = target(*args, **kwargs)
        finally:
            self.facts["state"] = traces.changes(before)
            self.facts["hooks"] = traces.hooks_on(given) - hooks
        self.facts |= self.left.add(given, result)
        if rehearsal and questions.kind_of(rehearsal[0]) != questions.kind_of(result):
            self.facts["unlike"] = [Foreign(type_name(one), "") for one in (rehearsal[0], result)]
        if again:
            self._ask_again(lambda: target(*args, **kwargs), result, again)
        return result

    def _ask_again(self, ask: Callable[[], Any], result: Any, times: int) -> None:
        """Ask the same so many times, and tell the first answer that is another one."""
        first = traces.copied(result)
        for _ in range(times):
            try:
                other = ask()
            except Exception as error:
                self.facts["unlike"] = [first, described(error, self.folder.folder).words]
                return
            if not traces.same(first, other):
                self.facts["unlike"] = [first, traces.copied(other)]
                return

    def _rehearse(self, target: Callable[..., Any], given: list[Any], names: list[str]) -> list:
        """Ask about the same tensors with their entries in other places, or of numbers one larger.

        The result is kept, and what the call left behind is told with the one that follows.

        Returns: the result in a list, which is empty where there is none.
        """
        found: list[Any] = []
        tensors = [one for one in given if type(one) is Tensor and may_be_written(one)]
        held = [
            (one, one.detach().clone(), one.requires_grad, one.grad if one.is_leaf else None)
            for one in tensors
        ]
        for one in tensors:
            one.detach().copy_(one.detach().roll((1,) * min(one.dim(), 2), (-1, 0)[: one.dim()]))
        asked = [one + 1 if type(one) is int and not tensors else one for one in given]
        args, kwargs = asked[: len(asked) - len(names)], asked[len(asked) - len(names) :]
        # What fails here is for the call that follows to show.
        try:
            with suppress(Exception):
                found.append(target(*args, **dict(zip(names, kwargs, strict=True))))
                self.left.add(given, found[0])
        finally:  # also where it ends by exit()
            for one, values, requires_grad, grad in held:
                one.detach().copy_(values)
                if one.is_leaf:
                    one.requires_grad_(requires_grad)
                    one.grad = grad
        if self.printed:
            self.printed.take()
        return found


def may_be_written(value: Tensor) -> bool:
    """Whether each entry of a tensor has a place of its own, in which it can be written."""
    strided = value.layout is torch.strided and not value.is_meta
    return strided and value.dim() > 0 and value.numel() > 0 and 0 not in value.stride()


def serve(connection: Connection, echo: Connection, place: Place) -> None:
    """Answer requests until the connection ends. The first reply says whether it is confined.

    What is printed goes to ``echo``, too.
    """
    # Where there is no fork, it is imported now: as long as it takes, no answer's patience pays.
    importlib.import_module("answering.preload")
    if place.confined:
        importlib.import_module(LIBRARIES)
    if place.work:
        importlib.import_module(SHELL)
    # A run in the background may have been told to ignore it, and its children with it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    printed = Printed()
    if sys.platform != "win32":
        os.set_blocking(echo.fileno(), False)
        printed.sink.echo = echo.fileno()
    confined = _settle(place, printed, {connection.fileno(), echo.fileno()})
    for module in place.imports:
        importlib.import_module(module)
    folder = Folder(place.folder)
    folder.install()
    bench = Bench(connection, folder, replaced_by(place.entry), printed)
    connection.send_bytes(Packer().message({"confined": confined, "broken": BROKEN}))
    own = os.getpid()
    while True:
        try:
            request = connection.recv_bytes()
        except (EOFError, OSError):
            os._exit(0)
        if request.startswith(REPEATED):
            each = parts_of(request[len(REPEATED) :])
            reply = digest(_reply(bench, one, printed) for one in each)
        else:
            reply = _reply(bench, request, printed)
        if os.getpid() != own:
            # An answer has forked, and this is the child: it has no part in the conversation.
            os._exit(0)
        connection.send_bytes(reply)


REPEATED = b"repeated"
"""What a message begins with that holds requests that were asked before: see digest."""


def digest(replies: Iterable[bytes]) -> bytes:
    """What all that is replied to such a message amounts to."""
    total = sha256()
    for reply in replies:
        total.update(sha256(reply).digest())
    return total.digest()


def _settle(place: Place, printed: Printed, connections: set[int]) -> bool:
    """Give this process no terminal, a bare environment and one folder; whether it is confined."""
    if hasattr(os, "setsid"):
        with suppress(PermissionError):
            os.setsid()
        _let_go_of_the_suite(connections)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    sys.stdin, sys.stdout, sys.stderr = open(os.devnull), printed, printed  # noqa: SIM115
    sys.__stdout__ = sys.__stderr__ = None  # type: ignore[misc,assignment]
    kept = {n: v for n, v in os.environ.items() if n in KEPT}
    os.environ.clear()
    os.environ.update(
        kept,
        HOME=str(place.scratch),
        USERPROFILE=str(place.scratch),
        TMPDIR=str(place.scratch),
        TEMP=str(place.scratch),
        TMP=str(place.scratch),
        MPLBACKEND="Agg",
        MPLCONFIGDIR=str(place.scratch),
        **NO_GPU,
    )
    tempfile.tempdir = None
    os.chdir(place.scratch)
    sys.path[:] = [entry for entry in sys.path if entry and Path(entry) != confinement.ROOT]
    sys.argv = [""]
    sys.dont_write_bytecode = True
    builtins.input = _nobody_answers  # type: ignore[assignment]
    torch.set_num_threads(1)
    # It ends with the suite, as a daemon does; but answers may use a DataLoader with workers.
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
    confinement.limit(place.memory, place.space)
    if place.imports:
        sys.path.insert(0, str(confinement.ROOT))
    if not place.confined:
        return False
    readable = [*confinement.environment(), place.folder, *place.readable]
    return confinement.confine(readable, [place.scratch])


def _let_go_of_the_suite(connections: set[int]) -> None:
    """Close every descriptor that leads to the suite, but for the connections.

    ``multiprocessing`` hands each process the pipes to the one that it was forked from, and to the
    one that clears up: whoever writes into these ends them, or prints on the terminal.
    """
    from multiprocessing import forkserver, resource_tracker

    tracker: Any = resource_tracker._resource_tracker
    server: Any = forkserver._forkserver
    if server._inherited_fds is None:
        # Not forked: one of its descriptors, which nothing names, tells the suite of its end.
        if tracker._fd is not None:
            os.close(tracker._fd)
        tracker._fd = tracker._pid = None
        return
    tracker._fd = tracker._pid = None
    server._forkserver_alive_fd = server._forkserver_address = server._forkserver_pid = None
    server._inherited_fds = None
    most = os.sysconf("SC_OPEN_MAX")
    first = 3
    for connection in sorted(connections):
        os.closerange(first, connection)
        first = connection + 1
    os.closerange(first, most if 0 < most < 2**16 else 2**16)


KEPT = {
    *("PATH", "LANG", "LC_ALL", "TZ", "OMP_NUM_THREADS", "LD_LIBRARY_PATH"),
    *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "NUMBER_OF_PROCESSORS"),
}
"""What an answer finds of the environment in which the suite was started."""


def _nobody_answers(prompt: object = "") -> str:
    raise EOFError("input() has nobody to ask: a function gets what it needs as arguments")


def _reply(bench: Bench, message: bytes, printed: Printed) -> bytes:
    reply: dict[str, Any] = {}
    given: list[Any] = []
    bench.own.clear()
    # From one cell of a hand-in to the next everything stays as it is.
    with nullcontext() if bench.work else apart():
        try:
            request = Unpacker(lambda handle: bench.objects[handle.number]).value(message)
            if request.pop("begin", False):
                bench.begin()
            seed = request.pop("seed", None)
            if seed is not None:
                same_luck(*seed)
            reply["result"] = ACTIONS[request.pop("do")](bench, given, **request)
        except Missing as missing:
            reply["missing"] = str(missing)
        except BaseException as error:
            reply["error"] = described(error, bench.folder.folder)
    reply["printed"] = printed.take()
    reply["given"] = given
    reply["facts"], bench.facts = bench.facts, {}
    try:
        return Packer(bench.handle).message(reply)
    except Unfit as unfit:
        reply = {"unfit": str(unfit), "printed": reply["printed"]}
    except BaseException as error:
        reply = {
            "unfit": f"what cannot be passed on ({type_name(error)})",
            "printed": reply["printed"],
        }
    return Packer().message(reply)


def same_luck(seed: int, others: int | None = None) -> None:
    """Seed the generators that an answer may draw from, so that a case always goes the same way.

    Args: others, the seed of Python's and NumPy's, where it is not that of torch's own.
    """
    # torch.manual_seed would also leave a note, with a stack trace, for a GPU that is not there.
    torch.default_generator.manual_seed(seed)
    others = seed if others is None else others
    random.seed(others)
    numpy.random.seed(others % 2**32)


def described(error: BaseException, folder: Path) -> Error:
    """An exception as plain words. Its own methods may do anything; here they may fail."""
    try:
        lines = plain_words(str(error)).strip().splitlines()
    except BaseException:
        lines = []
    words = lines[0][:300] if lines else ""
    bases = [base.__name__ for base in bases_of(type(error)) if base in BUILT_IN]
    return Error(type_name(error), words, tuple(bases), _where(error, folder))


BUILT_IN = frozenset(
    kind
    for kind in vars(builtins).values()
    if isinstance(kind, type) and issubclass(kind, BaseException)
)


def _where(error: BaseException, folder: Path) -> str:
    """The line of the answer in which it arose, as "autograd.py, line 3: …"."""
    try:
        if isinstance(error, SyntaxError) and error.filename:
            name, number, line = error.filename, error.lineno, error.text
        else:
            own = [
                frame
                for frame in traceback.extract_tb(error.__traceback__, limit=-50)
                if Path(frame.filename).is_relative_to(folder)
            ]
            if not own:
                return ""
            name, number, line = own[-1].filename, own[-1].lineno, own[-1].line
        return plain_words(f"{Path(name).name}, line {number}: {(line or '').strip()}", 300)
    except BaseException:
        return ""


def call(
    bench: Bench,
    given: list[Any],
    *,
    module: str,
    name: str,
    args: tuple,
    kwargs: dict[str, Any],
    rehearsed: bool = False,
    again: int = 0,
) -> Any:
    """Call a function of the contract; ``given`` becomes what has become of its arguments."""
    target = bench.value(module, name)
    given += [bench.built(argument) for argument in (*args, *kwargs.values())]
    positional, named = given[: len(args)], dict(zip(kwargs, given[len(args) :], strict=True))
    return bench.call(target, positional, named, rehearsed=rehearsed, again=again)


def ask(bench: Bench, given: list[Any], *, number: int, question: str, args: tuple) -> Any:
    """Ask an object that stays here."""
    return questions.QUESTIONS[question](bench.objects[number], *args)


def get(bench: Bench, given: list[Any], *, module: str, name: str) -> Any:
    """What a name of the contract stands for: whether it can be called, and its value if not.

    Of what can be called, the value is the names by which it takes arguments.
    """
    value = bench.value(module, name)
    return (True, names_of(value)) if callable(value) else (False, value)


def names_of(function: Any) -> list[str]:
    """The names by which a function takes arguments, as far as its signature says."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]


def weights(bench: Bench, given: list[Any], *, content: bytes) -> Any:
    """What torch.load reads from the bytes of a file, if they are weights alone."""
    return torch.load(io.BytesIO(content), weights_only=True)


def limit_files(bench: Bench, given: list[Any], *, size: int, deadly: bool) -> None:
    """From now on no file grows beyond so many bytes: OSError, or the end of the process."""
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_DFL if deadly else signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


STEPS = {"open", "os.rename", "os.remove", "os.link", "os.truncate", "os.chmod", "os.rmdir"}
"""The audit events of CPython at which a file may change its name or be opened."""


def pause_at_steps(bench: Bench, given: list[Any], *, folder: str) -> None:
    """From now on, tell before each of STEPS that touches a file in this folder, and wait.

    A crash would leave what the disk holds just then: the other side can look at that.
    """
    pausing = False

    def watch(event: str, args: tuple) -> None:
        nonlocal pausing
        if pausing or event not in STEPS or not bench.watched:
            return
        paths = [os.fsdecode(a) for a in args if isinstance(a, str | bytes | os.PathLike)]
        if any(bench.watched in path for path in paths):
            pausing = True
            bench.connection.send_bytes(Packer().message({"step": event}))
            bench.connection.recv_bytes()
            pausing = False

    bench.watched = folder
    if not bench.watches:  # for an audit hook stays as long as its process
        bench.watches = True
        sys.addaudithook(watch)


def begin_anew(bench: Bench, given: list[Any], *, folder: str, entry: str) -> None:
    """Forget what this process knows, as if it had begun just now with another entry."""
    bench.watched = ""
    bench.begin()
    bench.folder, bench.replaced = Folder(Path(folder)), replaced_by(entry)
    bench.folder.install()


def begin_work(bench: Bench, given: list[Any], *, folder: str, digits: str, shift: int) -> None:
    """From now on this process runs a hand-in, and sends what it records part by part."""
    from answering.shell import Work

    def send(part: bytes | int) -> None:
        bench.connection.send_bytes(Packer().message({"part": part}))

    bench.work = Work(Path(folder), Path(digits) if digits else None, shift, send)


def begin_unit(bench: Bench, given: list[Any], *, unit: str, is_script: bool) -> None:
    """Begin a notebook or a script of the hand-in."""
    bench.work.begin(unit, is_script=is_script)


def run_cell(
    bench: Bench, given: list[Any], *, cell: int, source: str, without: tuple[int, ...] = ()
) -> None:
    """Run a cell of it: see answering.shell."""
    bench.work.run(cell, source, without)


def replaced_by(entry: str) -> Mapping[str, Any]:
    """What an entry, named as in Place, puts in the place of what."""
    if not entry:
        return {}
    module, function, name = entry.split(":")
    return getattr(importlib.import_module(module), function)(name)


ACTIONS: dict[str, Callable[..., Any]] = {
    action.__name__: action
    for action in (
        *(call, ask, get, weights, limit_files, pause_at_steps, begin_anew),
        *(begin_work, begin_unit, run_cell),
    )
}
