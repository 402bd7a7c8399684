"""Rows of a corpus, checked: what is said, by whom, in which languages, and where it is.

Whether the audio can be read is found out later, when its features are computed.
"""

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from interactive_st.data.folder.layout import LANGUAGE_COLUMNS, TEXT_COLUMNS
from interactive_st.data.languages import check_language, find_tag
from interactive_st.data.manifest import Line, clean_text
from interactive_st.errors import BadRow, DataError
from interactive_st.wording import counted

#: Columns of an input manifest.
REQUIRED = ("id", "audio", *TEXT_COLUMNS)
OPTIONAL = ("speaker", *LANGUAGE_COLUMNS, "offset", "duration")


class Segment(NamedTuple):
    """Where the features of an utterance come from; times in seconds."""

    path: str
    offset: float = 0.0
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class Utterance:
    """A well-formed row of an input manifest; an empty text is one that is not known, a row without a segment
    is text alone."""

    split: str
    file: str
    line: int
    id: str
    segment: Segment | None
    src_text: str
    tgt_text: str
    speaker: str
    src_lang: str
    tgt_lang: str

    def bad(self, reason: str) -> BadRow:
        """Return the report that this row cannot be used."""
        return BadRow(self.split, self.file, self.line, self.id, reason)


class Split(NamedTuple):
    """What a manifest holds: usable rows, bad rows, and what the user should know of it.

    Splits that name the same `archive` keep their features there together, each recording once;
    one that names none has an archive of its own name. `is_text_only`: rows without speech.
    Rows that do not say their duration are left out where they turn out longer than `max_seconds`, which is
    the same in splits that share an archive.
    """

    utterances: list[Utterance]
    bad: list[BadRow]
    notes: tuple[str, ...] = ()
    archive: str = ""
    is_text_only: bool = False
    max_seconds: float = math.inf


def note_too_long(split: str, count: int, max_seconds: float) -> str:
    """Say that segments of a split were left out as they are too long."""
    return f"{split}: {counted(count, 'segment')} of more than {max_seconds:g} s left out (--max-seconds)"


def make_split(
    split: str,
    path: str | os.PathLike,
    lines: Iterable[Line],
    root: Path | None,
    source_lang: str,
    target_lang: str,
) -> Split:
    """Check rows, whatever kind of file they come from.

    Args:
        split: the name of the split.
        path: the file that the lines are of, for messages.
        lines: rows with the fields `REQUIRED` and any of `OPTIONAL`, as strings.
        root: what relative audio paths are relative to; None where there is text alone.
        source_lang: language of the transcript where a row names none; empty if it has to.
        target_lang: language of the translation where a row names none; empty if it has to.
    """
    defaults = dict(zip(LANGUAGE_COLUMNS, (source_lang, target_lang), strict=True))
    needed = ["id"] + ["audio"] * (root is not None) + [name for name, usual in defaults.items() if not usual]
    first_lines: dict[str, int] = {}
    utterances, bad = [], []
    for line in lines:
        fields = {name: clean_text(line.fields.get(name, "")) for name in REQUIRED + OPTIONAL}
        reasons = _find_faults(fields, needed)
        if fields["id"]:
            first = first_lines.setdefault(fields["id"], line.number)
            if first != line.number:
                reasons.append(f"the id is that of line {first} already")
        if reasons:
            bad.append(BadRow(split, str(path), line.number, fields["id"], "; ".join(reasons)))
        else:
            utterances.append(_make_utterance(split, path, line, fields, root, defaults))
    return Split(utterances, bad)


def _find_faults(fields: Mapping[str, str], needed: Iterable[str]) -> list[str]:
    faults = [f"{name} is empty" for name in needed if not fields[name]]
    if not fields["src_text"] and not fields["tgt_text"]:
        faults.append("src_text and tgt_text are both empty")
    for name in TEXT_COLUMNS:
        if tag := find_tag(fields[name]):
            faults.append(f"{name} holds {tag}, which stands for a language")
    for name in LANGUAGE_COLUMNS:
        try:
            if fields[name]:
                check_language(name, fields[name])
        except DataError as error:
            faults.append(str(error))
    try:
        read_times(fields)
    except DataError as error:
        faults.append(str(error))
    return faults


def read_times(fields: Mapping[str, str]) -> tuple[float, float | None]:
    """Return a row's ``offset`` and ``duration`` in seconds; 0 and None where it has none.

    Raises:
        DataError: they are no such numbers.
    """
    given = {name: fields.get(name, "").strip() for name in ("offset", "duration")}
    offset, duration = (parse_seconds(text) for text in given.values())
    faults = []
    if given["offset"] and (offset is None or offset < 0):
        faults.append(f"offset {given['offset']!r} must be a number of seconds ≥ 0")
    if given["duration"] and (duration is None or duration <= 0):
        faults.append(f"duration {given['duration']!r} must be a number of seconds > 0")
    if faults:
        raise DataError("; ".join(faults))
    return offset or 0.0, duration


def parse_seconds(field: str) -> float | None:
    """Return the finite number that a field holds, or None."""
    try:
        value = float(field)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _make_utterance(
    split: str,
    path: str | os.PathLike,
    line: Line,
    fields: Mapping[str, str],
    root: Path | None,
    defaults: Mapping[str, str],
) -> Utterance:
    segment = None
    if root is not None:  # not cleaned as texts are: a file name may hold any white space
        segment = Segment(os.fspath(root / line.fields["audio"].strip()), *read_times(fields))
    return Utterance(
        split=split,
        file=str(path),
        line=line.number,
        id=fields["id"],
        segment=segment,
        src_text=fields["src_text"],
        tgt_text=fields["tgt_text"],
        speaker=fields["speaker"],
        src_lang=fields["src_lang"] or defaults["src_lang"],
        tgt_lang=fields["tgt_lang"] or defaults["tgt_lang"],
    )
