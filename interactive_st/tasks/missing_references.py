"""References that fairseq's scorers can be given where a corpus has none."""

import logging

import torch
from fairseq.data import Dictionary, FairseqDataset

from interactive_st.conventions import STREAM_NAMES
from interactive_st.wording import counted

logger = logging.getLogger(__name__)


def warn_of_missing(split: str, dataset: FairseqDataset, stream: int) -> None:
    """Warn where some rows lack the reference of a text that is scored, and others have it.

    Args:
        split: its name.
        dataset: its rows.
        stream: whether transcripts or translations are scored.
    """
    there = dataset.count_texts(stream)
    if 0 < there < len(dataset):
        logger.warning(
            f"{split}: {counted(len(dataset) - there, 'row')} of {len(dataset)} without a "
            f"{STREAM_NAMES[stream]}, and the score that fairseq-generate prints counts what is written for "
            "such as wrong; score the file of --pairs-path by interactive-st score, which leaves them out"
        )


def fill_missing(target: torch.Tensor, dictionary: Dictionary) -> torch.Tensor:
    """Return target ids (B, L) in which a missing text, all padding, is ``</s>`` alone.

    ``fairseq-generate`` takes the padding off and scores what is left; its default scorer
    (libbleu) reads beyond the end of an empty reference and crashes.
    """
    filled = target.clone()
    missing = target.eq(dictionary.pad()).all(dim=1)
    filled[missing, 0] = dictionary.eos()
    return filled
