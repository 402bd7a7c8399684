"""Peak memory, and processes of their own to measure it in."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch

_PAGE = os.sysconf("SC_PAGE_SIZE")
MIB = 2**20
#: Imported once, by the server from which the measuring processes are forked.
_PRELOADED = ["benchmarks.contestants"]

Result = TypeVar("Result")


def in_own_process(function: Callable[..., Result], *args: Any) -> Result:
    """Call a function of a module in a new process and return what it returns.

    The process is forked from a server that has imported torch and fairseq and has not worked, so starting
    costs little and what others left in memory does not matter.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    with context.Pool(1) as pool:
        return pool.apply(function, args)


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
