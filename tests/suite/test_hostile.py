"""Hostile and merely broken answers: each gives its honest score, and touches nothing else.

Each folder is made from a small source and judged as ``pytest --solutions`` judges it. Whatever is
in it, its own part gets the verdict that it deserves, with a message that can be read; another part
stays right; no process, file or shared memory is left behind; and neither the project nor the
answers' folder is changed. ``test_hostile_runs`` does the same for what concerns pytest itself.
"""

import importlib.util
import marshal
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

import tests.test_autograd
import tests.test_linear_regression
import tests.test_objective_questions
import tests.test_tensor_operations
from answering.process import LIVING
from judging.answers import REFERENCE, Answers
from judging.checks import REGISTER
from judging.session import answers_under_test
from judging.verdict import Wrong

ROOT = Path(__file__).parents[2]

SHORT, LONG = 2.0, 60.0
"""The patience with answers that hang, and with all others: no machine is too busy for that."""

BUSY = 60.0
"""Seconds in which an attack is judged, on any machine: a second is usual."""

MARK = "hostile-was-here"
"""What an attack writes, where it can."""

RIGHT = {
    "autograd": """
        import torch

        M = torch.tensor([[1.0, 0.0, 2.0], [1.0, 1.0, 0.0], [0.0, 3.0, 1.0]])


        def gradient(X, M=M):
            return M.sum(dim=1).expand(X.shape).clone()
    """,
    "tensor_operations": """
        def flatten(x):
            return x.reshape(-1)
    """,
}
"""Right answers, the one that is attacked and the one that must not notice."""

ZERO = "\ndef gradient(X, M=M):\n    return torch.zeros_like(X)\n"


Words = str | tuple[str, ...]


@dataclass(frozen=True)
class Attack:
    """A folder, and what it must give.

    Args:
        source: what is added to the right answers of ``module``.
        says: what the message must hold; "" if the part is right all the same.
        part: the function that is judged.
        files: other files of the folder, by name.
        patience: the seconds that one call may take.
        memory: GiB that the answers may have.
    """

    source: str = ""
    says: Words = ""
    module: str = "autograd"
    part: str = "gradient"
    files: dict[str, str | bytes] = field(default_factory=dict)
    patience: float = LONG
    memory: float = 0.5


class Options(SimpleNamespace):
    """What a run's configuration says, as far as it is asked."""

    stash = pytest.Stash()

    def getoption(self, name: str) -> Any:
        # What an attack does not set, a run does not give.
        return getattr(self, name.strip("-").replace("-", "_"), None)


def write(folder: Path, attack: Attack) -> Path:
    """The folder of an attack."""
    folder.mkdir()
    sources = {name: dedent(source) for name, source in RIGHT.items()}
    if attack.module not in sources:
        sources[attack.module] = (REFERENCE / f"{attack.module}.py").read_text(encoding="utf-8")
        sources["guards"] = (REFERENCE / "guards.py").read_text(encoding="utf-8")
    sources[attack.module] += "\n" + dedent(attack.source)
    for name, text in sources.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    for name, content in attack.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else dedent(content).encode())
    return folder


def verdicts(answers: Answers, part: str) -> list[Wrong]:
    """What is wrong with a part, by every check of it on its first case."""
    checks = [check for check in REGISTER.values() if check.part == part]
    found = [check.failure(answers, check.corpus[0]) for check in checks]
    return [wrong for wrong in found if wrong]


def judged(folder: Path, attack: Attack) -> tuple[list[Wrong], list[Wrong]]:
    """What is wrong with the attacking part, and with the part after it."""
    with answers_of(folder, attack) as answers:
        own = verdicts(answers, attack.part)
        return own, verdicts(answers, "flatten" if attack.part != "flatten" else "gradient")


@contextmanager
def answers_of(folder: Path, attack: Attack) -> Iterator[Answers]:
    """The answers as a run has them."""
    options = Options(
        solutions=folder,
        in_process=False,
        usepdb=False,
        memory=attack.memory,
        patience=attack.patience,
        mnist_root=None,
    )
    with answers_under_test(options) as answers:  # type: ignore[arg-type]
        yield answers


