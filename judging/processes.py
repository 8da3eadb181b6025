"""Another process: where an answer has to work without the memory of this one, or is killed.

``Server`` has one process that knows torch and forks for each request, so a request costs
milliseconds and yet runs in a process that has never seen the answers before.
Requests and replies are lines of JSON: nothing that an answer made is ever unpickled.
"""

import io
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import torch

from judging.answers import Answers
from judging.known import ALTERNATIVES, MISTAKES

ROOT = Path(__file__).parent.parent


class Server:
    """The parent's end. One request at a time.

    The process is a fork of this one where that is safe, which costs next to nothing: at the start
    of a run no answer has been loaded yet. Beside other threads it is a new interpreter.
    """

    def __init__(self) -> None:
        if hasattr(os, "fork") and threading.active_count() == 1:
            self._fork()
        else:
            self._spawn()

    def _fork(self) -> None:
        requests, replies = os.pipe(), os.pipe()
        if os.fork() == 0:
            try:
                os.close(requests[1])
                os.close(replies[0])
                serve(requests[0], replies[1])
            finally:  # whatever happens, the run does not go on in two processes
                os._exit(0)
        os.close(requests[0])
        os.close(replies[1])
        self.requests, self.replies = os.fdopen(requests[1], "w"), os.fdopen(replies[0])

    def _spawn(self) -> None:
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import catalogue; from judging.processes import serve; serve(0, 1)",
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        )
        assert process.stdin is not None
        assert process.stdout is not None
        self.requests, self.replies = process.stdin, process.stdout  # type: ignore[assignment]

    def ask(self, task: str, **arguments: Any) -> Any:
        """Run one of TASKS in a fresh process; its result, or {"error": …} in words."""
        self.begin(task, **arguments)
        return self.result()

    def begin(self, task: str, *, patience: int = 60, **arguments: Any) -> None:
        """Start one of TASKS, beside what goes on here; after so many seconds it counts as hanging.

        Ask for the result before the next one.
        """
        request = {"task": task, "patience": patience, "arguments": arguments}
        self.requests.write(json.dumps(request) + "\n")
        self.requests.flush()

    def result(self) -> Any:
        """Wait for the task that has begun; its result, or {"error": …} in words."""
        reply = self.replies.readline()
        return json.loads(reply) if reply else {"error": "the process beside the suite has ended"}


@cache
def server() -> Server:
    """The one server of this process: started at the first call, ready a moment later."""
    return Server()


def serve(requests: int, replies: int) -> None:
    """The child's end: fork for each line that comes in, until the parent closes the pipe."""
    torch.set_num_threads(1)
    warm = io.BytesIO()
    torch.save(regression(0.0, 0.0).state_dict(), warm)
    warm.seek(0)
    torch.load(warm, weights_only=True)
    out = os.fdopen(os.dup(replies), "wb")
    # What an answer prints must not be taken for a reply, nor appear among the results.
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (1, 2):
        os.dup2(silence, stream)
    for line in os.fdopen(requests):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(read)
            _reply(write, json.loads(line))
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            reply = pipe.read()
        _, status = os.waitpid(child, 0)
        if not reply:
            reply = json.dumps({"error": f"the process ended with status {status}"}).encode()
        out.write(reply + b"\n")
        out.flush()


def _reply(write: int, request: dict[str, Any]) -> None:
    signal.alarm(request["patience"])
    try:
        result = TASKS[request["task"]](**request["arguments"])
    except BaseException as error:
        result = {"error": f"{type(error).__name__}: {error}"}
    with os.fdopen(write, "w") as pipe:
        json.dump(result, pipe)
    os._exit(0)


def _answers(folder: str, variant: str | None) -> Answers:
    answers = Answers(Path(folder)).install()
    return answers.trying((MISTAKES | ALTERNATIVES)[variant]) if variant else answers


