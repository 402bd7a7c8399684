"""The loop that all searches share: advance the lanes that may advance, until every sentence is done."""

import math

import torch
from torch import Tensor

from interactive_st.conventions import BOTH
from interactive_st.errors import SettingError
from interactive_st.modules.lanes import Lanes
from interactive_st.modules.wait_k import start_delay
from interactive_st.search.beams import Beams, to_device_async
from interactive_st.search.constraints import Constraints
from interactive_st.search.device_step import DeviceSteps
from interactive_st.search.ensemble import Ensemble
from interactive_st.search.hypotheses import NBest
from interactive_st.search.options import SearchOptions
from interactive_st.search.pool import Pool

#: Share of unfinished sentences at which the batch is compacted; on a device that means a new graph.
COMPACT_BELOW = 0.75
COMPACT_DEVICE_BELOW = 0.5


class DualSearch:
    """Beam search over two streams that read each other, or over one; subclasses say what a hypothesis is.

    A *lane* is one stream of one sentence. In each step every lane that may advance computes one row,
    all lanes in one forward pass. A stream starts ``wait_k`` steps after the other, or as soon as the
    other has ended.

    Args:
        ensemble: the models, with the caches of the batch.
        constraints: which tokens are allowed; they hold the options.
        beams: the hypotheses at the start.
        prefix_tokens: ``(B, P)`` forced beginning of the translation, padded, or None.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        constraints: Constraints,
        beams: Beams,
        prefix_tokens: Tensor | None = None,
    ) -> None:
        self.ensemble, self.constraints, self.beams = ensemble, constraints, beams
        self.options: SearchOptions = constraints.options
        self.prefix_tokens = None if prefix_tokens is None else prefix_tokens.cpu()
        self.pool = Pool(beams)
        delay = torch.tensor([[start_delay(ensemble.wait_k, stream)] for stream in BOTH])
        self.delay = to_device_async(delay, beams.row.device)
        self._begin()

    def run(self) -> list[NBest]:
        """Search to the end.

        Returns:
            for every sentence of the original batch its hypotheses, best first

        Raises:
            SettingError: a sentence has no hypothesis with a finite score.
        """
        results: list[NBest] = [[] for _ in range(self.beams.batch)]
        device_steps = None if self.beams.column is None else DeviceSteps(self)
        step = 0
        while self.beams.batch:
            if device_steps is None:
                self.step(step)
                done = self.beams.done
            else:
                done = device_steps.take()
            if self._compact(results, done) and device_steps is not None:
                device_steps.shapes_changed()
            step += 1
        return results

    def step(self, number: int | Tensor) -> None:
        """Take step ``number`` (from 0; a tensor ``(1,)`` with beams on the device): every lane that may
        advance does."""
        active = self._active(number)
        lanes = self.beams.lanes(active)
        self.beams.open_columns(lanes.streams, self._writing(active))
        log_probs = self._log_probs(lanes, is_first=self.beams.column is None and number == 0)
        at_max_len = self.beams.at_max_len(lanes)
        log_probs = self.constraints.apply(
            log_probs, lanes, self.beams.tokens, at_max_len, self.prefix_tokens
        )
        if self.beams.ctc is not None:
            log_probs = self.beams.ctc.blend(log_probs, lanes)
        self._select(self.constraints.penalise(log_probs), lanes, at_max_len)

    def _log_probs(self, lanes: Lanes, is_first: bool) -> Tensor:
        """Log-probabilities of the next token ``(N, W, V)``. In the first step all slots are equal: only slot
        0 is computed."""
        tokens = self.beams.last_tokens(lanes)
        histories = self.beams.histories(self._partner_slots() if self.ensemble.interacts else None)
        if is_first:
            tokens, histories = tokens[:, :1], histories.of_first_slot()
        log_probs = self.ensemble.step(tokens, lanes, histories, self.options.temperature)
        return log_probs.repeat(1, self.beams.width, 1) if is_first else log_probs

    def _active(self, number: int | Tensor) -> Tensor:
        """Lanes ``(2, B)`` that compute a row in that step; on the control device."""
        ended = self._ended()
        due = self.delay <= number
        return ~ended & (due | ended.flip(0))

    def _to_control(self, *flags: Tensor) -> Tensor:
        """``flags`` stacked, on the control device: one copy, one synchronisation."""
        return torch.stack(flags).to(self.beams.row.device)

    def _compact(self, results: list[NBest], done: Tensor) -> bool:
        """Once enough sentences are finished, store their ``results`` and shrink the batch; returns whether
        it did. ``done`` as in `Beams`, on the CPU.

        Raises:
            SettingError: a finished sentence has no hypothesis with a finite score.
        """
        alive = ~done.all(dim=0)
        n_alive = int(alive.sum())
        share = COMPACT_BELOW if self.beams.column is None else COMPACT_DEVICE_BELOW
        if n_alive > share * self.beams.batch:
            return False
        ended = (~alive).nonzero().squeeze(1)
        for sentence, nbest in zip(
            self.beams.origin[ended].tolist(), self._hypotheses(self.pool.fetch(ended)), strict=True
        ):
            if not nbest:
                raise SettingError(
                    f"utterance {sentence} of the batch has no hypothesis with a finite score: the model's "
                    "probabilities are not numbers (training diverged, or half precision overflows), or the "
                    "options rule out every text (--no-repeat-ngram-size with --min-len)"
                )
            results[sentence] = nbest
        sentences = alive.nonzero().squeeze(1)
        self.beams.keep(sentences)
        self._keep(sentences)
        if n_alive:
            self.ensemble.keep(sentences.to(self.beams.device))
        return True

    def _keep(self, sentences: Tensor) -> None:
        self.pool.keep(sentences.to(self.beams.device))
        if self.prefix_tokens is not None:
            self.prefix_tokens = self.prefix_tokens.index_select(0, sentences)

    def _move_to_pool(
        self, lanes: Lanes, finished: Tensor, *, parent: Tensor, score: Tensor, length: Tensor
    ) -> None:
        """Move candidates to the pool, until it is full; arguments as those of :meth:`.Pool.add`."""
        self.pool.add(
            self.beams,
            lanes,
            finished,
            parent=parent,
            score=score,
            length=length,
            normalized=self.options.normalized(score, length.to(score)),
            eos=self.constraints.eos,
        )

    def _begin(self) -> None:
        """Make what the search keeps beside ``beams`` and ``pool``: the scores of its hypotheses."""
        raise NotImplementedError

    def _ended(self) -> Tensor:
        """Streams ``(2, B)`` in which no hypothesis can go on; on the control device."""
        raise NotImplementedError

    def _writing(self, active: Tensor) -> Tensor:
        """Hypotheses ``(2, B, W)`` that get a row when ``active`` ``(2, B)`` lanes advance."""
        active = active.to(self.beams.device, non_blocking=True)
        return active.unsqueeze(2).expand(-1, -1, self.beams.width)

    def _partner_slots(self) -> Tensor:
        """``Histories.partner`` of this step, ``(2, B, W, columns)``."""
        raise NotImplementedError

    def _select(self, log_probs: Tensor, lanes: Lanes, at_max_len: Tensor) -> None:
        """Select the continuations by ``log_probs`` ``(N, W, V)``; move finished ones to the pool. Lanes
        ``at_max_len`` ``(N,)``, on the control device, end."""
        raise NotImplementedError

    def _hypotheses(self, pool: Pool) -> list[NBest]:
        """The results of the finished sentences in ``pool``, best first."""
        raise NotImplementedError


def unfinished_first(finished: Tensor, width: int) -> Tensor:
    """The first ``width`` candidates ``(N, C)`` that are not ``finished``, in order; ``(N, width)``.

    If there are too few, finished ones fill up; :func:`gather_alive` gives those a score of −inf.
    """
    n_candidates = finished.size(1)
    order = torch.arange(n_candidates, device=finished.device)
    return torch.topk(order + finished.long() * n_candidates, width, dim=1, largest=False)[1]


def gather_alive(scores: Tensor, finished: Tensor, chosen: Tensor) -> Tensor:
    """Scores of the ``chosen`` candidates ``(N, width)``, −inf for those that are finished."""
    return scores.masked_fill(finished, -math.inf).gather(1, chosen)
