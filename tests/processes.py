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
from functools import cache
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).parent.parent
PATIENCE = 60
"""Seconds after which a forked process counts as hanging."""


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
            os.close(requests[1])
            os.close(replies[0])
            serve(requests[0], replies[1])
            os._exit(0)
        os.close(requests[0])
        os.close(replies[1])
        self.requests, self.replies = os.fdopen(requests[1], "w"), os.fdopen(replies[0])

    def _spawn(self) -> None:
        process = subprocess.Popen(
            [sys.executable, "-c", "from tests.processes import serve; serve(0, 1)"],
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
        self.requests.write(json.dumps({"task": task, **arguments}) + "\n")
        self.requests.flush()
        reply = self.replies.readline()
        return json.loads(reply) if reply else {"error": "the process beside the suite has ended"}


@cache
def server() -> Server:
    """The one server of this process: started at the first call, ready a moment later."""
    return Server()


def serve(requests: int, replies: int) -> None:
    """The child's end: fork for each line that comes in, until the parent closes the pipe."""
    from tests import answers, catalogue, exercises  # noqa: F401 - loaded once, before the forks

    catalogue.load()
    torch.set_num_threads(1)
    warm = io.BytesIO()
    torch.save(regression(0.0, 0.0).state_dict(), warm)
    warm.seek(0)
    torch.load(warm, weights_only=True)
    out = os.dup(replies)
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
        os.write(out, reply + b"\n")


def _reply(write: int, request: dict[str, Any]) -> None:
    signal.alarm(PATIENCE)
    try:
        result = TASKS[request.pop("task")](**request)
    except BaseException as error:
        result = {"error": f"{type(error).__name__}: {error}"}
    os.write(write, json.dumps(result).encode())
    os._exit(0)


def _answers(folder: str, variant: str | None) -> Any:
    from tests.answers import Answers
    from tests.catalogue import ALTERNATIVES, MISTAKES, load
    from tests.exercises import EXERCISES

    answers = Answers(Path(folder), {e.module for e in EXERCISES.values()}).install()
    if variant:
        load()
        answers = answers.trying((MISTAKES | ALTERNATIVES)[variant])
    return answers


def reload(folder: str, variant: str | None, path: str, x: list[float]) -> Any:
    """Load the weights with the answer's load_weights and apply the model to x, float32."""
    model = _answers(folder, variant).linear_regression.load_weights(path)
    with torch.no_grad():
        y = model(torch.tensor(x).reshape(-1, 1))
    return {"dtype": str(y.dtype), "y": [value.hex() for value in y.double().flatten().tolist()]}


def save_interrupted(
    folder: str,
    variant: str | None,
    *,
    path: str,
    weights: list[float],
    limits: list[tuple[str, int]],
    kill: bool,
) -> Any:
    """Save, once for each limit, and interrupt it there. Between two tries the file is put back.

    At ("byte", n) the disk takes n bytes of a file; the process dies at the first byte too many, as
    if the machine had lost power, or without ``kill`` sees an OSError. At ("step", n) it dies
    before the n-th time that a file in the folder of path is opened, renamed or removed.
    Returns for each limit what is in path afterwards, in hexadecimal, or None if nothing is.
    """
    answers = _answers(folder, variant)
    save_weights = answers.linear_regression.save_weights.target
    model = regression(*weights)
    before = Path(path).read_bytes()
    found = []
    for unit, limit in limits:
        Path(path).unlink(missing_ok=True)
        Path(path).write_bytes(before)
        child = os.fork()
        if child == 0:
            if unit == "byte":
                signal.signal(signal.SIGXFSZ, signal.SIG_DFL if kill else signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            else:
                _die_at_step(limit, str(Path(path).parent))
            try:
                save_weights(model, Path(path))
            except BaseException:  # on a full disk any error will do
                os._exit(1 if kill else 0)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if kill and os.WIFEXITED(status) and os.WEXITSTATUS(status) == 1:
            return {"error": f"an error instead of going on, at {unit} {limit} of the writing"}
        found.append(Path(path).read_bytes().hex() if Path(path).exists() else None)
    return found


STEPS = {"open", "os.rename", "os.remove", "os.link", "os.truncate", "os.chmod", "os.rmdir"}
"""The audit events of CPython at which a file may change its name or be opened."""


def _die_at_step(number: int, folder: str) -> None:
    """End the process at the n-th step that touches a file in this folder."""
    steps = 0

    def count(event: str, args: tuple) -> None:
        nonlocal steps
        if event in STEPS and any(folder in os.fsdecode(a) for a in args if _is_path(a)):
            steps += 1
            if steps == number:
                os._exit(0)

    sys.addaudithook(count)


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


TASKS: dict[str, Callable[..., Any]] = {"reload": reload, "save_interrupted": save_interrupted}
