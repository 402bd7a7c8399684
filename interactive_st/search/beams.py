"""The hypotheses of a batch and their finished pools, as tensors."""

import copy
import math
from itertools import islice

import torch
from torch import Tensor

from interactive_st.conventions import BOTH, TRANSCRIPT
from interactive_st.modules.lanes import Histories, Lanes
from interactive_st.modules.streams import Streams

from .ctc_prefix import CtcPrefixScorer
from .hypotheses import TextHypothesis


class HypothesisTensors:
    """Tokens, cumulative scores and cache slots in one int32 tensor ``history`` ``(2, B, W, columns, 3)``, so
    that reordering hypotheses is one gather."""

    history: Tensor

    @property
    def tokens(self) -> Tensor:
        """``(2, B, W, columns)`` int32, tag first."""
        return self.history[..., 0]

    @property
    def cumulative(self) -> Tensor:
        """``(2, B, W, columns)`` float32; entry i: log-probability up to and including token i + 1."""
        return self.history[..., 1].view(torch.float32)

    @property
    def slots(self) -> Tensor:
        """``(2, B, W, columns)`` int32: ``own`` of `Histories`."""
        return self.history[..., 2]


class Beams(HypothesisTensors):
    """W hypotheses per stream and sentence.

    ``rows`` ``(2, B, columns)`` and ``used`` as in :class:`~interactive_st.modules.lanes.Histories`;
    ``row`` ``(2, B)``: the next row to compute, which is also the number of tokens written; ``done``
    ``(2, B)``: streams that have ended; ``origin`` ``(B,)``: index in the original batch.

    ``row``, ``done`` and ``max_len`` decide which lanes advance. They are on the *control device*: the CPU,
    so that a GPU is synchronised only to learn which streams end. With ``on_device`` it is the device of
    everything else, and both streams get every column: a step then depends on nothing that the host knows
    (:mod:`~interactive_st.search.device_step`), and ``column`` ``(1,)`` is the number of steps done. Lanes
    that do not advance write too, to entries overwritten before they are read.

    Args:
        tags: ``(2, B)`` language tags.
        width: W.
        max_len: ``(B,)`` most tokens of a text, without ``</s>``.
        pad: index of the padding token.
        streams: those to decode; the others count as done.
        ctc: CTC scores of the transcripts; None: without.
        on_device: see above.
    """

    def __init__(
        self,
        tags: Tensor,
        width: int,
        max_len: Tensor,
        pad: int,
        streams: Streams = BOTH,
        ctc: CtcPrefixScorer | None = None,
        on_device: bool = False,
    ) -> None:
        batch, longest = tags.size(1), int(max_len.max())
        self.device = tags.device
        control = self.device if on_device else torch.device("cpu")
        shape = (2, batch, width)
        self.width, self.streams, self.ctc = width, streams, ctc
        self.identity = torch.arange(width, dtype=torch.int32, device=tags.device)
        # Worst case: the streams never advance together. on_device runs one extra step, as the host learns
        # of the end a step late.
        n_columns = 2 * (longest + 1) + on_device
        self.history = torch.zeros((*shape, n_columns, 3), dtype=torch.int32, device=tags.device)
        self.tokens.fill_(pad)
        self.tokens[..., 0] = tags.unsqueeze(2)
        self.slots.fill_(-1)
        self.rows = tags.new_zeros(2, batch, n_columns)
        self.used = [0, 0]
        self.column = torch.zeros(1, dtype=torch.long, device=self.device) if on_device else None
        self.row = torch.zeros(2, batch, dtype=torch.long, device=control)
        self.done = torch.ones(2, batch, dtype=torch.bool, device=control)
        self.done[streams[0] : streams[-1] + 1] = False
        self.max_len = to_device_async(max_len, control)
        self.origin = torch.arange(batch)
        self._all: Lanes | None = None

    @property
    def batch(self) -> int:
        return self.origin.numel()

    @property
    def columns(self) -> int:
        """Columns allocated."""
        return self.rows.size(2)

    def lanes(self, active: Tensor) -> Lanes:
        """The lanes of ``active`` ``(2, B)`` (on the control device), stream by stream."""
        if self.column is not None:
            return self._every().advancing(active, self.row)
        return Lanes.of(active, self.row, self.device, self.streams)

    def everyone(self) -> Lanes:
        """Both streams of every sentence, whether they advance or not."""
        if self.column is not None and len(self.streams) == 2:
            return self._every()
        return self.lanes(torch.ones_like(self.done))

    def _every(self) -> Lanes:
        if self._all is None:
            self._all = Lanes.every(self.batch, self.device, self.streams)
        return self._all

    def at_max_len(self, lanes: Lanes) -> Tensor:
        """``(N,)`` bool: lanes at ``max_len``, on the control device."""
        return lanes.control[2] >= self.max_len[lanes.control[1]]

    def last_tokens(self, lanes: Lanes) -> Tensor:
        """``(N, W)`` last token of each hypothesis (its tag at row 0)."""
        return self.tokens[lanes.stream, lanes.sentence, :, lanes.row]

    def first_scores(self) -> Tensor:
        """``(2, B, W)`` log-probabilities at the start, when only slot 0 is a hypothesis."""
        score = torch.full_like(self.cumulative[..., 0], -math.inf)
        score[..., 0] = 0.0
        return score

    def open_columns(self, streams: Streams, writing: Tensor) -> None:
        """Append a column to each of ``streams``; hypotheses in ``writing`` ``(2, B, W)`` get a row in it."""
        row = self.row.to(self.device, non_blocking=True)
        slot = torch.where(writing, self.identity, -1)
        if self.column is not None:
            self.slots.index_copy_(3, self.column, slot.unsqueeze(3))
            self.rows.index_copy_(2, self.column, row.unsqueeze(2))
            return
        for stream in streams:
            column = self.used[stream]
            self.slots[stream, :, :, column] = slot[stream]
            self.rows[stream, :, column] = row[stream]
            self.used[stream] = column + 1

    def histories(self, partner: Tensor | None) -> Histories:
        """Histories of this step; ``partner`` ``(2, B, W, columns)`` as there."""
        used = max(self.used)
        return Histories(
            self.slots[..., :used], partner, self.rows[..., :used], tuple(self.used), self.column
        )

    def advance(self, lanes: Lanes, parent: Tensor, token: Tensor, score: Tensor) -> None:
        """Continue ``parent`` hypotheses of some lanes with ``token``; all ``(N, W)``."""
        if lanes.advances is not None:
            parent = torch.where(lanes.advances.unsqueeze(1), parent, self.identity.long())
        self.inherit(lanes, parent)
        self.append(lanes, token, score)

    def append(self, lanes: Lanes, token: Tensor, score: Tensor) -> None:
        """Continue the hypotheses of some lanes with ``token``; all ``(N, W)``."""
        if lanes.advances is None:
            row = lanes.row
            lanes.update(self.row, lanes.control[2] + 1)
        else:
            row = lanes.take(self.row).clone()
            self.row[lanes.streams[0] : lanes.streams[-1] + 1] += lanes.advances.view(-1, lanes.batch)
        lanes.put_at(self.tokens, token.int(), row + 1)
        lanes.put_at(self.cumulative, score, row)
        if self.ctc is not None:
            lanes_of_transcripts = lanes.among(TRANSCRIPT)
            self.ctc.extend(lanes.sentence[lanes_of_transcripts], token[lanes_of_transcripts])

    def inherit(self, lanes: Lanes, parent: Tensor) -> None:
        """Make slot w of each lane a copy of hypothesis ``parent[:, w]``, ``(N, W)``."""
        used = max(self.used)  # no lane has more rows than its stream has columns
        history = self.history[..., : used + 1, :]
        lanes.put(history, gather_parents(lanes.take(history), parent))
        if self.ctc is not None:
            lanes_of_transcripts = lanes.among(TRANSCRIPT)
            self.ctc.inherit(lanes.sentence[lanes_of_transcripts], parent[lanes_of_transcripts])

    def keep(self, sentences: Tensor) -> None:
        """Drop every sentence not named in ``sentences`` ``(kept,)`` long, on the CPU."""
        self.origin, self._all = self.origin.index_select(0, sentences), None
        control = sentences.to(self.row.device)
        self.row, self.done = (x.index_select(1, control) for x in (self.row, self.done))
        self.max_len = self.max_len.index_select(0, control)
        sentences = sentences.to(self.device)
        self.history, self.rows = (x.index_select(1, sentences) for x in (self.history, self.rows))
        if self.ctc is not None:
            self.ctc.keep(sentences)


