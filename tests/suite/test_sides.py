"""Answers in a process of their own: whatever they do there, the suite learns what came of it.

And the two sides give the same: what an answer made answers the same questions, arguments hold what
the call left in them, and a seed gives the same draws.
"""

import multiprocessing
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import psutil
import pytest
import torch
from torch import Tensor, nn

from answering.own import Loader, regression
from answering.snapshot import snapshot
from answering.values import Packer
from judging import digits
from judging.answers import Answers, Function
from judging.known import ALTERNATIVES
from judging.live import Network
from judging.sides import SPARE, Apart, Raised
from judging.verdict import Wrong, shown
from tests.suite.conftest import Make


def outcome(function: Function, *args: Any) -> str:
    """What a learner reads of a call that goes wrong; "" if none does."""
    try:
        result = function.outcome(*args)
    except Wrong as wrong:
        return str(wrong)
    return f"raised {result.type_name}: {result}" if isinstance(result, Raised) else ""


# Calls that end their process

LOOPS = {
    "in Python": "while True: pass",
    "in C": "sum(iter(int, 1))",
    "asleep": "import time; time.sleep(10**6)",
    "over every error": """
        while True:
            try:
                while True: pass
            except BaseException: pass
    """,
    "with signals blocked": """
        import signal
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        while True: pass
    """,
    "in a thread": """
        import threading
        threading.Thread(target=lambda: [None for _ in iter(int, 1)]).start()
        threading.Event().wait()
    """,
    "in a lock of its own": "import threading; a = threading.Lock(); a.acquire(); a.acquire()",
    "on a pipe": "import os; os.read(os.pipe()[0], 1)",
    "on a child": """
        import os, time
        if os.fork() == 0:
            while True: time.sleep(1)
        os.wait()
    """,
}


def function(body: str, *, name: str = "gradient") -> str:
    """The source of a function with this body."""
    lines = "\n".join("    " + line.removeprefix("        ") for line in body.splitlines())
    return f"def {name}(X=None, M=None):\n{lines}\n"


@pytest.mark.parametrize("how", LOOPS)
def test_a_call_that_does_not_come_back_is_ended(elsewhere: Make, how: str) -> None:
    """It costs its patience once, and no other function anything."""
    answers = elsewhere(
        patience=2.0,
        autograd=function(LOOPS[how]),
        tensor_operations="def flatten(x): return 'theirs'\ndef middle(x): return 'its'",
    )
    assert answers.tensor_operations.flatten(1) == "theirs"
    began = monotonic()
    assert "did not come back within 2 s" in outcome(answers.autograd.gradient, 1)
    assert monotonic() - began < 8
    assert answers.tensor_operations.flatten(1) == "theirs"


