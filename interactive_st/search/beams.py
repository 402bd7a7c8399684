"""The hypotheses of a batch and their finished pools, as tensors."""

import math

import torch
from torch import Tensor

from interactive_st.models.decoder import Histories
from interactive_st.modules.decoding_cache import Lanes
from interactive_st.modules.streams import STREAMS, Streams
from interactive_st.modules.wait_k import TRANSCRIPT

from .ctc_prefix import CtcPrefixScorer


class Beams:
    """W hypotheses a stream and sentence.

    ``tokens`` ``(2, B, W, L + 2)`` tag first; ``cumulative`` ``(2, B, W, L + 1)`` log-probability up to
    and including each token; ``slots`` ``(2, B, W, columns)``, ``rows`` ``(2, B, columns)`` and ``used`` as
    in :class:`~interactive_st.models.decoder.Histories`; ``row`` ``(2, B)`` the next row to compute, which
    is also the number of tokens written; ``done`` ``(2, B)`` streams that have ended; ``max_len`` ``(B,)``;
    ``origin`` ``(B,)`` the sentence's place in the batch as it came; ``streams`` those to decode, the
    others count as done; ``ctc`` the transcripts' CTC scores, if asked for.

    What decides on the course of the search (``row``, ``done``, ``max_len``, ``origin``) is on the CPU, so
    that a GPU is waited for only when it has to say which streams end.
    """

    def __init__(
        self,
        tags: Tensor,
        width: int,
        max_len: Tensor,
        pad: int,
        streams: Streams = STREAMS["both"],
        ctc: CtcPrefixScorer | None = None,
    ) -> None:
        max_len = max_len.cpu()
        batch, longest = tags.size(1), int(max_len.max())
        self.device = tags.device
        shape = (2, batch, width)
        self.width, self.streams, self.ctc = width, streams, ctc
        self.tokens = tags.new_full((*shape, longest + 2), pad)
        self.tokens[..., 0] = tags.unsqueeze(2)
        self.cumulative = torch.zeros(*shape, longest + 1, device=tags.device)
        self.identity = torch.arange(width, dtype=torch.int16, device=tags.device)
        # the streams may advance one after the other, in every sentence at other times
        n_columns = 2 * (longest + 1)
        self.slots = torch.full((*shape, n_columns), -1, dtype=torch.int16, device=tags.device)
        self.rows = tags.new_zeros(2, batch, n_columns)
        self.used = [0, 0]
        self.row = torch.zeros(2, batch, dtype=torch.long)
        self.done = torch.ones(2, batch, dtype=torch.bool)
        self.done[list(streams)] = False
        self.max_len = max_len
        self.origin = torch.arange(batch)

    @property
    def batch(self) -> int:
        return self.origin.numel()

    def lanes(self, active: Tensor) -> Lanes:
        """The lanes of ``active`` ``(2, B)`` (on the CPU), stream by stream."""
        return Lanes.of(active, self.row, self.device, self.streams)

    def last_tokens(self, lanes: Lanes) -> Tensor:
        """``(N, W)`` what each hypothesis wrote last (its tag at row 0)."""
        return self.tokens[lanes.stream, lanes.sentence, :, lanes.row]

    def scores(self) -> Tensor:
        """``(2, B, W)`` log-probability so far; at the start only slot 0 is a hypothesis."""
        row = self.row.to(self.device, non_blocking=True)
        last = (row - 1).clamp(min=0)[:, :, None, None].expand(-1, -1, self.width, 1)
        score = self.cumulative.gather(3, last).squeeze(3)
        at_start = row.eq(0).unsqueeze(2)
        first = self.identity.eq(0)
        empty = torch.where(first, 0.0, -math.inf)
        return torch.where(at_start, empty, score)

    def open_columns(self, streams: Streams, writing: Tensor) -> None:
        """Give each of ``streams`` a new column; hypotheses ``writing`` ``(2, B, W)`` get a row in it."""
        row = self.row.to(self.device, non_blocking=True)
        for stream in streams:
            column = self.used[stream]
            self.slots[stream, :, :, column] = torch.where(writing[stream], self.identity, -1)
            self.rows[stream, :, column] = row[stream]
            self.used[stream] = column + 1

    def histories(self, partner: Tensor | None) -> Histories:
        """Where everything lies, with what is read in the partner, ``(2, B, W, columns)``."""
        used = max(self.used)
        return Histories(self.slots[..., :used], partner, self.rows[..., :used], tuple(self.used))

    def advance(self, lanes: Lanes, parent: Tensor, token: Tensor, score: Tensor) -> None:
        """Continue ``parent`` hypotheses of some lanes with ``token``; all ``(N, W)``."""
        self.inherit(lanes, parent)
        self.tokens[lanes.stream, lanes.sentence, :, lanes.row + 1] = token
        self.cumulative[lanes.stream, lanes.sentence, :, lanes.row] = score
        stream, sentence, row = lanes.host
        self.row[stream, sentence] = row + 1
        if self.ctc is not None:
            heard = lanes.among(TRANSCRIPT)
            self.ctc.extend(lanes.sentence[heard], token[heard])

    def inherit(self, lanes: Lanes, parent: Tensor) -> None:
        """Make slot w of each lane a copy of hypothesis ``parent[:, w]``, ``(N, W)``."""
        stream, sentence = lanes.stream, lanes.sentence
        used = max(self.used)  # no lane has more rows than its stream has columns
        for history in (self.tokens[..., : used + 1], self.cumulative[..., :used], self.slots[..., :used]):
            lane = history[stream, sentence]
            history[stream, sentence] = lane.gather(1, parent.unsqueeze(2).expand_as(lane))
        if self.ctc is not None:
            heard = lanes.among(TRANSCRIPT)
            self.ctc.inherit(sentence[heard], parent[heard])

    def keep(self, sentences: Tensor) -> None:
        """Drop every sentence not named in ``sentences`` (on the CPU)."""
        for name in ("row", "done"):
            setattr(self, name, getattr(self, name).index_select(1, sentences))
        for name in ("max_len", "origin"):
            setattr(self, name, getattr(self, name).index_select(0, sentences))
        sentences = sentences.to(self.device)
        for name in ("tokens", "cumulative", "slots", "rows"):
            setattr(self, name, getattr(self, name).index_select(1, sentences))
        if self.ctc is not None:
            self.ctc.keep(sentences)


