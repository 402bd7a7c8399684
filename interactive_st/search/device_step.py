"""Decoding steps without host synchronisation, replayed as CUDA graphs on a GPU.

A decoding step is hundreds of small operations. A GPU executes each faster than Python can launch it, and so
idles most of the time. With ``Beams.on_device`` the state of the search is on the device, and every step runs
the same operations on the same memory: they are captured once, as a CUDA graph, and replayed by one launch.
They are captured again when the memory changes: when the caches are full, and when finished sentences leave
the batch.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from interactive_st.search.beams import Beams
from interactive_st.search.ensemble import Ensemble

FIRST_COLUMNS = 32  # allocated at the beginning; doubled whenever they are used up


class Search(Protocol):
    """What is asked of the search: :class:`~interactive_st.search.dual_search.DualSearch`."""

    beams: Beams
    ensemble: Ensemble

    def step(self, number: Tensor) -> None:
        """Take step ``number`` ``(1,)``."""


class DeviceSteps:
    """Takes the steps of a search whose beams are ``on_device``, by CUDA graphs where there is a GPU.

    The host is one step behind: it learns which streams had ended before a step when that step is already
    under way, so that the device does not idle between steps. A step in which nothing advances changes
    nothing.
    """

    def __init__(self, search: Search) -> None:
        self.search = search
        self.taken, self.allocated = 0, 0  # steps and columns
        self.graph: torch.cuda.CUDAGraph | None = None
        self.ended_copy: tuple[Tensor, torch.cuda.Event | None] | None = None

    def take(self) -> Tensor:
        """Begin a step.

        Returns:
            ``(2, B)`` bool on the CPU, the streams that had ended before it

        Raises:
            RuntimeError: CUDA cannot capture the step; the message says how to fix it.
        """
        if self.taken == self.allocated:
            self._allocate()
        self.taken += 1
        device = self.search.beams.device
        before = self.ended_copy
        if device.type != "cuda" or not _is_warm(self.search):
            self._step()
        else:
            if self.graph is None:
                self.graph = record(self._step, device)
            self.graph.replay()
        self.ended_copy = self._copy_ended()
        if before is None:
            return torch.zeros_like(self.ended_copy[0])
        done, arrived = before
        if arrived is not None:
            arrived.synchronize()
        return done

    def shapes_changed(self) -> None:
        """Discard the graph and copy ``done`` anew: tensors were reallocated."""
        self.graph = None
        self.ended_copy = self._copy_ended()

    def _step(self) -> None:
        column = self.search.beams.column
        self.search.step(column)
        column += 1

    def _copy_ended(self) -> tuple[Tensor, torch.cuda.Event | None]:
        """A copy of ``done`` on the CPU, and the event after which it may be read (None on a CPU)."""
        done = self.search.beams.done
        if done.device.type != "cuda":
            return done.clone(), None
        copied = torch.empty(done.shape, dtype=done.dtype, pin_memory=True)
        copied.copy_(done, non_blocking=True)
        arrived = torch.cuda.Event()
        arrived.record(torch.cuda.current_stream(done.device))  # of a device that need not be the current
        return copied, arrived

    def _allocate(self) -> None:
        beams = self.search.beams
        self.allocated = min(max(2 * self.allocated, FIRST_COLUMNS), beams.columns)
        beams.used = [self.allocated, self.allocated]
        self.search.ensemble.reserve(self.allocated, beams.width)
        self.graph = None


def _is_warm(search: Search) -> bool:
    """Whether such a step (device, search, dtypes) has run before; marks it as run. Libraries that set
    themselves up on first use must not do so during capture."""
    kind = (
        search.beams.device,
        type(search),
        *(next(d.parameters()).dtype for d in search.ensemble.decoders),
    )
    if kind in _WARM:
        return True
    _WARM.add(kind)
    return False


def record(step: Callable[[], None], device: torch.device) -> torch.cuda.CUDAGraph:
    """Capture ``step`` without executing it.

    (``torch.cuda.graph`` would give all free memory back to the driver each time.)

    Raises:
        RuntimeError: CUDA cannot capture it; the message says how to fix it.
    """
    graph, resources = torch.cuda.CUDAGraph(), _capture_resources(device)
    resources.stream.wait_stream(torch.cuda.current_stream(device))
    try:
        with torch.cuda.stream(resources.stream):
            # other threads, such as one that pins memory for a data loader, are not restricted
            graph.capture_begin(pool=resources.dummy.pool(), capture_error_mode="thread_local")
            try:
                step()
            finally:
                graph.capture_end()
    except RuntimeError as error:
        raise RuntimeError(
            f"a step of decoding cannot be recorded as a CUDA graph ({error}); decode with --no-cuda-graphs "
            "(in Python cuda_graphs=False)"
        ) from error
    torch.cuda.current_stream(device).wait_stream(resources.stream)
    return graph


class _CaptureResources(NamedTuple):
    """Per-device capture resources: one stream, as cuBLAS has a workspace per stream, and a dummy graph whose
    memory pool all captures share, which is safe as graphs run one at a time and keep nothing in it."""

    stream: torch.cuda.Stream
    dummy: torch.cuda.CUDAGraph


@cache
def _capture_resources(device: torch.device) -> _CaptureResources:
    resources = _CaptureResources(torch.cuda.Stream(device), torch.cuda.CUDAGraph())
    with torch.cuda.stream(resources.stream):
        resources.dummy.capture_begin(capture_error_mode="thread_local")
        torch.zeros(1, device=device)
        resources.dummy.capture_end()
    return resources


_WARM: set[tuple] = set()