ENDS = {
    "exit": ("import os; os._exit(0)", "ended the process (exit status 0)"),
    "exit 3": ("import os; os._exit(3)", "ended the process (exit status 3)"),
    "abort": ("import os; os.abort()", "ended the process (abort)"),
    "segfault": ("import ctypes; ctypes.string_at(0)", "ended the process (segmentation fault)"),
    "kill": ("import os; os.kill(os.getpid(), 9)", "ended the process (killed)"),
    "terminate": ("import os; os.kill(os.getpid(), 15)", "ended the process (terminated)"),
    "another program": (
        "import os, sys; os.execv(sys.executable, [sys.executable, '-c', 'raise SystemExit(4)'])",
        "ended the process (exit status 4)",
    ),
    "descriptors": ("import os; os.closerange(3, 1000)", "process"),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_call_that_ends_its_process_is_told(elsewhere: Make, how: str) -> None:
    body, words = ENDS[how]
    answers = elsewhere(autograd=function(body) + "def other(x): return 'theirs'")
    message = outcome(answers.autograd.gradient, 1)
    assert words in message
    assert "gradient(X=1)" in message
    assert answers.autograd.other(1) == "theirs"


@pytest.mark.parametrize("body", ["raise SystemExit(0)", "exit()", "raise KeyboardInterrupt"])
def test_an_exit_that_is_raised_is_an_error_like_any_other(elsewhere: Make, body: str) -> None:
    answers = elsewhere(autograd=f"from sys import exit\n{function(body)}")
    kind = "KeyboardInterrupt" if "Keyboard" in body else "SystemExit"
    assert outcome(answers.autograd.gradient, 1).startswith(f"raised {kind}")


def test_memory_is_bounded(elsewhere: Make) -> None:
    answers = elsewhere(autograd=function("return len(bytearray(2**34))"))
    assert "MemoryError" in outcome(answers.autograd.gradient, 1)


def test_what_ended_its_process_is_not_called_again(elsewhere: Make, tmp_path: Path) -> None:
    answers = elsewhere(
        autograd="import os\n" + function("open(X, 'a').write('x'); os._exit(0)"),
        tensor_operations="import os\nos._exit(0)",
    )
    calls = answers.scratch / "calls"
    first = outcome(answers.autograd.gradient, str(calls))
    for _ in range(3):
        with pytest.raises(Wrong, match="ended the process") as again:
            answers.autograd.gradient(str(calls))
        assert again.value.whatever_the_case
        assert str(again.value) in first
    assert calls.read_text() == "x"
    for name in ("flatten", "middle"):
        with pytest.raises(Wrong, match=r"import tensor_operations\n  ended the process"):
            answers.get("tensor_operations", name)


def test_the_patience_includes_the_import(elsewhere: Make) -> None:
    """Once, for all the functions of the module."""
    answers = elsewhere(patience=2.0, autograd="import time\ntime.sleep(60)\n")
    began = monotonic()
    for name in ("gradient", "M", "gradient"):
        with pytest.raises(Wrong, match=r"import autograd\n  did not come back within 2 s"):
            answers.get("autograd", name)
    assert monotonic() - began < 6


def test_many_slow_calls_are_too_much_for_one_check(elsewhere: Make) -> None:
    answers = elsewhere(patience=1.0, autograd=function("import time; time.sleep(0.5)"))
    answers.begin("autograd.gradient")
    slow = answers.autograd.gradient
    told = next(filter(None, (outcome(slow, 1) for _ in range(13))))
    assert "took more than 6 s" in told


# What is left behind

CHILDREN = {
    "a child": "pid = subprocess.Popen(SLEEP).pid",
    "a child in a session of its own": "pid = subprocess.Popen(SLEEP, start_new_session=True).pid",
    "an orphan": """
        pid = int(subprocess.run(
            [sys.executable, '-c', 'import os, subprocess, sys\\n'
             'one = subprocess.Popen(sys.argv[1:], start_new_session=True, stdout=-3)\\n'
             'print(one.pid)', *SLEEP],
            stdout=subprocess.PIPE).stdout)
    """,
    "a fork": """
        pid = os.fork()
        if pid == 0:
            os.setsid()
            time.sleep(10**6)
    """,
}
THEN = {"returns": "return pid", "loops": "while True: pass", "exits": "os._exit(0)"}


@pytest.mark.parametrize("then", THEN)
@pytest.mark.parametrize("what", CHILDREN)
def test_nothing_is_left_running(elsewhere: Make, what: str, then: str) -> None:
    body = CHILDREN[what] + f"\n        open(X, 'w').write(str(pid))\n        {THEN[then]}"
    answers = elsewhere(
        patience=3.0,
        autograd="import os, subprocess, sys, time\nSLEEP = ['sleep', '1000']\n" + function(body),
    )
    note = answers.scratch / "pid"
    outcome(answers.autograd.gradient, str(note))
    assert isinstance(answers.side, Apart)
    answers.side.end()
    pid = int(note.read_text())
    gone = monotonic() + 5
    while is_running(pid):
        assert monotonic() < gone, f"{what} still runs"


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_fork_that_comes_back_has_no_part_in_what_follows(elsewhere: Make) -> None:
    answers = elsewhere(autograd="import os\n" + function("return os.fork() == 0, X"))
    for number in range(5):
        assert answers.autograd.gradient(number) == (False, number)


def test_files_of_one_part_do_not_reach_the_next(elsewhere: Make) -> None:
    """However the first one ended, and however it left its folder."""
    answers = elsewhere(
        autograd="import os\n" + function("open('left', 'w'); os.mkdir('deep'); os.chmod('.', 0)"),
        tensor_operations="import os\n"
        + function("open('left', 'w'); os._exit(0)", name="flatten")
        + function("return os.listdir('.')", name="middle"),
    )
    for which in (answers.autograd.gradient, answers.tensor_operations.flatten):
        answers.begin("a part that leaves files")
        outcome(which)
        answers.begin("the next part")
        assert answers.tensor_operations.middle() == []


def test_what_one_part_patched_does_not_reach_the_next(elsewhere: Make) -> None:
    patch = "import torch\ntorch.ones = lambda *_: 'patched'\n"
    answers = elsewhere(
        autograd=patch + function("return X"),
        tensor_operations="import torch\n" + function("return torch.ones(1)", name="flatten"),
    )
    answers.begin("first")
    answers.autograd.gradient(1)
    assert answers.tensor_operations.flatten(1) == "patched"
    answers.begin("second")
    assert answers.tensor_operations.flatten(1).tolist() == [1]


# What they print


def test_what_a_call_prints_is_kept(elsewhere: Make) -> None:
    answers = elsewhere(
        autograd="import sys\nprint('at import')\n"
        + function("""
        print(X)
        print('error', file=sys.stderr)
        sys.stdout.buffer.write(b'bytes \\xff')
        print(sys.stdout.isatty(), sys.stdout.encoding, chr(0xd800))
        sys.stdout.reconfigure(encoding='utf-8', errors='backslashreplace')
        sys.stdout.close()
        """)
    )
    answers.autograd.gradient("one")
    assert answers.printed == "one\nerror\nbytes \\xffFalse utf-8 \\ud800\n"
    answers.autograd.gradient("two")
    assert answers.printed.startswith("two\n")


def test_a_flood_is_cut_and_costs_little(
    elsewhere: Make, capfd: pytest.CaptureFixture[str]
) -> None:
    answers = elsewhere(
        patience=30.0,
        autograd=function("""
        import os
        for _ in range(10**5): print('flood')
        print('flood' * 10**7)
        for descriptor in range(3): os.write(descriptor, b'flood')
        os.system('echo flood')
        """),
    )
    answers.autograd.gradient(1)
    assert answers.printed.startswith("flood\nflood\n")
    assert len(answers.printed) == 2_000
    assert "flood" not in "".join(capfd.readouterr())


def test_what_is_printed_before_the_end_is_told_with_an_error(elsewhere: Make) -> None:
    answers = elsewhere(autograd=function("print('here'); raise ValueError"))
    assert isinstance(answers.autograd.gradient.outcome(1), Raised)
    assert answers.printed == "here\n"


def test_nobody_answers_input(elsewhere: Make) -> None:
    answers = elsewhere(
        autograd=function("return input('n = ')"),
        tensor_operations="import sys\n" + function("return sys.stdin.read()", name="flatten"),
    )
    assert "raised EOFError: input() has nobody to ask" in outcome(answers.autograd.gradient)
    assert answers.tensor_operations.flatten() == ""


# What they write on the connection

FORGED: dict[str, Any] = {
    "nothing": {},
    "a list": [1],
    "an error of one word": {"error": "ValueError"},
    "an error of odd parts": {"error": [1, None, "text", [2]]},
    "an error without bases": {"error": ["E", "words", None, ""]},
    "a long error": {"error": ["E" * 10**6, "w" * 10**6, ["B" * 10**6] * 100, "x" * 10**6]},
    "odd words": {"missing": 7, "printed": [1]},
    "arguments that are none": {"result": 1, "given": [None]},
    "a meta argument": {"result": 1, "given": [torch.ones(2, device="meta")]},
    "a handle of no kind": {"result": {"x": object()}, "given": []},
}


@pytest.mark.parametrize("what", FORGED)
def test_a_forged_reply_is_a_verdict_and_no_crash(elsewhere: Make, what: str) -> None:
    answers = elsewhere(autograd=SENDS, tensor_operations="def flatten(x): return 'theirs'")
    message = outcome(answers.autograd.gradient, torch.ones(2), Packer().message(FORGED[what]))
    assert len(message) < 3_000
    answers.begin("another part")
    assert answers.tensor_operations.flatten(1) == "theirs"


SENDS = """
import gc, os

def gradient(X, M):
    for connection in gc.get_objects():
        if type(connection).__name__ == "Connection":
            connection.send_bytes(M)
"""


@pytest.mark.parametrize(
    "content",
    [b"", b"\0", b"\0\0\0\0", b"\0\0\0\1\xc1", b"\xff" * 12, b"\x7f\xff\xff\xff", b"x" * 10**6],
)
def test_noise_on_the_connection_is_a_verdict_and_no_crash(elsewhere: Make, content: bytes) -> None:
    answers = elsewhere(
        patience=3.0,
        autograd=SENDS.replace(
            "connection.send_bytes(M)", "__import__('os').write(connection.fileno(), M)"
        ),
        tensor_operations="def flatten(x): return 'theirs'",
    )
    outcome(answers.autograd.gradient, 1, content)
    answers.begin("another part")
    assert answers.tensor_operations.flatten(1) == "theirs"


# Surroundings


def test_a_bare_environment(elsewhere: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "token")
    answers = elsewhere(
        autograd="import os, sys, tempfile, pathlib\n"
        + function("""
        return (dict(os.environ), os.getcwd(), tempfile.gettempdir(), str(pathlib.Path.home()),
                sys.argv, sys.path, __name__, os.path.basename(__file__))
        """)
    )
    environment, place, temporary, home, argv, path, name, file = answers.autograd.gradient()
    scratch = str(answers.scratch)
    assert (place, temporary, home) == (scratch, scratch, scratch)
    assert "SECRET" not in environment
    assert environment["CUDA_VISIBLE_DEVICES"] == ""
    assert argv == [""]
    assert (name, file) == ("solutions.autograd", "autograd.py")
    root = Path(__file__).parent.parent.parent
    assert not any(Path(entry).resolve() == root for entry in path)


REACHES: dict[str, str] = {
    "the suite": "open(ROOT / 'judging' / 'oracles.py').read()",
    "the list of the suite's files": "os.listdir(ROOT)",
    "the reference": "open(ROOT / 'solutions' / 'autograd.py').read()",
    "a file of the user's": "open(OUTSIDE).read()",
    "the user's folder": "os.listdir(HOME)",
    "its own folder, writing": "open(os.path.join(os.path.dirname(__file__), 'new'), 'w')",
    "the user's folder, writing": "open(os.path.join(HOME, 'new'), 'w')",
    "the folder for temporary files": "open('/tmp/new-' + str(os.getpid()), 'w')",
    "shared memory": "open('/dev/shm/new-' + str(os.getpid()), 'w')",
    "the environment, writing": "open(torch.__file__, 'a')",
    "the suite, through a link": "(os.symlink(ROOT, 'link'), os.listdir('link'))",
    "the network": "socket.socket()",
    "the network, by datagrams": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "the network, by IPv6": "socket.socket(socket.AF_INET6)",
    "the suite's process": "os.kill(int(X), 0)",
    "its parent": "os.kill(os.getppid(), 0)",
    "the memory of the suite's process": "open(f'/proc/{X}/mem').read(1)",
    "the environment of the suite's process": "open(f'/proc/{X}/environ').read()",
    "the environment of its parent": "open(f'/proc/{os.getppid()}/environ').read()",
    "the files of the suite's process": "open(f'/proc/{X}/fd/1')",
    "by a program": "subprocess.run(['cat', OUTSIDE], check=True, stderr=subprocess.DEVNULL)",
}


@pytest.fixture
def confined(elsewhere: Make, tmp_path: Path) -> Callable[[str], Answers]:
    """Answers with one expression to try, where the system can confine them."""
    outside = tmp_path / "outside"
    outside.write_text("precious")
    root = Path(__file__).parent.parent.parent

    def made(attempt: str) -> Answers:
        answers = elsewhere(
            autograd="import os, socket, subprocess, tempfile, torch\nfrom pathlib import Path\n"
            f"ROOT, HOME, OUTSIDE = Path({str(root)!r}), {os.path.expanduser('~')!r}, "
            f"{str(outside)!r}\n" + function(f"return {attempt} is not None")
        )
        answers.get("autograd", "gradient")
        assert isinstance(answers.side, Apart)
        assert answers.side.process is not None
        if not answers.side.process.confined:
            pytest.skip("this system has no Landlock, or no way to filter calls")
        return answers

    return made


@pytest.mark.parametrize("what", REACHES)
def test_an_answer_reaches_nothing_else(confined: Callable[[str], Answers], what: str) -> None:
    message = outcome(confined(REACHES[what]).autograd.gradient, os.getpid())
    denied = ("PermissionError", "CalledProcessError", "ProcessLookupError")
    assert message.startswith(tuple(f"raised {kind}" for kind in denied)), message or "reached"


NEEDS = {
    "its own source": "open(__file__).read()",
    "its scratch folder": "open('new', 'w').write('x')",
    "a temporary file": "tempfile.TemporaryFile().write(b'x')",
    "the standard library": "__import__('colorsys')",
    "a program": "subprocess.run(['true'], check=True)",
    "another Python": "subprocess.run([__import__('sys').executable, '-c', ''], check=True)",
    "a socket within": "socket.socketpair()",
    "randomness": "os.urandom(1)",
    "nothing": "open('/dev/null', 'w').write('x')",
    "itself": "os.kill(os.getpid(), 0)",
    "threads": "torch.set_num_threads(2)or torch.randn(300, 300) @ torch.randn(300, 300)",
    "a font": "__import__('matplotlib.pyplot').pyplot.figure().savefig('x.png') or 1",
}


@pytest.mark.parametrize("what", NEEDS)
def test_an_answer_has_what_it_needs(confined: Callable[[str], Answers], what: str) -> None:
    assert outcome(confined(NEEDS[what]).autograd.gradient) == ""


# Both sides


@pytest.fixture
def both(here: Make, elsewhere: Make) -> Callable[..., tuple[Answers, Answers]]:
    """The same answers here and apart."""
    return lambda **files: (here(**files), elsewhere(**files))


NETWORK = """
import torch
from torch import nn

class MLP(nn.Module):
    def __init__(self, sizes=(4, 3, 2)):
        super().__init__()
        first, wide, last = sizes
        self.out = nn.Linear(wide, last, bias=False)
        self.layers = nn.Sequential(nn.Linear(first, wide), nn.BatchNorm1d(wide), nn.ReLU())
        self.tied = nn.Linear(wide, wide)

    def forward(self, x):
        return self.out(self.tied(self.tied(self.layers(x.flatten(1)))))

class LinearRegression(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(1, 1)

    def forward(self, x):
        return self.linear(x)
"""


def plain(value: Any) -> Any:
    """Tensors and networks as lists, so that what two sides tell can be compared."""
    if isinstance(value, Tensor):
        return [str(value.dtype), value.requires_grad, value.tolist()]
    if isinstance(value, nn.Module):
        return [str(value), [plain(parameter) for parameter in value.parameters()]]
    if isinstance(value, tuple | list):
        return [plain(entry) for entry in value]
    if isinstance(value, dict):
        return {name: plain(entry) for name, entry in value.items()}
    return value


def told_of_a_network(answers: Answers) -> Any:
    x = torch.linspace(-1, 1, 12).view(3, 4)
    answers.seed(0)
    model = answers.gradient_comparison.MLP()
    line = answers.gradient_comparison.LinearRegression()
    told = [repr(model), model.type_name, model.made_by, model.leaves(), model.path(x)]
    told += [model.parameters(), model.buffers(), model.modes(), model.hooks()]
    told += [model.backward(x, torch.ones(3, 2)), model.is_linear_regression()]
    told += [line.is_linear_regression(), model.eval()(x), model.double().parameters()]
    line.fill(weight=2.0, bias=-1.0)
    told += [line(torch.ones(1, 1))]
    line.add(0.5)
    told += [line.parameters(), line(torch.ones(1, 1))]
    with pytest.raises(Wrong) as wrong:
        model(torch.ones(1, 1, dtype=torch.int64))
    told += [wrong.value.returned.partition(":")[0], wrong.value.where]
    return plain(told)


def test_a_network_answers_the_same_on_both_sides(
    both: Callable[..., tuple[Answers, Answers]],
) -> None:
    one, other = both(gradient_comparison=NETWORK)
    assert told_of_a_network(one) == told_of_a_network(other)


def test_a_network_says_what_it_is(make: Make) -> None:
    """So the comparison above is of what is asked."""
    model = make(gradient_comparison=NETWORK).gradient_comparison.MLP((4, 3, 2))
    used = model.path(torch.ones(2, 4))
    assert [layer.kind for layer in used] == ["linear", "batch norm", "other", *["linear"] * 3]
    assert [layer.name for layer in used[3:]] == ["tied", "tied", "out"]
    assert used[3].which == used[4].which != used[5].which
    assert used[0].sizes == (4, 3)
    assert [used[place].weight.shape for place in (0, 5)] == [(3, 4), (2, 3)]  # type: ignore
    assert used[1].mean is not None
    assert used[1].training
    through = model.backward(torch.ones(2, 4), torch.ones(2, 2))
    assert through["out.weight"].shape == (2, 3)  # type: ignore[union-attr]
    assert set(model.modes().values()) == {True}


FIGURE = """
from matplotlib import pyplot as plt

def plot(comparison):
    figure, axes = plt.subplots(1, 2)
    for label, series in comparison.items():
        axes[0].semilogy([*series], [*series.values()], label=label)
    axes[0].legend(title="A legend")
    axes[1].plot([1, 2], [3, 4])
    axes[1].set(title="A title", xlabel="x", ylabel="y")
    figure.text(0, 0, "A note")
    return figure
"""


def test_a_figure_answers_the_same_on_both_sides(
    both: Callable[..., tuple[Answers, Answers]],
) -> None:
    told = []
    for answers in both(gradient_comparison=FIGURE):
        figure = answers.gradient_comparison.plot({"relu": {"1": 0.5, "2": 0.25}, "tanh": {}})
        seen = [way.tolist() for way in figure.seen()]
        told.append([repr(figure), figure.lines(), figure.words(), figure.rises([0.25]), seen])
    assert told[0] == told[1]
    _, lines, words, rises, seen = told[0]
    assert [(line.axes, line.ys, line.label) for line in lines[:1]] == [(0, [0.5, 0.25], "relu")]
    assert {"relu", "A legend", "A title", "x", "y", "A note"} <= {word.text for word in words}
    assert [len(heights) for heights in rises] == [1, 1]
    # Two lines of one segment, and one that has no points.
    assert [len(way) for way in seen] == [1, 0, 1]


DIGITS = """
from torchvision import transforms
from torchvision.datasets import MNIST

def mnist(root, *, train=True, download=False):
    return MNIST(root, train=train, transform=transforms.ToTensor())
"""


def test_digits_answer_the_same_on_both_sides(here: Make, elsewhere: Make) -> None:
    root = digits.digits().root.resolve()
    told = []
    for make in (here, elsewhere):
        answers = make(readable=(root,), gradient_comparison=DIGITS)
        found = answers.gradient_comparison.mnist(str(root), train=False)
        told.append(plain([repr(found), len(found), found[3], [x[:9] for x in found.stored()]]))
    assert told[0] == told[1]
    assert told[0][0] == "a MNIST"


CHANGES = {
    "a network that is trained": (
        """
        optimizer = torch.optim.SGD(X.parameters(), lr=0.5)
        X(M).sum().backward()
        optimizer.step()
        """,
        lambda: (regression(1.0, 2.0), torch.ones(3, 1)),
    ),
    "a network that is set to evaluation": ("X.eval()", lambda: (regression(1.0, 2.0),)),
    "a network that is frozen": ("X.requires_grad_(False)", lambda: (regression(1.0, 2.0),)),
    "a generator that is drawn from": (
        "return torch.rand(3, generator=X)",
        lambda: (torch.Generator().manual_seed(3),),
    ),
    "a .grad": (
        "X.grad = torch.ones(2)",
        lambda: (torch.zeros(2, requires_grad=True),),
    ),
    "tensors in a list": ("X[0].add_(1)", lambda: ([torch.zeros(2), torch.zeros(1)],)),
    "tensors in a dict": ("X['a'].add_(1)", lambda: ({"a": torch.zeros(2)},)),
    "the batches of a loader": (
        "[x.add_(1) for x, _ in X]",
        lambda: (Loader([(torch.zeros(2), torch.ones(1))]),),
    ),
}


def state(value: Any) -> Any:
    """All that an argument holds."""
    if isinstance(value, torch.Generator):
        return value.get_state().tolist()
    if isinstance(value, nn.Module):
        return [value.training, plain(value), [state(p.grad) for p in value.parameters()]]
    if isinstance(value, Tensor):
        return [plain(value), state(value.grad) if value.is_leaf else None]
    if isinstance(value, Loader):
        return state(value.batches)
    if isinstance(value, tuple | list):
        return [state(entry) for entry in value]
    return {k: state(v) for k, v in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("what", CHANGES)
def test_arguments_hold_what_the_call_left_in_them(
    both: Callable[..., tuple[Answers, Answers]], what: str
) -> None:
    body, given = CHANGES[what]
    left = []
    for answers in both(autograd="import torch\n" + function(body)):
        arguments = given()
        outcome = answers.side.call("autograd", "gradient", arguments, {})
        assert not outcome.raised
        left.append([state(outcome.result), state(arguments)])
    assert left[0] == left[1]
    assert left[0][1] != state(given())


def test_a_seed_gives_the_same_draws_on_both_sides(
    both: Callable[..., tuple[Answers, Answers]],
) -> None:
    draw = "return [torch.rand(2).tolist(), random.random(), numpy.random.rand()]"
    drawn = []
    for answers in both(autograd="import random, numpy, torch\n" + function(draw)):
        for seed in (3, 3, 4):
            answers.seed(seed)
            drawn += [answers.autograd.gradient(), answers.autograd.gradient()]
    first, second, *again = drawn[:6]
    assert first != second
    assert [first, second] == again[:2] != again[2:]
    assert drawn[6:] == drawn[:6]


# What was printed, and what was written

DEADLY_LAST = {
    "an exit": ("import os; print('so far'); os._exit(0)", "so far\n"),
    "a loop": ("print('δ'); print('last')\n        while True: pass", "δ\nlast\n"),
    "a loop that prints": ("while True: print('again and again')", "again and again\n" * 125),
    "a fault": ("import ctypes; print('here', end=''); ctypes.string_at(0)", "here"),
}


@pytest.mark.parametrize("how", DEADLY_LAST)
def test_what_a_call_printed_outlives_its_process(elsewhere: Make, how: str) -> None:
    body, printed = DEADLY_LAST[how]
    answers = elsewhere(
        patience=1.0, autograd=function("print('before')", name="M") + function(body)
    )
    answers.autograd.M()
    with pytest.raises(Wrong) as ended:
        answers.autograd.gradient()
    assert ended.value.printed == printed


def test_what_an_import_printed_is_told_where_it_fails(elsewhere: Make) -> None:
    answers = elsewhere(patience=1.0, autograd="print('epoch 1')\nwhile True: pass")
    with pytest.raises(Wrong) as ended:
        answers.autograd.gradient()
    assert ended.value.printed == "epoch 1\n"


def test_a_million_lines_cost_little(elsewhere: Make) -> None:
    """No more than twice what they cost where nobody reads them, and the next are told again."""
    body = """
        import os, sys, time
        lost, kept, taken = open(os.devnull, "w"), sys.stdout, []
        for stream in (lost, kept):
            began = time.process_time()
            for line in range(M):
                print(line, file=stream)
            taken.append(time.process_time() - began)
        return taken
    """
    answers = elsewhere(autograd=function(body))
    lost, kept = answers.autograd.gradient(None, 200_000)
    assert answers.printed.startswith("0\n1\n2\n")
    assert kept < 2 * lost
    answers.autograd.gradient(None, 2)
    assert answers.printed == "0\n1\n"


FLOODS = {
    "one large file": "open('all', 'wb').write(bytes(3 * 2**20)); time.sleep(60)",
    "many files": "for i in range(10**6): open(str(i), 'wb').write(b'0')",
    "deep folders": "for i in range(900): os.mkdir('d'); os.chdir('d'); open('f', 'w').write('0')"
    "\n        time.sleep(60)",
    "files without a name": "for i in range(9): kept.append(tempfile.TemporaryFile()); "
    "kept[-1].write(bytes(2**20)); kept[-1].flush()\n        time.sleep(60)",
    "memory as a file": "f = os.memfd_create('x'); os.write(f, bytes(3 * 2**20)); time.sleep(60)",
}


@pytest.mark.parametrize("how", FLOODS)
def test_what_an_answer_writes_is_bounded(elsewhere: Make, how: str) -> None:
    head = "import os, tempfile, time; kept = []\n        "
    answers = elsewhere(
        autograd=function(head + FLOODS[how]),
        tensor_operations=function("return X * 2", name="flatten"),
    )
    assert isinstance(answers.side, Apart)
    answers.side.start().place = replace(answers.side.place, space=2**21)
    told = outcome(answers.autograd.gradient)
    assert "wrote more than the 2 MiB that its files may have" in told
    assert answers.tensor_operations.flatten(torch.ones(1)).tolist() == [2]


def test_a_file_grows_as_far_as_all_may(elsewhere: Make) -> None:
    answers = elsewhere(autograd=function("open('all', 'wb').write(bytes(3 * 2**20))"))
    assert isinstance(answers.side, Apart)
    answers.side.place = replace(answers.side.place, space=2**21)
    assert "raised OSError: [Errno 27] File too large" in outcome(answers.autograd.gradient)


def test_a_network_in_a_list_can_be_asked(make: Make) -> None:
    answers = make(autograd="import torch\n" + function("return [{'m': torch.nn.Linear(2, 1)}]"))
    (result,) = answers.autograd.gradient()
    assert isinstance(result["m"], Network)
    assert shown([result]) == "[{'m': a Linear}]"
    assert result["m"].leaves() == ["Linear"]


# A DataLoader

LOADERS = """
    import numpy
    import torch
    from torch.utils.data import DataLoader, Dataset, IterableDataset


    class Squares(Dataset):
        def __len__(self):
            return 10

        def __getitem__(self, index):
            return torch.tensor(float(index**2)), index


    class Stream(IterableDataset):
        def __iter__(self):
            info = torch.utils.data.get_worker_info()
            first, step = (info.id, info.num_workers) if info else (0, 1)
            return iter(range(first, 10, step))


    class Own(DataLoader):
        pass


    def gradient(**options):
        if not options.pop("workers"):
            options = {k: v for k, v in options.items() if k in ("shuffle", "drop_last")}
        luck = torch.Generator().manual_seed(1)
        loader = Own(Squares(), batch_size=3, generator=luck, **options)
        batches = [[values.tolist(), numbers.tolist()] for _ in range(2)
                   for values, numbers in loader]
        stream = DataLoader(Stream(), batch_size=None, num_workers=loader.num_workers)
        return batches, sorted(map(int, stream)), loader.num_workers, torch.rand(1).tolist()
"""


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shuffle": True},
        {"timeout": 5.0, "drop_last": True},
        {"persistent_workers": True, "prefetch_factor": 4},
        {"multiprocessing_context": "fork", "shuffle": True},
    ],
    ids=str,
)
def test_a_loader_with_workers_gives_what_it_gives_without(
    elsewhere: Make, options: dict[str, Any]
) -> None:
    """Confined, there are no others to work, and a right answer loses nothing by that."""
    answers, results = elsewhere(autograd=LOADERS), []
    for workers in (False, True):
        answers.seed(5)
        more = {"num_workers": 2} | options if workers else options
        result = answers.autograd.gradient(workers=workers, **more)
        assert result[2] == 2 * workers
        results.append([result[0], result[1], result[3]])
    assert results[0] == results[1]
    assert results[0][1] == [*range(10)]


