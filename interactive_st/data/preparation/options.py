"""Settings of a preparation: what was asked for, the defaults, and those of an existing folder."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from interactive_st.data.folder.settings import CMVN_TYPES, SPECAUGMENT, read_config
from interactive_st.data.folder.vocabulary import TYPES
from interactive_st.data.languages import check_language
from interactive_st.errors import DataError

VOCAB_SIZE = 8000
VOCAB_TYPE = "unigram"
SOURCE_LANG, TARGET_LANG = "en", "de"
NUM_MEL_BINS = 80
SAMPLE_RATE = 16000
CMVN = "utterance"
POLICY = "lb"
POLICIES = (*SPECAUGMENT, "none")


@dataclass(frozen=True)
class Options:
    """Resolved settings.

    Attributes:
        features: how features are made, see `features.features_from_file`.
        dim: their dimension, None while only the files know it.
        source_lang: language of transcripts where a row names none; None if nobody said.
        target_lang: the same of translations.
        dynamic_range: decibels that features are limited to, None for no limit.
        like: the data folder that vocabulary, features and CMVN are taken from.
    """

    features: Mapping[str, object]
    dim: int | None
    source_lang: str | None
    target_lang: str | None
    vocab_size: int
    vocab_type: str
    cmvn: str
    specaugment: str
    dynamic_range: float | None
    like: str | os.PathLike | None


def resolve_options(
    *,
    vocab_size: int | None,
    vocab_type: str | None,
    source_lang: str | None,
    target_lang: str | None,
    num_mel_bins: int | None,
    sample_rate: int | None,
    cmvn: str | None,
    specaugment: str | None,
    dynamic_range: float | None,
    features: bool,
    like: str | os.PathLike | None,
) -> Options:
    """Fill in what was not asked for (None), and refuse what cannot be.

    Raises:
        DataError: a value is out of range, or options exclude each other.
    """
    for name, language in (("--source-lang", source_lang), ("--target-lang", target_lang)):
        if language is not None:
            check_language(name, language)
    rates = {"--num-mel-bins": num_mel_bins, "--sample-rate": sample_rate}
    choices = {
        "--vocab-size": vocab_size,
        "--vocab-type": vocab_type,
        "--cmvn": cmvn,
        "--specaugment": specaugment,
        "--dynamic-range": dynamic_range,
    }
    if like is not None:
        _refuse("--like, which takes them from the folder", {**rates, **choices})
        return _options_like(like, source_lang, target_lang, features)
    if features:
        _refuse("--features, which takes features as they are", rates)
    for name, value in {**rates, "--vocab-size": vocab_size}.items():
        if value is not None and value < 1:
            raise DataError(f"{name} must be positive, got {value}")
    if dynamic_range is not None and not 0 < dynamic_range < float("inf"):
        raise DataError(f"--dynamic-range must be above 0 decibels, got {dynamic_range}")
    for name, value, known in (
        ("--vocab-type", vocab_type, TYPES),
        ("--cmvn", cmvn, CMVN_TYPES),
        ("--specaugment", specaugment, POLICIES),
    ):
        if value is not None and value not in known:
            raise DataError(f"{name} must be one of {', '.join(known)}, got {value!r}")
    dim = None if features else num_mel_bins or NUM_MEL_BINS
    fbank = {"type": "fbank", "num_mel_bins": dim, "sample_rate": sample_rate or SAMPLE_RATE}
    return Options(
        features={"type": "precomputed"} if features else fbank,
        dim=dim,
        source_lang=source_lang,
        target_lang=target_lang,
        vocab_size=vocab_size or VOCAB_SIZE,
        vocab_type=vocab_type or VOCAB_TYPE,
        cmvn=cmvn or CMVN,
        specaugment=specaugment or POLICY,
        dynamic_range=dynamic_range,
        like=None,
    )


def _options_like(
    like: str | os.PathLike, source_lang: str | None, target_lang: str | None, features: bool
) -> Options:
    config = read_config(like)
    if features and config["features"]["type"] != "precomputed":
        raise DataError(
            f"{like}: its features were computed from audio; give audio, without --features"
        )
    return Options(
        features=config["features"],
        dim=config["input_feat_per_channel"],
        source_lang=source_lang or config.get("source_lang"),
        target_lang=target_lang or config.get("target_lang"),
        vocab_size=VOCAB_SIZE,
        vocab_type=VOCAB_TYPE,
        cmvn=CMVN,
        specaugment=POLICY,
        dynamic_range=None,
        like=like,
    )


def _refuse(reason: str, options: Mapping[str, object]) -> None:
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise DataError(f"{', '.join(given)} cannot go with {reason}")
