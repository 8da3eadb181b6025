"""Runs a hand-in, apart and twice, and takes what was recorded as plain data.

In the first run the seeds that the work sets are its own; in the second each is another one, so
that whatever is random has moved, and what was typed in has not. A cell that hangs or ends its
process costs what it would have shown: the rest runs on in a new process, after all that came
before it.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Any

from answering import events
from answering.events import At, Record
from answering.hand_in import HandIn
from answering.process import LIVING, Ended, Process
from answering.values import Unfit
from answering.worker import Place
from judging.records import Forged, joined, read
from judging.work import Work

MOST_RESTARTS = 3
"""Times that a run begins again after a cell that hung, or ended its process."""

WHOLE = 10
"""How many times the patience of one cell all cells of a run may take together."""

SHIFT = 7_368_787
"""What is added to each seed of the work in the second run: a prime."""

MOST_BYTES = 2**28
"""Bytes of values that are taken of one run."""

MOST_RECORDED = 80_000
"""Values and events that are taken of one run."""


class Both:
    """Two locks as one: that of threads, and that of two judges."""

    def __init__(self, *locks: Any) -> None:
        self.locks = locks

    def __enter__(self) -> None:
        for lock in self.locks:
            lock.__enter__()

    def __exit__(self, *error: object) -> None:
        for lock in reversed(self.locks):
            lock.__exit__(*error)


@dataclass
class Running:
    """One run of a hand-in, from its first cell to its last.

    Args:
        place: for its processes; each has a copy of the hand-in in its scratch folder.
        lay: lays a copy of the hand-in in a folder.
        seed: of what it draws without a seed of its own.
        shift: is added to the seeds that it sets.
        told: is called before each cell, with its title.
    """

    hand_in: HandIn
    place: Place
    lay: Callable[[Path], None]
    patience: float
    digits: str
    seed: int
    shift: int
    told: Callable[[str], None] = lambda title: None
    record: Record = field(default_factory=Record)
    dead: dict[int, set[int]] = field(default_factory=dict)
    """The cells that hung or ended their process → of a script, the lines that did."""
    process: Process | None = None
    began: int = 0
    statement: int = 0
    """The line of the statement of a script that runs now."""
    taken: int = 0
    """Bytes of values so far."""
    until: float = 0.0
    """When the time for the whole is up."""

    def run(self) -> Record:
        """Run everything; what was recorded. Whatever becomes of it, there is a record."""
        began = monotonic()
        self.until = began + WHOLE * self.patience
        try:
            for attempt in range(1 + MOST_RESTARTS):
                part = Record()
                finished = self._attempt(part, last=attempt == MOST_RESTARTS)
                self.record = joined(self.record, part) if attempt else part
                if finished:
                    break
        finally:
            self.end()
        self.record.seconds = monotonic() - began
        return self.record

    def end(self) -> None:
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process = None

    def _attempt(self, record: Record, *, last: bool) -> bool:
        """Run all cells but those that are dead; whether there is nothing left to run."""
        cell, process = 0, self._process()
        for unit in self.hand_in.units:
            script = unit.kind == "script"
            try:
                self._ask(process, record, do="begin_unit", unit=unit.file, is_script=script)
            except (Ended, Unfit, Forged) as error:
                record.events.append(events.CellEnd(At(cell, 0), ended=str(error)))
                return True
            for one in unit.cells:
                without = self.dead.get(cell, set())
                if monotonic() > self.until:
                    spent = f"all before it took more than {WHOLE * self.patience:g} s"
                    record.events.append(_not_run(cell, spent))
                    return True
                if script or cell not in self.dead:
                    self.told(one.title)
                    try:
                        self._ask(process, record, do="run_cell", cell=cell, source=one.source,
                                  without=tuple(without))  # fmt: skip
                    except (Ended, Unfit, Forged) as error:
                        words = str(error) if isinstance(error, Ended) else f"sent {error}"
                        line = self.statement if script else 0
                        record.events.append(events.CellEnd(At(cell, line), ended=words))
                        hopeless = bool(script and line in without)
                        self.dead.setdefault(cell, set()).add(line)
                        self.end()
                        if self._is_last(cell, script):
                            return True
                        if last and not script:
                            often = f"{1 + MOST_RESTARTS} cells hung, or ended the process"
                            record.events.append(_not_run(cell + 1, often))
                        return last or hopeless
                cell += 1
        return True

    def _is_last(self, cell: int, script: bool) -> bool:
        total = sum(len(unit.cells) for unit in self.hand_in.units)
        return not script and cell == total - 1

    def _process(self) -> Process:
        """A new process, in a new copy of the hand-in."""
        self.end()
        self.began += 1
        scratch = self.place.scratch.with_name(f"{self.place.scratch.name}-{self.began}")
        work = scratch / "work"
        work.mkdir(parents=True)
        self.lay(work)
        self.process = Process(replace(self.place, scratch=scratch), self.patience).be_ready()
        request = {"do": "begin_work", "folder": str(work), "digits": self.digits}
        self._ask(self.process, Record(), **request, shift=self.shift, seed=(self.seed, None))
        return self.process

    def _ask(self, process: Process, record: Record, **request: Any) -> None:
        self.statement = 0

        def take(part: Any) -> None:
            if type(part) is int:
                self.statement = part
                return
            known = len(record.values)
            read(record, part, MOST_RECORDED)
            new = (value.entries for value in record.values[known:])
            self.taken += sum(entries.nbytes for entries in new if entries is not None)
            if self.taken > MOST_BYTES:
                raise Forged("more than can be taken")

        try:
            reply = process.ask(request, on_part=take)
        except (Forged, Unfit):
            process.kill()
            raise
        if "error" in reply:
            raise Ended(f"could not run: {reply['error']}")


def _not_run(cell: int, why: str) -> events.CellEnd:
    return events.CellEnd(At(cell, 0), ended=f"was not run, nor any after it: {why}")


def copied(laid: Path, folder: Path) -> None:
    """Lay a copy of a hand-in in a folder that is there."""
    shutil.copytree(laid, folder, dirs_exist_ok=True)


def run(
    hand_in: HandIn,
    place: Place,
    lay: Callable[[Path], None],
    *,
    patience: float,
    digits: str,
    seed: int,
    told: Callable[[str], None] = lambda title: None,
) -> Work:
    """Run a hand-in twice, side by side, and bring it in the form in which it is judged."""
    runs = [
        Running(
            hand_in,
            replace(place, scratch=place.scratch.with_name(f"run-{number}"), work=True),
            lay,
            patience,
            digits,
            (seed + number) % 2**63,
            SHIFT * number,
            told if number == 0 else lambda title: None,
        )
        for number in (0, 1)
    ]
    failures: list[BaseException] = []

    def go(one: Running) -> None:
        try:
            one.run()
        except BaseException as error:
            failures.append(error)

    # Another judge may begin and end processes, too.
    before, LIVING.lock = LIVING.lock, Both(threading.Lock(), LIVING.lock)
    try:
        threads = [threading.Thread(target=go, args=(one,), daemon=True) for one in runs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        LIVING.lock = before
    if failures:
        raise failures[0]
    cells = [cell for unit in hand_in.units for cell in unit.cells]
    return Work(cells, [*hand_in.texts], [one.record for one in runs])
