"""Steps of a search that ask the host nothing, and on a GPU cost it one launch.

A step of decoding is hundreds of small operations. A GPU does each faster than Python can ask for it, and so
waits for most of its time. Where all that the search has to know is on the device (``Beams.on_device``), the
operations of a step are the same ones every time, on the same memory: they are recorded once, as a CUDA
graph, and repeated by one launch. They are recorded anew when the memory changes: when the caches are full,
and when finished sentences leave the batch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

if TYPE_CHECKING:
    from .dual_search import DualSearch

FIRST_COLUMNS = 32  # room for steps at the beginning; doubled whenever it is used up


class DeviceSteps:
    """Takes the steps of a search whose beams are ``on_device``, by CUDA graphs where there is a GPU.

    The host is one step behind: it learns which streams had ended before a step when that one is already
    under way, so that the device has no pause between steps. A step in which nothing advances changes
    nothing.

    Raises:
        RuntimeError: CUDA cannot record the step; the message has the way out.
    """

    def __init__(self, search: DualSearch) -> None:
        self.search = search
        self.taken, self.room = 0, 0
        self.graph: torch.cuda.CUDAGraph | None = None
        self.told: tuple[Tensor, torch.cuda.Event | None] | None = None

    def take(self) -> Tensor:
        """Begin a step.

        Returns:
            ``(2, B)`` bool on the CPU, the streams that had ended before it
        """
        if self.taken == self.room:
            self._make_room()
        self.taken += 1
        device = self.search.beams.device
        before = self.told
        if device.type != "cuda" or not _is_warm(self.search):
            self._step()
        else:
            if self.graph is None:
                self.graph = record(self._step, device)
            self.graph.replay()
        self.told = self._tell()
        if before is None:
            return torch.zeros_like(self.told[0])
        done, arrived = before
        if arrived is not None:
            arrived.synchronize()
        return done

    def shapes_changed(self) -> None:
        """Record the next step anew: tensors of the search are not those that they were."""
        self.graph = None
        self.told = self._tell()

    def _step(self) -> None:
        column = self.search.beams.column
        self.search.step(column)
        column += 1

    def _tell(self) -> tuple[Tensor, torch.cuda.Event | None]:
        """Send the host which streams have ended; when it has arrived."""
        done = self.search.beams.done
        if done.device.type != "cuda":
            return done.clone(), None
        told = torch.empty(done.shape, dtype=done.dtype, pin_memory=True)
        told.copy_(done, non_blocking=True)
        arrived = torch.cuda.Event()
        arrived.record()
        return told, arrived

    def _make_room(self) -> None:
        beams = self.search.beams
        self.room = min(max(2 * self.room, FIRST_COLUMNS), beams.columns)
        beams.used = [self.room, self.room]
        self.search.ensemble.reserve(self.room, beams.width)
        self.graph = None


def _is_warm(search: DualSearch) -> bool:
    """Whether such a step was taken before; from now on it was. Libraries that set themselves up when they
    are first used must not do so while a graph is recorded."""
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
    """What ``step`` does, as a graph; it is not done yet.

    (``torch.cuda.graph`` would give all free memory back to the driver each time.)
    """
    graph, place = torch.cuda.CUDAGraph(), _place(device)
    place.stream.wait_stream(torch.cuda.current_stream(device))
    try:
        with torch.cuda.stream(place.stream):
            # another thread, such as one that pins memory for a data loader, may go on as ever
            graph.capture_begin(pool=place.first.pool(), capture_error_mode="thread_local")
            try:
                step()
            finally:
                graph.capture_end()
    except RuntimeError as error:
        raise RuntimeError(
            f"a step of decoding cannot be recorded as a CUDA graph ({error}); decode with --no-cuda-graphs "
            "(in Python cuda_graphs=False)"
        ) from error
    torch.cuda.current_stream(device).wait_stream(place.stream)
    return graph


class _Place(NamedTuple):
    """Where the graphs of a device are recorded: one stream, for each has its own working memory in cuBLAS,
    and the memory of a first graph, kept for that: all share it, as one is replayed at a time and leaves
    nothing in it."""

    stream: torch.cuda.Stream
    first: torch.cuda.CUDAGraph


@cache
def _place(device: torch.device) -> _Place:
    place = _Place(torch.cuda.Stream(device), torch.cuda.CUDAGraph())
    with torch.cuda.stream(place.stream):
        place.first.capture_begin(capture_error_mode="thread_local")
        torch.zeros(1, device=device)
        place.first.capture_end()
    return place


_WARM: set[tuple] = set()
