"""The results of decoding: fairseq's dictionary of a text, and that of a pair of texts."""

from collections.abc import Sequence
from itertools import chain
from typing import TypedDict

import torch
from torch import Tensor


class TextHypothesis(TypedDict):
    """A text, as fairseq's tools expect it.

    ``tokens`` ``(L,)`` long, ``</s>`` included, without the tag; ``score`` ``()`` float32, normalised by the
    length; ``positional_scores`` ``(L,)`` float32, log-probabilities of the tokens. ``attention`` and
    ``alignment`` are empty.
    """

    tokens: Tensor
    score: Tensor
    attention: Tensor
    alignment: Tensor
    positional_scores: Tensor


class PairHypothesis(TextHypothesis):
    """Both texts of an utterance: the entries of the translation (of the transcript if there is no
    translation), and each text; None: the model does not write it. ``pair_score`` ``()`` float32 is the sum
    of their scores."""

    transcript: TextHypothesis | None
    translation: TextHypothesis | None
    pair_score: Tensor


NBest = list[PairHypothesis]  # of an utterance, best first
#: Transcript and translation; None: the model does not write it.
Pair = tuple[TextHypothesis | None, TextHypothesis | None]


def make_hypotheses(pairs: Sequence[Sequence[Pair]]) -> list[NBest]:
    """Merge the (transcript, translation) pairs of each sentence."""
    texts = list(zip(*chain.from_iterable(pairs), strict=True))
    # vectorised: an operation per hypothesis would dominate
    scores = [torch.stack([text["score"] for text in each]).cpu() for each in texts if each[0] is not None]
    score = iter(sum(scores).unbind() if scores else ())
    return [
        [
            {
                **(transcript if translation is None else translation),
                "transcript": transcript,
                "translation": translation,
                "pair_score": next(score),
            }
            for transcript, translation in of_sentence
        ]
        for of_sentence in pairs
    ]
