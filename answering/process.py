"""Starts answering processes, asks them, and ends them: whatever they do, and however they end.

Only bytes come over the connection. Each answer has its patience, kept by this side's clock: what
outlasts it is killed with everything that it started.
"""

import multiprocessing
import os
import select
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext, suppress
from importlib.util import find_spec
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import psutil

from answering.starting import OWN, clean_surroundings, context, prepare_anew
from answering.values import MOST_MESSAGE, Packer, Unfit, Unpacker, joined
from answering.worker import MOST_PRINTED, REPEATED, Place, serve

STARTING = 60.0
"""Seconds that a new process may take until it is ready: many times what it takes."""

LIMITED = sys.platform == "linux" and find_spec("resource") is not None
"""Whether the system itself keeps a process to its memory; where it does not, this side looks."""

LOOK = 0.1
"""Seconds between two looks."""


class Ended(Exception):
    """The process is no more; the words complete "the call …"."""


class Process:
    """One answering process.

    Args: patience, the seconds that one request may take.
    """

    def __init__(self, place: Place, patience: float) -> None:
        self.place, self.patience, self.allowed = place, patience, STARTING
        self.connection, theirs = context().Pipe()
        self.echo, echo = context().Pipe()
        serving = {"target": serve, "args": (theirs, echo, place), "daemon": True}
        self.process = context().Process(**serving)
        with LIVING.lock:
            try:
                self._start()
            except (OSError, EOFError):
                # The process that all others come from is gone, for want of memory for instance.
                prepare_anew(*OWN)
                self.process = context().Process(**serving)
                self._start()
            LIVING.add(self.process.pid)
        theirs.close()
        echo.close()
        if sys.platform != "win32":
            os.set_blocking(self.connection.fileno(), False)
            os.set_blocking(self.echo.fileno(), False)
        self.last_words = ""
        """What the call that ended the process had printed."""
        self.looked = 0.0
        self.is_ready, self.confined, self.broken = False, False, ""
        self.at_first = 0
        """Bytes of memory that it had when it was ready, where this side has to look at them."""

    def be_ready(self) -> "Process":
        """Wait until the process has begun. Raises Ended if it does not, Unfit if it says so."""
        if not self.is_ready:
            ready = self._unpacked(self._receive(STARTING))
            self.is_ready, self.confined = True, ready.get("confined") is True
            self.at_first = 0 if LIMITED else self._memory()
            for name, words, *_ in ready.get("broken") or ():
                self.broken = f"{name}: {words}"
        return self

    def _start(self) -> None:
        with clean_surroundings():
            self.process.start()

    def ask(
        self,
        request: dict[str, Any],
        *,
        on_step: Callable[[str], None] | None = None,
        on_part: Callable[[Any], None] | None = None,
        note: Callable[[tuple[bytes, bytes]], None] | None = None,
    ) -> dict[str, Any]:
        """The reply to a request. Raises Ended if none comes, Unfit if it cannot be read.

        Args: on_step, is told where the process pauses; on_part, takes what comes before the reply;
            note, is given the request and the reply, word for word.
        """
        message = Packer().message(request)
        deadline = self._say(message)
        while True:
            words = self._receive(deadline - time.monotonic())
            reply = self._unpacked(words)
            if "part" in reply and on_part is not None:
                on_part(reply["part"])
                continue
            if "step" not in reply or on_step is None:
                if note is not None:
                    note((message, words))
                return reply
            try:
                on_step(str(reply["step"]))
            except BaseException:
                self.kill()  # it waits in the midst of a call: the next request would go astray
                raise
            self._send(b"", deadline)

    def repeat(self, requests: Iterable[bytes]) -> bytes:
        """The digest of the replies to requests that were noted. Raises Ended if none comes."""
        return self._receive(self._say(REPEATED + joined(requests)) - time.monotonic())

    def _say(self, message: bytes) -> float:
        """Send a request. Returns the time by which the reply has to be there."""
        self.be_ready()
        self.allowed = self.patience
        self._printed()  # by the call before, which told it
        deadline = time.monotonic() + self.allowed
        self._send(message, deadline)
        return deadline

    def _unpacked(self, message: bytes) -> dict[str, Any]:
        reply = Unpacker().value(message)
        if not isinstance(reply, dict):
            raise Unfit("a reply that is no dict")
        return reply

    def _send(self, message: bytes, deadline: float) -> None:
        if sys.platform == "win32":
            try:
                self.connection.send_bytes(message)
            except OSError:
                raise self.how_it_ended() from None
            return
        header = struct.pack("!i", len(message))
        if len(message) > 0x7FFFFFFF:
            header = struct.pack("!iQ", -1, len(message))
        view = memoryview(header + message)
        while view:
            self._wait(deadline, writing=True)
            try:
                view = view[os.write(self.connection.fileno(), view) :]
            except BlockingIOError:
                continue
            except OSError:
                raise self.how_it_ended() from None

    def _receive(self, patience: float) -> bytes:
        deadline = time.monotonic() + patience
        if sys.platform == "win32":
            return self._receive_whole(deadline)
        (size,) = struct.unpack("!i", self._read(4, deadline))
        if size == -1:
            (size,) = struct.unpack("!Q", self._read(8, deadline))
        if not 0 <= size <= MOST_MESSAGE:
            self.kill()
            raise Ended("sent more than can be taken")
        return self._read(size, deadline)

    def _receive_whole(self, deadline: float) -> bytes:
        """Where a message comes whole or not at all."""
        try:
            while not self.connection.poll(self._left(deadline)):
                pass
            return self.connection.recv_bytes(MOST_MESSAGE)
        except (EOFError, OSError):
            raise self.how_it_ended() from None

    def _read(self, size: int, deadline: float) -> bytes:
        """So many bytes, each read as it comes: what is begun need not be finished."""
        parts: list[bytes] = []
        while size:
            self._wait(deadline, writing=False)
            try:
                part = os.read(self.connection.fileno(), min(size, 2**20))
            except BlockingIOError:
                continue
            except OSError:
                part = b""
            if not part:
                raise self.how_it_ended()
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _wait(self, deadline: float, *, writing: bool) -> None:
        own, ended = self.connection.fileno(), self.process.sentinel
        while True:
            left = self._left(deadline)
            poll = select.poll()
            poll.register(own, select.POLLOUT if writing else select.POLLIN)
            poll.register(ended, select.POLLIN)
            ready = dict(poll.poll(left * 1000))
            if own in ready:
                return
            if ended in ready:
                raise self.how_it_ended()

    def _left(self, deadline: float) -> float:
        """Seconds to wait for now. Raises Ended where there are none left, or too much memory."""
        now = time.monotonic()
        if now >= deadline:
            self.kill()
            raise Ended(f"did not come back within {self.allowed:g} s")
        if self.place.confined and self.is_ready and now - self.looked > LOOK:
            self._look()
            self.looked = time.monotonic()
        return min(deadline - now, LOOK)

    def _look(self) -> None:
        """Raise Ended where the process has more than it may have and the system lets it."""
        excess = ""
        if not LIMITED and self._memory() > self.at_first + self.place.memory:
            excess = f"ran out of memory (limit {self.place.memory / 2**30:g} GiB, --memory)"
        elif self._space() > self.place.space:
            excess = f"wrote more than the {self.place.space // 2**20} MiB that its files may have"
        if excess:
            self.kill()
            raise Ended(excess)

    def _space(self) -> int:
        """The bytes of its files: in the scratch folder, and open ones that have no name."""
        space, folders = 0, [self.place.scratch]
        while folders and space <= self.place.space:
            with suppress(OSError), os.scandir(folders.pop()) as entries:
                for entry in entries:
                    space += _room(entry.stat(follow_symlinks=False))
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(Path(entry.path))
        with suppress(OSError), os.scandir(f"/proc/{self.process.pid}/fd") as descriptors:
            for descriptor in descriptors:
                with suppress(OSError):
                    status = descriptor.stat()
                    space += 0 if status.st_nlink else _room(status)
        return space

    def _printed(self) -> str:
        """What was printed since the last time and not told yet, as far as it was kept."""
        if sys.platform == "win32":
            return ""
        with suppress(OSError):
            return os.read(self.echo.fileno(), 2**16).decode("utf-8", "backslashreplace")[
                :MOST_PRINTED
            ]
        return ""

    def _memory(self) -> int:
        """The bytes of memory that the process has now."""
        with suppress(psutil.Error):
            return psutil.Process(self.process.pid).memory_info().rss
        return 0

    def how_it_ended(self) -> Ended:
        """How the process came to its end, in words; it and what it started are gone then."""
        until = time.monotonic() + 1.0
        # join would wait for ever where the process lives and has closed what tells of its end.
        while (code := self.process.exitcode) is None and time.monotonic() < until:
            time.sleep(0.001)
        self.kill()
        if code is None:
            return Ended("closed its connection to the suite")
        if code < 0:
            return Ended(f"ended the process ({signal_name(-code)})")
        return Ended(f"ended the process (exit status {code})")

    @property
    def alive(self) -> bool:
        return not self.connection.closed and self.process.is_alive()

    def kill(self) -> None:
        """End the process with everything that it started, and wait until that is so."""
        if self.connection.closed:
            return
        self.connection.close()
        own = self.process.pid
        family = [] if own is None else _descendants(own)
        if own is not None and hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(own, signal.SIGKILL)
        self.process.kill()
        for one in family:
            with suppress(psutil.Error):
                one.kill()
        self.process.join(10.0)
        self.last_words = self._printed()
        self.echo.close()
        LIVING.remove(own)
        _end_orphans()


