"""Keys and values of decoding, written once and never moved.

Beam search usually reorders its caches at every step. Here what a step computes goes to a *column* of its
own, with a place for every beam slot, and stays there; a hypothesis is, of each column, the slot in which its
row was computed, if any (:class:`~interactive_st.models.decoder.Histories`). All hypotheses of a sentence
read one shared block of keys under their own mask, so nothing is copied when beams change order, when one
finishes, or when it stays behind as the partner of the stream that still runs.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .streams import STREAMS, Streams

GROWTH = 32  # columns added whenever a cache is full


class Lanes(NamedTuple):
    """The (stream, sentence) pairs that advance in one decoding step.

    ``stream``, ``sentence``, ``row``: ``(N,)`` long; ``row`` is the row being computed.
    ``streams``: the distinct streams among them; ``batch``: sentences in all; ``all_streams``: those
    that are decoded at all, which is what the cache has room for.
    ``host``: the first three where Python can look at them without waiting for a GPU.
    """

    stream: Tensor
    sentence: Tensor
    row: Tensor
    streams: tuple[int, ...]
    batch: int
    all_streams: Streams = STREAMS["both"]
    host: tuple[Tensor, Tensor, Tensor] | None = None

    @classmethod
    def of(
        cls, active: Tensor, row: Tensor, device: torch.device, all_streams: Streams = STREAMS["both"]
    ) -> "Lanes":
        """The ``active`` lanes; it and ``row``, both ``(2, B)``, are on the CPU."""
        stream, sentence = active.nonzero(as_tuple=True)
        host = (stream, sentence, row[stream, sentence])
        streams = tuple(s for s, any_active in enumerate(active.any(dim=1).tolist()) if any_active)
        there = torch.stack(host).to(device, non_blocking=True)
        return cls(*there, streams, active.size(1), all_streams, host)

    def among(self, stream: int) -> Tensor:
        """Which of the lanes are of ``stream``, ``(n,)``."""
        return (self.host[0] == stream).nonzero().squeeze(1).to(self.stream.device, non_blocking=True)

    @property
    def places(self) -> slice:
        """Where the cache keeps ``streams``."""
        first = self.all_streams[0]
        return slice(self.streams[0] - first, self.streams[-1] + 1 - first)

    def spread(self, x: Tensor) -> Tensor:
        """``(N, …)`` lanes to ``(len(streams), batch, …)``, zero where no lane advances."""
        if self.stream.numel() == len(self.streams) * self.batch:
            return x.view(len(self.streams), self.batch, *x.shape[1:])
        dense = x.new_zeros(len(self.streams), self.batch, *x.shape[1:])
        dense[self._axis(), self.sentence] = x
        return dense

    def collect(self, dense: Tensor) -> Tensor:
        """The inverse of :meth:`spread`."""
        if self.stream.numel() == len(self.streams) * self.batch:
            return dense.flatten(0, 1)
        return dense[self._axis(), self.sentence]

    def _axis(self) -> Tensor:
        return self.stream if len(self.streams) > 1 else torch.zeros_like(self.stream)


class StepView(NamedTuple):
    """What one decoding step writes to and reads from every layer's cache.

    ``columns``: for each of the lanes' streams the column that the new rows go to; ``used``: columns that
    there are to read, the new ones included.

    Masks are added to scores, 0 or −inf, over the keys of a cache (:class:`SelfCache`):
    ``mask`` ``(streams, batch, 1, W, keys)`` by stream, its own queries on its own keys. Where both streams
    advance and interact it is by the stream whose *keys* are read, ``(2, batch, 1, 2 · W, keys)``: its own
    queries and then the partner's.
    ``partner`` ``(1, batch, 1, W, keys)``: where one stream advances alone and reads the other.
    """

    columns: tuple[int, ...]
    used: int
    mask: Tensor
    partner: Tensor | None


class SelfCache:
    """Keys and values of one layer, ``(S, batch, heads, 1 + columns · W, head_dim)``.

    The first key and value are zero: whoever sees nothing else attends to them, with the result zero.
    """

    def __init__(self) -> None:
        self.key: Tensor | None = None
        self.value: Tensor | None = None

    def write(self, key: Tensor, value: Tensor, lanes: Lanes, view: StepView) -> None:
        """Store the new rows, ``(streams, batch, heads, W, head_dim)``."""
        width = key.size(3)
        while self.key is None or self.value is None or self.key.size(3) < 1 + view.used * width:
            self._grow(key, lanes)
        for place, column in enumerate(view.columns):
            at = slice(1 + column * width, 1 + (column + 1) * width)
            self.key[lanes.places][place, :, :, at] = key[place]
            self.value[lanes.places][place, :, :, at] = value[place]

    def read(self, used: int, width: int) -> tuple[Tensor, Tensor]:
        """Views of the keys and values up to column ``used``."""
        return self.key[:, :, :, : 1 + used * width], self.value[:, :, :, : 1 + used * width]

    def keep(self, sentences: Tensor) -> None:
        """Drop every sentence not named in ``sentences`` (``(kept,)`` long)."""
        if self.key is not None:
            self.key = self.key.index_select(1, sentences)
            self.value = self.value.index_select(1, sentences)

    def _grow(self, like: Tensor, lanes: Lanes) -> None:
        _, batch, heads, width, head_dim = like.shape
        shape = (len(lanes.all_streams), batch, heads)
        held = 1 if self.key is None else self.key.size(3)
        grown = [like.new_zeros(*shape, held + GROWTH * width, head_dim) for _ in range(2)]
        if self.key is not None and self.value is not None:
            grown[0][:, :, :, :held], grown[1][:, :, :, :held] = self.key, self.value
        self.key, self.value = grown


class DecodingCache:
    """Everything one model remembers of a batch while it is decoded.

    ``encoder_keys``: for every layer the keys and values of the encoder output, each
    ``(batch, heads, source frames, head_dim)``, computed once for both streams and all hypotheses;
    ``encoder_mask``: ``(batch, 1, 1, source frames)`` added to scores, or None.
    """

    def __init__(self, encoder_keys: list[tuple[Tensor, Tensor]], encoder_mask: Tensor | None) -> None:
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
