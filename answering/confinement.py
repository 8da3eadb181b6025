"""Takes from this process what an answer does not need: files, the network, memory, time.

Landlock (Linux 5.13 and later) limits what can be read and written, a seccomp filter keeps sockets
away that lead out of the machine; neither needs a privilege, and neither can be undone, by the
process or by what it starts. The numbers are those of the kernel's headers.
"""

import ctypes
import errno
import os
import platform
import socket
import struct
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
READ = EXECUTE | READ_FILE | READ_DIR
EVERYTHING = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}
IOCTL = (1 << 16) - 1
OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | 1 << 14 | 1 << 15
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
NO_NEW_PRIVILEGES, SECCOMP, FILTER = 38, 22, 2
SUBREAPER = 36
ABSTRACT_SOCKETS, SIGNALS = 1 << 0, 1 << 1

ROOT = Path(__file__).parent.parent
"""The suite, which no answer may read."""

SYSTEM = (
    *("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/nix"),
    *("/sys/devices/system", "/sys/fs/cgroup", "/var/cache/fontconfig"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys"),
)
"""The system's own folders; not all of /proc, which has the environment of every process."""


class Machine(NamedTuple):
    """An architecture's audit number, and its numbers of the calls that are filtered."""

    audit: int
    socket: int
    kill: int
    tgkill: int
    tkill: int
    send_signal: int = 424
    io_uring: int = 425


MACHINES = {
    "x86_64": Machine(0xC000003E, 41, 62, 234, 200),
    "aarch64": Machine(0xC00000B7, 198, 129, 131, 130),
}


def environment() -> list[Path]:
    """What Python and its libraries are read from: the environment and the system's own folders."""
    places = [*sys.path, sys.prefix, sys.base_prefix, *sysconfig.get_paths().values(), *SYSTEM]
    known = dict.fromkeys(Path(place).resolve() for place in places if place)
    return [path for place in known if place.exists() for path in _without_the_suite(place)]


def _without_the_suite(place: Path) -> Iterator[Path]:
    """The place, or, where the suite lies in it, everything else in it."""
    if place == ROOT:
        return
    if not ROOT.is_relative_to(place):
        if not place.is_relative_to(ROOT) or place.is_relative_to(sys.prefix):
            yield place
        return
    with suppress(OSError):
        for inner in place.iterdir():
            yield from _without_the_suite(inner)


def confine(readable: Iterable[Path], writable: Iterable[Path]) -> bool:
    """Leave only these folders to this process, and no network. Whether the system could do it."""
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(1))
    if version < 1 or libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    handled = EVERYTHING.get(version, IOCTL if version >= 5 else EVERYTHING[3])
    # Since version 4 there is a field for the network, since 6 one for signals to others.
    scoped = SIGNALS | ABSTRACT_SOCKETS if version >= 6 else 0
    attributes = struct.pack("=QQQ", handled, 0, scoped)[: 24 if version >= 6 else 8]
    ruleset = libc.syscall(
        CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint(0)
    )
    if ruleset < 0:
        return False
    devices = [Path("/dev/null"), Path("/dev/zero"), Path("/dev/urandom"), Path("/dev/random")]
    for access, places in (
        (READ, readable),
        (handled, writable),
        (READ_FILE | WRITE_FILE | (handled & 1 << 15), devices),
    ):
        for place in places:
            with suppress(FileNotFoundError, PermissionError):
                where = os.open(place, os.O_PATH | os.O_CLOEXEC)
                allowed = access if place.is_dir() else access & OF_FILES
                rule = struct.pack("=Qi", allowed & handled, where)
                libc.syscall(ADD_RULE, ruleset, 1, rule, ctypes.c_uint(0))
                os.close(where)
    restricted = libc.syscall(RESTRICT_SELF, ruleset, ctypes.c_uint(0)) == 0
    os.close(ruleset)
    return restricted and _filter_calls(libc, signals=not scoped)


def _filter_calls(libc: ctypes.CDLL, *, signals: bool) -> bool:
    """Refuse every socket but those within the machine and, if asked, signals to others."""
    machine = MACHINES.get(platform.machine())
    if machine is None:
        return False
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    allow, refuse = 0x7FFF0000, 0x00050000 | errno.EACCES
    own = os.getpid()
    rules: dict[int, tuple[int, ...]] = {machine.socket: (socket.AF_UNIX,), machine.io_uring: ()}
    if signals:
        rules |= {machine.kill: (own, 0), machine.tgkill: (own,), machine.tkill: (own,)}
        rules[machine.send_signal] = ()
    # A call by another architecture's numbers, of 32 bits for instance, would escape the rules.
    program = [(load, 0, 0, 4), (equal, 1, 0, machine.audit), (give, 0, 0, refuse)]
    program += [(load, 0, 0, 0)]
    if platform.machine() == "x86_64":
        program += [(at_least, 0, 1, 0x40000000), (give, 0, 0, refuse)]
    for number, allowed in rules.items():
        arguments = [(equal, 0, 1, value) for value in allowed]
        program += [(equal, 0, 2 * len(allowed) + 2, number), (load, 0, 0, 16)]
        for argument in arguments:
            program += [argument, (give, 0, 0, allow)]
        program += [(give, 0, 0, refuse)]
    program += [(give, 0, 0, allow)]
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    filter_ = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    return libc.prctl(SECCOMP, FILTER, filter_, 0, 0) == 0


def adopt_orphans() -> None:
    """Make this process the parent of what its descendants leave behind, where that can be had."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)


def limit(memory: int) -> None:
    """Let this process have so many bytes more than it has now, and leave no core file."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        used = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (used + memory, used + memory))