class Pool:
    """Finished hypotheses, at most W a lane, in the order in which they ended.

    ``score`` ``(2, B, W)`` normalised, −inf where there is none; ``length`` ``(2, B, W)`` tokens with
    ``</s>``; ``tokens``, ``cumulative`` ``(2, B, W, L + 1)``; ``slots`` ``(2, B, W, columns)``; ``count``
    ``(2, B)``.
    """

    def __init__(self, beams: Beams) -> None:
        self.tokens = torch.zeros_like(beams.tokens[..., 1:])
        self.cumulative = torch.zeros_like(beams.cumulative)
        self.slots = torch.full_like(beams.slots, -1)
        self.score = beams.cumulative.new_full(beams.tokens.shape[:3], -math.inf)
        self.length = torch.zeros_like(beams.tokens[..., 0])
        self.count = torch.zeros_like(self.length[..., 0])

    def places(self, stream: Tensor, sentence: Tensor, finished: Tensor) -> Tensor:
        """Free places ``(N, C)`` for ``finished`` candidates ``(N, C)``; ≥ W where the pool is full."""
        return self.count[stream, sentence].unsqueeze(1) + finished.long().cumsum(dim=1) - 1

    def add(self, stream, sentence, place, *, tokens, cumulative, slots, score, length) -> None:
        """Store M finished hypotheses; all arguments are indexed by the M."""
        where = (stream, sentence, place)
        self.tokens[where], self.cumulative[where], self.slots[where] = tokens, cumulative, slots
        self.score[where], self.length[where] = score, length
        self.count.index_put_((stream, sentence), torch.ones_like(stream), accumulate=True)

    def keep(self, sentences: Tensor) -> None:
        """Drop every sentence not named in ``sentences``."""
        for name in ("tokens", "cumulative", "slots", "score", "length", "count"):
            setattr(self, name, getattr(self, name).index_select(1, sentences))

    def hypotheses(self, stream: int, sentence: int) -> list[dict[str, Tensor]]:
        """fairseq's dictionaries of one lane's finished hypotheses, in the order in which they ended."""
        found = []
        for place in range(int(self.count[stream, sentence])):
            length = int(self.length[stream, sentence, place])
            cumulative = self.cumulative[stream, sentence, place, :length]
            found.append(
                {
                    "tokens": self.tokens[stream, sentence, place, :length].clone(),
                    "score": self.score[stream, sentence, place].clone(),
                    "attention": torch.empty(0),
                    "alignment": torch.empty(0),
                    "positional_scores": cumulative.diff(prepend=cumulative.new_zeros(1)),
                }
            )
        return found
