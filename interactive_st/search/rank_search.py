"""``--search rank``: each stream keeps its own beam; rank r attends to rank r of the other.

With one stream it is plain beam search.

Source: Liu et al., AAAI 2020, section 3 (synchronous beam search). Within a stream every rule is that of
fairseq's ``SequenceGenerator``, so with λ = 0 the two give the same hypotheses and scores.
"""

import math

import torch
from torch import Tensor

from interactive_st.conventions import BOTH, TRANSCRIPT, TRANSLATION
from interactive_st.modules.lanes import Lanes
from interactive_st.search.dual_search import DualSearch, gather_alive, unfinished_first
from interactive_st.search.hypotheses import NBest, Pair, TextHypothesis, make_hypotheses
from interactive_st.search.pool import Pool


class RankSearch(DualSearch):
    """Two beams. Each stream ends by its own pool; its finished hypotheses stay in the ranking that the
    other stream reads, beside those still running."""

    def _begin(self) -> None:
        self.score = self.beams.first_scores()  # (2, B, W)

    def _ended(self) -> Tensor:
        return self.beams.done

    def _partner_slots(self) -> Tensor:
        beams, pool = self.beams, self.pool
        row, done = (x.unsqueeze(2).to(beams.device, non_blocking=True) for x in (beams.row, beams.done))
        running = self.options.normalized(self.score, row.clamp(min=1).to(beams.cumulative))
        running = running.masked_fill(done, -math.inf)
        score, best = torch.cat([running, pool.score], dim=2).sort(dim=2, descending=True, stable=True)
        score, best = score[..., : beams.width], best[..., : beams.width]
        # a rank without a hypothesis reads the partner's best
        best = torch.where(score.isinf(), best[..., :1], best)
        slots = torch.cat([each.slots[..., : max(beams.used)] for each in (beams, pool)], dim=2)
        return slots.gather(2, best.unsqueeze(3).expand(-1, -1, -1, slots.size(3))).flip(0)

    def _select(self, log_probs: Tensor, lanes: Lanes, at_max_len: Tensor) -> None:
        width, n_words = log_probs.shape[1:]
        best, words = self.constraints.best(log_probs, min(2 * width, n_words), at_max_len)
        total = best + lanes.take(self.score).unsqueeze(2)
        scores, index = total.flatten(1).topk(min(2 * width, width * n_words - 1), dim=1)
        parent = torch.div(index, best.size(2), rounding_mode="floor")
        token = words.flatten(1).gather(1, index)
        finished = token.eq(self.constraints.eos) & scores.isfinite()
        chosen = unfinished_first(finished, width)
        score = gather_alive(scores, finished, chosen)

        finishes = finished[:, :width]
        if lanes.advances is not None:
            finishes = finishes & lanes.advances.unsqueeze(1)
        count = lanes.take(self.pool.count) + finishes.sum(dim=1)
        stops = count.ge(width) | score.isinf().all(dim=1)
        any_finishes, stops = self._to_control(finishes.any(dim=1), stops)
        if lanes.advances is not None or any_finishes.any():
            length = (lanes.row + 1).unsqueeze(1).expand_as(finishes)
            self._move_to_pool(
                lanes, finishes, parent=parent[:, :width], score=scores[:, :width], length=length
            )
        forced_end = self.constraints.forces_end(lanes, self.prefix_tokens)
        stops = stops | at_max_len if forced_end is None else stops | at_max_len | forced_end
        self.beams.advance(lanes, parent.gather(1, chosen), token.gather(1, chosen), score)
        lanes.update(self.score, score)
        lanes.update(self.beams.done, stops)

    def _keep(self, sentences: Tensor) -> None:
        super()._keep(sentences)
        self.score = self.score.index_select(1, sentences.to(self.score.device))

    def _hypotheses(self, pool: Pool) -> list[NBest]:
        texts = [
            [
                sorted(nbest, key=lambda text: text["score"].item(), reverse=True)
                for nbest in pool.hypotheses(stream)
            ]
            for stream in BOTH
        ]
        return make_hypotheses([self._pairs(*of_sentence) for of_sentence in zip(*texts, strict=True)])

    def _pairs(
        self, transcripts: list[TextHypothesis], translations: list[TextHypothesis]
    ) -> list[Pair]:
        """One pair per translation: rank r with the transcript of rank r, or with the last one if there are
        fewer. Further transcripts are dropped. With one stream, its texts with None."""
        if TRANSLATION not in self.beams.streams:
            return [(transcript, None) for transcript in transcripts]
        if TRANSCRIPT not in self.beams.streams:
            return [(None, translation) for translation in translations]
        return [
            (transcript, translation)
            for rank, translation in enumerate(translations)
            for transcript in transcripts[min(rank, len(transcripts) - 1) :][:1]
        ]
