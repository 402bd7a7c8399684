"""Does many runs, several at once; one that fails does not stop the others."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from multiprocessing.connection import Connection, wait
from pathlib import Path

from benchmarks.quality.runs import Run

#: Does a run and says what came out of it.
Work = Callable[[Run], str]
LOG = "run.log"
_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)


class Schedule:
    """The runs that are still to be done, and which of them may begin.

    Args:
        runs: in the order wanted; what a run builds on is to be among them or done already.
        say: is told of every beginning and end.
    """

    def __init__(self, runs: Sequence[Run], say: Callable[[str], None]) -> None:
        self.waiting, self.total, self.say = list(runs), len(runs), say
        self.running: list[str] = []
        self.failed: dict[str, str] = {}

    def next(self) -> Run | None:
        """The next run that can begin; None where all that is left waits for others."""
        unfinished = {run.name for run in self.waiting} | {*self.running}
        for run in list(self.waiting):
            needs = [need.name for need in run.needs.values()]
            lacking = [name for name in needs if name in self.failed]
            if lacking:
                self.waiting.remove(run)
                unfinished.discard(run.name)
                self.end(run, f"needs {lacking[0]}, which failed", failed=True)
            elif not unfinished.intersection(needs):
                self.waiting.remove(run)
                self.running.append(run.name)
                self.say(f"{run.name} … ({self.total - len(self.waiting)} of {self.total})")
                return run
        return None

    def end(self, run: Run, result: str, failed: bool = False) -> None:
        """Take note of how a run ended."""
        if run.name in self.running:
            self.running.remove(run.name)
        if failed:
            self.failed[run.name] = result
        self.say(f"{run.name}: {'FAILED: ' if failed else ''}{result}")


def do_all(
    runs: Sequence[Run], work: Work, log_of: Callable[[Run], Path], jobs: int, say: Callable[[str], None]
) -> dict[str, str]:
    """Do ``runs``, ``jobs`` at once; returns what went wrong by run.

    With one job all is done in this process, else each run in one of its own. What a run prints goes to
    the file that ``log_of`` names. An interruption ends the processes too, each after it has stopped the
    command that it was running.
    """
    schedule = Schedule(runs, say)
    if jobs == 1:
        while run := schedule.next():
            with _output_to(log_of(run)):
                failed, result = _attempt(work, run)
            schedule.end(run, result, failed)
    else:
        _in_processes(schedule, work, log_of, jobs)
    return schedule.failed


def _in_processes(schedule: Schedule, work: Work, log_of: Callable[[Run], Path], jobs: int) -> None:
    context = multiprocessing.get_context("fork")
    started: dict[int, tuple] = {}
    try:
        while True:
            while len(started) < jobs and (run := schedule.next()):
                receiver, sender = context.Pipe(duplex=False)
                process = context.Process(target=_child, args=(work, run, log_of(run), sender))
                # Python drops what a handler raises while it forks: an interruption has to wait
                signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTIONS)
                process.start()
                started[process.sentinel] = (process, run, receiver)
                signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPTIONS)
                sender.close()
            if not started:
                return
            for sentinel in wait(list(started)):
                process, run, receiver = started.pop(sentinel)
                process.join()
                try:
                    failed, result = receiver.recv()
                except EOFError:
                    failed, result = True, f"its process ended with status {process.exitcode}"
                schedule.end(run, result, failed)
    finally:
        for process, _, _ in started.values():
            process.terminate()
        for process, _, _ in started.values():
            process.join()


def _child(work: Work, run: Run, log: Path, sender: Connection) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPTIONS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told of it too, and ends this process
    with _output_to(log):
        sender.send(_attempt(work, run))


def _attempt(work: Work, run: Run) -> tuple[bool, str]:
    """(whether it failed, what came out of it)."""
    try:
        return False, work(run)
    except (RuntimeError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return True, str(error)


@contextmanager
def _output_to(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    root = logging.getLogger()
    before = list(root.handlers)
    with path.open("a", encoding="utf-8") as log, redirect_stdout(log), redirect_stderr(log):
        try:
            yield
        finally:
            # fairseq sets up logging where it is first imported: that would go to the closed file from now on
            for handler in [handler for handler in root.handlers if handler not in before]:
                root.removeHandler(handler)
