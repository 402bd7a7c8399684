"""Paired bootstrap resampling (Koehn, 2004) of two systems trained several times, by sacrebleu's own code.

What is resampled are the utterances of the test set, each with the texts of all seeds: an utterance drawn
twice counts twice for every seed. Stringing the seeds together and resampling the sentences would take the
same utterance, heard by three models, for three independent ones, and call small differences significant; one
test a seed would give p-values that nobody can add up. How much seeds differ is no matter of this test: the
standard deviations beside it say so.

What sacrebleu counts are resamples whose absolute difference exceeds the mean of all by more than the
observed difference: far from 0 that is a one-sided probability, and it comes close to 1/2, never to 1, for
differences near 0.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.metrics.base import Metric, Score, Signature
from sacrebleu.significance import PairedTest

from interactive_st.scoring.statistics import word_error_statistics

RESAMPLES = 1000
#: sacrebleu's names of the scores, by ours.
NAMES = {"wer": "WER", "bleu": "BLEU", "chrf": "chrF2"}
logging.getLogger("sacrebleu").setLevel(logging.WARNING)  # it tells of every step


class WordErrorRate(Metric):
    """Words replaced, left out and added, in percent of the reference's, as one of sacrebleu's metrics."""

    _SIGNATURE_TYPE = Signature

    def _aggregate_and_compute(self, stats: Sequence[Sequence[float]]) -> Score:
        return self._compute_score_from_stats(np.sum(stats, axis=0))

    def _compute_score_from_stats(self, stats: Sequence[float]) -> Score:
        errors, words = stats
        return Score(NAMES["wer"], 100 * float(errors) / max(float(words), 1.0))

    def _preprocess_segment(self, sent: str) -> str:
        return sent

    def _extract_reference_info(self, refs: Sequence[str]) -> dict[str, Any]:
        return {"reference": refs[0]}

    def _compute_segment_statistics(self, hypothesis: str, ref_kwargs: dict) -> list[int]:
        return list(word_error_statistics([hypothesis], [ref_kwargs["reference"]]))


class _OverSeeds:
    """Of a metric whose sentences are tuples, one text for each seed: their statistics are added up."""

    def _extract_corpus_statistics(
        self, hypotheses: Sequence[tuple[str, ...]], references: Sequence[Sequence[tuple[str, ...]]]
    ) -> list[list[float]]:
        added = 0
        for seed in range(len(hypotheses[0])):
            texts = [texts[seed] for texts in hypotheses]
            known = [[texts[seed] for texts in reference] for reference in references]
            added = added + np.array(super()._extract_corpus_statistics(texts, known))
        return added.tolist()


class _Bleu(_OverSeeds, BLEU):
    pass


class _Chrf(_OverSeeds, CHRF):
    pass


class _Wer(_OverSeeds, WordErrorRate):
    pass


_METRICS = {"wer": _Wer, "bleu": _Bleu, "chrf": _Chrf}


class Comparison(NamedTuple):
    """A score of the reference system and another's, and the probability of a difference as large by
    chance."""

    reference: float
    other: float
    p: float


def compare(
    metric: str,
    reference: Sequence[Sequence[str]],
    other: Sequence[Sequence[str]],
    truth: Sequence[str],
    resamples: int = RESAMPLES,
) -> Comparison:
    """Test whether two systems differ.

    Args:
        metric: wer, bleu or chrf.
        reference: of each seed the texts of one system, utterance by utterance.
        other: the same of the other system; as many seeds.
        truth: what the texts should be.
        resamples: of the test set; sacrebleu's environment variable SACREBLEU_SEED seeds them.

    Raises:
        ValueError: the numbers of seeds or utterances differ, or there are none.
    """
    if len(reference) != len(other) or not reference or not truth:
        raise ValueError(f"{len(reference)} and {len(other)} seeds, {len(truth)} utterances: nothing to pair")
    systems = [(name, list(zip(*texts, strict=True))) for name, texts in (("a", reference), ("b", other))]
    if any(len(texts) != len(truth) for _, texts in systems):
        raise ValueError("the systems have written other numbers of texts than there are references")
    references = [[(text,) * len(reference) for text in truth]]
    test = PairedTest(systems, {metric: _METRICS[metric]()}, references, test_type="bs", n_samples=resamples)
    first, second = test()[1][NAMES[metric]]
    # where no resample differs sacrebleu counts no larger difference, and would call nothing significant
    return Comparison(first.score, second.score, 1.0 if first.score == second.score else second.p_value)