def state(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Every file in a folder, with its mode, its size and when it was changed."""
    found = {}
    for path in folder.rglob("*"):
        inside = path.relative_to(folder).parts
        if not {".git", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"} & {*inside}:
            status = path.lstat()
            changed = 0 if path.is_dir() else status.st_mtime_ns
            found[str(path)] = (status.st_mode, status.st_size if changed else 0, changed)
    return found


def left_behind() -> list[str]:
    """What an attack has left in shared memory, in the temporary folder, at home, or running."""
    places = Path("/dev/shm"), Path("/tmp"), Path.home(), Path("/var/tmp"), ROOT, ROOT / "tests"
    left = [str(path) for place in places for path in place.glob(f"*{MARK}*")]
    for process in psutil.process_iter(["cmdline"]):
        if any(MARK in word for word in process.info["cmdline"] or ()):
            left.append(f"process {process.pid}")
    return left + [f"process {p.pid}" for p in descendants()]


def descendants() -> list[psutil.Process]:
    """What the process that answers are forked from has started and not ended.

    A judge beside this one has processes there, too, and what these leave behind is soon ended.
    """
    until = time.monotonic() + 2.0
    while found := _descendants():
        if time.monotonic() > until:
            break
        time.sleep(0.01)
    return found


def _descendants() -> list[psutil.Process]:
    found = []
    for server in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if "multiprocessing.forkserver" in " ".join(server.cmdline()):
                found += [child for child in server.children() if child.pid not in LIVING]
    return found


@pytest.fixture(scope="module", autouse=True)
def _the_project_stays_as_it_is() -> Iterator[None]:
    before = state(ROOT)
    yield
    assert state(ROOT) == before


def judge_the_attack(attack: Attack, folder: Path) -> None:
    """Judge the folder of an attack, and require what it must give."""
    before, began = state(folder), time.monotonic()
    own, other = judged(folder, attack)
    took = time.monotonic() - began
    expected = (attack.says,) if isinstance(attack.says, str) else attack.says
    if attack.says == "":
        assert not own, own[0]
    else:
        assert own, "the attack has earned points"
        texts = [str(wrong) for wrong in own]
        assert any(words in texts[0] for words in expected), texts[0][:3000]
        for text in texts:
            assert len(text) < 4000, f"a message of {len(text)} characters"
            assert len(text.splitlines()) <= 30, text
            unprintable = {c for c in text if not c.isprintable() and c != "\n"}
            assert not unprintable, unprintable
    assert not other, f"another part: {other[0]}"
    assert state(folder) == before
    assert left_behind() == []
    # One patience, and what a busy machine takes for the rest.
    assert took < BUSY, f"{took:.0f} s"


HANGS = {
    "a loop": "def gradient(X, M=M):\n    while True: pass",
    "a loop in C": "def gradient(X, M=M):\n    import re; re.match('(a+)+$', 'a' * 50 + 'b')",
    "a power": "def gradient(X, M=M):\n    return 10 ** 10 ** 9",
    "a loop at import": "while True: pass",
    "a loop in __getattr__": "del gradient\ndef __getattr__(name):\n    while True: pass",
    "a sleep": "def gradient(X, M=M):\n    import time; time.sleep(1e6)",
    "a lock": """
        import threading
        def gradient(X, M=M):
            lock = threading.Lock(); lock.acquire(); lock.acquire()
    """,
    "a swallowed KeyboardInterrupt": """
        def gradient(X, M=M):
            while True:
                try:
                    while True: pass
                except BaseException: pass
    """,
    "blocked signals": """
        import signal
        def gradient(X, M=M):
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
            for number in range(1, 32):
                if number not in (9, 19): signal.signal(number, signal.SIG_IGN)
            while True: pass
    """,
    "a stopped process": """
        import os, signal
        def gradient(X, M=M):
            os.kill(os.getpid(), signal.SIGSTOP)
    """,
    "an error whose words never end": """
        class Endless(Exception):
            def __str__(self):
                while True: pass
        def gradient(X, M=M): raise Endless
    """,
    "a repr that never ends": """
        class Endless:
            def __repr__(self):
                while True: pass
        def gradient(X, M=M): return Endless()
    """,
    "a thread that holds the lock of all": """
        import threading, re
        threading.Thread(target=lambda: re.match('(a+)+$', 'a' * 50 + 'b'), daemon=True).start()
        def gradient(X, M=M): return M.sum(dim=1).expand(X.shape).clone()
    """,
    "a wait for its own child": """
        import subprocess
        def gradient(X, M=M): subprocess.run(["sleep", "1000"])
    """,
    "a reply byte by byte": """
        import os, stat, struct, time
        def gradient(X, M=M):
            for place in range(3, 100):
                try:
                    if stat.S_ISSOCK(os.fstat(place).st_mode):
                        os.write(place, struct.pack("!i", 1000))
                        while True: os.write(place, b"x"); time.sleep(0.1)
                except OSError: pass
            while True: pass
    """,
    "a debugger": "def gradient(X, M=M):\n    import time; breakpoint(); time.sleep(1e6)",
}

ENDS: dict[str, tuple[str, Words]] = {
    "a segmentation fault": ("import ctypes; ctypes.string_at(0)", "(segmentation fault)"),
    "abort": ("import os; os.abort()", "(abort)"),
    "_exit 0": ("import os; os._exit(0)", "(exit status 0)"),
    "_exit 3": ("import os; os._exit(3)", "(exit status 3)"),
    "exit": ("exit()", "a function ends by return, for exit() ends the whole program"),
    "sys.exit": ("import sys; sys.exit(0)", "raised SystemExit: 0"),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", "raised KeyboardInterrupt"),
    "GeneratorExit": ("raise GeneratorExit", "raised GeneratorExit"),
    "SIGKILL": ("import os; os.kill(os.getpid(), 9)", "(killed)"),
    "SIGTERM": ("import os; os.kill(os.getpid(), 15)", "(terminated)"),
    "SIGINT": ("import os; os.kill(os.getpid(), 2)", "raised KeyboardInterrupt"),
    "SIGALRM": ("import signal; signal.alarm(1); import time; time.sleep(9)", "SIGALRM"),
    "a realtime signal": ("import os; os.kill(os.getpid(), 40)", "(signal 40"),
    "the stack": (
        "import sys; sys.setrecursionlimit(10**9)\n"
        "    deep = type('Deep', (), {'__getattr__': lambda self, name: getattr(self, name)})\n"
        "    deep().x",
        ("ended the process (segmentation fault)", "raised RecursionError"),
    ),
    "memory at once": ("return torch.zeros(2**36)", "ran out of memory (limit 0.5 GiB, --memory)"),
    "memory by growth": (
        "held = []\n    while True: held.append(bytearray(2**24))",
        "ran out of memory (limit 0.5 GiB, --memory)",
    ),
    "every descriptor closed": ("import os; os.closerange(0, 1000)", "the process"),
    "pytest.skip": ("import pytest; pytest.skip('no')", "raised Skipped: no"),
    "pytest.xfail": ("import pytest; pytest.xfail('no')", "raised XFailed: no"),
    "pytest.exit": ("import pytest; pytest.exit('no', returncode=0)", "raised Exit"),
    "SkipTest": ("import unittest; raise unittest.SkipTest", "raised SkipTest"),
    "assume": ("import hypothesis; hypothesis.assume(False)", "raised UnsatisfiedAssumption"),
    "StopTest": (
        "from hypothesis.internal.conjecture.data import StopTest; raise StopTest(0)",
        "raised StopTest",
    ),
    "input": ("input()", "input() has nobody to ask"),
    "an empty repr": ("return type('', (), {})()", "returned a"),
}

SOCKET = """
    import os, stat, struct
    def send(message, size=None):
        for place in range(3, 100):
            try:
                if stat.S_ISSOCK(os.fstat(place).st_mode):
                    data = struct.pack("!i", len(message) if size is None else size) + message
                    while data: data = data[os.write(place, data):]
            except OSError: pass
"""

FORGE = """
    import torch, answering.worker as worker
    from answering.values import Packer
    def forge(make):
        worker._reply = lambda *_: make()
"""


def forged(make: str) -> str:
    """An answer that replaces what its process replies."""
    return dedent(FORGE) + dedent(make) + ZERO.replace("return", "forge(reply); return")


WRONG = ("returned [[", "returned an empty", "returned a tensor")
"""An answer of zeros is told as what it is."""

CHEATS = {
    "torch.equal is patched": "torch.equal = lambda *_: True",
    "comparisons are patched": """
        torch.Tensor.__eq__ = torch.Tensor.__ne__ = lambda *_: torch.tensor(True)
        torch.Tensor.tolist = lambda self: []
    """,
    "builtins are patched": """
        import builtins
        builtins.isinstance = lambda *_: True
        builtins.len = lambda *_: 1
    """,
    "fractions are patched": """
        from fractions import Fraction
        Fraction.__add__ = lambda *_: Fraction(10)
    """,
    "the frames are searched": """
        import sys
        def gradient(X, M=M):
            frame = sys._getframe()
            while frame:
                for names in (frame.f_locals, frame.f_globals):
                    for name in ("expected", "ones", "truth"):
                        if name in names: return names[name]
                frame = frame.f_back
            return torch.zeros_like(X)
    """,
    "the garbage is searched": """
        import gc
        def gradient(X, M=M):
            for one in gc.get_objects():
                if type(one).__name__ in ("Check", "Mistake", "Alternative"):
                    raise SystemExit("found a check")
            return torch.zeros_like(X)
    """,
    "the catalogue is imported": """
        import sys
        from answering.confinement import ROOT
        sys.path.insert(0, str(ROOT))
        def gradient(X, M=M):
            try:
                import catalogue.autograd
                from judging.known import ALTERNATIVES
                return next(iter(ALTERNATIVES.values())).replaced["autograd.gradient"](X, M)
            except ImportError:
                return torch.zeros_like(X)
    """,
    "the reference is imported": """
        import importlib.util
        from answering.confinement import ROOT
        def gradient(X, M=M):
            try:
                where = ROOT / "solutions" / "autograd.py"
                spec = importlib.util.spec_from_file_location("theirs", where)
                module = importlib.util.module_from_spec(spec)
                spec.loader.exec_module(module)
                return module.gradient(X, M)
            except OSError:
                return torch.zeros_like(X)
    """,
    "the checks are read": """
        from answering.confinement import ROOT
        def gradient(X, M=M):
            for name in ("tests/test_autograd.py", "judging/oracles.py", "catalogue/autograd.py"):
                try: raise SystemExit((ROOT / name).read_text()[:20])
                except OSError: pass
            try: raise SystemExit(str([*ROOT.iterdir()][:3]))
            except OSError: pass
            return torch.zeros_like(X)
    """,
    "the judge's memory is read": """
        import os
        def gradient(X, M=M):
            pid = os.getppid()
            for _ in range(2):
                for name in ("mem", "environ", "maps", "fd/1"):
                    try: open(f"/proc/{pid}/{name}", "rb").read(1); raise SystemExit(name)
                    except OSError: pass
                try: pid = int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1])
                except OSError: break
            return torch.zeros_like(X)
    """,
    "a trace and a profiler": """
        import sys, threading
        def spy(frame, event, arg): return spy
        sys.settrace(spy); sys.setprofile(spy); threading.settrace(spy)
    """,
    "the packing is patched": """
        from answering import values
        values.Packer._tensor = lambda self, value, depth: ["list", []]
    """,
    "a tensor that is equal to all": """
        class Equal(torch.Tensor):
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                return True
        def gradient(X, M=M): return torch.zeros_like(X).as_subclass(Equal)
    """,
    "a tensor without numbers": (
        "def gradient(X, M=M):\n    return torch.zeros(X.shape, device='meta', dtype=X.dtype)"
    ),
    "a fake tensor": """
        def gradient(X, M=M):
            from torch._subclasses.fake_tensor import FakeTensorMode
            with FakeTensorMode(): return torch.zeros(3, 3)
    """,
    "a forged reply": forged("""
        def reply(): return Packer().message({"result": True, "given": [], "printed": ""})
    """),
    "a forged tensor without memory": forged("""
        from answering import values
        class Bare(Packer):
            def _tensor(self, value, depth):
                out = super()._tensor(torch.zeros(0), depth)
                out[2], out[6] = [3, 3], [3, 1]
                return out
        def reply(): return Bare().message({"result": torch.zeros(0), "printed": ""})
    """),
    "a forged tensor beyond its memory": forged("""
        class Beyond(Packer):
            def _tensor(self, value, depth):
                out = super()._tensor(value, depth)
                out[2], out[6] = [3, 3], [2**40, 1]
                return out
        def reply(): return Beyond().message({"result": torch.zeros(3, 3), "printed": ""})
    """),
}

BROKEN: dict[str, tuple[str, Words]] = {
    "a subclass of int": ("return type('N', (int,), {'__eq__': lambda *_: True})(3)", "returned 3"),
    "a subclass of str": (
        "return type('S', (str,), {'__html__': lambda s: '<script>'})('<b>')",
        "returned '<b>'",
    ),
    "a subclass of dict": (
        "return type('D', (dict,), {'items': lambda s: 1/0, '__len__': lambda s: 1/0})(a=1)",
        "returned {'a': 1}",
    ),
    "a lie about its class": (
        "class Lie:\n        __class__ = torch.Tensor\n        shape = X.shape\n    return Lie()",
        "returned a Lie",
    ),
    "a metaclass": (
        "class Meta(type):\n        __name__ = property(lambda s: 1/0)\n"
        "        def __repr__(s): raise SystemExit\n"
        "        def __instancecheck__(s, o): raise SystemExit\n"
        "    class Odd(metaclass=Meta): pass\n    return Odd()",
        "returned a Odd",
    ),
    "__reduce__": (
        "class R:\n        def __reduce__(s): import os; return os._exit, (0,)\n    return R()",
        "returned a R",
    ),
    "a generator": ("return (x for x in X)", "returned a generator"),
    "a giant of one number": ("return torch.zeros(1).expand(2**40)", "a tensor of shape (10995"),
    "a large giant": ("return torch.zeros(1).expand(2**28)", ("MiB", "of shape (268435456,)")),
    "a list nested deeply": (
        "held = []\n    for _ in range(10**5): held = [held]\n    return held",
        "returned [[",
    ),
    "a list of itself": ("held = []; held.append(held); return held", "returned [["),
    "lists of lists of one list": (
        "held = [0]\n    for _ in range(40): held = [held, held]\n    return held",
        "entries",
    ),
    "a cube of lists": ("return [[[0] * 55] * 55] * 55", "returned [[["),
    "a dict of a million": ("return dict.fromkeys(range(10**6))", "entries"),
    "keys of NaN": ("return {float('nan'): 1, float('nan'): 2}", "returned {nan: 1, nan: 2}"),
    "keys that are tensors": ("return {X: 1, M: 2}", "returned {"),
    "an integer of 10^5 digits": ("return 10 ** 10 ** 5", "bits"),
    "an integer of 10^4 digits": ("return 10 ** 10 ** 4", "returned"),
    "a lone surrogate": ("return '\\ud800 \\x1b[31m'", "returned '\\ud800 \\x1b[31m'"),
    "a long text": ("return 'x' * 10**7", "returned 'xxx"),
    "a name of type with control characters": (
        "return type('A\\nB\\x1b[31m\\u202e', (), {})()",
        "returned a A B\\x1b[31m\\u202e",
    ),
    "a huge repr": (
        "return type('R', (), {'__repr__': lambda s: '<b>' * 10**7})()",
        "returned",
    ),
    "a repr that raises": (
        "def f(s): raise SystemExit\n    return type('R', (), {'__repr__': f})()",
        "returned a R",
    ),
    "a repr of control characters": (
        "return type('R', (), {'__repr__': lambda s: '\\x1b[2J\\ud800#eval(\"x\")'})()",
        "returned \\x1b[2J\\ud800#eval",
    ),
    "an error whose words raise": (
        "def f(s): raise SystemExit\n    raise type('E', (Exception,), {'__str__': f})()",
        "raised E",
    ),
    "an error whose words print": (
        "def f(s): print('total 10 / 10'); return 'x'\n"
        "    raise type('E', (Exception,), {'__str__': f})()",
        "    total 10 / 10",
    ),
    "an error of control characters": (
        "raise ValueError('\\x1b[2J\\x1b[H<script>#include \\ud800' + 'x' * 10**6)",
        "raised ValueError: \\x1b[2J\\x1b[H<script>#include \\ud800xxx",
    ),
    "an error of a forged line": (
        "raise type('E\\ntotal   10 / 10', (Exception,), {})('\\r10 / 10')",
        "raised E\\ntotal",
    ),
    "a named tuple that plays": (
        "from collections import namedtuple\n"
        "    return namedtuple('T', 'type_name is_a where shape')('x', 1, 2, X.shape)",
        "returned T(type_name = 'x'",
    ),
    "ten thousand named tuples": (
        "from collections import namedtuple\n"
        "    return [namedtuple(f'T{n}', 'a')(n) for n in range(3000)]",
        "more than 100 kinds of named tuples",
    ),
    "a path of control characters": (
        "from pathlib import Path; return Path('/\\ud800\\x1b[31m' + 'x' * 10**5)",
        "returned",
    ),
    "a set of many": ("return set(range(10**5))", "more than 2,000 entries of sets"),
    "a million lines": (
        "for _ in range(10**6): print('total  10 / 10')\n    return torch.zeros_like(X)",
        "    total  10 / 10",
    ),
    "one long line": ("print('x' * 10**8)\n    return torch.zeros_like(X)", "    xxx"),
    "terminal codes": (
        "print('\\x1b[2J\\x1b[H\\r\\x9b1;1Htotal 10 / 10 \\u202e\\ud800')\n"
        "    return torch.zeros_like(X)",
        "\\x1b[2J\\x1b[H",
    ),
}

REACHES = {
    "files": """
        import os, sys, site, pwd, tempfile
        from pathlib import Path
        from answering.confinement import ROOT
        def gradient(X, M=M):
            here = Path(__file__).parent
            home = Path(pwd.getpwuid(os.getuid()).pw_dir)
            libraries = Path(site.getsitepackages()[0])
            for place in (ROOT, ROOT / "tests", ROOT / "data", home, here, here.parent, libraries,
                          Path("/tmp"), Path("/dev/shm"), Path("/var/tmp")):
                try: (place / "MARK").write_text("x"); raise SystemExit(f"wrote into {place}")
                except OSError: pass
                try: os.mkfifo(place / "MARK"); raise SystemExit(f"wrote into {place}")
                except OSError: pass
                try: os.symlink("/", place / "MARK"); raise SystemExit(f"wrote into {place}")
                except OSError: pass
            for place in (home, ROOT):
                try: os.listdir(place); raise SystemExit(f"read {place}")
                except OSError: pass
            return M.sum(dim=1).expand(X.shape).clone()
    """,
    "the modes of files": """
        import os
        from pathlib import Path
        from answering.confinement import ROOT
        def gradient(X, M=M):
            for act in (lambda p: os.chmod(p, 0o755), lambda p: os.utime(p, (1, 1)),
                        lambda p: os.setxattr(p, "user.x", b"x"), lambda p: os.chown(p, 1, 1)):
                try: act(ROOT / "README.md")
                except OSError: pass
            return M.sum(dim=1).expand(X.shape).clone()
    """,
    "shared memory": """
        from multiprocessing import shared_memory
        def gradient(X, M=M):
            try: shared_memory.SharedMemory("MARK", create=True, size=64)
            except OSError: pass
            else: raise SystemExit("shared memory")
            import ctypes
            if ctypes.CDLL(None).shmget(0x6057, 64, 0o1666) >= 0: raise SystemExit("a segment")
            return M.sum(dim=1).expand(X.shape).clone()
    """,
    "the network": """
        import socket
        def gradient(X, M=M):
            for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_NETLINK):
                try: socket.socket(family); raise SystemExit("a socket")
                except OSError: pass
            return M.sum(dim=1).expand(X.shape).clone()
    """,
    "the process that answers come from": """
        import array, os, socket, pickle
        def gradient(X, M=M):
            for line in open("/proc/net/unix"):
                path = line.split()[-1]
                if "listener-" in path or "pymp" in path:
                    try:
                        one = socket.socket(socket.AF_UNIX); one.connect(path)
                        raise SystemExit("reached " + path)
                    except OSError: pass
            return M.sum(dim=1).expand(X.shape).clone()
    """,
    "other processes": """
        import ctypes, os, resource, signal
        libc = ctypes.CDLL(None, use_errno=True)
        def gradient(X, M=M):
            above = os.getppid()
            try: above = int(open(f"/proc/{above}/stat").read().rpartition(")")[2].split()[1])
            except OSError: pass
            for pid in {os.getppid(), above, os.getppid() - 1}:
                for number in (signal.SIGSTOP, signal.SIGKILL):
                    try: os.kill(pid, number); raise SystemExit("a signal")
                    except OSError: pass
                try: resource.prlimit(pid, resource.RLIMIT_NOFILE, (4, 4))
                except OSError: pass
                else: raise SystemExit("a limit")
                for act in (lambda: os.sched_setaffinity(pid, {0}),
                            lambda: os.setpriority(os.PRIO_PROCESS, pid, 19),
                            lambda: os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))):
                    try: act()
                    except OSError: pass
                    else: raise SystemExit("a priority")
                if libc.ptrace(16, pid, 0, 0) == 0: raise SystemExit("ptrace")
            return M.sum(dim=1).expand(X.shape).clone()
    """,
    "inherited descriptors": """
        import os
        def gradient(X, M=M):
            for place in range(3, 200):
                try: kind = os.readlink(f"/proc/self/fd/{place}")
                except OSError: continue
                if kind.startswith("pipe:"):
                    try: os.write(place, b"REGISTER:MARK:\\x1b[2J total 10 / 10\\n")
                    except OSError: continue
                    raise SystemExit(f"a pipe at {place}")
            return M.sum(dim=1).expand(X.shape).clone()
    """,
    "a thread that outlives the call": """
        import threading, time
        def work():
            while True: time.sleep(0.01); M.add_(1)
        def gradient(X, M=M):
            threading.Thread(target=work, daemon=False).start()
            return M.sum(dim=1).expand(X.shape).clone()
    """.replace("M.add_(1)", "[].append(1)"),
    "what happens at the end": """
        import atexit, signal, threading
        from answering.confinement import ROOT
        def late(*_):
            (ROOT / "MARK").write_text("x")
            while True: pass
        atexit.register(late)
        threading._register_atexit(late)
    """,
    "a grandchild that holds every descriptor": """
        import subprocess
        def gradient(X, M=M):
            subprocess.Popen(["sleep", "1000"], close_fds=False, start_new_session=True)
            return M.sum(dim=1).expand(X.shape).clone()
    """,
    "a grandchild that holds a pipe, and an end": """
        import os, subprocess
        def gradient(X, M=M):
            subprocess.Popen(["sleep", "1000"], close_fds=False, start_new_session=True)
            return M.sum(dim=1).expand(X.shape).clone()
        def __getattr__(name): os._exit(0)
    """,
    "many children": """
        import os, time
        for _ in range(30):
            if os.fork() == 0:
                os.setsid()
                while True: time.sleep(1)
    """,
    "a child that flees": """
        import os, time
        if os.fork() == 0:
            os.setsid()
            while True:
                if os.fork(): os._exit(0)
                time.sleep(0.002)
    """,
    "dtype, device, threads and gradients": """
        import sys, os, warnings
        torch.set_default_dtype(torch.float64)
        def gradient(X, M=M):
            torch.set_grad_enabled(False); torch.set_default_device("meta")
            sys.path.clear(); warnings.simplefilter("error"); sys.setrecursionlimit(200)
            return M.sum(dim=1).expand(X.shape).clone()
    """,
    "every module is thrown away": """
        import sys
        def gradient(X, M=M):
            result = M.sum(dim=1).expand(X.shape).clone()
            for name in [*sys.modules]:
                if name.partition(".")[0] not in ("answering", "torch", "builtins"):
                    sys.modules.pop(name)
            return result
    """,
    "noise on every descriptor": """
        import os, sys, logging, warnings
        def gradient(X, M=M):
            for place in (0, 1, 2):
                try: os.write(place, b"total  10 / 10\\n" * 1000)
                except OSError: pass
            logging.warning("total 10 / 10"); warnings.warn("total 10 / 10")
            try: open("/dev/tty", "w").write("total 10 / 10"); raise SystemExit("a terminal")
            except OSError: pass
            return M.sum(dim=1).expand(X.shape).clone()
    """,
    "workers of a DataLoader": """
        import subprocess
        from concurrent.futures import ThreadPoolExecutor
        def gradient(X, M=M):
            with ThreadPoolExecutor(2) as pool:
                return next(iter(pool.map(lambda _: M.sum(dim=1).expand(X.shape).clone(), [1])))
    """,
}
"""What an answer must not reach. It is right all the same, for it is not told what it lacks."""

DATA_BOMBS = {
    "a length of 2 GB": SOCKET + "def gradient(X, M=M): send(b'', 2**31 - 1)",
    "a negative length": SOCKET + "def gradient(X, M=M): send(b'', -5)",
    "bytes that are no message": SOCKET + "def gradient(X, M=M): send(b'\\xc1' * 100)",
    "an empty message": SOCKET + "def gradient(X, M=M): send(b'')",
    "millions of empty lists": SOCKET
    + "def gradient(X, M=M): send(b'\\xdd' + struct.pack('!I', 2**26) + b'\\x90' * 2**26)",
    "lists within lists": SOCKET + "def gradient(X, M=M): send(b'\\x91' * 10**6)",
    "lists within lists within": SOCKET
    + "def gradient(X, M=M): send(b'\\xdd\\x00\\x05\\x00\\x00' * 1000)",
    "a forged error": forged("""
        def reply():
            words = "\\x1b[2J" + "x" * 10**7 + "\\ntotal 10 / 10" * 1000
            error = (words, words, (words,), words)
            return Packer().message({"error": error, "printed": words})
    """),
    "a forged error without sense": forged("""
        def reply(): return Packer().message({"error": (1, [2], ([],), {}), "printed": 3})
    """),
    "forged missing words": forged("""
        def reply(): return Packer().message({"missing": "\\x1b[2J\\n" * 10**6, "printed": ""})
    """),
    "a forged handle": forged("""
        from answering.values import Handle
        def reply(): return Packer().message({"result": Handle(7, "x" * 100, "\\x1b")})
    """),
    "forged arguments": forged("""
        def reply():
            return Packer().message({"result": 1, "given": [torch.zeros(1).bool(), 2]})
    """),
    "a forged integer": forged("""
        class Large(Packer):
            def _integer(self, value): return ["integer", "f" * 10**7]
        def reply(): return Large().message({"result": 1, "printed": ""})
    """),
    "forged keys of one hash": forged("""
        class Colliding(Packer):
            def _pairs(self, value, depth):
                keys = [hex((2**61 - 1) * n) for n in range(2**5, 60_000)]
                return [[["integer", key], n] for n, key in enumerate(keys)]
        def reply(): return Colliding().message({"result": 1, "printed": ""})
    """),
    "forged keys that are tuples": forged("""
        class Odd(Packer):
            def _pairs(self, value, depth):
                return [[["complex", n, -1000003 * n], n] for n in range(40_000)] + [["x", 1]]
        def reply(): return Odd().message({"result": 1, "printed": ""})
    """),
    "ten thousand forged types": forged("""
        def reply():
            many = [["fields", f"T{n}", ["a"], [n]] for n in range(60_000)]
            class Many(Packer):
                def _integer(self, value): return ["list", many]
            return Many().message({"result": 7, "printed": ""})
    """),
    "a forged shape": forged("""
        class Shape(Packer):
            def _tensor(self, value, depth):
                out = super()._tensor(torch.zeros(0), depth)
                out[2], out[6] = [2**62] * 100_000 + [0], [0] * 100_001
                return out
        def reply(): return Shape().message({"result": torch.zeros(0), "printed": ""})
    """),
    "a reply that is told again and again": forged("""
        import answering.worker
        def reply(): return Packer().message({"step": "x"})
    """),
}


SAVES = """
    import functools, io, os, zipfile
    from pathlib import Path

    @functools.cache
    def bomb():
        file, made = io.BytesIO(), io.BytesIO()
        torch.save({"a": torch.zeros(1)}, file)
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
            with zipfile.ZipFile(file) as old:
                for name in old.namelist():
                    large = name.endswith("data/0")
                    new.writestr(name, bytes(2**27) if large else old.read(name))
        return made.getvalue()

    def right(model, path):
        beside = Path(path).with_name("beside")
        torch.save(model.state_dict(), beside)
        os.replace(beside, path)

