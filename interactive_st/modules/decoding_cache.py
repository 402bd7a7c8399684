"""Keys and values of decoding, written once and never moved.

Beam search usually reorders its caches at every step. Here what a step computes goes to a *column* of its
own, with a place for every beam slot, and stays there; a hypothesis is, of each column, the slot in which its
row was computed, if any (:class:`~interactive_st.models.decoder.Histories`). All hypotheses of a sentence
read one shared block of keys under their own mask, so nothing is copied when beams change order, when one
finishes, or when it stays behind as the partner of the stream that still runs.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from .streams import STREAMS, Streams

GROWTH = 32  # a cache that is full grows to the next multiple of so many columns
GPU_ALIGNMENT = 8  # GPUs' attention wants numbers of keys that are multiples of this


class Lanes(NamedTuple):
    """The (stream, sentence) pairs that advance in one decoding step.

    ``stream``, ``sentence``, ``row``: ``(N,)`` long; ``row`` is the row being computed.
    ``streams``: the distinct streams among them; ``batch``: sentences in all; ``all_streams``: those
    that are decoded at all, which is what the cache has room for.
    ``control``: ``stream``, ``sentence`` and ``row`` on the control device
    (:class:`~interactive_st.search.beams.Beams`).
    ``advances``: None where the lanes are those that advance; ``(N,)`` bool where they are all there are,
    and it says which advance. Then nothing depends on the host, and ``row`` is 0 where a lane stands still.
    """

    stream: Tensor
    sentence: Tensor
    row: Tensor
    streams: tuple[int, ...]
    batch: int
    all_streams: Streams = STREAMS["both"]
    control: tuple[Tensor, Tensor, Tensor] | None = None
    advances: Tensor | None = None

    @classmethod
    def of(
        cls, active: Tensor, row: Tensor, device: torch.device, all_streams: Streams = STREAMS["both"]
    ) -> "Lanes":
        """The ``active`` lanes; it and ``row``, both ``(2, B)``, are on the CPU."""
        stream, sentence = active.nonzero(as_tuple=True)
        control = (stream, sentence, row[stream, sentence])
        streams = tuple(s for s, any_active in enumerate(active.any(dim=1).tolist()) if any_active)
        there = torch.stack(control).to(device, non_blocking=True)
        return cls(*there, streams, active.size(1), all_streams, control)

    @classmethod
    def every(cls, batch: int, device: torch.device, all_streams: Streams = STREAMS["both"]) -> "Lanes":
        """All lanes, for what does not depend on the row; everything is on one device."""
        lane = torch.arange(len(all_streams) * batch, device=device)
        stream = torch.div(lane, batch, rounding_mode="floor") + all_streams[0]
        where = (stream, lane % batch, torch.zeros_like(lane))
        return cls(*where, all_streams, batch, all_streams, where)

    def advancing(self, active: Tensor, row: Tensor) -> "Lanes":
        """These, which are :meth:`every` one, where ``active`` ones advance; it and ``row`` ``(2, B)``."""
        advances = active[self._rows].flatten()
        where = (self.stream, self.sentence, row[self._rows].flatten() * advances)
        return self._replace(row=where[2], control=where, advances=advances)

    @property
    def are_all(self) -> bool:
        """Whether every sentence of ``streams`` is a lane."""
        return self.stream.numel() == len(self.streams) * self.batch

    def among(self, stream: int) -> Tensor:
        """Which of the lanes are of ``stream``, ``(n,)``."""
        return (self.control[0] == stream).nonzero().squeeze(1).to(self.stream.device, non_blocking=True)

    def take(self, x: Tensor) -> Tensor:
        """What ``x`` ``(2, B, …)`` holds of each lane, ``(N, …)``."""
        if self.are_all:
            return x[self._rows].flatten(0, 1)
        return x[self.stream, self.sentence]

    def put(self, x: Tensor, values: Tensor) -> None:
        """The inverse of :meth:`take`, into ``x``."""
        if self.are_all:
            x[self._rows].copy_(values.unflatten(0, (len(self.streams), self.batch)))
        else:
            x[self.stream, self.sentence] = values

    def update(self, x: Tensor, values: Tensor, at: Tensor | None = None) -> None:
        """Put ``values`` into ``x`` where a lane advances: ``(N, …)``; with places ``at`` ``(N,)`` in its
        last dimension, ``(N, W)``, of all lanes, also those that stand still. ``x`` may be
        on the control device."""
        stream, sentence, _ = self.control if x.device == self.control[0].device else self[:3]
        if at is not None:
            x[stream, sentence, :, at] = values
        elif self.advances is not None:
            advances = self.advances.view(-1, *[1] * (values.dim() - 1))
            self.put(x, torch.where(advances, values, self.take(x)))
        else:
            x[stream, sentence] = values

    @property
    def places(self) -> slice:
        """Where the cache keeps ``streams``."""
        first = self.all_streams[0]
        return slice(self.streams[0] - first, self.streams[-1] + 1 - first)

    def spread(self, x: Tensor) -> Tensor:
        """``(N, …)`` lanes to ``(len(streams), batch, …)``, zero where no lane advances."""
        if self.are_all:
            return x.view(len(self.streams), self.batch, *x.shape[1:])
        dense = x.new_zeros(len(self.streams), self.batch, *x.shape[1:])
        dense[self._axis(), self.sentence] = x
        return dense

    def collect(self, dense: Tensor) -> Tensor:
        """The inverse of :meth:`spread`."""
        if self.are_all:
            return dense.flatten(0, 1)
        return dense[self._axis(), self.sentence]

    @property
    def _rows(self) -> slice:
        return slice(self.streams[0], self.streams[-1] + 1)

    def _axis(self) -> Tensor:
        return self.stream if len(self.streams) > 1 else torch.zeros_like(self.stream)


class StepView(NamedTuple):
    """What one decoding step writes to and reads from every layer's cache.

    ``columns``: for each of the lanes' streams the column that the new rows go to; or, on the device, the
    places ``(W,)`` of the keys of the one that they all go to. ``used``: columns that there are to read, the
    new ones included.

    Masks are added to scores, 0 or −inf, over the keys of a cache (:class:`SelfCache`):
    ``mask`` ``(streams · batch, 1, W, keys)`` by stream, its own queries on its own keys. Where both streams
    advance and interact it is by the stream whose *keys* are read, ``(2 · batch, 1, 2 · W, keys)``: its own
    queries and then the partner's.
    ``partner`` ``(batch, 1, W, keys)``: where one stream advances alone and reads the other.
    """

    columns: tuple[int, ...] | Tensor
    used: int
    mask: Tensor
    partner: Tensor | None


def key_count(columns: int, width: int, device: torch.device) -> int:
    """Keys in the cache of that many columns: one that nobody wrote, ``width`` of each, and on GPUs what is
    missing to a multiple that their attention wants."""
    multiple = 1 if device.type == "cpu" else GPU_ALIGNMENT
    return -(-(1 + columns * width) // multiple) * multiple


class SelfCache:
    """Keys and values of one layer in one tensor, ``(2, S, batch, heads, keys, head_dim)``, see
    :func:`key_count`.

    The first key and value are zero: whoever sees nothing else attends to them, with the result zero.
    """

    def __init__(self) -> None:
        self.rows: Tensor | None = None

    def write(self, new: Tensor, lanes: Lanes, view: StepView) -> None:
        """Store the new rows, keys and values, ``(2, streams, batch, heads, W, head_dim)``."""
        width = new.size(4)
        if torch.is_tensor(view.columns):  # there is room: see DecodingCache.reserve
            self.rows.index_copy_(4, view.columns, new)
            return
        if self.rows is None or self.rows.size(4) < 1 + view.used * width:
            self.reserve(new, len(lanes.all_streams), -(-view.used // GROWTH) * GROWTH, width)
        first = lanes.places.start
        for place, column in enumerate(view.columns):
            self.rows[:, first + place].narrow(3, 1 + column * width, width).copy_(new[:, place])

    def read(self, used: int, width: int) -> tuple[Tensor, Tensor]:
        """Views of the keys and of the values up to column ``used``."""
        count = key_count(used, width, self.rows.device)
        return self.rows.narrow(4, 0, count).unbind()

    def keep(self, sentences: Tensor) -> None:
        """Drop every sentence not named in ``sentences`` (``(kept,)`` long)."""
        if self.rows is not None:
            self.rows = self.rows.index_select(2, sentences)

    def reserve(self, like: Tensor, n_streams: int, columns: int, width: int) -> None:
        """Have room for so many columns; ``like`` is ``(…, batch, heads, any, head_dim)``."""
        batch, heads, _, head_dim = like.shape[-4:]
        room = like.new_zeros(2, n_streams, batch, heads, key_count(columns, width, like.device), head_dim)
        if self.rows is not None:
            room[:, :, :, :, : self.rows.size(4)] = self.rows
        self.rows = room


class DecodingCache:
    """Everything one model remembers of a batch while it is decoded.

    ``steps``: its layers, made ready for the steps of the batch;
    ``encoder_keys``: for every layer the keys and values of the encoder output, each
    ``(batch, heads, source frames, head_dim)``, computed once for both streams and all hypotheses;
    ``encoder_mask``: ``(batch, 1, 1, source frames)`` added to scores, or None.
    """

    def __init__(
        self,
        steps: Sequence[Callable[..., Tensor]],
        encoder_keys: list[tuple[Tensor, Tensor]],
        encoder_mask: Tensor | None,
    ) -> None:
        self.steps = steps
        self.encoder_keys = encoder_keys
        self.encoder_mask = encoder_mask
        self.layers = [SelfCache() for _ in encoder_keys]

    def keep(self, sentences: Tensor) -> None:
        """Drop every sentence not named in ``sentences`` (``(kept,)`` long)."""
        self.encoder_keys = [
            (k.index_select(0, sentences), v.index_select(0, sentences)) for k, v in self.encoder_keys
        ]
        if self.encoder_mask is not None:
            self.encoder_mask = self.encoder_mask.index_select(0, sentences)
        for layer in self.layers:
            layer.keep(sentences)

    def reserve(self, n_streams: int, columns: int, width: int) -> None:
        """Have room for so many columns of ``width`` hypotheses in ``n_streams`` streams."""
        for layer in self.layers:
            layer.reserve(self._keys(), n_streams, columns, width)

    def _keys(self) -> Tensor:
        """Keys, for their shape."""
        return self.encoder_keys[0][0]
