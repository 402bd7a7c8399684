"""Keys and values of decoding, written once and never moved.

Most beam searches reorder their caches at every step. This one never moves a row: each step appends one
*column* with one entry per beam slot, and a hypothesis is described by the slot, per column, that holds its
row (:class:`~interactive_st.modules.lanes.Histories`). All hypotheses of a sentence attend to one block of
keys under their own masks, so nothing is copied when beams are reordered, when one finishes, or when a
finished stream is still read.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from interactive_st.modules.lanes import Lanes
from interactive_st.modules.memory import MemoryKeys
from interactive_st.modules.visibility import GPU_ALIGNMENT, Visibility, additive
from interactive_st.modules.wait_k import WaitK

GROWTH = 32  # columns are allocated in multiples of this


class StepView(NamedTuple):
    """What one decoding step writes to and reads from every layer's cache.

    ``columns``: per stream of the lanes, the column to write; or, with fixed shapes, the ``(W,)`` key indices
    of the column that all streams write. ``used``: columns to read, the new ones included.

    Masks are added to scores, 0 or −inf, over the keys of a cache (:class:`SelfCache`):
    ``mask`` ``(streams · batch, 1, W, keys)`` by stream, its own queries on its own keys. Where both streams
    advance and interact it is by the stream whose *keys* are read, ``(2 · batch, 1, 2 · W, keys)``: its own
    queries and then the partner's.
    ``partner`` ``(batch, 1, W, keys)``: where one stream advances alone and reads the other; else None.
    """

    columns: tuple[int, ...] | Tensor
    used: int
    mask: Tensor
    partner: Tensor | None


# The keys of a cache: key 0 is zero, then those of each column, by slot. Only the following functions and
# `SelfCache` know this.


def key_count(columns: int, width: int, device: torch.device) -> int:
    """Keys for ``columns`` columns: one zero key + columns · width, rounded up to a multiple of
    `GPU_ALIGNMENT` on GPUs."""
    multiple = 1 if device.type == "cpu" else GPU_ALIGNMENT
    return -(-_first_key(columns, width) // multiple) * multiple


def column_keys(column: Tensor, width: int) -> Tensor:
    """The ``(W,)`` indices of the keys of ``column`` ``(1,)`` long, ``width`` = W slots."""
    return _first_key(column, width) + torch.arange(width, device=column.device)


def slots_to_mask(slots: Tensor, width: int, dtype: torch.dtype) -> Tensor:
    """Additive attention mask over the keys of a cache.

    Args:
        slots: ``(…, Q, columns)`` per query and column, the beam slot whose row it sees; −1: none.
        width: beam slots per column.
        dtype: of the mask, that of the scores.

    Returns:
        ``(…, 1, Q, keys)``, 0 or −inf; the zero key is seen only by queries that see nothing else.
    """
    seen = (slots.unsqueeze(-1) == torch.arange(width, device=slots.device)).flatten(-2)
    spare = key_count(slots.size(-1), width, slots.device) - 1 - seen.size(-1)
    seen = torch.cat([~seen.any(dim=-1, keepdim=True), F.pad(seen, (0, spare)) if spare else seen], dim=-1)
    return additive(seen, dtype).unsqueeze(-3)


def _first_key(column: int | Tensor, width: int) -> int | Tensor:
    """Index of the key of the column's slot 0."""
    return 1 + width * column


class SelfCache:
    """Keys and values of one layer in one tensor, ``(2, S, batch, heads, keys, head_dim)``, see
    :func:`key_count`.

    Key and value 0 are zero: a query that sees nothing else attends to them and gets a zero context.
    """

    def __init__(self) -> None:
        self.rows: Tensor | None = None

    def write(self, new: Tensor, lanes: Lanes, view: StepView) -> None:
        """Store the keys and values of the new rows, ``(2, streams, batch, heads, W, head_dim)``."""
        width = new.size(4)
        if torch.is_tensor(view.columns):  # allocated before, by DecodingCache.reserve
            self.rows.index_copy_(4, view.columns, new)
            return
        if self.rows is None or self.rows.size(4) < _first_key(view.used, width):
            self.reserve(new, len(lanes.all_streams), -(-view.used // GROWTH) * GROWTH, width)
        first = lanes.places.start
        for place, column in enumerate(view.columns):
            self.rows[:, first + place].narrow(3, _first_key(column, width), width).copy_(new[:, place])

    def read(self, used: int, width: int) -> tuple[Tensor, Tensor]:
        """Views of the keys and values of the first ``used`` columns, each
        ``(S, batch, heads, keys, head_dim)``."""
        count = key_count(used, width, self.rows.device)
        return self.rows.narrow(4, 0, count).unbind()

    def keep(self, sentences: Tensor) -> None:
        """Drop every sentence not named in ``sentences`` (``(kept,)`` long)."""
        if self.rows is not None:
            self.rows = self.rows.index_select(2, sentences)

    def reserve(self, like: Tensor, n_streams: int, columns: int, width: int) -> None:
        """Allocate for ``columns`` columns of ``width`` slots, keeping the contents; ``like``
        ``(…, batch, heads, *, head_dim)`` gives shape and dtype."""
        batch, heads, _, head_dim = like.shape[-4:]
        rows = like.new_zeros(2, n_streams, batch, heads, key_count(columns, width, like.device), head_dim)
        if self.rows is not None:
            rows[:, :, :, :, : self.rows.size(4)] = self.rows
        self.rows = rows


class DecodingCache:
    """Per-batch decoding state of one decoder.

    ``steps``: per-layer incremental functions (``for_steps``).
    ``memory_keys``: per layer and memory that it reads the keys and values, each
    ``(batch, heads, positions, head_dim)``, computed once for all streams and hypotheses.
    ``visibilities``: of each memory, by :meth:`.Memory.for_steps`.
    ``wait_k``: k of the wait-k policy for this batch.
    ``self_caches``: per layer that of its interactive attention.
    """

    def __init__(
        self,
        steps: Sequence[Callable[..., Tensor]],
        memory_keys: list[list[MemoryKeys]],
        visibilities: list[Visibility | None],
        wait_k: WaitK,
    ) -> None:
        self.steps = steps
        self.memory_keys = memory_keys
        self.visibilities = visibilities
        self.wait_k = wait_k
        self.self_caches = [SelfCache() for _ in memory_keys]

    def keep(self, sentences: Tensor) -> None:
        """Drop every sentence not named in ``sentences`` (``(kept,)`` long)."""

        def kept(x: Tensor | None) -> Tensor | None:
            return None if x is None else x.index_select(0, sentences)

        self.memory_keys = [[(kept(k), kept(v)) for k, v in layer] for layer in self.memory_keys]
        self.visibilities = [
            None if visibility is None else Visibility(*map(kept, visibility))
            for visibility in self.visibilities
        ]
        for cache in self.self_caches:
            cache.keep(sentences)

    def reserve(self, n_streams: int, columns: int, width: int) -> None:
        """Allocate for ``columns`` columns of ``width`` slots in ``n_streams`` streams, keeping the
        contents."""
        for cache, keys in zip(self.self_caches, self.memory_keys, strict=True):
            like = keys[0][0]  # those of any memory, which are there from the start
            cache.reserve(like, n_streams, columns, width)