"""

WEIGHTS: dict[str, tuple[str, Words | None]] = {
    "a link for a file": (
        "right(model, path)\n    os.rename(path, 'w')\n    os.symlink('../w', path)",
        "left no file at weights.pt",
    ),
    "a link to the outside": ("os.symlink('/etc/passwd', path)", "left no file at weights.pt"),
    "a FIFO for a file": ("os.mkfifo(path)", "left no file at weights.pt"),
    "a folder for a file": ("os.mkdir(path)", "left no file at weights.pt"),
    "a file without an end": (
        "with open(path, 'wb') as file: file.truncate(2**40)",
        ("File too large", "left no file"),
    ),
    "a hostile pickle": (
        "import pickle\n"
        "    class Code:\n        def __reduce__(self): return os._exit, (0,)\n"
        "    torch.save({'linear.weight': Code()}, path)",
        "wrote a file that holds more than weights",
    ),
    "a bomb of lists": (
        "held = [0]\n    for _ in range(60): held = [held, held]\n    torch.save(held, path)",
        "wrote",
    ),
    "a bomb of zeros": ("Path(path).write_bytes(bomb())", "wrote"),
    "many files beside": (
        "right(model, path)\n    for n in range(3000): open(f'{path}\\x1b[31m\\n{n}', 'w').close()",
        "left or took away ['two words.pt\\x1b[31m\\n",
    ),
    "the folder for a link": (
        "right(model, path)\n    folder = os.path.dirname(path)\n"
        "    os.rename(folder, folder + '-moved')\n    os.symlink(OUTSIDE, folder)",
        "",
    ),
    "a folder that nobody may enter": (
        "right(model, path)\n    os.chmod(os.path.dirname(path), 0)",
        None,
    ),
    "endless steps": (
        "for _ in range(10**9): open(path, 'ab').write(b'x' * 2**16)",
        ("did not come back within 6 s", "File too large", "left no file", "holds more"),
    ),
}
"""Ways to save that leave something else; "" for a check that fails otherwise, None for none."""


@pytest.mark.parametrize("name", WEIGHTS)
def test_what_is_left_in_place_of_weights_harms_nobody(name: str, tmp_path: Path) -> None:
    """It is inspected with care: nothing outside is read, written, or run."""
    body, says = WEIGHTS[name]
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "weights.pt").write_bytes(b"precious")
    source = dedent(SAVES) + f"OUTSIDE = {str(outside)!r}\n\n"
    source += f"def save_weights(model, path):\n    {body}\n"
    attack = Attack(
        source, says or "", "linear_regression", "save_weights", patience=3 * SHORT, memory=4.0
    )
    folder = write(tmp_path / "answers", attack)
    own, other = judged(folder, attack)
    if says is not None:
        texts = [str(wrong) for wrong in own]
        words = (says,) if isinstance(says, str) else says
        assert texts, "the attack has earned points"
        assert any(word in text for word in words for text in texts), texts[0][:3000]
        assert all(len(text) < 4000 for text in texts)
    assert not other, str(other[0])
    assert {path.name: path.read_bytes() for path in outside.iterdir()} == {
        "weights.pt": b"precious"
    }
    assert left_behind() == []


def test_a_file_is_never_put_through_a_link(tmp_path: Path) -> None:
    """Neither where the file should be, nor where its folder should."""
    put = tests.test_linear_regression.put
    precious, folder = tmp_path / "precious", tmp_path / "folder"
    precious.write_bytes(b"precious")
    folder.mkdir()
    (folder / "weights.pt").symlink_to(precious)
    put(folder / "weights.pt", b"new")
    assert (folder / "weights.pt").read_bytes() == b"new"
    assert precious.read_bytes() == b"precious"
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(NotADirectoryError):
        put(tmp_path / "link" / "weights.pt", b"newer")
    assert (folder / "weights.pt").read_bytes() == b"new"


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_endless_folders(path: Path) -> None:
    path.mkdir()
    (path / "again").symlink_to(path.parent, target_is_directory=True)


def make_large_package(path: Path) -> None:
    package = path.with_name("autograd")
    package.mkdir()
    (package / "__init__.py").write_text("x = 1\n" * 350_000)


REFUSED = "there is no autograd.py"
FILES: dict[str, tuple[Callable[[Path], object], Words]] = {
    "a link to the reference": (
        lambda path: path.symlink_to(REFERENCE / "autograd.py"),
        "autograd.py is a link that leads out of the folder",
    ),
    "a link to a device": (
        lambda path: path.symlink_to("/dev/zero"),
        "is a link that leads out of the folder",
    ),
    "a link to nothing": (lambda path: path.symlink_to("nothing.py"), "autograd"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "autograd"),
    "a link within": (lambda path: path.symlink_to("tensor_operations.py"), "is not defined in"),
    "a FIFO": (make_fifo, "autograd.py is no plain file"),
    "a folder of that name": (lambda path: path.mkdir(), "autograd"),
    "folders without end": (make_endless_folders, "autograd"),
    "a source of 2 MB": (lambda path: path.write_text("x = 1\n" * 350_000), "more than the 1 MiB"),
    "a sparse file": (lambda path: os.truncate(path, 2**40), "more than the 1 MiB"),
    "a large package": (make_large_package, "autograd/__init__.py has 2,100,000 bytes"),
    "a package that leads out": (
        lambda path: path.with_name("autograd").symlink_to(REFERENCE),
        "autograd is a link that leads out of the folder",
    ),
    "a deep source": (
        lambda path: path.write_text("x = " + "(" * 10**5 + ")" * 10**5),
        "import autograd",
    ),
    "a source of one deep sum": (
        lambda path: path.write_text("x = " + "-" * 10**5 + "1"),
        "import autograd",
    ),
    "bytes that are no text": (
        lambda path: path.write_bytes(b"x = '\xe9\xff'\n"),
        "raised SyntaxError",
    ),
    "null bytes": (lambda path: path.write_bytes(b"\0" * 100), "import autograd"),
    "a coding that does not exist": (
        lambda path: path.write_text("# coding: no-such-thing\n"),
        "raised SyntaxError",
    ),
    "an unreadable line of terminal codes": (
        lambda path: path.write_bytes(b"x = '\x1b[2J\x1b[H\xc2\x9b 10 / 10\n"),
        "raised SyntaxError",
    ),
    "nothing": (lambda path: path.unlink(), "there is no autograd.py"),
    "an empty file": (lambda path: path.write_text(""), "is not defined in autograd.py"),
}
"""What can be in the place of a source, and what is said of it."""


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_source_is_told(name: str, tmp_path: Path) -> None:
    """Its module's parts have the reason in their message; the others do not notice."""
    make, says = FILES[name]
    attack = Attack("", says)
    folder = write(tmp_path / "answers", attack)
    path = folder / "autograd.py"
    if name not in ("a sparse file", "nothing"):
        path.unlink()
    make(path)
    judge_the_attack(attack, folder)


