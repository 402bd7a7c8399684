"""Computes the features of many segments in several processes, in order."""

import contextlib
import functools
import importlib.util
import itertools
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import numpy as np

from interactive_st.data.features.compute import features_from_file
from interactive_st.data.features.settings import FeatureSettings
from interactive_st.data.utterances import Segment
from interactive_st.errors import DataError

#: Segments that a process is handed at once, and batches kept in flight for each process: this
#: bounds the memory, however far the processes run ahead of what is written.
BATCH = 16
IN_FLIGHT = 3
#: Importing this module first keeps `interactive_st` from importing torch and fairseq.
LIGHT_ENTRY = "interactive_st_cli"

#: Features, or why there are none.
Result = np.ndarray | str


def default_workers(segments: int) -> int:
    """Return how many processes suit a number of segments: few segments are not worth a start."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:  # macOS
        cores = os.cpu_count() or 1
    return max(1, min(cores, 16, segments // 200))


class Extractor:
    """A pool of processes that compute features; a context manager.

    Processes are spawned, not forked: a script that uses more than one has to start its work
    under ``if __name__ == "__main__":``.
    """

    def __init__(self, settings: FeatureSettings, workers: int) -> None:
        """Take how features are made, and how many processes make them."""
        self._settings = settings
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Extractor":
        if self._workers > 1:
            # run as a script it is there, but find_spec raises ValueError: scripts have no specification
            light = LIGHT_ENTRY in sys.modules or importlib.util.find_spec(LIGHT_ENTRY) is not None
            self._pool = ProcessPoolExecutor(
                self._workers,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=importlib.import_module if light else None,
                initargs=(LIGHT_ENTRY,) if light else (),
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def run(self, segments: Iterable[Segment]) -> Iterator[Result]:
        """Yield features of shape (T, F), or the reason why there are none, for every segment.

        Raises:
            DataError: a process ended before its work was done.
        """
        if self._pool is None:
            for segment in segments:
                yield _compute(segment, self._settings)
            return
        remaining = iter(segments)
        pending: deque[Future[list[Result]]] = deque()
        try:
            while True:
                while len(pending) < IN_FLIGHT * self._workers:
                    batch = list(itertools.islice(remaining, BATCH))
                    if not batch:
                        break
                    with _sigint_blocked():  # this is what starts the processes
                        pending.append(self._pool.submit(_compute_batch, batch, self._settings))
                if not pending:
                    return
                yield from pending.popleft().result()
        except BrokenProcessPool as error:
            raise DataError(
                "a worker process ended before its work was done; memory may have run out, or a "
                'script calls this outside `if __name__ == "__main__":`: use 1 worker'
            ) from error


def _compute(segment: Segment, settings: FeatureSettings) -> Result:
    try:
        return features_from_file(segment.path, settings, segment.offset, segment.duration)
    except DataError as error:
        return str(error)
    except OSError as error:  # such as a network drive that fails: the other rows are not at fault
        return f"{segment.path}: {error.strerror or error}"


def _compute_batch(batch: Sequence[Segment], settings: FeatureSettings) -> list[Result]:
    _exit_with_parent()
    return [_compute(segment, settings) for segment in batch]


@contextlib.contextmanager
def _sigint_blocked() -> Iterator[None]:
    """Block SIGINT; processes that are started meanwhile keep it blocked, so only this one handles Ctrl-C."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@functools.cache
def _exit_with_parent() -> None:
    """Make a worker process end with its parent, however that ends."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()
