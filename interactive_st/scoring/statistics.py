"""Sums from which corpus scores follow: they can be added over batches and workers."""

from collections.abc import Sequence
from dataclasses import dataclass

from sacrebleu.metrics import BLEU
from sacrebleu.metrics.bleu import MAX_NGRAM_ORDER

from interactive_st.scoring.bleu_tokenizer import DEFAULT, tokenizer_for


@dataclass(frozen=True)
class BleuCounts:
    """What BLEU follows from; the sum of those of two corpora is that of both.

    ``counts`` and ``totals``: matched and possible n-grams by their order, from 1 to 4; ``sys_len`` and
    ``ref_len``: lengths of hypotheses and references, in tokens. No sentences by default.
    """

    counts: tuple[int, ...] = (0,) * MAX_NGRAM_ORDER
    totals: tuple[int, ...] = (0,) * MAX_NGRAM_ORDER
    sys_len: int = 0
    ref_len: int = 0

    @classmethod
    def of(
        cls, hypotheses: Sequence[str], references: Sequence[str], tokenizer: str = DEFAULT
    ) -> "BleuCounts":
        """Return those of a corpus (sacrebleu, one of its tokenisers)."""
        if not references:
            return cls()
        score = BLEU(tokenize=tokenizer).corpus_score(list(hypotheses), [list(references)])
        counts, totals = (tuple(int(n) for n in each) for each in (score.counts, score.totals))
        return cls(counts, totals, int(score.sys_len), int(score.ref_len))

    @classmethod
    def by_language(
        cls, hypotheses: Sequence[str], references: Sequence[str], languages: Sequence[str | None]
    ) -> "BleuCounts":
        """Return those of a corpus, each sentence cut up as its own language asks for; None: unknown."""
        tokenizers = [tokenizer_for([language]) for language in languages]
        sums = cls()
        for tokenizer in sorted(set(tokenizers)):
            rows = [row for row, own in enumerate(tokenizers) if own == tokenizer]
            texts = ([texts[row] for row in rows] for texts in (hypotheses, references))
            sums += cls.of(*texts, tokenizer)
        return sums

    def __add__(self, other: "BleuCounts") -> "BleuCounts":
        counts, totals = (
            tuple(a + b for a, b in zip(*each, strict=True))
            for each in ((self.counts, other.counts), (self.totals, other.totals))
        )
        return BleuCounts(counts, totals, self.sys_len + other.sys_len, self.ref_len + other.ref_len)

    def score(self) -> float:
        """Return corpus BLEU, 0 to 100; smoothing as sacrebleu's default."""
        return BLEU.compute_bleu(
            correct=list(self.counts),
            total=list(self.totals),
            sys_len=self.sys_len,
            ref_len=self.ref_len,
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
