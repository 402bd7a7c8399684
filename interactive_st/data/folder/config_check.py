"""Checks of configurations of data folders, and what `prepare --like` needs of one."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from interactive_st.data.features.settings import KINDS
from interactive_st.errors import DataError

ADVICE = "a data folder made by `interactive-st prepare` is needed"
NEEDED = ("vocab_filename", "bpe_tokenizer", "features", "input_feat_per_channel")
#: Entries that hold entries themselves, and which of them are needed.
INNER = {"bpe_tokenizer": ("sentencepiece_model",), "global_cmvn": ("stats_npz_path",), "features": ("type",)}
#: Entries that are texts where they are there.
TEXTS = ("vocab_filename", "source_lang", "target_lang")


def check_mappings(path: Path, config: Mapping[str, object], keys: Iterable[str], advice: str) -> None:
    """Make sure that entries of a configuration, where they are there, hold entries themselves.

    Args:
        path: its file, for messages.
        config: what YAML made of it.
        keys: of these entries; an empty one is taken for one that is not there.
        advice: ends the message.

    Raises:
        DataError: one is something else.
    """
    for key in keys:
        if not isinstance(config.get(key) or {}, Mapping):
            raise DataError(f"{path}: {key} is {config[key]!r}, where keys and values are needed; {advice}")


def check_numbers(path: Path, numbers: Mapping[str, object], advice: str) -> None:
    """Make sure that values of a configuration are whole numbers above 0.

    Args:
        path: its file, for messages.
        numbers: the values by what they are called in messages.
        advice: ends the message.

    Raises:
        DataError: one is something else.
    """
    for key, value in numbers.items():
        if type(value) is not int or value < 1:
            raise DataError(f"{path}: {key} is {value!r}, where a whole number above 0 is needed; {advice}")


def check_texts(path: Path, texts: Mapping[str, object], advice: str) -> None:
    """Make sure that values of a configuration are texts.

    Args:
        path: its file, for messages.
        texts: the values by their keys.
        advice: ends the message.

    Raises:
        DataError: one is something else.
    """
    for key, value in texts.items():
        if not isinstance(value, str):
            raise DataError(f"{path}: {key} names {value!r}, where a text is needed; {advice}")


def check_config(path: Path, config: object) -> None:
    """Make sure that a configuration has what `prepare` writes.

    Args:
        path: its file, for messages.
        config: what YAML made of it.

    Raises:
        DataError: an entry is missing, or is something else.
    """
    config = config if isinstance(config, Mapping) else {}
    check_mappings(path, config, INNER, ADVICE)
    missing = [key for key in NEEDED if key not in config]
    for key, entries in INNER.items():
        found = (config[key] or {}) if key in config else entries
        missing += [f"{entry} of {key}" for entry in entries if entry not in found]
    if missing:
        raise DataError(f"{path}: lacks {', '.join(missing)}; {ADVICE}")
    features = config["features"]
    kind = features["type"]
    if kind not in tuple(KINDS):
        raise DataError(f"{path}: features of unknown type {kind!r}: it must be {' or '.join(KINDS)}")
    numbers = {f"{key} of features": features.get(key) for key in KINDS[kind]}
    numbers["input_feat_per_channel"] = config["input_feat_per_channel"]
    if "dim" in features:
        numbers["dim of features"] = features["dim"]
    check_numbers(path, numbers, ADVICE)
    texts = {key: config[key] for key in TEXTS if key in config}
    texts |= {key: config[key][INNER[key][0]] for key in ("bpe_tokenizer", "global_cmvn") if key in config}
    check_texts(path, texts, ADVICE)
