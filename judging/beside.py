"""A second judge: a fork of this process, which takes its tests from the other end of the list.

A test waits for the answer that it has called, and while it judges, the answer waits: one judge
keeps one core busy. Two keep two. The fork has everything that was imported and collected, and its
reports come back as pytest-xdist sends them. They are shown after those of this process, in order:
a run reads as if there were one judge.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from multiprocessing import get_context
from typing import IO, Any

import pytest

from answering import process
from judging import sides

FEWEST, MOST = 4, 30_000
"""Tests for which a second judge is worth its while, and those whose tokens a pipe holds."""

AFTERWARDS = "afterwards"
"""The mark of tests that judge what others gave: they run when all others have ended."""

ALONE = "alone"
"""The mark of tests that change what two judges share."""

FAREWELL = 10.0
"""Seconds in which a judge that is interrupted ends the processes of its answers."""


def can_judge(session: pytest.Session) -> bool:
    """Whether two can judge this run: not one that stops, looks into or hands on single tests."""
    options = session.config.option
    return bool(
        sys.platform == "linux"
        and hasattr(os, "fork")
        and threading.active_count() == 1
        and len(os.sched_getaffinity(0)) > 1
        and FEWEST <= len(session.items) <= MOST
        and not any(item.get_closest_marker(ALONE) for item in session.items)
        and not session.testsfailed
        and not (options.maxfail or options.usepdb or options.trace or options.collectonly)
        and options.capture != "no"
        and not getattr(options, "in_process", False)
        and not getattr(options, "numprocesses", None)
        and not hasattr(session.config, "workerinput")
    )


def judge(session: pytest.Session) -> bool:
    """Run every test of the session, one half of them in a fork. Returns that it has done so."""
    items = [item for item in session.items if not item.get_closest_marker(AFTERWARDS)]
    last = [item for item in session.items if item.get_closest_marker(AFTERWARDS)]
    # Files of both judges go when this one ends.
    session.config.add_cleanup(sides.home().cleanup)
    process.LIVING.share()
    tokens = _tokens(len(items))
    with tempfile.TemporaryFile() as records:
        other = get_context("fork").Process(
            target=_judge_beside, args=(session, items, tokens, records)
        )
        other.start()
        try:
            done = _judge(items, tokens, next(iter(last), None))
            other.join()
        finally:
            os.close(tokens)
            _end(other)
        reports = dict(_read(records))
    for item in items[done:]:
        _show(session, item, reports.get(item.nodeid))
    for place, item in enumerate(last, start=1):
        _run(item, last[place] if place < len(last) else None)
    return True


def _tokens(number: int) -> int:
    """A pipe that holds so many bytes and no more: who reads one may judge another test.

    One judge takes its tests from the front and one from the back; while there is a token, they
    have not met.
    """
    tokens, fill = os.pipe()
    os.write(fill, bytes(number))
    os.close(fill)
    return tokens


def _judge(items: list[pytest.Item], tokens: int, last: pytest.Item | None = None) -> int:
    """Judge one test for each token, and say how many; ``last`` follows when there is none left."""
    done = 0
    more = bool(os.read(tokens, 1))
    while more:
        # What its fixtures can leave for the next test depends on which that is.
        more = bool(os.read(tokens, 1))
        _run(items[done], items[done + 1] if more else last)
        done += 1
    return done


def _run(item: pytest.Item, following: pytest.Item | None) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    _heed(item.session)


def _heed(session: pytest.Session) -> None:
    """Stop where a plugin says so, as pytest's own loop does."""
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    if session.shouldstop:
        raise session.Interrupted(session.shouldstop)


class _Kept:
    """Keeps the reports of a test in a file, as they are made: not yet as they will be shown."""

    def __init__(self, config: pytest.Config, records: IO[bytes]) -> None:
        self.config, self.records = config, records
        self.reports: list[dict[str, Any]] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        hook = self.config.hook
        self.reports.append(hook.pytest_report_to_serializable(config=self.config, report=report))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        pickle.dump((nodeid, self.reports), self.records)
        self.records.flush()
        self.reports = []


def _judge_beside(
    session: pytest.Session, items: list[pytest.Item], tokens: int, records: IO[bytes]
) -> None:
    """Judge from the back, and keep what is reported instead of showing it."""
    process.LIVING.take_over()
    plugins = session.config.pluginmanager
    plugins.unregister(name="terminalreporter")
    plugins.register(_Kept(session.config, records))
    try:
        _judge(items[::-1], tokens)
    except (KeyboardInterrupt, pytest.exit.Exception):
        session._setupstate.teardown_exact(None)
        raise


def _end(other: Any) -> None:
    """End the other judge, if the run breaks off, and with it the answers that it judges."""
    if other.is_alive():
        os.kill(other.pid, signal.SIGINT)
        other.join(FAREWELL)
        other.kill()
        other.join()


def _read(records: IO[bytes]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What the other judge has kept: all of it, or as far as it came."""
    records.seek(0)
    while True:
        try:
            yield pickle.load(records)
        except (EOFError, pickle.UnpicklingError):
            return


def _show(session: pytest.Session, item: pytest.Item, reports: list[dict[str, Any]] | None) -> None:
    """Show what the other judge reported of a test; if it came to its end before, judge it here."""
    if reports is None:
        _run(item, None)
        return
    hook = item.ihook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in reports:
        hook.pytest_runtest_logreport(
            report=session.config.hook.pytest_report_from_serializable(
                config=session.config, data=report
            )
        )
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    _heed(session)
