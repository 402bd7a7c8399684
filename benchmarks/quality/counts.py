"""What a score of a test set is computed from, utterance by utterance: small whole numbers, which can be
added over seeds, resampled, and kept where the texts are not."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.metrics.base import Metric, Score, Signature

from interactive_st.conventions import STREAM_NAMES
from interactive_st.scoring.metrics import METRICS
from interactive_st.scoring.statistics import word_error_statistics

#: sacrebleu's names of the scores, by ours.
NAMES = {"wer": "WER", "bleu": "BLEU", "chrf": "chrF2"}
_STORED = {kind: np.dtype(kind) for kind in ("|i1", "<i2", "<i4")}
# how far back the like count of the order before is, by how many counts there are: chrF has three an order
_LAG = {18: 3}


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


CLASSES: dict[str, type[Metric]] = {"wer": WordErrorRate, "bleu": BLEU, "chrf": CHRF}


def count(metric: str, texts: Sequence[str], truth: Sequence[str]) -> np.ndarray:
    """What ``metric`` (wer, bleu or chrf) counts in each text, ``(utterances, n)``."""
    return np.array(CLASSES[metric]()._extract_corpus_statistics(list(texts), [list(truth)])).astype(int)


def count_pairs(pairs: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """The counts of every score of which all ``pairs`` have the text and its reference."""
    found = {}
    for metric in CLASSES:
        kind = STREAM_NAMES[METRICS[metric].stream]
        texts, truth = ([pair.get(key) for pair in pairs] for key in (kind, f"reference_{kind}"))
        if None not in texts and None not in truth:
            found[metric] = count(metric, texts, truth)
    return found


def pack(counts: np.ndarray) -> dict[str, Any]:
    """Counts as JSON can hold them, in few bytes: n-grams of one order differ little from those of the order
    before, so it is the differences that are kept."""
    values = counts.T.copy()
    lag = _LAG.get(len(values), 1)
    values[lag:] -= counts.T[:-lag]
    stored = next(kind for kind in _STORED.values() if np.array_equal(values.astype(kind), values))
    data = base64.b64encode(zlib.compress(values.astype(stored).tobytes(), 9)).decode("ascii")
    return {"shape": list(counts.shape), "lag": lag, "stored": stored.str, "data": data}


def unpack(packed: Mapping[str, Any]) -> np.ndarray:
    """The inverse of :func:`pack`."""
    utterances, n = packed["shape"]
    stored = _STORED[packed["stored"]]
    found = np.frombuffer(zlib.decompress(base64.b64decode(packed["data"])), dtype=stored)
    values, lag = found.reshape(n, utterances).astype(int), packed["lag"]
    for row in range(lag, n):
        values[row] += values[row - lag]
    return values.T
