"""Sums from which corpus scores follow: they can be added over batches and workers."""

from collections.abc import Sequence

from sacrebleu.metrics import BLEU
from sacrebleu.metrics.bleu import MAX_NGRAM_ORDER

from interactive_st.scoring.bleu_tokenizer import DEFAULT


def bleu_statistics(
    hypotheses: Sequence[str], references: Sequence[str], tokenizer: str = DEFAULT
) -> dict[str, int]:
    """Return matched and possible n-grams and both lengths (sacrebleu, one of its tokenisers).

    Keys: ``counts_0`` … ``counts_3``, ``totals_0`` … ``totals_3``, ``sys_len``, ``ref_len``;
    all 0 for no sentences.
    """
    if not references:
        values = [[0] * MAX_NGRAM_ORDER, [0] * MAX_NGRAM_ORDER, 0, 0]
    else:
        score = BLEU(tokenize=tokenizer).corpus_score(list(hypotheses), [list(references)])
        values = [score.counts, score.totals, score.sys_len, score.ref_len]
    counts, totals, sys_len, ref_len = values
    statistics = {f"counts_{n}": int(count) for n, count in enumerate(counts)}
    statistics |= {f"totals_{n}": int(total) for n, total in enumerate(totals)}
    return statistics | {"sys_len": int(sys_len), "ref_len": int(ref_len)}


def bleu_from_statistics(
    counts: Sequence[int], totals: Sequence[int], sys_len: int, ref_len: int
) -> float:
    """Return corpus BLEU, 0 to 100, of summed statistics; smoothing as sacrebleu's default."""
    return BLEU.compute_bleu(
        correct=list(counts),
        total=list(totals),
        sys_len=sys_len,
        ref_len=ref_len,
        smooth_method="exp",
    ).score


def word_error_statistics(hypotheses: Sequence[str], references: Sequence[str]) -> tuple[int, int]:
    """Return the word errors (substitutions, deletions, insertions) and the reference words."""
    if not references:
        return 0, 0
    import jiwer  # here, since every start of fairseq's tools imports this module

    texts = ([" ".join(text.split()) for text in side] for side in (references, hypotheses))
    words = jiwer.process_words(*texts)
    kept = words.hits + words.substitutions + words.deletions
    return words.substitutions + words.deletions + words.insertions, kept
