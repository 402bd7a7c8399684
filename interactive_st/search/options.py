"""The options of a search."""

from typing import NamedTuple

from torch import Tensor


class SearchOptions(NamedTuple):
    """fairseq's generation options, for both streams; only ``no_repeat_ngram_size`` (and a forced prefix)
    concern the translation alone, as speech may well repeat itself.

    ``beam_size``: hypotheses per stream and sentence (pairs, in the joint search).
    ``max_len_a`` (tokens per frame), ``max_len_b`` (tokens), ``min_len``: lengths without ``</s>``.
    ``len_penalty``: exponent of the length, ``</s>`` included, by which normalised scores are divided.
    ``unk_penalty``: subtracted from the log-probability of the unknown word.
    """

    beam_size: int = 1
    max_len_a: float = 0.0
    max_len_b: int = 200
    min_len: int = 1
    normalize_scores: bool = True
    len_penalty: float = 1.0
    unk_penalty: float = 0.0
    temperature: float = 1.0
    no_repeat_ngram_size: int = 0

    def normalized(self, score: Tensor, length: Tensor) -> Tensor:
        """Length-normalised score; ``length`` counts ``</s>``."""
        if not self.normalize_scores:
            return score
        return score / (length if self.len_penalty == 1.0 else length**self.len_penalty)
