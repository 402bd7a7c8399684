"""No repeated n-grams in the search of stock fairseq, by which the text model of a pipeline decodes."""

import math

import torch
from fairseq.ngram_repeat_block import NGramRepeatBlock
from torch import Tensor


class RepeatBlocker(NGramRepeatBlock):
    """What ``--no-repeat-ngram-size`` promises.

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
        written, size = tokens[:, 1 : step + 1], self.no_repeat_ngram_size
        if step < size:
            return lprobs
        ngrams = written.unfold(1, size, 1)  # (B·W, n-grams, size)
        repeats = (ngrams[..., :-1] == written[:, None, step + 1 - size :]).all(dim=2)
        allowed = lprobs.scatter(1, torch.where(repeats, ngrams[..., -1], self.pad), -math.inf)
        # where nothing is left the token was forced
        return torch.where(allowed.isinf().all(dim=1, keepdim=True), lprobs, allowed)
