"""How recordings are cut and decoded; light, so that the command line can show the defaults."""

import math
from argparse import Namespace
from dataclasses import dataclass

#: Longest piece of a recording that is decoded at once, unless the model reads less (seconds).
MAX_SEGMENT = 20.0
SHORTEST_MAX_SEGMENT = 1.0


@dataclass(frozen=True)
class Options:
    """Options of `InteractiveST`; names and meaning of the search's are fairseq's.

    Attributes:
        beam: hypotheses kept a stream.
        nbest: hypotheses returned, at most `beam`.
        search: ``rank`` or ``joint``; None for the model's own.
        wait_k: tokens by which the transcript leads, or ``inf``; None for the model's own.
        ctc_weight: share of the encoder's CTC in the scores of transcripts, for models trained with
            it; None for the model's own.
        lenpen: exponent of the length by which scores are divided.
        max_len_a: longest text = max_len_a · frames + max_len_b tokens.
        max_len_b: see `max_len_a`.
        min_len: shortest text, in tokens.
        unkpen: taken off the score of the unknown token.
        temperature: of the distributions that are searched.
        no_repeat_ngram_size: n-grams of this size are not repeated in a translation; 0: they may be.
        source_lang: language of the speech; None for the model's own.
        target_lang: language of the translation; None for the model's own.
        max_segment: longest piece decoded at once, in seconds; None for 20, or less if the model
            reads less.
        min_pause: a recording is cut at each pause of at least this many seconds.
        batch_seconds: audio in one batch; changes speed and memory, not results.
        cuda_graphs: on a GPU, record the steps of decoding and repeat them; changes speed, not results.

    Raises:
        ValueError: a value has no meaning.
    """

    beam: int = 5
    nbest: int = 1
    search: str | None = None
    wait_k: int | float | str | None = None
    ctc_weight: float | None = None
    lenpen: float = 1.0
    max_len_a: float = 0.0
    max_len_b: int = 200
    min_len: int = 1
    unkpen: float = 0.0
    temperature: float = 1.0
    no_repeat_ngram_size: int = 0
    source_lang: str | None = None
    target_lang: str | None = None
    max_segment: float | None = None
    min_pause: float = 0.5
    batch_seconds: float = 60.0
    cuda_graphs: bool = True

    def __post_init__(self) -> None:
        if self.max_segment is not None:
            self._check("max_segment", self.max_segment, SHORTEST_MAX_SEGMENT)
        self._check("min_pause", self.min_pause, 0.1)
        self._check("batch_seconds", self.batch_seconds, 0.0)

    @staticmethod
    def _check(name: str, value: float, least: float) -> None:
        if not (math.isfinite(value) and value >= least):
            raise ValueError(f"{name} is {value}; at least {least:g} seconds are needed")

    def generation(self) -> Namespace:
        """Return the generation options as fairseq's tools hold them."""
        names = ("beam", "nbest", "lenpen", "max_len_a", "max_len_b", "min_len", "unkpen")
        names += ("temperature", "no_repeat_ngram_size")
        return Namespace(**{name: getattr(self, name) for name in names})