def test_who_meets_a_bound_is_told_of_it(elsewhere: Make) -> None:
    pool = "import multiprocessing; return multiprocessing.Pool(2).map(abs, [1])"
    answers = elsewhere(autograd=function(pool))
    with pytest.raises(Wrong) as met:
        answers.autograd.gradient()
    told = "raised PermissionError: [Errno 13] Permission denied; answers have their folder, "
    assert str(met.value.returned).startswith(told)


# Without fork


@pytest.fixture
def spawned(elsewhere: Make, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Answers in processes that start anew, as on Windows."""
    monkeypatch.setattr("answering.process.context", lambda: multiprocessing.get_context("spawn"))
    return elsewhere


def test_without_fork_all_is_the_same(spawned: Make) -> None:
    answers = spawned(
        patience=2.0,
        autograd=function("print('hi'); return X * 2"),
        tensor_operations=function("while True: pass", name="flatten"),
        gradient_comparison=NETWORK + FIGURE,
    )
    assert answers.autograd.gradient(torch.ones(2)).tolist() == [2, 2]
    assert answers.printed == "hi\n"
    assert answers.gradient_comparison.LinearRegression().is_linear_regression()
    assert len(answers.gradient_comparison.plot({}).lines()) == 1
    assert "did not come back within 2 s" in outcome(answers.tensor_operations.flatten)


def test_where_the_system_keeps_no_limit_the_suite_looks_at_the_memory(
    spawned: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("answering.process.LIMITED", False)
    grow = """
        kept = []
        while True:
            kept.append(b"0" * 2**20)
            __import__("time").sleep(0.001)
    """
    answers = spawned(
        autograd=function(grow), tensor_operations=function("return X * 2", name="flatten")
    )
    assert answers.tensor_operations.flatten(torch.ones(2)).tolist() == [2, 2]
    assert isinstance(answers.side, Apart)
    assert answers.side.process
    answers.side.process.place = replace(answers.side.place, memory=2**27)
    assert "ran out of memory (limit 0.125 GiB, --memory)" in outcome(answers.autograd.gradient)


def test_without_fork_closed_descriptors_are_told(spawned: Make) -> None:
    """One of them tells the suite when the process ends."""
    body = "import os, time; os.closerange(3, 1000); time.sleep(100)"
    answers = spawned(autograd=function(body))
    assert "closed its connection to the suite" in outcome(answers.autograd.gradient)


def test_without_fork_one_process_serves_our_own_code_as_if_it_were_new(
    here: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has the entry that is asked for, knows nothing of before, and watches no folder."""
    spawn = multiprocessing.get_context("spawn")
    monkeypatch.setattr("answering.starting.context", lambda: spawn)
    monkeypatch.setattr("answering.process.context", lambda: spawn)
    body = """
        import os
        from pathlib import Path

        number = 0


        def save_weights(model, path):
            global number
            number += 1
            open(path, "a").close()
            return os.getpid(), number


        def load_weights(path):
            os._exit(3)
    """
    answers = here(linear_regression=body)
    entry = ALTERNATIVES["save_by_way_of_bytes"]
    path, steps, seen = answers.scratch / "watched.pt", list[str](), list[Any]()
    for number, tried in enumerate([answers, answers, answers.trying(entry), answers]):
        with tried.fresh() as fresh:
            if number == 1:
                fresh.pause_at_steps(path.parent, steps.append)
            model = regression(1.0, 2.0)
            seen.append(fresh.attempt("linear_regression", "save_weights", model, path).result)
            path.unlink()
            if number == 1:
                assert (
                    "exit status 3" in fresh.attempt("linear_regression", "load_weights", 0).ended
                )
    SPARE.pop().end()
    (first, one), (second, again), replaced, (third, once_more) = seen
    assert first == second != third
    assert one == again == once_more == 1
    assert replaced is None
    assert steps == ["open"]


def test_a_look_that_fails_leaves_no_process_in_the_midst_of_a_call(make: Make) -> None:
    answers = make(linear_regression="def save_weights(model, path):\n    open(path, 'a').close()")

    def look(step: str) -> None:
        raise Wrong("left nothing", "something")

    path = answers.scratch / "watched.pt"
    with answers.fresh() as fresh:
        fresh.pause_at_steps(path.parent, look)
        with pytest.raises(Wrong, match="left nothing"):
            fresh.attempt("linear_regression", "save_weights", regression(1.0, 2.0), path)
        assert isinstance(fresh.side, Apart)
        assert fresh.side.process is not None
        assert not fresh.side.process.alive


# A save that is interrupted

GOOD_SAVE = """
    beside = path.with_name("beside")
    with beside.open("wb") as file:
        torch.save(model.state_dict(), file)
    beside.replace(path)
"""

SAVES = {
    "as it should be": (GOOD_SAVE, None),
    "in place": ("    torch.save(model.state_dict(), path)\n", "at byte"),
    "by deleting first": ("    path.unlink()\n" + GOOD_SAVE, "before os.rename"),
    "in two moves": (
        GOOD_SAVE.replace("beside.replace(path)", 'path.rename(path.with_name("old"))')
        + "    beside.rename(path)\n",
        "before os.rename",
    ),
}
"""A way to save, and the moment at which a crash leaves neither the old file nor the new one."""


class Save:
    """One way to save over a file of old weights."""

    def __init__(self, answers: Answers) -> None:
        self.answers, self.path = answers, answers.scratch / "weights" / "weights.pt"
        self.path.parent.mkdir()

    def interrupted(self, interrupt: Callable[[Answers], None]) -> Any:
        """What came of it in a fresh process, over the old weights."""
        self.path.unlink(missing_ok=True)
        self.path.write_bytes(b"old")
        with self.answers.fresh() as fresh:
            interrupt(fresh)
            model = regression(3.0, 4.0)
            return fresh.attempt("linear_regression", "save_weights", model, self.path)

    def is_whole(self) -> bool:
        """Whether the file is the old one, or a complete archive of torch.save."""
        content = self.path.read_bytes() if self.path.exists() else b""
        end_of_archive = b"PK\x05\x06"
        return content == b"old" or end_of_archive in content


@pytest.fixture
def saving(make: Make, tmp_path: Path) -> Callable[[str], Save]:
    head = "import torch\nfrom pathlib import Path\n\n\ndef save_weights(model, path):\n"
    return lambda body: Save(make(linear_regression=head + body))


@pytest.fixture(autouse=True)
def empty_scratch(request: pytest.FixtureRequest) -> None:
    """Nothing is left by another test, where answers here share one folder."""
    if "saving" in request.fixturenames:
        for left in (Answers.here(Path()).scratch).glob("weights*"):
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()


@pytest.mark.parametrize("way", SAVES)
def test_a_crash_is_seen_at_every_step(saving: Callable[[str], Save], way: str) -> None:
    body, moment = SAVES[way]
    save = saving(body)
    seen: list[tuple[str, bool]] = []
    for size in (1, 700):
        came = save.interrupted(lambda fresh, size=size: fresh.limit_files(size, deadly=True))  # type: ignore[misc]
        assert came.ended == "ended the process (a file that grew too large)"
        seen.append((f"at byte {size}", save.is_whole()))
    folder = save.path.parent
    look = lambda step: seen.append((f"before {step}", save.is_whole()))  # noqa: E731
    came = save.interrupted(lambda fresh: fresh.pause_at_steps(folder, look))
    assert not came.ended
    assert not came.raised
    assert save.is_whole()
    broken = [when for when, whole in seen if not whole]
    if moment is None:
        assert not broken
        assert "before os.rename" in [when for when, _ in seen]
    else:
        assert any(moment in when for when in broken), seen


@pytest.mark.parametrize("way", SAVES)
def test_a_full_disk_is_seen(saving: Callable[[str], Save], way: str) -> None:
    save = saving(SAVES[way][0])
    whole = []
    for size in (1, 700):
        came = save.interrupted(lambda fresh, size=size: fresh.limit_files(size, deadly=False))  # type: ignore[misc]
        assert came.raised.is_a(OSError, RuntimeError)
        whole.append(save.is_whole())
    assert all(whole) == (way not in ("in place", "by deleting first"))


# The folder as it was


def test_a_folder_is_taken_as_it_was(tmp_path: Path) -> None:
    folder, copy, outside = (tmp_path / name for name in ("answers", "copy", "outside"))
    for new in (folder, copy, outside, folder / "inner", folder / "__pycache__"):
        new.mkdir()
    (outside / "secret.py").write_text("secret")
    (folder / "autograd.py").write_text("theirs")
    (folder / "inner" / "part.py").write_text("theirs, too")
    (folder / "__pycache__" / "autograd.pyc").write_bytes(b"planted")
    (folder / "alias.py").symlink_to("autograd.py")
    (folder / "out.py").symlink_to(outside / "secret.py")
    (folder / "out").symlink_to(outside)
    (folder / "gone.py").symlink_to("nowhere")
    (folder / "round.py").symlink_to("round.py")
    (folder / "long.py").write_bytes(b"#" * (2**20 + 1))
    os.mkfifo(folder / "pipe.py")
    refused = snapshot(folder, copy)
    link = "is a link that leads out of the folder"
    assert {name: refused[name] for name in ("out.py", "out", "pipe.py")} == {
        "out.py": link,
        "out": link,
        "pipe.py": "is no plain file",
    }
    assert refused["long.py"].startswith("has 1,048,577 bytes")
    assert refused["gone.py"] == "cannot be read: No such file or directory"
    assert "round.py" in refused
    assert sorted(refused) == ["gone.py", "long.py", "out", "out.py", "pipe.py", "round.py"]
    kept = {str(p.relative_to(copy)): p.read_text() for p in copy.rglob("*") if p.is_file()}
    assert kept == {
        "autograd.py": "theirs",
        "alias.py": "theirs",
        "inner/part.py": "theirs, too",
    }
