"""How recordings are cut and decoded; light, so that the command line can show the defaults."""

from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from interactive_st.conventions import SEARCHES
from interactive_st.errors import SettingError
from interactive_st.option_rules import RULES, wrong_value
from interactive_st.wording import did_you_mean

#: Longest piece of a recording that is decoded at once, unless the model reads less (seconds).
MAX_SEGMENT = 20.0
#: Numbers that may be None, for what the model has.
OPTIONAL = ("ctc_weight", "max_segment")
#: Of documents, see `documents`.
FORMATS = ("text", "jsonl", "srt", "vtt", "tsv")


class OptionError(SettingError):
    """An option without meaning; the command line puts its own name of the option before the reason."""

    def __init__(self, option: str, value: Any, reason: str) -> None:
        super().__init__(f"{option} is {value!r}; {reason}")
        self.option, self.value, self.reason = option, value, reason


@dataclass(frozen=True)
class Options:
    """Options of `InteractiveST`; names and meaning of the search's are fairseq's.

    Attributes:
        beam: hypotheses kept per stream.
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
                hint = f"{did_you_mean(name, names)} options are {', '.join(names)}".lstrip()
                raise TypeError(f"no option {name!r}; {hint}")
        return cls(**options)

    def __post_init__(self) -> None:
        if self.search not in (None, *SEARCHES):
            raise OptionError("search", self.search, f"choose one of {', '.join(SEARCHES)}")
        for name, value in vars(self).items():
            left_out = value is None and name in OPTIONAL
            if name in RULES and not left_out and (reason := wrong_value(name, value)) is not None:
                raise OptionError(name, value, reason)
        if self.nbest > self.beam:
            raise OptionError("nbest", self.nbest, f"at most beam, {self.beam}, are kept; raise the beam")
        if self.max_len_a == 0 and self.max_len_b < self.min_len:
            reason = f"the shortest text has {self.min_len}; raise it"
            raise OptionError("max_len_b", self.max_len_b, reason)

    def generation(self) -> Namespace:
        """Return the generation options as fairseq's tools hold them."""
        names = ("beam", "nbest", "lenpen", "max_len_a", "max_len_b", "min_len", "unkpen")
        names += ("temperature", "no_repeat_ngram_size")
        return Namespace(**{name: getattr(self, name) for name in names})
