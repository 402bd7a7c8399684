"""Steps of a search that ask the host nothing, and on a GPU cost it one launch.

A step of decoding is hundreds of small operations. A GPU does each faster than Python can ask for it, and so
waits for most of its time. Where all that the search has to know is on the device (``Beams.on_device``), the
operations of a step are the same ones every time, on the same memory: they are recorded once, as a CUDA
graph, and repeated by one launch. They are recorded anew when the memory changes: when the caches are full,
and when finished sentences leave the batch.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from .dual_search import DualSearch

FIRST_COLUMNS = 32  # room for steps at the beginning; doubled whenever it is used up


class DeviceSteps:
    """Takes the steps of a search whose beams are ``on_device``, by CUDA graphs where there is a GPU.

    Raises:
        RuntimeError: CUDA cannot record the step; the message has the way out.
    """

    def __init__(self, search: DualSearch) -> None:
        self.search = search
        self.taken, self.room = 0, 0
        self.graph: torch.cuda.CUDAGraph | None = None
        self.is_warm = False

    def take(self) -> None:
        """Take one step."""
        if self.taken == self.room:
            self._make_room()
        self.taken += 1
        if self.search.beams.device.type != "cuda":
            self._step()
        elif not self.is_warm:
            # Libraries that initialise themselves at first use must not do so while a graph is recorded.
            self._step()
            self.is_warm = True
        else:
            if self.graph is None:
                self.graph = record(self._step, self.search.beams.device)
            self.graph.replay()

    def shapes_changed(self) -> None:
        """Record the next step anew: tensors of the search are not those that they were."""
        self.graph = None

    def _step(self) -> None:
        column = self.search.beams.column
        self.search.step(column)
        column += 1

    def _make_room(self) -> None:
        beams = self.search.beams
        self.room = min(max(2 * self.room, FIRST_COLUMNS), beams.columns)
        beams.used = [self.room, self.room]
        self.search.ensemble.reserve(self.room, beams.width)
        self.graph = None


def record(step, device: torch.device) -> torch.cuda.CUDAGraph:
    """What ``step`` does, as a graph; it is not done yet.

    (``torch.cuda.graph`` would give all free memory back to the driver each time.)
    """
    graph, stream = torch.cuda.CUDAGraph(), torch.cuda.Stream(device)
    stream.wait_stream(torch.cuda.current_stream(device))
    try:
        with torch.cuda.stream(stream):
            # another thread, such as one that pins memory for a data loader, may go on as ever
            graph.capture_begin(pool=_memory(device), capture_error_mode="thread_local")
            try:
                step()
            finally:
                graph.capture_end()
    except RuntimeError as error:
        raise RuntimeError(
            f"a step of decoding cannot be recorded as a CUDA graph ({error}); decode with --no-cuda-graphs"
        ) from error
    torch.cuda.current_stream(device).wait_stream(stream)
    return graph


@cache
def _memory(device: torch.device) -> tuple[int, int]:
    """Memory that all graphs of a device share: one is replayed at a time, and leaves nothing in it."""
    graph, stream = torch.cuda.CUDAGraph(), torch.cuda.Stream(device)
    with torch.cuda.stream(stream):
        graph.capture_begin(capture_error_mode="thread_local")
        torch.zeros(1, device=device)
        graph.capture_end()
    _KEPT.append(graph)  # memory is shared with graphs that still exist
    return graph.pool()


_KEPT: list[torch.cuda.CUDAGraph] = []
