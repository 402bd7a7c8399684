"""``--search joint``: a hypothesis is a pair of prefixes with one score.

What a pair attends to is its own history, so its score equals teacher-forced rescoring exactly, and a
beam wide enough to hold every pair gives the exact best one.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from interactive_st.conventions import BOTH
from interactive_st.modules.lanes import Lanes
from interactive_st.search.dual_search import DualSearch, gather_alive, unfinished_first
from interactive_st.search.hypotheses import NBest, make_hypotheses
from interactive_st.search.pool import Pool


class Candidates(NamedTuple):
    """C pairs per sentence: ``score`` ``(B, C)`` of the pair, all else ``(2, B, C)``.

    ``parent``: slot of the pair that is continued; ``length``: tokens of the stream, ``</s>`` included.
    """

    parent: Tensor
    token: Tensor
    score: Tensor
    stream_score: Tensor
    ended: Tensor
    length: Tensor

    def take(self, chosen: Tensor) -> "Candidates":
        """The candidates at ``chosen`` ``(B, W)``."""
        both = chosen.expand(2, -1, -1)
        return Candidates(
            *(field.gather(field.dim() - 1, both if field.dim() == 3 else chosen) for field in self)
        )


class JointSearch(DualSearch):
    """One beam of pairs. A pair leaves it when both of its streams have ended; pairs in the beam are
    compared by the sum of both log-probabilities, finished ones by the sum of both normalised scores."""

    def _begin(self) -> None:
        self.score = self.beams.first_scores().sum(dim=0)  # (B, W) of the pair
        self.stream_score = torch.zeros_like(self.pool.score)  # (2, B, W)
        self.ended = torch.zeros_like(self.stream_score, dtype=torch.bool)
        self.length = torch.zeros_like(self.pool.length)  # (2, B, W) tokens written, with </s>
        self.streams_ended = self.beams.done.clone()  # (2, B), on the control device

    def _ended(self) -> Tensor:
        return self.streams_ended

    def _writing(self, active: Tensor) -> Tensor:
        return super()._writing(active) & ~self.ended

    def _partner_slots(self) -> Tensor:
        return self.beams.slots[..., : max(self.beams.used)].flip(0)

    def _select(self, log_probs: Tensor, lanes: Lanes, at_max_len: Tensor) -> None:
        width = self.beams.width
        candidates = self._candidates(log_probs, lanes, at_max_len)
        complete = candidates.ended.all(dim=0) & candidates.score.isfinite()
        chosen = unfinished_first(complete, width)
        self.score.copy_(gather_alive(candidates.score, complete, chosen))
        taken = candidates.take(chosen)

        completes = complete[:, :width]
        dead = self.score.isinf()
        stops = dead.all(dim=1) | (self.pool.count[0] + completes.sum(dim=1)).ge(width)
        ended = (taken.ended | dead).all(dim=2)
        any_completes, stops, *ended = self._to_control(completes.any(dim=1), stops, *ended)
        if lanes.advances is not None or any_completes.any():
            self._finish(candidates, completes)
        self._continue(taken, lanes)
        self.beams.done |= stops
        self.streams_ended.copy_(torch.stack(ended) | self.beams.done)

    def _candidates(self, log_probs: Tensor, lanes: Lanes, at_max_len: Tensor) -> "Candidates":
        """The best 2W pairs that continue those in the beam."""
        gain, words = self._continuations(log_probs, lanes, at_max_len)
        n_words = words.size(3)
        total = self.score[:, :, None, None] + gain[0].unsqueeze(3) + gain[1].unsqueeze(2)
        total = total.flatten(1)
        score, index = total.topk(min(2 * self.beams.width, total.size(1)), dim=1)
        parent = torch.div(index, n_words * n_words, rounding_mode="floor")
        choice = torch.stack([torch.div(index, n_words, rounding_mode="floor"), index]) % n_words
        place = parent * n_words + choice
        parents = parent.expand(2, -1, -1)
        token = words.flatten(2).gather(2, place)
        had_ended = self.ended.gather(2, parents)
        wrote = self._advancing(lanes).to(parent.device).unsqueeze(2) & ~had_ended
        return Candidates(
            parent=parents,
            token=token,
            score=score,
            stream_score=self.stream_score.gather(2, parents) + gain.flatten(2).gather(2, place),
            ended=had_ended | (wrote & token.eq(self.constraints.eos)),
            length=self.length.gather(2, parents) + wrote.long(),
        )

    def _continuations(self, log_probs: Tensor, lanes: Lanes, at_max_len: Tensor) -> tuple[Tensor, Tensor]:
        """Best next tokens of every slot and stream: log-probabilities and tokens ``(2, B, W, M)``.

        A stream that does not advance, or has ended in a slot, has one continuation: no token, score 0.
        """
        shape = (*self.ended.shape, min(2 * self.beams.width, log_probs.size(2)))
        gain = log_probs.new_full(shape, -math.inf)
        gain[..., 0] = 0.0
        words = torch.full(shape, self.constraints.pad, device=gain.device)
        best, word = self.constraints.best(log_probs, shape[3], at_max_len)
        goes_on = ~lanes.take(self.ended).unsqueeze(2)
        lanes.update(gain, torch.where(goes_on, best, lanes.take(gain)))
        lanes.update(words, torch.where(goes_on, word, lanes.take(words)))
        return gain, words

    def _advancing(self, lanes: Lanes) -> Tensor:
        """``(2, B)`` lanes that computed a row in this step; on the control device."""
        if lanes.advances is not None:
            return lanes.advances.view_as(self.beams.done)
        advancing = torch.zeros_like(self.beams.done)
        advancing[lanes.control[:2]] = True
        return advancing

    def _finish(self, candidates: "Candidates", complete: Tensor) -> None:
        """Move ``complete`` candidates ``(B, W)`` to the pool, until it is full."""
        width = complete.size(1)
        parent, score, length = (
            x[:, :, :width].flatten(0, 1)
            for x in (candidates.parent, candidates.stream_score, candidates.length)
        )
        everyone = self.beams.everyone()
        self._move_to_pool(everyone, complete.repeat(2, 1), parent=parent, score=score, length=length)

    def _continue(self, chosen: "Candidates", lanes: Lanes) -> None:
        """Let the beam hold the ``chosen`` W pairs of every sentence."""
        self.beams.inherit(self.beams.everyone(), chosen.parent.flatten(0, 1))
        self.beams.append(lanes, lanes.take(chosen.token), lanes.take(chosen.stream_score))
        self.stream_score.copy_(chosen.stream_score)
        self.ended.copy_(chosen.ended)
        self.length.copy_(chosen.length)

    def _keep(self, sentences: Tensor) -> None:
        super()._keep(sentences)
        self.streams_ended = self.streams_ended.index_select(1, sentences.to(self.streams_ended.device))
        sentences = sentences.to(self.beams.device)
        self.score = self.score.index_select(0, sentences)
        for name in ("stream_score", "ended", "length"):
            setattr(self, name, getattr(self, name).index_select(1, sentences))

    def _hypotheses(self, pool: Pool) -> list[NBest]:
        texts = zip(*(pool.hypotheses(stream) for stream in BOTH), strict=True)
        pairs = make_hypotheses([list(zip(*of_sentence, strict=True)) for of_sentence in texts])
        return [
            sorted(nbest, key=lambda pair: pair["pair_score"].item(), reverse=True) for nbest in pairs
        ]