def _room(status: os.stat_result) -> int:
    """The bytes that a file takes, holes not counted; the smallest takes a block."""
    return max(4096, getattr(status, "st_blocks", status.st_size // 512) * 512)


def _descendants(pid: int) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []


class Living:
    """The answering processes of this judge, and of one that judges beside it.

    What else the process that they come from has for children was left behind, and is killed. The
    lock keeps the one judge from taking for left behind what the other one is about to begin.
    """

    MOST = 32
    """Processes of one judge at a time: it needs four."""

    def __init__(self) -> None:
        self.lock: Any = nullcontext()
        self.numbers: Any = [0] * self.MOST
        self.own = range(self.MOST)

    def share(self) -> None:
        """Before the second judge is forked: let each see the other's."""
        fork = multiprocessing.get_context("fork")
        self.lock, before = fork.Lock(), self.numbers
        self.numbers = fork.Array("q", 2 * self.MOST, lock=False)
        self.numbers[: self.MOST] = before[: self.MOST]

    def take_over(self) -> None:
        """In the second judge: what is entered from now on is its own."""
        self.own = range(self.MOST, 2 * self.MOST)
        server: Any = forkserver._forkserver
        server.__class__ = _Inherited
        server.inherited = server._forkserver_pid

    def add(self, pid: int | None) -> None:
        """Enter a process that begins."""
        self.numbers[self._place(0)] = pid or 0

    def remove(self, pid: int | None) -> None:
        """Strike out a process that has ended."""
        if pid and pid in self:
            self.numbers[self._place(pid)] = 0

    def __contains__(self, pid: int) -> bool:
        return pid in [*self.numbers]

    def _place(self, pid: int) -> int:
        return next(place for place in self.own if self.numbers[place] == pid)


LIVING = Living()


class _Inherited(forkserver.ForkServer):
    """The server of the judge that this one was forked from, which alone can wait for its end."""

    _forkserver_pid: int | None
    inherited: int | None = None

    def ensure_running(self) -> None:
        if self._forkserver_pid is None or self._forkserver_pid != self.inherited:
            super().ensure_running()


def _end_orphans() -> None:
    """Kill what answers started and left behind: the process that they come from adopted it.

    One that forks for ever, and ends each time, has to be met in its short life: hence the loop.
    """
    if (server := forkserver._forkserver._forkserver_pid) is None:  # type: ignore[attr-defined]
        return
    deadline = time.monotonic() + PURSUIT
    while time.monotonic() < deadline:
        with LIVING.lock:
            orphans = [pid for pid in _children(server) if pid not in LIVING]
            for orphan in orphans:  # whose own children are adopted in turn
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(orphan, signal.SIGKILL)
        if not orphans:
            return


PURSUIT = 5.0
"""Seconds after which a process that flees is let go."""


def _children(pid: int) -> list[int]:
    """The numbers of a process's children, as fast as can be."""
    with suppress(OSError):
        tasks = [*Path(f"/proc/{pid}/task").iterdir()]
        return [int(n) for task in tasks for n in (task / "children").read_text().split()]
    with suppress(psutil.Error):
        return [child.pid for child in psutil.Process(pid).children()]
    return []


SIGNALS = {
    "SIGSEGV": "segmentation fault",
    "SIGABRT": "abort",
    "SIGKILL": "killed",
    "SIGFPE": "arithmetic fault",
    "SIGBUS": "bus error",
    "SIGILL": "illegal instruction",
    "SIGTERM": "terminated",
    "SIGXFSZ": "a file that grew too large",
}


def signal_name(number: int) -> str:
    """A signal in words, as far as it has any."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
    return SIGNALS.get(name, name)
