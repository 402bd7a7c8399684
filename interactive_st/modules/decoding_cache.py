"""Keys and values of decoding, written once and never moved.

Beam search usually reorders its caches at every step. Here a row's keys and values stay where they were
computed, at ``(row, slot)``, and a hypothesis is the list of slots its rows were computed in
(:func:`~interactive_st.modules.visibility.rows_to_mask`). All hypotheses of a sentence read one shared
block of keys under their own mask, so nothing is copied when beams change order, when a hypothesis
finishes, or when it stays behind as the partner of the stream that still runs.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from .streams import STREAMS, Streams
from .visibility import Visibility

GROWTH = 32  # rows added whenever a cache is full


class Lanes(NamedTuple):
    """The (stream, sentence) pairs that advance in one decoding step.

    ``stream``, ``sentence``, ``row``: ``(N,)`` long; ``row`` is the row being computed.
    ``streams``: the distinct streams among them; ``batch``: sentences in all; ``all_streams``: those
    that are decoded at all, which is what the cache has room for.
    """

    stream: Tensor
    sentence: Tensor
    row: Tensor
    streams: tuple[int, ...]
    batch: int
    all_streams: Streams = STREAMS["both"]

    @property
    def place(self) -> Tensor:
        """``(N,)`` where the cache keeps each lane's stream."""
        return self.stream - self.all_streams[0]

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


class StepVisibility(NamedTuple):
    """Masks of one decoding step over the cache's keys, ``(streams, batch, 1, W, keys)``."""

    own: Visibility
    partner: Visibility | None


class SelfCache:
    """Keys and values of one layer, ``(S, batch, heads, rows, slots, head_dim)``."""

    def __init__(self) -> None:
        self.key: Tensor | None = None
        self.value: Tensor | None = None

    def write(self, key: Tensor, value: Tensor, lanes: Lanes, rows: int) -> None:
        """Store one row of every lane; ``key``, ``value``: ``(N, heads, W, head_dim)``."""
        if self.key is None or self.key.size(3) < rows:
            self._grow(key, lanes)
        where = (lanes.place, lanes.sentence, slice(None), lanes.row)
        self.key[where] = key
        self.value[where] = value

    def read(self, rows: int) -> tuple[Tensor, Tensor]:
        """Views ``(streams, batch, heads, rows · W, head_dim)`` of the first ``rows`` rows."""
        return self.key[:, :, :, :rows].flatten(3, 4), self.value[:, :, :, :rows].flatten(3, 4)

    def keep(self, sentences: Tensor) -> None:
        """Drop every sentence not named in ``sentences`` (``(kept,)`` long)."""
        if self.key is not None:
            self.key = self.key.index_select(1, sentences)
            self.value = self.value.index_select(1, sentences)

    def _grow(self, like: Tensor, lanes: Lanes) -> None:
        _, heads, width, head_dim = like.shape
        more = like.new_zeros(len(lanes.all_streams), lanes.batch, heads, GROWTH, width, head_dim)
        if self.key is None or self.value is None:
            self.key, self.value = more, torch.zeros_like(more)
        else:
            self.key = torch.cat([self.key, more], dim=3)
            self.value = torch.cat([self.value, more], dim=3)


class DecodingCache:
    """Everything one model remembers of a batch while it is decoded.

    ``encoder_keys``: for every layer the keys and values of the encoder output, each
    ``(batch, heads, source frames, head_dim)``, computed once for both streams and all hypotheses;
    ``encoder_mask``: ``(batch, 1, 1, source frames)`` bool, True = visible, or None.
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
