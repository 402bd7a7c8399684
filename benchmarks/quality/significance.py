"""Paired bootstrap resampling (Koehn, 2004) of two systems trained several times, by sacrebleu's own code.

What is resampled are the utterances of the test set, each with what was counted in the texts of all seeds: an
utterance drawn twice counts twice for every seed. Stringing the seeds together and resampling the sentences
would take the same utterance, heard by three models, for three independent ones, and call small differences
significant; one test a seed would give p-values that nobody can add up. How much seeds differ is no matter of
this test: the standard deviations beside it say so.

What sacrebleu counts are resamples whose absolute difference exceeds the mean of all by more than the
observed difference: far from 0 that is a one-sided probability, and it comes close to 1/2, never to 1, for
differences near 0.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from sacrebleu.significance import PairedTest

from benchmarks.quality.counts import CLASSES, NAMES

RESAMPLES = 1000
logging.getLogger("sacrebleu").setLevel(logging.WARNING)  # it tells of every step


class Comparison(NamedTuple):
    """A score of the reference system and another's, and the probability of a difference as large by
    chance."""

    reference: float
    other: float
    p: float


def compare(
    metric: str,
    reference: Sequence[np.ndarray],
    other: Sequence[np.ndarray],
    resamples: int = RESAMPLES,
) -> Comparison:
    """Test whether two systems differ.

    Args:
        metric: wer, bleu or chrf.
        reference: of each seed what :func:`benchmarks.quality.counts.count` found in one system's texts,
            ``(utterances, n)``.
        other: the same of the other system; as many seeds.
        resamples: of the test set; sacrebleu's environment variable SACREBLEU_SEED seeds them.

    Raises:
        ValueError: the numbers of seeds or utterances differ, or there are none.
    """
    if len(reference) != len(other) or not reference or not len(reference[0]):
        raise ValueError(f"{len(reference)} and {len(other)} seeds: nothing to pair")
    if len({len(counts) for counts in (*reference, *other)}) > 1:
        raise ValueError("the systems have written texts of other numbers of utterances")
    systems = [(name, np.sum(seeds, axis=0).tolist()) for name, seeds in (("a", reference), ("b", other))]
    test = PairedTest(systems, {metric: _counted(metric)}, None, test_type="bs", n_samples=resamples)
    first, second = test()[1][NAMES[metric]]
    # where no resample differs sacrebleu counts no larger difference, and would call nothing significant
    return Comparison(first.score, second.score, 1.0 if first.score == second.score else second.p_value)


def _counted(metric: str) -> Any:
    """The metric, given what it counts in place of the texts."""

    class Counted(CLASSES[metric]):
        def _extract_corpus_statistics(self, hypotheses: Sequence, references: None) -> list[list[float]]:
            return list(hypotheses)

    counted = Counted()
    counted.num_refs = 1  # which the metric would see from the texts, and names in its signature
    return counted