def reload(folder: str, variant: str | None, path: str, x: list[float]) -> Any:
    """Load the weights with the answer's load_weights and apply the model to x, float32."""
    model = _answers(folder, variant).linear_regression.load_weights(path)
    with torch.no_grad():
        y = model(torch.tensor(x).reshape(-1, 1))
    return {"dtype": str(y.dtype), "y": [value.hex() for value in y.double().flatten().tolist()]}


Left = tuple[str, str | None]
"""What happened, and what was then in the file, in hexadecimal, or None if there is none."""


def save_and_crash(
    folder: str, variant: str | None, *, path: str, weights: list[float], sizes: list[int]
) -> list[Left]:
    """Save over what is in path, and crash in every way: as if the machine had lost power.

    That is once a file has grown to each of ``sizes``, in bytes, and before each of STEPS, where a
    crash would leave what the disk holds just then: that can be looked at without dying.
    """
    save, file = _answers(folder, variant).linear_regression.save_weights.target, Path(path)
    model, before = regression(*weights), file.read_bytes()
    found = []
    for size in sizes:
        if os.fork() == 0:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            try:
                save(model, file)
            finally:
                os._exit(1 if sys.exc_info()[1] else 0)
        _, status = os.wait()
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) != 0:
            raise RuntimeError(f"an error instead of going on, at byte {size} of the file")
        found.append(_left(f"the process was killed at byte {size} of the file", file))
        _put_back(file, before)
    _before_each_step(
        file.parent,
        lambda step: found.append(_left(f"the process was killed before {step}", file)),
    )
    save(model, file)
    return found


def save_on_a_full_disk(
    folder: str, variant: str | None, *, path: str, weights: list[float], sizes: list[int]
) -> list[Left]:
    """Save over what is in path where a file can grow to each of ``sizes``, and then OSError."""
    save, file = _answers(folder, variant).linear_regression.save_weights.target, Path(path)
    model, before = regression(*weights), file.read_bytes()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    found = []
    for size in sizes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
        with suppress(Exception):  # any error will do
            save(model, file)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
        found.append(_left(f"the disk was full at byte {size} of the file", file))
        _put_back(file, before)
    return found


def _left(what: str, file: Path) -> Left:
    return what, file.read_bytes().hex() if file.exists() else None


def _put_back(file: Path, content: bytes) -> None:
    file.unlink(missing_ok=True)  # which may have become a link
    file.write_bytes(content)


STEPS = {"open", "os.rename", "os.remove", "os.link", "os.truncate", "os.chmod", "os.rmdir"}
"""The audit events of CPython at which a file may change its name or be opened."""


def _before_each_step(folder: Path, look: Callable[[str], None]) -> None:
    """From now on, look before each of STEPS that touches a file in this folder."""
    looking = False

    def watch(event: str, args: tuple) -> None:
        nonlocal looking
        if looking or event not in STEPS:
            return
        if any(str(folder) in os.fsdecode(a) for a in args if _is_path(a)):
            looking = True
            look(event)
            looking = False

    sys.addaudithook(watch)


def _is_path(value: Any) -> bool:
    return isinstance(value, str | bytes | os.PathLike)


class LinearRegression(torch.nn.Module):
    """A module like the contract's, made by the suite itself."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x)


def regression(weight: float, bias: float) -> LinearRegression:
    """The model y = weight·x + bias, float32."""
    model = LinearRegression()
    with torch.no_grad():
        model.linear.weight.fill_(weight)
        model.linear.bias.fill_(bias)
    return model


def execute_notebook(path: str) -> Any:
    """Run the notebook's cells from top to bottom: see tests.notebook."""
    from answering.notebook import execute

    return execute(Path(path))


TASKS: dict[str, Callable[..., Any]] = {
    "reload": reload,
    "save_and_crash": save_and_crash,
    "save_on_a_full_disk": save_on_a_full_disk,
    "execute_notebook": execute_notebook,
}