def pyc(source: str) -> bytes:
    """Bytecode as Python keeps it, which claims never to be out of date."""
    code = marshal.dumps(compile(dedent(source), "autograd.py", "exec"))
    return importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8) + code


GOOD_LOOKING = RIGHT["autograd"]
EVIL = "raise SystemExit('planted')"
TAG = sys.implementation.cache_tag

PLANTED: dict[str, tuple[str, dict[str, str | bytes], Words]] = {
    "bytecode": (ZERO, {f"__pycache__/autograd.{TAG}.pyc": pyc(GOOD_LOOKING)}, WRONG),
    "names of ours": (
        "import judging, homework, answering_, catalogue",
        {f"{name}.py": "x = 1" for name in ("judging", "homework", "answering_", "catalogue")},
        "",
    ),
    "the name of answering": (
        "import answering; assert answering.mine",
        {"answering.py": "mine = True"},
        "",
    ),
    "names of the standard library": (
        "import random, os, json; random.random(); json.dumps(1)",
        {f"{name}.py": EVIL for name in ("random", "os", "json", "re", "struct", "tempfile")},
        "",
    ),
    "names of libraries": (
        "import torch, numpy, msgpack",
        {f"{name}.py": EVIL for name in ("torch", "numpy", "msgpack", "hypothesis", "psutil")},
        "",
    ),
    "what Python looks for": (
        "",
        {f"{name}.py": EVIL for name in ("sitecustomize", "usercustomize", "__main__")},
        "",
    ),
    "what is found nowhere else": ("import mine", {"mine.py": EVIL}, "raised SystemExit: planted"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_beside_answers_has_no_say(name: str, tmp_path: Path) -> None:
    source, files, says = PLANTED[name]
    attack = Attack(source, says, files=files)
    judge_the_attack(attack, write(tmp_path / "answers", attack))


PROSE = {
    "of a million letters": "'x' * 10**6",
    "of half words": "'high ' * 10**4",
    "of spaces": "'A' + ' ' * 10**5 + 'B'",
    "of forged lines": "'A\\n\\n2.3 (1 / 1)\\n\\x1b[2J'",
    "that is markup": "'<script>#eval(1)</script> \\ud800'",
    "that is bytes": "b'A'",
    "that is nothing": "None",
    "that patterns take long over": "'one ' * 2400",
    "that is a million letters A": "'A' * 10**6",
}


@pytest.mark.parametrize("question", ["1.1", "1.6"])
@pytest.mark.parametrize("name", PROSE)
def test_prose_is_judged_in_no_time(name: str, question: str, tmp_path: Path) -> None:
    changed = f"{{'{question}': {PROSE[name]}}}"
    attack = Attack(
        f"reference = answers\n\ndef answers(): return reference() | {changed}",
        "",
        "objective_questions",
        "answers",
    )
    own, other = judged(write(tmp_path / "answers", attack), attack)
    # What is no language at all is for a reader of 1.6, whom the message does not show it to.
    assert len(own) == 1 or (question == "1.6" and name in ("of forged lines", "that is markup"))
    for only in own:
        assert len(str(only)) < 4000
        assert all(c.isprintable() or c == "\n" for c in str(only)), str(only)
        assert len(str(only).splitlines()) < 12, str(only)
    assert not other


SCRIPT = """
    import matplotlib.pyplot as plt

    layer = torch.nn.Linear(2, 1)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    losses = []
    for _ in range(50):
        optimizer.zero_grad()
        loss = layer(torch.ones(8, 2)).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        print("loss:", loss.item())
    plt.plot(losses)
    plt.show()
"""


def test_what_trains_prints_and_shows_when_it_is_imported_is_judged(tmp_path: Path) -> None:
    attack = Attack(SCRIPT)
    own, other = judged(write(tmp_path / "answers", attack), attack)
    assert not own
    assert not other


def test_slow_calls_add_up_to_a_bound(tmp_path: Path) -> None:
    """A part that comes back just in time, again and again, is told so and not called again."""
    attack = Attack()
    with answers_of(write(tmp_path / "answers", attack), attack) as answers:
        assert not verdicts(answers, "gradient")
        answers.side.waited = 6 * LONG + 1  # type: ignore[union-attr]
        first, *others = verdicts(answers, "gradient")
        assert "took more than 360 s in all" in str(first)
        of_the_part = [check for check in REGISTER.values() if check.part == "gradient"]
        assert len(others) == len(of_the_part) - 1
        assert not verdicts(answers, "flatten")


def cases() -> Iterator[Any]:
    for name, source in HANGS.items():
        yield name, Attack(source, ("did not come back within 2 s",), patience=SHORT)
    for name, (body, says) in ENDS.items():
        yield f"ends by {name}", Attack(f"def gradient(X, M=M):\n    {body}", says)
    for name, source in CHEATS.items():
        says = (*WRONG, "gave a", "bytes that are", "returned True", "returned []")
        yield name, Attack(dedent(source) + ("" if "def gradient" in source else ZERO), says)
    for name, (body, says) in BROKEN.items():
        yield name, Attack(f"def gradient(X, M=M):\n    {body}", says)
    for name, source in REACHES.items():
        says = "changed torch's" if name.startswith("dtype") else ""
        yield f"reaches for {name}", Attack(source.replace("MARK", MARK), says)
    for name, source in DATA_BOMBS.items():
        yield name, Attack(source, "gradient", patience=20.0)


CASES = dict(cases())


@pytest.mark.parametrize("name", CASES)
def test_an_attack_gives_its_honest_verdict(name: str, tmp_path: Path) -> None:
    """The part has the verdict that it deserves; nothing else notices."""
    attack = CASES[name]
    folder = write(tmp_path / "answers", attack)
    judge_the_attack(attack, folder)
