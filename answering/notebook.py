"""Executes a notebook in a kernel inside this process, which a kernel of its own would start anew.

A kernel of its own, as nbclient starts it, has to import torch once more: 13 s of CPU time for
solutions/grad_cmp.ipynb, where this takes 5 s, in a run of pytest that takes 30 s in all.
"""

import json
import os
import sys
import tempfile
import warnings
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from answering.starting import can_fork, clean_surroundings, context


class Execution:
    """A notebook that runs in a process of its own, from now on."""

    def __init__(self, path: Path) -> None:
        # A fork has torch, and what else this process has imported.
        way: Any = get_context("fork") if can_fork() else context()
        self.connection, theirs = way.Pipe(duplex=False)
        self.process = way.Process(target=_report, args=(theirs, path), daemon=True)
        with clean_surroundings():
            self.process.start()
        theirs.close()

    def result(self) -> list[dict[str, Any]]:
        """What each cell gave, as execute says. Raises TimeoutError, EOFError if it broke off."""
        if not self.connection.poll(300):
            self.process.kill()
            raise TimeoutError("the notebook did not come to its end within 300 s")
        return json.loads(self.connection.recv_bytes())


def _report(connection: Connection, path: Path) -> None:
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    connection.send_bytes(json.dumps(execute(path)).encode())


def execute(path: Path) -> list[dict[str, Any]]:
    """Run the code cells from top to bottom, in the notebook's folder, up to the first error.

    Returns for each cell that ran its id, its execution count, the traceback of its error or None,
    and its outputs as Jupyter has them: MIME type → data, or "text" → what was printed.
    """
    warnings.simplefilter("default")  # as in Jupyter: pytest -W error is not meant for a notebook
    with tempfile.TemporaryDirectory() as profile:
        # Neither a person's IPython start-up files nor their history have a part in this.
        os.environ["IPYTHONDIR"] = profile
        os.chdir(path.parent)
        from ipykernel.inprocess import InProcessKernelManager
        from traitlets.config import Config

        manager = InProcessKernelManager(config=Config({"HistoryManager": {"enabled": False}}))
        manager.start_kernel()
        client = manager.client()
        client.start_channels()
        ran = []
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                ran.append({"id": cell["id"], **_run("".join(cell["source"]), client)})
                if ran[-1]["error"]:
                    break
        return ran


def _run(source: str, client: Any) -> dict[str, Any]:
    client.execute(source)
    reply = client.get_shell_msg()["content"]
    outputs = []
    while client.iopub_channel.msg_ready():
        message = client.get_iopub_msg()
        if message["msg_type"] in ("execute_result", "display_data"):
            outputs.append(message["content"]["data"])
        elif message["msg_type"] == "stream":
            outputs.append({"text": message["content"]["text"]})
    return {
        "execution_count": reply["execution_count"],
        "error": "\n".join(reply["traceback"]) if reply["status"] == "error" else None,
        "outputs": outputs,
    }
