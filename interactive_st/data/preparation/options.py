"""Settings of a preparation: what was asked for, the defaults, and those of an existing folder."""

import os
from collections.abc import Iterable
from dataclasses import dataclass

from interactive_st.conventions import given, option_name
from interactive_st.data import choices
from interactive_st.data.features.compute import check_filterbank
from interactive_st.data.features.settings import PRECOMPUTED, FeatureSettings, filterbanks
from interactive_st.data.folder.settings import read_config
from interactive_st.data.languages import check_language
from interactive_st.errors import DataError

#: Options that say how audio becomes features, and the others that an existing folder answers.
OF_FILTERBANKS = ("num_mel_bins", "sample_rate")
OF_A_FOLDER = ("vocab_size", "vocab_type", "cmvn", "specaugment", "dynamic_range")


@dataclass(frozen=True)
class PrepareOptions:
    """What may be asked of `prepare` beside its inputs; None: the default in `interactive_st.data.choices`.

    Attributes:
        vocab_size: entries of the joint vocabulary, special symbols included; fewer where the text gives no
            more.
        vocab_type: one of `VOCAB_TYPES`.
        source_lang: language of transcripts where a row names none.
        target_lang: language of translations where a row names none.
        num_mel_bins: dimension of the filterbanks.
        sample_rate: rate in Hz that audio is resampled to.
        cmvn: one of `CMVN_TYPES`.
        specaugment: one of `POLICIES`.
        dynamic_range: limit each filter to so many decibels below its peak; no limit if None.
        features: the ``audio`` column names .npy files of features (T, F) instead of audio.
        like: a data folder to take vocabulary, dictionary, features, CMVN, SpecAugment and languages from;
            the options for all but the languages are then refused.
    """

    vocab_size: int | None = None
    vocab_type: str | None = None
    source_lang: str | None = None
    target_lang: str | None = None
    num_mel_bins: int | None = None
    sample_rate: int | None = None
    cmvn: str | None = None
    specaugment: str | None = None
    dynamic_range: float | None = None
    features: bool = False
    like: str | os.PathLike | None = None


@dataclass(frozen=True)
class Options:
    """What `PrepareOptions` come to.

    Attributes:
        features: how features are made.
        dim: their dimension, None while only the files know it.
        source_lang: language of transcripts where a row names none; None if nobody said.
        target_lang: the same of translations.
        dynamic_range: decibels that features are limited to, None for no limit.
        like: the data folder that vocabulary, features and CMVN are taken from.
    """

    features: FeatureSettings
    dim: int | None
    source_lang: str | None
    target_lang: str | None
    vocab_size: int
    vocab_type: str
    cmvn: str
    specaugment: str
    dynamic_range: float | None
    like: str | os.PathLike | None


def resolve_options(asked: PrepareOptions) -> Options:
    """Fill in what was not asked for, and refuse what cannot be.

    Raises:
        DataError: a value is out of range, or options exclude each other.
    """
    for name, language in (("--source-lang", asked.source_lang), ("--target-lang", asked.target_lang)):
        if language is not None:
            check_language(name, language)
    if asked.like is not None:
        _refuse(asked, (*OF_FILTERBANKS, *OF_A_FOLDER), "--like, which takes them from the folder")
        return _options_like(asked)
    if asked.features:
        _refuse(asked, OF_FILTERBANKS, "--features, which takes features as they are")
    for name in (*OF_FILTERBANKS, "vocab_size"):
        value = getattr(asked, name)
        if value is not None and value < 1:
            raise DataError(f"{option_name(name)} must be positive, got {value}")
    decibels = asked.dynamic_range
    if decibels is not None and not 0 < decibels < float("inf"):
        raise DataError(f"--dynamic-range must be above 0 decibels, got {decibels}")
    for name, known in (
        ("vocab_type", choices.VOCAB_TYPES),
        ("cmvn", choices.CMVN_TYPES),
        ("specaugment", choices.POLICIES),
    ):
        value = getattr(asked, name)
        if value is not None and value not in known:
            raise DataError(f"{option_name(name)} must be one of {', '.join(known)}, got {value!r}")
    if asked.features:
        dim, features = None, FeatureSettings(type=PRECOMPUTED)
    else:
        dim, rate = asked.num_mel_bins or choices.NUM_MEL_BINS, asked.sample_rate or choices.SAMPLE_RATE
        features = filterbanks(dim, rate)
        check_filterbank(features)
    return Options(
        features=features,
        dim=dim,
        source_lang=asked.source_lang,
        target_lang=asked.target_lang,
        vocab_size=asked.vocab_size or choices.VOCAB_SIZE,
        vocab_type=asked.vocab_type or choices.VOCAB_TYPE,
        cmvn=asked.cmvn or choices.CMVN,
        specaugment=asked.specaugment or choices.POLICY,
        dynamic_range=decibels,
        like=None,
    )


def _options_like(asked: PrepareOptions) -> Options:
    config = read_config(asked.like)
    if asked.features and config["features"]["type"] != PRECOMPUTED:
        raise DataError(
            f"{asked.like}: its features were computed from audio; give audio, without --features"
        )
    check_filterbank(config["features"])
    return Options(
        features=config["features"],
        dim=config["input_feat_per_channel"],
        source_lang=asked.source_lang or config.get("source_lang"),
        target_lang=asked.target_lang or config.get("target_lang"),
        vocab_size=choices.VOCAB_SIZE,
        vocab_type=choices.VOCAB_TYPE,
        cmvn=choices.CMVN,
        specaugment=choices.POLICY,
        dynamic_range=None,
        like=asked.like,
    )


def _refuse(asked: PrepareOptions, names: Iterable[str], reason: str) -> None:
    if wrong := given(asked, dict.fromkeys(names)):
        raise DataError(f"{', '.join(wrong)} cannot go with {reason}")
