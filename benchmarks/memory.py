"""Peak memory, and processes of their own to measure it in."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import multiprocessing
import os
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch

_PAGE = os.sysconf("SC_PAGE_SIZE")
MIB = 2**20
#: Imported once, by the server from which the measuring processes are forked.
_PRELOADED = ["benchmarks.interruption", "benchmarks.contestants"]

Result = TypeVar("Result")


def in_own_process(function: Callable[..., Result], *args: Any) -> Result:
    """Call a function of a module in a new process and return what it returns.

    The process is forked from a server that has imported torch and fairseq and has not worked, so starting
    costs little and what others left in memory does not matter.
    """
    with _context().Pool(1) as pool:
        return pool.apply(function, args)


class OwnProcess(Generic[Result]):
    """Calls a function as :func:`in_own_process` does, in a process that stays to do more.

    Args:
        function: returns what was found, :attr:`result`, and what :meth:`again` calls, without arguments.
        args: of the function.

    Raises:
        RuntimeError: the function failed, or the process ended; with its traceback where there is one.
    """

    def __init__(self, function: Callable[..., tuple[Result, Callable[[], float]]], *args: Any) -> None:
        context = _context()
        self._here, there = context.Pipe()
        self._process = context.Process(target=_serve, args=(there, function, args), daemon=True)
        self._process.start()
        there.close()
        self.result: Result = self._receive()

    def again(self) -> float:
        """Call there once more what the function returned, and return what that returns."""
        self._here.send(None)
        return self._receive()

    def _receive(self) -> Any:
        try:
            value, failure = self._here.recv()
        except EOFError:
            self._process.join()
            raise RuntimeError(f"the measuring process ended with {self._process.exitcode}") from None
        if failure is not None:
            raise RuntimeError(failure)
        return value

    def __enter__(self) -> OwnProcess[Result]:
        return self

    def __exit__(self, *_: object) -> None:
        self._here.close()  # upon which the process ends
        self._process.join()


def _serve(there: Connection, function: Callable[..., tuple[Any, Callable[[], Any]]], args: Any) -> None:
    """What an :class:`OwnProcess` does until the other end is closed."""
    try:
        found, again = function(*args)
        there.send((found, None))
        while True:
            there.recv()
            there.send((again(), None))
    except EOFError:
        return
    except Exception:
        there.send((None, traceback.format_exc()))


def _context() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context


class PeakMemory:
    """Peak memory in MiB that the process has taken since this object was made.

    On a GPU what torch allocated there above what was allocated then, else the resident memory above what
    was resident then. Freed memory is given back to the system first, so that it is not counted as taken
    before; where the kernel does not let the record of the peak be reset, that of the whole process counts.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(device)
            self._before = torch.cuda.memory_allocated(device)
            return
        trim_heap()
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
        self._before = resident()

    def mebibytes(self) -> float:
        """The peak until now."""
        if self.device.type == "cuda":
            return (torch.cuda.max_memory_allocated(self.device) - self._before) / MIB
        status = Path("/proc/self/status").read_text()
        peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return (int(peak.split()[1]) * 1024 - self._before) / MIB


def resident() -> int:
    """Bytes of the process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


def trim_heap() -> None:
    """Let the C library give freed memory back to the system, where it can (glibc)."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
