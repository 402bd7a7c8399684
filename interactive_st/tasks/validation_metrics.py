"""BLEU and word error rate of what is decoded during validation."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from fairseq.logging import metrics
from sacrebleu.metrics.bleu import MAX_NGRAM_ORDER

from interactive_st.batch import Batch
from interactive_st.conventions import STREAM_NAMES, TRANSCRIPT, TRANSLATION
from interactive_st.data.languages import tag_language
from interactive_st.scoring.statistics import BleuCounts, word_error_statistics
from interactive_st.search.hypotheses import NBest, PairHypothesis
from interactive_st.tasks.detokenise import Detokeniser

logger = logging.getLogger(__name__)

# sacrebleu's tokeniser would split fairseq's <unk>, and it would match itself; as fairseq's own
# translation task has it
UNKNOWN_IN_HYPOTHESIS, UNKNOWN_IN_REFERENCE = "UNKNOWNTOKENINHYP", "UNKNOWNTOKENINREF"


class ValidationMetrics:
    """Sums over batches and workers from which ``bleu`` and ``wer`` follow.

    Utterances without the reference and texts without speech are left out. WER compares words as they are.

    Args:
        detokenise: turns ids into text.
        bleu: whether translations are scored.
        wer: whether transcripts are scored.
        print_samples: log the first utterance of each batch.
    """

    def __init__(self, detokenise: Detokeniser, bleu: bool, wer: bool, print_samples: bool = False) -> None:
        self.detokenise, self.bleu, self.wer = detokenise, bleu, wer
        self.print_samples = print_samples

    def statistics(self, sample: Batch, decoded: Sequence[NBest]) -> dict[str, int]:
        """Return the sums of one batch, the same keys for every batch.

        Args:
            sample: the batch, with texts.
            decoded: hypotheses of the B utterances, best first; none without speech.
        """
        targets = sample["targets"][:, : len(decoded)]
        best = [nbest[0] for nbest in decoded]
        sums: dict[str, int] = {}
        if self.wer:
            hypotheses, references, _ = self._texts(TRANSCRIPT, best, targets)
            sums["_wer_errors"], sums["_wer_words"] = word_error_statistics(hypotheses, references)
        if self.bleu:
            hypotheses, references, rows = self._texts(TRANSLATION, best, targets)
            tags = sample["lang_tags"][TRANSLATION].tolist()
            languages = [tag_language(self.detokenise.dictionary[tags[row]]) for row in rows]
            sums |= _to_log(BleuCounts.by_language(hypotheses, references, languages))
        return sums

    def _texts(
        self, stream: int, best: Sequence[PairHypothesis], targets: torch.Tensor
    ) -> tuple[list[str], list[str], list[int]]:
        """Return hypotheses and references of the rows that have a reference, and which these are."""
        name = STREAM_NAMES[stream]
        texts = [self.detokenise(target, UNKNOWN_IN_REFERENCE) for target in targets[stream]]
        rows = [row for row, text in enumerate(texts) if text]
        hypotheses = [self.detokenise(best[row][name]["tokens"], UNKNOWN_IN_HYPOTHESIS) for row in rows]
        references = [texts[row] for row in rows]
        if self.print_samples and rows:
            logger.info(f"example {name} hypothesis: {hypotheses[0]}")
            logger.info(f"example {name} reference: {references[0]}")
        return hypotheses, references, rows

    def reduce(self, logging_outputs: Sequence[dict[str, Any]]) -> None:
        """Log ``bleu`` and ``wer`` with fairseq, which adds up what it is given.

        Nothing is logged while there has been no reference (`check_texts` sees to it that there is one).
        """

        def total(key: str) -> int:
            return int(sum(log.get(key, 0) for log in logging_outputs))

        if self.wer and total("_wer_words"):
            metrics.log_scalar("_wer_errors", total("_wer_errors"))
            metrics.log_scalar("_wer_words", total("_wer_words"))
            metrics.log_derived("wer", _wer)
        if self.bleu and total("_bleu_ref_len"):
            counts = _from_logs(total)
            # an array is summed element by element
            metrics.log_scalar("_bleu_counts", np.array(counts.counts))
            metrics.log_scalar("_bleu_totals", np.array(counts.totals))
            metrics.log_scalar("_bleu_sys_len", counts.sys_len)
            metrics.log_scalar("_bleu_ref_len", counts.ref_len)
            metrics.log_derived("bleu", _bleu)


def _to_log(counts: BleuCounts) -> dict[str, int]:
    """Return them as fairseq adds them up over workers: single numbers by name."""
    orders = range(MAX_NGRAM_ORDER)
    return {
        **{f"_bleu_counts_{n}": counts.counts[n] for n in orders},
        **{f"_bleu_totals_{n}": counts.totals[n] for n in orders},
        "_bleu_sys_len": counts.sys_len,
        "_bleu_ref_len": counts.ref_len,
    }


def _from_logs(total: Callable[[str], int]) -> BleuCounts:
    """Return them from the sums of what `_to_log` gave; `total` returns the one of a name."""
    orders = range(MAX_NGRAM_ORDER)
    return BleuCounts(
        tuple(total(f"_bleu_counts_{n}") for n in orders),
        tuple(total(f"_bleu_totals_{n}") for n in orders),
        total("_bleu_sys_len"),
        total("_bleu_ref_len"),
    )


def _wer(meters: Any) -> float:
    return round(100 * meters["_wer_errors"].sum / meters["_wer_words"].sum, 2)


def _bleu(meters: Any) -> float:
    counts = BleuCounts(
        tuple(meters["_bleu_counts"].sum.tolist()),
        tuple(meters["_bleu_totals"].sum.tolist()),
        int(meters["_bleu_sys_len"].sum),
        int(meters["_bleu_ref_len"].sum),
    )
    return round(counts.score(), 2)
