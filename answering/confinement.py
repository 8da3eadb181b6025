"""Takes from this process what an answer does not need: files, sockets, other processes, memory.

Landlock (Linux 5.13 and later) limits what can be read and written, a seccomp filter what can be
asked of the system beside that; neither needs a privilege, and neither can be undone, by the
process or by what it starts. The numbers are those of the kernel's headers.
"""

import ctypes
import errno
import os
import platform
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
CAPABILITY_VERSION = 0x20080522
ABSTRACT_SOCKETS, SIGNALS = 1 << 0, 1 << 1

ROOT = Path(__file__).parent.parent
"""The suite, which no answer may read."""

SYSTEM = (
    *("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/nix"),
    *("/sys/devices/system", "/sys/fs/cgroup", "/var/cache/fontconfig"),
    *("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys"),
)
"""The system's own folders; not all of /proc, which has the environment of every process."""


OWN = -1
"""Stands for this process's own number."""

SIGNALLING: dict[str, tuple[int, ...]] = {
    "kill": (OWN, 0),
    "tgkill": (OWN,),
    "tkill": (OWN,),
    **dict.fromkeys(("rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"), ()),
}
"""Signals to others, where Landlock does not keep them within, with the arguments that are let
through: 0 is this process, or its group."""

REFUSED: dict[str, tuple[int, ...]] = {
    # All but pipes and pairs: a socket of this machine leads to processes that are not confined.
    "socket": (),
    "io_uring_setup": (),
    # What outlives its process.
    **dict.fromkeys(("shmget", "semget", "msgget", "mq_open", "add_key"), ()),
    # What Landlock leaves open to all processes of one user: to end one by its limits, say.
    "prlimit64": (OWN, 0),
    "sched_setaffinity": (OWN, 0),
    **dict.fromkeys(("sched_setparam", "sched_setscheduler", "sched_setattr"), (OWN, 0)),
    **dict.fromkeys(("setpriority", "ioprio_set"), ()),
}
"""The calls that are refused, with the first arguments that are let through."""

IGNORED = (
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat"),
    *("utime", "utimes", "futimesat", "utimensat", "setxattr", "lsetxattr", "fsetxattr"),
    *("removexattr", "lremovexattr", "fremovexattr", "setxattrat", "removexattrat"),
)
"""The calls that change what is said of a file: Landlock lets them reach every one. They are left
out, and said to have been made, for an answer may well set the mode of a file of its own."""


class Machine(NamedTuple):
    """An architecture's audit number, and its numbers of the calls above, as far as it has them."""

    audit: int
    numbers: dict[str, int]


EVERYWHERE = {"io_uring_setup": 425, "pidfd_send_signal": 424, "fchmodat2": 452}
EVERYWHERE |= {"setxattrat": 463, "removexattrat": 466}

MACHINES = {
    "x86_64": Machine(
        0xC000003E,
        {"socket": 41, "kill": 62, "tgkill": 234, "tkill": 200, "rt_sigqueueinfo": 129}
        | {"rt_tgsigqueueinfo": 297, "prlimit64": 302, "setpriority": 141, "ioprio_set": 251}
        | {"sched_setaffinity": 203, "sched_setparam": 142, "sched_setscheduler": 144}
        | {"sched_setattr": 314, "shmget": 29, "semget": 64, "msgget": 68, "mq_open": 240}
        | {"add_key": 248, "chmod": 90, "fchmod": 91, "fchmodat": 268, "chown": 92, "fchown": 93}
        | {"lchown": 94, "fchownat": 260, "utime": 132, "utimes": 235, "futimesat": 261}
        | {"utimensat": 280, "setxattr": 188, "lsetxattr": 189, "fsetxattr": 190}
        | {"removexattr": 197, "lremovexattr": 198, "fremovexattr": 199},
    ),
    "aarch64": Machine(
        0xC00000B7,
        {"socket": 198, "kill": 129, "tkill": 130, "tgkill": 131, "rt_sigqueueinfo": 138}
        | {"rt_tgsigqueueinfo": 240, "prlimit64": 261, "setpriority": 140, "ioprio_set": 30}
        | {"sched_setparam": 118, "sched_setscheduler": 119, "sched_setaffinity": 122}
        | {"sched_setattr": 274, "mq_open": 180, "msgget": 186, "semget": 190, "shmget": 194}
        | {"add_key": 217, "fchmod": 52, "fchmodat": 53, "fchownat": 54, "fchown": 55}
        | {"utimensat": 88, "setxattr": 5, "lsetxattr": 6, "fsetxattr": 7, "removexattr": 14}
        | {"lremovexattr": 15, "fremovexattr": 16},
    ),
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
    # What a superuser may do beyond everybody else: no answer needs it.
    header, none = struct.pack("=Ii", CAPABILITY_VERSION, 0), bytes(24)
    restricted = restricted and libc.capset(header, none) == 0
    os.close(ruleset)
    return restricted and _filter_calls(libc, signals=not scoped)


def _filter_calls(libc: ctypes.CDLL, *, signals: bool) -> bool:
    """Refuse, or leave out, the calls above; those that send signals only if asked."""
    machine = MACHINES.get(platform.machine())
    if machine is None:
        return False
    numbers = EVERYWHERE | machine.numbers
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    allow, error = 0x7FFF0000, 0x00050000
    own = os.getpid()
    # A call by another architecture's numbers, of 32 bits for instance, would escape the rules.
    program = [(load, 0, 0, 4), (equal, 1, 0, machine.audit), (give, 0, 0, error | errno.EACCES)]
    program += [(load, 0, 0, 0)]
    if platform.machine() == "x86_64":
        program += [(at_least, 0, 1, 0x40000000), (give, 0, 0, error | errno.EACCES)]
    refused = REFUSED | (SIGNALLING if signals else {})
    rules = {name: (allowed, errno.EACCES) for name, allowed in refused.items()}
    rules |= dict.fromkeys(IGNORED, ((), 0))
    for name, (allowed, told) in rules.items():
        if name in numbers:
            program += [(equal, 0, 2 * len(allowed) + 2, numbers[name]), (load, 0, 0, 16)]
            for argument in allowed:
                value = own if argument == OWN else argument
                program += [(equal, 0, 1, value), (give, 0, 0, allow)]
            program += [(give, 0, 0, error | told)]
    program += [(give, 0, 0, allow)]
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    filter_ = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    return libc.prctl(SECCOMP, FILTER, filter_, 0, 0) == 0


def adopt_orphans() -> None:
    """Make this process the parent of what its descendants leave behind, where that can be had."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)


def limit(memory: int, space: int) -> None:
    """Let this process have so many bytes more than it has now, in a file so many, no core file."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (space, space))
        used = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (used + memory, used + memory))
