"""Which next tokens the options allow, by the rules of fairseq's ``SequenceGenerator``."""

import math

import torch
from torch import Tensor

from interactive_st.conventions import TRANSLATION
from interactive_st.modules.lanes import Lanes
from interactive_st.search.best_tokens import best_tokens
from interactive_st.search.options import SearchOptions
from interactive_st.search.repeats import repeating


class Constraints:
    """Masks log-probabilities before candidates are chosen.

    Args:
        options: those of the search.
        pad, unk, eos: indices in the dictionary.
    """

    def __init__(self, options: SearchOptions, pad: int, unk: int, eos: int) -> None:
        self.options, self.pad, self.unk, self.eos = options, pad, unk, eos

    def apply(
        self,
        log_probs: Tensor,
        lanes: Lanes,
        tokens: Tensor,
        at_max_len: Tensor,
        prefix_tokens: Tensor | None,
    ) -> Tensor:
        """Constrain ``log_probs`` in place and return it. Forcing ``</s>`` at the maximum length is left to
        :meth:`best`.

        Args:
            log_probs: ``(N, W, V)`` of the next token.
            lanes: the N lanes.
            tokens: ``(2, B, W, L)`` int32, the hypotheses so far, tag first.
            at_max_len: ``(N,)`` lanes at ``max_len``; on the control device.
            prefix_tokens: ``(B, P)`` forced beginning of the translation, or None; on the control device.
        """
        log_probs.select(2, self.pad).fill_(-math.inf)
        too_short = (lanes.control[2] < self.options.min_len) & ~at_max_len
        forced = self._forced_tokens(lanes, prefix_tokens)
        if forced is not None:
            too_short &= forced.eq(self.pad)
        too_short = too_short.to(log_probs.device, non_blocking=True).unsqueeze(1)
        log_probs.select(2, self.eos).masked_fill_(too_short, -math.inf)
        if forced is not None:
            self._force(log_probs, forced.masked_fill(at_max_len, self.pad))
        if self.options.no_repeat_ngram_size > 0:
            self._block_repeats(log_probs, lanes, tokens, forced)
        return log_probs

    def penalise(self, log_probs: Tensor) -> Tensor:
        """Take ``unk_penalty`` off the score of ``<unk>`` in ``log_probs`` ``(N, W, V)``, in place."""
        if self.options.unk_penalty:
            log_probs.select(2, self.unk).sub_(self.options.unk_penalty)
        return log_probs

    def best(self, log_probs: Tensor, count: int, at_max_len: Tensor) -> tuple[Tensor, Tensor]:
        """The likeliest next tokens by ``log_probs`` ``(N, W, V)``: log-probabilities and tokens
        ``(N, W, count)``. In lanes ``at_max_len`` ``(N,)`` only ``</s>`` has a finite one."""
        best, token = best_tokens(log_probs, count)
        if at_max_len.device.type == "cpu" and not at_max_len.any():
            return best, token
        at_max_len = at_max_len.to(best.device, non_blocking=True)[:, None, None]
        best, token = best.masked_fill(at_max_len, -math.inf), token.masked_fill(at_max_len, self.eos)
        first = best[..., :1]
        first.copy_(torch.where(at_max_len, log_probs[..., self.eos, None], first))
        return best, token

    def _forced_tokens(self, lanes: Lanes, prefix_tokens: Tensor | None) -> Tensor | None:
        """The token each lane must write next, ``(N,)``, or pad; on the control device.
        None: nothing is forced."""
        if prefix_tokens is None or prefix_tokens.size(1) == 0:
            return None
        stream, sentence, row = lanes.control
        column = row.clamp(max=prefix_tokens.size(1) - 1)
        inside = (stream == TRANSLATION) & (row < prefix_tokens.size(1))
        return torch.where(inside, prefix_tokens[sentence, column], self.pad)

    def forces_end(self, lanes: Lanes, prefix_tokens: Tensor | None) -> Tensor | None:
        """Lanes ``(N,)`` whose forced prefix ends here with ``</s>``; on the control device.
        None: there are none."""
        forced = self._forced_tokens(lanes, prefix_tokens)
        return None if forced is None else forced.eq(self.eos)

    def _force(self, log_probs: Tensor, token: Tensor) -> None:
        """Allow only ``token`` ``(N,)`` (unless pad) in each lane, at its model probability; ``log_probs``
        ``(N, W, V)`` in place, ``token`` on the control device."""
        index = token.ne(self.pad).nonzero().squeeze(1)
        if index.numel():
            chosen = token[index].view(-1, 1, 1).expand(-1, log_probs.size(1), 1)
            chosen = chosen.to(log_probs.device, non_blocking=True)
            index = index.to(log_probs.device, non_blocking=True)
            kept = log_probs[index].gather(2, chosen)
            log_probs[index] = torch.full_like(log_probs[index], -math.inf).scatter(2, chosen, kept)

    def _block_repeats(
        self, log_probs: Tensor, lanes: Lanes, tokens: Tensor, forced: Tensor | None
    ) -> None:
        """Rule out tokens that would repeat an n-gram of their translation, unless they are ``forced``."""
        size = self.options.no_repeat_ngram_size
        stream, _, row = lanes.control
        free = stream == TRANSLATION if forced is None else (stream == TRANSLATION) & forced.eq(self.pad)
        for written in row[free & (row + 1 >= size)].unique().tolist():
            index = (free & (row == written)).nonzero().squeeze(1).to(log_probs.device, non_blocking=True)
            history = tokens[TRANSLATION, lanes.sentence[index], :, : written + 1].long()
            blocked = repeating(history, size, self.pad)  # pad is excluded anyway
            log_probs[index] = log_probs[index].scatter(2, blocked, -math.inf)
