"""Pairs files: what a model wrote for each utterance, one JSON object, a `Pair`, a line, UTF-8."""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TypedDict

from interactive_st.conventions import STREAM_NAMES
from interactive_st.errors import DataError
from interactive_st.writing import not_unicode, replacing


class PairTexts(TypedDict):
    """What there has to be to score; null: the model does not write it."""

    transcript: str | None
    translation: str | None


class PairEntry(PairTexts):
    """A hypothesis; scores are natural logarithms, null with their text, and ``score`` that of both."""

    transcript_score: float | None
    translation_score: float | None
    score: float


class PairPlace(TypedDict):
    """Where an utterance was heard: the recording, null for samples from memory, and seconds in it."""

    audio: str | None
    start: float
    end: float


class Pair(PairTexts, total=False):
    """An utterance; files of other programs may lack all but its texts.

    Texts and scores are those of the best hypothesis; ``nbest`` lists all, best first. References, speaker
    and languages are null where unknown. ``audio``, ``start`` and ``end`` as in `PairPlace`.
    """

    id: str | float | None
    audio: str | None
    start: float
    end: float
    transcript_score: float | None
    translation_score: float | None
    score: float
    reference_transcript: str | None
    reference_translation: str | None
    speaker: str | None
    src_lang: str | None
    tgt_lang: str | None
    nbest: list[PairEntry]


class PairSource(NamedTuple):
    """What is known of an utterance before it is decoded; None: unknown. Languages and references are those
    of the transcript and the translation."""

    id: str
    languages: tuple[str | None, str | None]
    references: tuple[str | None, str | None] = (None, None)
    speaker: str | None = None


#: Without one of these there is nothing to score.
REQUIRED_KEYS = STREAM_NAMES
#: Languages of these two.
LANGUAGE_KEYS = ("src_lang", "tgt_lang")
REFERENCE_KEYS = ("reference_transcript", "reference_translation")
TEXT_KEYS = (*REQUIRED_KEYS, *REFERENCE_KEYS, "speaker", *LANGUAGE_KEYS)


def make_entry(texts: Sequence[str | None], scores: Sequence[float | None], score: float) -> PairEntry:
    """Return a hypothesis.

    Args:
        texts: transcript and translation; of one without a score nothing is kept.
        scores: of each, natural logarithms; None: the model does not write it.
        score: of both.
    """
    transcript, translation = (
        None if own is None else text for text, own in zip(texts, scores, strict=True)
    )
    return {
        "transcript": transcript,
        "translation": translation,
        "transcript_score": scores[0],
        "translation_score": scores[1],
        "score": score,
    }


def make_pair(source: PairSource, nbest: list[PairEntry], place: PairPlace | None = None) -> Pair:
    """Return a pair, its keys in the order in which files have them.

    Args:
        source: what was decoded.
        nbest: its hypotheses, best first, at least one.
        place: where it was heard, of recordings.
    """
    return {
        "id": source.id,
        **(place or {}),
        **nbest[0],
        "reference_transcript": source.references[0],
        "reference_translation": source.references[1],
        "speaker": source.speaker,
        "src_lang": source.languages[0],
        "tgt_lang": source.languages[1],
        "nbest": nbest,
    }


def read_pairs(path: str | os.PathLike) -> list[Pair]:
    """Return the pairs of one file, in its order; empty lines are passed over, and a reference of nothing but
    blanks is none.

    Raises:
        DataError: the file is missing, unreadable or empty, or a line is not a pair; the message names it.
    """
    return read_shards([path])


def read_shards(paths: Sequence[str | os.PathLike]) -> list[Pair]:
    """Return the pairs of files as `read_pairs` does, one after the other.

    One of several may be empty: of a corpus with fewer batches than shards some shards have none.

    Raises:
        DataError: a file is missing or unreadable, all are empty, or a line is not a pair.
    """
    pairs = [pair for path in paths for pair in _read(path)]
    if not pairs:
        raise DataError(f"{paths[0]}: holds no pair; did the decoding that wrote it finish?")
    return pairs


def _read(path: str | os.PathLike) -> list[Pair]:
    try:
        # what is not UTF-8 is told by its line, where a decoder that raises counts from its last block
        with open(path, encoding="utf-8-sig", errors="surrogateescape") as lines:
            return [_parse(line, f"{path}:{n}") for n, line in enumerate(lines, 1) if line.strip()]
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); is the name right?") from error


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
        line.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"{where}: not UTF-8 text; give a file written by --pairs-path") from error
    try:
        pair = json.loads(line)
        half = not_unicode(json.dumps(pair, ensure_ascii=False)) if "\\u" in line else ""
    except json.JSONDecodeError as error:
        raise DataError(
            f"{where}: not JSON ({error.msg}); give a file written by --pairs-path, one JSON object a line"
        ) from error
    except (ValueError, RecursionError) as error:  # a number of too many digits, or too many brackets
        reason = str(error).partition(";")[0]
        raise DataError(f"{where}: cannot be read ({reason}); give a file written by --pairs-path") from error
    if half:
        raise DataError(
            f"{where}: holds {half}, half of a character, which no file of text can hold; write the whole one"
        )
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
    for key in REFERENCE_KEYS:
        if isinstance(pair.get(key), str) and not pair[key].strip():
            pair[key] = None
    return pair
