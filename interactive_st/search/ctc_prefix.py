"""CTC prefix scores of the transcript, beside the decoder's own.

CTC scores enforce a monotonic alignment with the speech; the decoder contributes what is likely to be said.
``--decoding-ctc-weight w`` scores a transcript by (1 − w)·attention + w·CTC.

Source: Watanabe et al., IEEE JSTSP 2017, "Hybrid CTC/Attention Architecture for End-to-End Speech
Recognition", section III-B (prefix scores). The recursions over frames are solved in closed form by
cumulative sums, so there is no loop over frames, hypotheses or candidates.
"""

import torch
from torch import Tensor

from interactive_st.conventions import TRANSCRIPT
from interactive_st.modules.lanes import Lanes
from interactive_st.search.best_tokens import best_tokens
from interactive_st.search.hypothesis_tensors import gather_parents

IMPOSSIBLE = -1e10  # log-probability; finite, so that differences of sums stay numbers
#: Least score of CTC for a token. Where it rules out every continuation, as of texts that are made longer
#: than there are frames, attention still orders them: float32 holds both.
LEAST_STEP = -1e4


class CtcPrefixScorer:
    """Prefix scores of W transcripts of each of B sentences.

    Args:
        log_probs: ``(T, B, V)`` of the CTC head.
        lengths: ``(B,)`` frames of each sentence.
        blank, eos: their indices.
        width: W, hypotheses per sentence.
        weight: of CTC against attention, in (0, 1].
        candidates: number of best tokens by attention, per hypothesis, that CTC scores; all others get −inf,
            except ``</s>``.
    """

    def __init__(
        self,
        log_probs: Tensor,
        lengths: Tensor,
        *,
        blank: int,
        eos: int,
        width: int,
        weight: float,
        candidates: int,
    ) -> None:
        self.blank_index, self.eos, self.weight, self.candidates = blank, eos, weight, candidates
        log_probs = log_probs.transpose(0, 1).float().clamp(min=IMPOSSIBLE)
        batch, frames, _ = log_probs.shape
        beyond = torch.arange(frames, device=log_probs.device) >= lengths.unsqueeze(1)
        self.log_probs = log_probs.masked_fill_(beyond.unsqueeze(2), IMPOSSIBLE)  # (B, T, V)
        # (B, T), in double precision as all sums over frames; padding changes nothing
        self.blank = log_probs[:, :, blank].double().masked_fill(beyond, 0.0)
        shape = (batch, width)
        self.ends_in_token = self.blank.new_full((*shape, frames), IMPOSSIBLE)  # (B, W, T)
        self.ends_in_blank = self.blank.cumsum(dim=1).unsqueeze(1).repeat(1, width, 1)
        self.score = self.blank.new_zeros(shape)
        self.last = torch.full(shape, -1, device=log_probs.device)

    def blend(self, log_probs: Tensor, lanes: Lanes) -> Tensor:
        """Score the next token of transcripts by attention and CTC.

        Args:
            log_probs: ``(N, W, V)`` of attention.
            lanes: the N lanes; those of translations stay as they are.

        Returns:
            ``log_probs`` itself, changed in place; tokens that CTC does not score get −inf
        """
        index = lanes.among(TRANSCRIPT)
        if index.numel() == 0:
            return log_probs
        sentence, attention = lanes.sentence[index], log_probs[index]
        attention[:, :, self.blank_index] = -torch.inf  # as a word it would be paid for every silence
        best, token = best_tokens(attention, min(self.candidates, attention.size(2)))
        so_far = self.score[sentence].unsqueeze(2)
        # Behind a prefix that is ruled out already, whose scores count the frames of the batch, every token
        # costs as much, and the end nothing: texts become no longer than they are made.
        ruled_out = so_far < IMPOSSIBLE / 2
        ctc = (self._extensions(sentence, token) - so_far).clamp(min=LEAST_STEP)
        ctc = ctc.masked_fill(ruled_out, LEAST_STEP)
        ends = (self._whole(sentence).unsqueeze(2) - so_far).clamp(min=LEAST_STEP).masked_fill(ruled_out, 0.0)
        blended = torch.full_like(attention, -torch.inf)
        blended.scatter_(2, token, (1 - self.weight) * best + self.weight * ctc.to(best))
        eos = attention[..., self.eos, None]
        blended[..., self.eos, None] = (1 - self.weight) * eos + self.weight * ends.to(eos)
        log_probs[index] = blended.masked_fill(attention.isinf(), -torch.inf)
        return log_probs

    def inherit(self, sentence: Tensor, parent: Tensor) -> None:
        """Make slot w of each sentence a copy of slot ``parent[:, w]``; ``(N,)`` and ``(N, W)``."""
        for state in (self.ends_in_token, self.ends_in_blank, self.score, self.last):
            state[sentence] = gather_parents(state[sentence], parent)

    def extend(self, sentence: Tensor, token: Tensor) -> None:
        """Append ``token`` ``(N, W)`` to the hypotheses of some sentences."""
        emitted = self._emissions(sentence, token.unsqueeze(2)).squeeze(3)  # (N, W, T)
        before = self._before(sentence, token.unsqueeze(2)).squeeze(3)
        total = emitted.cumsum(dim=2)
        in_token = total + torch.logcumsumexp(before - (total - emitted), dim=2)
        blank = self.blank[sentence].unsqueeze(1)
        blanks = blank.cumsum(dim=2)
        arrived = _shift(in_token, IMPOSSIBLE)
        self.ends_in_blank[sentence] = blanks + torch.logcumsumexp(arrived - (blanks - blank), dim=2)
        self.ends_in_token[sentence] = in_token
        self.score[sentence] = torch.logsumexp(before + emitted, dim=2)
        self.last[sentence] = token

    def keep(self, sentences: Tensor) -> None:
        """Drop every sentence not named in ``sentences``."""
        for name in ("log_probs", "blank", "ends_in_token", "ends_in_blank", "score", "last"):
            setattr(self, name, getattr(self, name).index_select(0, sentences))

    def _extensions(self, sentence: Tensor, token: Tensor) -> Tensor:
        """Log-probability ``(N, W, K)`` that the transcript begins with prefix and ``token``."""
        return torch.logsumexp(self._before(sentence, token) + self._emissions(sentence, token), dim=2)

    def _whole(self, sentence: Tensor) -> Tensor:
        """Log-probability ``(N, W)`` that the transcript is the prefix and ends."""
        return torch.logaddexp(self.ends_in_token[sentence, :, -1], self.ends_in_blank[sentence, :, -1])

    def _emissions(self, sentence: Tensor, token: Tensor) -> Tensor:
        """``(N, W, T, K)`` log-probability of each token ``(N, W, K)`` in each frame."""
        frame = torch.arange(self.log_probs.size(1), device=token.device).view(-1, 1)
        return self.log_probs[sentence.view(-1, 1, 1, 1), frame, token.unsqueeze(2)].double()

    def _before(self, sentence: Tensor, token: Tensor) -> Tensor:
        """``(N, W, T, K)`` log-probability that the prefix is complete before each frame and ``token`` may
        begin there: after itself only behind a blank."""
        in_blank = self.ends_in_blank[sentence].unsqueeze(3)
        either = torch.logaddexp(self.ends_in_token[sentence].unsqueeze(3), in_blank)
        repeats = token.eq(self.last[sentence].unsqueeze(2)).unsqueeze(2)
        ready = torch.where(repeats, in_blank, either)
        empty = self.last[sentence].eq(-1)[:, :, None, None]
        first = ready.new_full(empty.shape, IMPOSSIBLE).masked_fill_(empty, 0.0)
        first = first.expand(-1, -1, 1, ready.size(3))
        return torch.cat([first, ready[:, :, :-1]], dim=2)


def _shift(x: Tensor, first: float) -> Tensor:
    """Move the last dimension one step later, ``first`` entering."""
    return torch.cat([torch.full_like(x[..., :1], first), x[..., :-1]], dim=-1)
