"""Pairs files: what a model wrote for each utterance, one JSON object a line, UTF-8.

Keys of a pair: ``id``, ``transcript``, ``translation``, ``transcript_score``,
``translation_score``, ``score`` (of the pair), ``reference_transcript``,
``reference_translation`` (null where unknown), ``speaker``, ``src_lang``, ``tgt_lang`` and
``nbest``, a list of the first six but ``id``, best first. Scores are natural logarithms. Of a model that
writes one text alone the other is null.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from interactive_st.conventions import STREAM_NAMES
from interactive_st.errors import DataError
from interactive_st.writing import replacing

Pair = dict[str, Any]
#: Without one of these there is nothing to score.
REQUIRED_KEYS = STREAM_NAMES
#: Languages of these two.
LANGUAGE_KEYS = ("src_lang", "tgt_lang")
TEXT_KEYS = (*REQUIRED_KEYS, "reference_transcript", "reference_translation", "speaker")


def read_pairs(path: str | os.PathLike) -> list[Pair]:
    """Return the pairs of one file, in its order; empty lines are passed over.

    Raises:
        DataError: the file is missing, unreadable or empty, or a line is not a pair; the message names it.
    """
    try:
        with open(path, encoding="utf-8-sig") as lines:
            pairs = [_parse(line, f"{path}:{n}") for n, line in enumerate(lines, 1) if line.strip()]
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); is the name right?") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: not UTF-8 text ({error.reason} at byte {error.start}); give a file written "
            "by --pairs-path"
        ) from error
    if not pairs:
        raise DataError(f"{path}: holds no pair; did the decoding that wrote it finish?")
    return pairs


def write_pairs(path: str | os.PathLike, pairs: Iterable[Pair]) -> None:
    """Write a pairs file in one step: readers see the old file or the whole new one.

    Raises:
        OSError: the folder does not exist or cannot be written.
        ValueError: a score is not finite, which JSON cannot say.
    """
    with replacing(Path(path)) as unfinished, open(unfinished, "w", encoding="utf-8") as file:
        for pair in pairs:
            file.write(json.dumps(pair, ensure_ascii=False, allow_nan=False) + "\n")
        file.flush()
        if unfinished.is_file():  # rather than a pipe or /dev/null, which have no disk
            os.fsync(file.fileno())


def _parse(line: str, where: str) -> Pair:
    try:
        pair = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(
            f"{where}: not JSON ({error.msg}); a pairs file holds one JSON object a line"
        ) from error
    if not isinstance(pair, dict):
        raise DataError(f"{where}: a JSON object is needed, found {type(pair).__name__}")
    for key in REQUIRED_KEYS:
        if key not in pair:
            raise DataError(f'{where}: no "{key}"; give a file written by --pairs-path')
    if all(pair[key] is None for key in REQUIRED_KEYS):
        raise DataError(f"{where}: neither text is there; give a file written by --pairs-path")
    for key in TEXT_KEYS:
        if not isinstance(pair.get(key, ""), str | None):
            raise DataError(f'{where}: "{key}" has to be a string or null, is {pair[key]!r}')
    if not isinstance(pair.get("id"), str | int | float | None):
        raise DataError(f'{where}: "id" has to be a string, a number or null, is {pair["id"]!r}')
    return pair
