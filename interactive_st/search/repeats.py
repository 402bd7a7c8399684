"""Which tokens would repeat an n-gram, in our search and in that of stock fairseq."""

import math

import torch
from fairseq.ngram_repeat_block import NGramRepeatBlock
from torch import Tensor


def repeating(written: Tensor, size: int, pad: int) -> Tensor:
    """Tokens that would complete a repeated n-gram of ``size`` in ``written`` ``(…, L)``, L ≥ ``size``:
    ``(…, L − size + 1)``, one per n-gram, ``pad`` if it would not repeat."""
    ngrams = written.unfold(-1, size, 1)
    last = written[..., None, written.size(-1) + 1 - size :]
    return torch.where((ngrams[..., :-1] == last).all(dim=-1), ngrams[..., -1], pad)


class RepeatBlocker(NGramRepeatBlock):
    """``--no-repeat-ngram-size`` on any device, for the text model of a pipeline.

    Without its CUDA extension, fairseq compares with the end of the preallocated buffer, still empty, so
    nothing is blocked; nor does it handle n = 1.

    Args:
        size: n, of the n-grams that are not repeated.
        pad: a token that is never chosen.
    """

    def __init__(self, size: int, pad: int) -> None:
        super().__init__(size, use_extension=False)
        self.pad = pad

    def forward(self, tokens: Tensor, lprobs: Tensor, bsz: int, beam_size: int, step: int) -> Tensor:
        """Block tokens that would repeat an n-gram, except those of a forced prefix.

        Args:
            tokens: ``(B·W, L)``, the hypotheses: ``</s>``, then ``step`` tokens, the rest empty.
            lprobs: ``(B·W, V)``, of the next token.

        Returns:
            ``(B·W, V)``, −inf for blocked tokens
        """
        if step < self.no_repeat_ngram_size:
            return lprobs
        blocked = repeating(tokens[:, 1 : step + 1], self.no_repeat_ngram_size, self.pad)
        allowed = lprobs.scatter(1, blocked, -math.inf)
        # if nothing is left, the token was forced
        return torch.where(allowed.isinf().all(dim=1, keepdim=True), lprobs, allowed)
