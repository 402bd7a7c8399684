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

from interactive_st.scoring.statistics import word_error_statistics

#: sacrebleu's names of the scores, by ours.
NAMES = {"wer": "WER", "bleu": "BLEU", "chrf": "chrF2"}
#: Which text a score is of.
TEXT_OF = {"wer": "transcript", "bleu": "translation", "chrf": "translation"}
_STORED = np.dtype("<i4")


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


METRICS: dict[str, type[Metric]] = {"wer": WordErrorRate, "bleu": BLEU, "chrf": CHRF}


def count(metric: str, texts: Sequence[str], truth: Sequence[str]) -> np.ndarray:
    """What ``metric`` (wer, bleu or chrf) counts in each text, ``(utterances, n)``."""
    return np.array(METRICS[metric]()._extract_corpus_statistics(list(texts), [list(truth)])).astype(int)


def count_pairs(pairs: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
    """The counts of every score of which all ``pairs`` have the text and its reference."""
    found = {}
    for metric, kind in TEXT_OF.items():
        texts, truth = ([pair.get(key) for pair in pairs] for key in (kind, f"reference_{kind}"))
        if None not in texts and None not in truth:
            found[metric] = count(metric, texts, truth)
    return found


def pack(counts: np.ndarray) -> dict[str, Any]:
    """Counts as JSON can hold them, in few bytes."""
    data = zlib.compress(np.ascontiguousarray(counts.T, dtype=_STORED).tobytes(), 9)
    return {"shape": list(counts.shape), "data": base64.b64encode(data).decode("ascii")}


def unpack(packed: Mapping[str, Any]) -> np.ndarray:
    """The inverse of :func:`pack`."""
    utterances, n = packed["shape"]
    found = np.frombuffer(zlib.decompress(base64.b64decode(packed["data"])), dtype=_STORED)
    return found.reshape(n, utterances).T.astype(int)
