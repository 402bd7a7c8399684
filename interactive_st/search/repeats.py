"""Which tokens would repeat an n-gram, in our search and in that of stock fairseq."""

import math

import torch
from fairseq.ngram_repeat_block import NGramRepeatBlock
from torch import Tensor


def repeating(written: Tensor, size: int, pad: int) -> Tensor:
    """Tokens that would repeat an n-gram of ``size`` of what is ``written`` ``(…, L)``, L at least ``size``:
    ``(…, n-grams)``, ``pad`` for those n-grams that would not be repeated."""
    ngrams = written.unfold(-1, size, 1)
    last = written[..., None, written.size(-1) + 1 - size :]
    return torch.where((ngrams[..., :-1] == last).all(dim=-1), ngrams[..., -1], pad)


class RepeatBlocker(NGramRepeatBlock):
    """What ``--no-repeat-ngram-size`` promises, for the text model of a pipeline.

    fairseq's own code, off its CUDA extension, looks for the last n-gram at the end of the whole buffer,
    where nothing has been written yet, and so rules nothing out; and no single words anywhere.

    Args:
        size: of the n-grams that are not repeated.
        pad: a token that is never chosen.
    """

    def __init__(self, size: int, pad: int) -> None:
        super().__init__(size, use_extension=False)
        self.pad = pad

    def forward(self, tokens: Tensor, lprobs: Tensor, bsz: int, beam_size: int, step: int) -> Tensor:
        """Rule out tokens that would repeat an n-gram, but for those of a forced prefix.

        Args:
            tokens: ``(B·W, L)``, the hypotheses, ``</s>`` first, of which ``step`` more tokens are written.
            lprobs: ``(B·W, V)``, of the next one.
        """
        if step < self.no_repeat_ngram_size:
            return lprobs
        blocked = repeating(tokens[:, 1 : step + 1], self.no_repeat_ngram_size, self.pad)
        allowed = lprobs.scatter(1, blocked, -math.inf)
        # where nothing is left the token was forced
        return torch.where(allowed.isinf().all(dim=1, keepdim=True), lprobs, allowed)