class Pool(HypothesisTensors):
    """Finished hypotheses, at most W per lane, in the order in which they ended.

    ``score`` ``(2, B, W)`` normalised, −inf for free places; ``length`` ``(2, B, W)`` tokens with ``</s>``,
    without the tag; ``count`` ``(2, B)``.
    """

    def __init__(self, beams: Beams) -> None:
        self.history = torch.zeros_like(beams.history)
        self.slots.fill_(-1)
        self.score = torch.full(beams.history.shape[:3], -math.inf, device=beams.device)
        self.length = torch.zeros_like(self.score, dtype=torch.long)
        self.count = torch.zeros_like(self.length[..., 0])

    def add(
        self,
        beams: Beams,
        lanes: Lanes,
        finished: Tensor,
        *,
        parent: Tensor,
        score: Tensor,
        length: Tensor,
        normalized: Tensor,
        eos: int,
    ) -> None:
        """Add the candidates marked in ``finished`` ``(N, C)``, in order, until a pool is full; all tensors
        ``(N, C)``.

        Args:
            parent: slot of the hypothesis that the candidate continues with ``eos``.
            score: log-probability.
            length: tokens including ``eos``.
            normalized: the score by which the pool ranks.
        """
        width, used = self.score.size(2), max(beams.used)
        place = lanes.take(self.count).unsqueeze(1) + finished.long().cumsum(dim=1) - 1
        places = torch.arange(width, device=place.device).view(-1, 1)
        fills = finished.unsqueeze(1) & place.unsqueeze(1).eq(places)  # (N, W, C)
        filled, source = fills.any(dim=2), fills.int().argmax(dim=2)
        parent, score, length, normalized = (x.gather(1, source) for x in (parent, score, length, normalized))
        history = gather_parents(lanes.take(beams.history[..., : used + 1, :]), parent)
        history[..., 0].scatter_(2, length.unsqueeze(2), eos)
        last = (length - 1).clamp(min=0).unsqueeze(2)
        history[..., 1].scatter_(2, last, score.contiguous().view(torch.int32).unsqueeze(2))
        for field, new in (
            (self.history[..., : used + 1, :], history),
            (self.score, normalized),
            (self.length, length),
        ):
            here = filled.view(*filled.shape, *[1] * (new.dim() - 2))
            lanes.put(field, torch.where(here, new, lanes.take(field)))
        lanes.put(self.count, lanes.take(self.count) + filled.sum(dim=1))

    def keep(self, sentences: Tensor) -> None:
        """Drop every sentence not named in ``sentences``."""
        for name in ("history", "score", "length", "count"):
            setattr(self, name, getattr(self, name).index_select(1, sentences))

    def fetch(self, sentences: Tensor) -> "Pool":
        """A copy with some sentences, on the CPU."""
        fetched = copy.copy(self)
        fetched.keep(sentences.to(self.count.device))
        for name in ("history", "score", "length", "count"):
            setattr(fetched, name, getattr(fetched, name).cpu())
        return fetched

    def hypotheses(self, stream: int) -> list[list[TextHypothesis]]:
        """The finished hypotheses of every sentence, in the order in which they
        ended. Call it on the result of :meth:`fetch`."""
        # vectorised: an operation per hypothesis would dominate
        held = torch.arange(self.score.size(2)) < self.count[stream].unsqueeze(1)
        lengths, none = self.length[stream][held], torch.empty(0)
        sizes = lengths.tolist()
        tokens, cumulative = self.tokens[stream][held][:, 1:].long(), self.cumulative[stream][held][:, :-1]
        written = torch.arange(tokens.size(1)) < lengths.unsqueeze(1)
        gains = cumulative.diff(dim=1, prepend=torch.zeros_like(cumulative[:, :1]))
        fields = tokens[written].split(sizes), gains[written].split(sizes), self.score[stream][held].unbind()
        texts = iter(
            {
                "tokens": text,
                "score": score,
                "attention": none,
                "alignment": none,
                "positional_scores": gain,
            }
            for text, gain, score in zip(*fields, strict=True)
        )
        return [list(islice(texts, count)) for count in self.count[stream].tolist()]


def gather_parents(histories: Tensor, parent: Tensor) -> Tensor:
    """Entries ``parent`` ``(N, C)`` of ``histories`` ``(N, W, …)``: ``(N, C, …)``."""
    index = parent.view(*parent.shape, *[1] * (histories.dim() - 2))
    return histories.gather(1, index.expand(*parent.shape, *histories.shape[2:]))


def to_device_async(x: Tensor, device: torch.device) -> Tensor:
    """Copy ``x`` to ``device`` asynchronously (from pinned memory)."""
    if device.type == "cuda" and x.device.type == "cpu":
        x = x.pin_memory()
    return x.to(device, non_blocking=True)
