"""`python -m data` draws the offline digits; `python -m data --download` fetches MNIST."""

from __future__ import annotations

import argparse
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path

import data
from data import drawn, idx


def main(arguments: Sequence[str] | None = None) -> int:
    """Make or fetch a data set and say what it is and where; 1 and one sentence if that fails."""
    parser = argparse.ArgumentParser(prog="python -m data", description=__doc__)
    parser.add_argument("--download", action="store_true", help=f"fetch MNIST into {data.DATA}")
    wants_mnist = parser.parse_args(arguments).download
    root = data.DATA if wants_mnist else data.DRAWN
    began = time.perf_counter()
    try:
        new = download(root) if wants_mnist else drawn.make(root)
        name = data.describe(root).name
    except (OSError, RuntimeError, ValueError, HTTPException) as error:
        # torchvision's message has a paragraph for each mirror; the first one's reason is enough.
        reason = (str(error).partition("got:\n")[2] or str(error)).partition("\n")[0]
        print(
            f"MNIST could not be downloaded ({reason}); nothing was changed, and "
            "`python -m data` draws digits that need no network."
            if wants_mnist
            else f"The digits could not be drawn: {reason}",
            file=sys.stderr,
        )
        return 1
    state = f"new, in {time.perf_counter() - began:.1f} s" if new else "already there"
    print(f"{name}: {state}\n{root}")
    return 0


def download(root: Path) -> bool:
    """Fetch MNIST into `root` unless a set is there already; True if fetched now.

    Fetched beside and moved when whole: a failure leaves `root` as it was.
    """
    if not idx.missing(root):
        return False
    from torchvision.datasets import MNIST

    raw = idx.raw_folder(root)
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(30)  # behind a firewall torchvision would wait for minutes, silently
    try:
        with tempfile.TemporaryDirectory(prefix=".download-", dir=root) as beside:
            staged = idx.raw_folder(beside)
            staged.mkdir(parents=True)
            # Archives brought by hand save the download: torchvision checks, then unpacks them.
            for archive in raw.glob("*.gz"):
                shutil.copy(archive, staged)
            MNIST(beside, download=True)
            data.describe(beside)
            raw.mkdir(parents=True, exist_ok=True)
            for name in idx.NAMES:
                (staged / name).replace(raw / name)
    finally:
        socket.setdefaulttimeout(patience)
    return True


if __name__ == "__main__":
    sys.exit(main())
