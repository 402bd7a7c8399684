"""The hypotheses of a batch that are being written."""

import math

import torch
from torch import Tensor

from interactive_st.conventions import BOTH, TRANSCRIPT
from interactive_st.modules.lanes import Histories, Lanes
from interactive_st.modules.streams import Streams
from interactive_st.search.ctc_prefix import CtcPrefixScorer
from interactive_st.search.hypothesis_tensors import HypothesisTensors, gather_parents


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
            self.row[lanes.span] += lanes.advances.view(-1, lanes.batch)
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


def to_device_async(x: Tensor, device: torch.device) -> Tensor:
    """Copy ``x`` to ``device`` asynchronously (from pinned memory)."""
    if device.type == "cuda" and x.device.type == "cpu":
        x = x.pin_memory()
    return x.to(device, non_blocking=True)
