"""References that fairseq's scorers can be given where a corpus has none."""

import torch
from fairseq.data import Dictionary


def fill_missing(target: torch.Tensor, dictionary: Dictionary) -> torch.Tensor:
    """Return target ids (B, L) in which a missing text, all padding, is ``</s>`` alone.

    ``fairseq-generate`` takes the padding off and scores what is left; its default scorer
    (libbleu) reads beyond the end of an empty reference and crashes.
    """
    filled = target.clone()
    missing = target.eq(dictionary.pad()).all(dim=1)
    filled[missing, 0] = dictionary.eos()
    return filled
