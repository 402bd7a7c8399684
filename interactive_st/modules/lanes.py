"""What the search tells the decoder about a step: which texts go on, and where their hypotheses' rows lie."""

from typing import NamedTuple

import torch
from torch import Tensor

from interactive_st.conventions import BOTH
from interactive_st.modules.streams import Streams


class Lanes(NamedTuple):
    """The N (stream, sentence) pairs that take part in a decoding step.

    They are sorted by stream, then by sentence. All methods rely on that: with none missing
    (:attr:`are_all`) their entries are those of a slice of streams, and are moved as a whole.

    ``stream``, ``sentence``, ``row``: ``(N,)`` long; ``row`` is the position that is computed.
    ``streams``: the distinct streams among them.
    ``batch``: B, the number of sentences.
    ``all_streams``: the streams that are decoded at all; the cache is allocated for these.
    ``control``: the first three on the control device (:class:`~interactive_st.search.beams.Beams`).
    ``advances``: None: all lanes listed advance. Otherwise ``(N,)`` bool: every lane is listed (fixed shapes
    for CUDA graphs), this says which advance, and ``row`` is 0 for the others.
    """

    stream: Tensor
    sentence: Tensor
    row: Tensor
    streams: tuple[int, ...]
    batch: int
    all_streams: Streams = BOTH
    control: tuple[Tensor, Tensor, Tensor] | None = None
    advances: Tensor | None = None

    @classmethod
    def of(cls, active: Tensor, row: Tensor, device: torch.device, all_streams: Streams = BOTH) -> "Lanes":
        """The lanes that are ``active`` ``(2, B)``, at ``row`` ``(2, B)``; both are on the CPU."""
        stream, sentence = active.nonzero(as_tuple=True)
        control = (stream, sentence, row[stream, sentence])
        streams = tuple(s for s, any_active in enumerate(active.any(dim=1).tolist()) if any_active)
        there = torch.stack(control).to(device, non_blocking=True)
        return cls(*there, streams, active.size(1), all_streams, control)

    @classmethod
    def every(cls, batch: int, device: torch.device, all_streams: Streams = BOTH) -> "Lanes":
        """All lanes, with row 0, for operations that ignore the row; the control device is ``device``."""
        lane = torch.arange(len(all_streams) * batch, device=device)
        stream = torch.div(lane, batch, rounding_mode="floor") + all_streams[0]
        where = (stream, lane % batch, torch.zeros_like(lane))
        return cls(*where, all_streams, batch, all_streams, where)

    def advancing(self, active: Tensor, row: Tensor) -> "Lanes":
        """A copy of these lanes, which must be :meth:`every` one, in which those in ``active`` ``(2, B)``
        advance at ``row`` ``(2, B)``."""
        advances = active[self.span].flatten()
        where = (self.stream, self.sentence, row[self.span].flatten() * advances)
        return self._replace(row=where[2], control=where, advances=advances)

    @property
    def are_all(self) -> bool:
        """Whether every sentence of ``streams`` is a lane."""
        return self.stream.numel() == len(self.streams) * self.batch

    def among(self, stream: int) -> Tensor:
        """Indices of the lanes of ``stream``, ``(n,)`` long."""
        return (self.control[0] == stream).nonzero().squeeze(1).to(self.stream.device, non_blocking=True)

    def take(self, x: Tensor) -> Tensor:
        """The lanes' entries of ``x`` ``(2, B, …)``: ``(N, …)``."""
        if self.are_all:
            return x[self.span].flatten(0, 1)
        return x[self.stream, self.sentence]

    def put(self, x: Tensor, values: Tensor) -> None:
        """Write ``values`` ``(N, …)`` to the lanes' entries of ``x`` ``(2, B, …)``, whether they advance or
        not."""
        if self.are_all:
            x[self.span].copy_(values.unflatten(0, (len(self.streams), self.batch)))
        else:
            x[self.stream, self.sentence] = values

    def put_at(self, x: Tensor, values: Tensor, at: Tensor) -> None:
        """Write ``values`` ``(N, W)`` to the lanes' entries of ``x`` ``(2, B, W, length)``, each at its
        index ``at`` ``(N,)`` of the last dimension, whether they advance or not."""
        x[self.stream, self.sentence, :, at] = values

    def update(self, x: Tensor, values: Tensor) -> None:
        """Write ``values`` ``(N, …)`` to the entries of ``x`` ``(2, B, …)`` of the lanes that advance, and
        leave those of the others. ``x`` may be on the control device."""
        if self.advances is not None:
            advances = self.advances.view(-1, *[1] * (values.dim() - 1))
            self.put(x, torch.where(advances, values, self.take(x)))
        else:
            stream, sentence, _ = self.control if x.device == self.control[0].device else self[:3]
            x[stream, sentence] = values

    @property
    def span(self) -> slice:
        """Slice of a dimension of both streams that holds ``streams``."""
        return slice(self.streams[0], self.streams[-1] + 1)

    @property
    def places(self) -> slice:
        """Slice of the cache's stream dimension that holds ``streams``."""
        first = self.all_streams[0]
        return slice(self.streams[0] - first, self.streams[-1] + 1 - first)

    def spread(self, x: Tensor) -> Tensor:
        """``(N, …)`` to ``(len(streams), batch, …)``, zero where there is no lane."""
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

    def _axis(self) -> Tensor:
        return self.stream if len(self.streams) > 1 else torch.zeros_like(self.stream)


class Histories(NamedTuple):
    """Where the rows of every hypothesis lie in the cache, the rows of this step included.

    ``own`` ``(2, B, W, columns)``: per column, the beam slot that holds the hypothesis' row; −1 for none.
    ``partner``: the same for the rows of the other stream that the hypothesis attends to, indexed by the
    reading stream; None without interaction.
    ``rows`` ``(2, B, columns)`` long: which row of its stream was computed in each column.
    ``used``: columns of each stream; the last is that of this step, if the stream advances.
    ``column``: None, or with fixed shapes (:class:`Lanes`) the ``(1,)`` long column of this step, the same
    for both streams; ``used`` is then the number allocated.
    """

    own: Tensor
    partner: Tensor | None
    rows: Tensor
    used: tuple[int, int]
    column: Tensor | None = None

    def of_first_slot(self) -> "Histories":
        """The histories of slot 0 alone (W = 1)."""
        partner = None if self.partner is None else self.partner[:, :, :1]
        return self._replace(own=self.own[:, :, :1], partner=partner)
