"""How recordings are cut and decoded; light, so that the command line can show the defaults."""

import difflib
import math
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from interactive_st.conventions import LARGEST_LENPEN, LENPEN_NEEDED, SEARCHES

#: Longest piece of a recording that is decoded at once, unless the model reads less (seconds).
MAX_SEGMENT = 20.0
SHORTEST_MAX_SEGMENT = 1.0
#: Of documents, see `documents`.
FORMATS = ("text", "jsonl", "srt", "vtt", "tsv")


class OptionError(ValueError):
    """An option without meaning; the command line puts its own name of the option before the reason."""

    def __init__(self, option: str, value: Any, reason: str) -> None:
        super().__init__(f"{option} is {value!r}; {reason}")
        self.option, self.value, self.reason = option, value, reason


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
        lenpen: exponent of the length by which scores are divided, from -10 to 10.
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
        min_pause: a recording is cut at each pause of at least this many seconds; silence around a short
            one is left out where it is longer than 0.5 s.
        batch_seconds: audio in one batch; changes speed and memory, not results.
        cuda_graphs: on a GPU, record the steps of decoding and repeat them; changes speed, not results.

    Raises:
        OptionError: a value has no meaning.
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

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "Options":
        """Return the options with these values.

        Raises:
            TypeError: there is no such option; the message lists those that there are.
            OptionError: a value has no meaning.
        """
        names = list(cls.__dataclass_fields__)
        for name in options:
            if name not in names:
                close = difflib.get_close_matches(name, names, 1)
                hint = f"did you mean {close[0]}? " if close else ""
                raise TypeError(f"no option {name!r}; {hint}options are {', '.join(names)}")
        return cls(**options)

    def __post_init__(self) -> None:
        self._check_search()
        self._whole("beam", 1)
        self._whole("nbest", 1)
        if self.nbest > self.beam:
            raise OptionError("nbest", self.nbest, f"at most beam, {self.beam}, are kept; raise the beam")
        for name in ("max_len_b", "min_len", "no_repeat_ngram_size"):
            self._whole(name, 0)
        for name in ("lenpen", "unkpen"):
            self._number(name, -math.inf)
        if abs(self.lenpen) > LARGEST_LENPEN:
            raise OptionError("lenpen", self.lenpen, LENPEN_NEEDED)
        self._number("temperature", 0.0, above=True)
        self._number("max_len_a", 0.0)
        if self.max_len_a == 0 and self.max_len_b < self.min_len:
            reason = f"the shortest text has {self.min_len}; raise it"
            raise OptionError("max_len_b", self.max_len_b, reason)
        if self.max_segment is not None:
            self._number("max_segment", SHORTEST_MAX_SEGMENT, "seconds")
        self._number("min_pause", 0.1, "seconds")
        self._number("batch_seconds", 0.0, "seconds")

    def _check_search(self) -> None:
        if self.search not in (None, *SEARCHES):
            raise OptionError("search", self.search, f"choose one of {', '.join(SEARCHES)}")
        if self.ctc_weight is not None:
            self._number("ctc_weight", 0.0)
            if self.ctc_weight > 1:
                raise OptionError("ctc_weight", self.ctc_weight, "at most 1 has a meaning, as it is a share")

    def _whole(self, name: str, least: int) -> None:
        value = getattr(self, name)
        if not isinstance(value, Integral) or value < least:
            raise OptionError(name, value, f"a whole number from {least} is needed")

    def _number(self, name: str, least: float, unit: str = "", above: bool = False) -> None:
        value = getattr(self, name)
        if not isinstance(value, Real) or not math.isfinite(value):
            raise OptionError(name, value, "a finite number is needed")
        if value < least or (above and value == least):
            limit = f"more than {least:g}" if above else f"at least {least:g}"
            raise OptionError(name, value, f"{limit} {unit or 'is needed'}{' are needed' if unit else ''}")

    def generation(self) -> Namespace:
        """Return the generation options as fairseq's tools hold them."""
        names = ("beam", "nbest", "lenpen", "max_len_a", "max_len_b", "min_len", "unkpen")
        names += ("temperature", "no_repeat_ngram_size")
        return Namespace(**{name: getattr(self, name) for name in names})
