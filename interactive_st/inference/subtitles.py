"""Subtitles: the texts of a recording as cues that can be read in time, in SRT and WebVTT.

Formats: the SubRip text format as players read it; w3.org/TR/webvtt1. Lengths: at most two lines
of 42 characters a language (16 of Chinese, Japanese and Korean) and seven seconds a cue, the usual limits of
subtitling; only more text than can be read in the time, a cue a second, has more lines.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from interactive_st.conventions import STREAM_NAMES
from interactive_st.inference.cue_times import (
    GAP,
    LONGEST_CUE,
    SHORTEST_CUE,
    Times,
    reading_time,
    share_time,
    spoken,
    stretches,
)
from interactive_st.inference.text_parts import Languages, Texts, fits, line_length, lines, places, split

if TYPE_CHECKING:  # results imports documents, which imports this module
    from interactive_st.inference.results import Segment

#: Parts of what is said, with their times.
Pieces = list[tuple[tuple[float, float], Texts]]

VTT_HEAD = "WEBVTT\n\n"
#: SubRip has no escapes. Players take ``<b>`` for a tag, which a word joiner, not seen, breaks; and what is
#: in braces for one of SubStation Alpha, also with something before its backslash.
_NO_TAGS = str.maketrans({"<": "<\u2060", "{": "(", "}": ")"})
SHOWN = ("both", *STREAM_NAMES)


@dataclass(frozen=True)
class Cue:
    """Text shown from ``start`` to ``end`` (seconds); ``texts`` and ``languages`` have one entry each."""

    start: float
    end: float
    texts: tuple[str, ...]
    languages: tuple[str | None, ...]


def srt_cue(number: int, cue: Cue) -> str:
    """Return a cue as SubRip text; numbers begin with 1."""
    texts = tuple(text.replace("-->", "→") for text in cue.texts)
    text = _wrap(texts, cue.languages).translate(_NO_TAGS)
    return f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{text}\n\n"


def vtt_cue(cue: Cue) -> str:
    """Return a cue as WebVTT text; `VTT_HEAD` comes before the first."""
    text = _escape(_wrap(cue.texts, cue.languages))
    return f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{text}\n\n"


def shown_texts(show: str) -> list[int]:
    """Return the streams that are shown, 0 for the transcript and 1 for the translation.

    Raises:
        ValueError: `show` is none of `SHOWN`.
    """
    if show not in SHOWN:
        raise ValueError(f"nothing is called {show!r} that could be shown: choose one of {', '.join(SHOWN)}")
    return [i for i, name in enumerate(STREAM_NAMES) if show in ("both", name)]


def segment_cues(
    segment: Segment, show: str = "both", languages: Languages = (None, None)
) -> Iterator[Cue]:
    """Yield the cues of a segment, in order, none overlapping the next.

    A segment with much text, or a long one, becomes several cues, each with a part of the transcript
    and the corresponding part of the translation. They share the time in which somebody speaks by
    the length of their transcripts; nothing is shown in a long pause.

    Args:
        segment: with the time it takes.
        show: ``both`` (transcript above translation), ``transcript`` or ``translation``.
        languages: of the transcript and the translation.
    """
    visible = shown_texts(show)
    texts = tuple(" ".join(text.split()) for text in (segment.transcript, segment.translation))
    if not any(texts[i] for i in visible):
        return
    parts = stretches(segment.speech or ((segment.start, segment.end),))
    pieces = first = _of_stretches(parts, texts, languages, visible, by_sentences=True)
    if not _all_fit(pieces, languages, visible):
        # sentences that only happen to be as many in both may leave one piece with nearly all of a text
        pieces = _of_stretches(parts, texts, languages, visible, by_sentences=False)
    if not _all_fit(pieces, languages, visible):  # more than can be read: as it belongs together
        pieces = first
    for (start, end), piece in pieces:
        chosen = [i for i in visible if piece[i]]
        end = min(end, start + LONGEST_CUE)
        if chosen and _milliseconds(end) > _milliseconds(start):
            yield Cue(start, end, tuple(piece[i] for i in chosen), tuple(languages[i] for i in chosen))


def readable(cue: Cue, following: Cue | None, duration: float | None = None) -> Cue:
    """Return a cue that is shown until it can be read, as far as there is time.

    Args:
        cue: shown while its words are said.
        following: leaves time until it begins; None after the last.
        duration: of the recording in seconds, with which the last one ends at the latest; None: unknown.
    """
    needed = max(
        reading_time(len(text), line_length(language))
        for text, language in zip(cue.texts, cue.languages, strict=True)
    )
    if following is not None:
        return replace(cue, end=max(cue.end, min(cue.start + needed, following.start - GAP)))
    end = max(cue.end, cue.start + needed)
    if duration is not None:  # in whole milliseconds, as times are written: rounded, it could be later
        last = math.floor(duration * 1000) / 1000
        end = min(end, last) if _milliseconds(last) > _milliseconds(cue.start) else cue.end
    return replace(cue, end=end)


def _of_stretches(
    parts: list[Times], texts: Texts, languages: Languages, visible: list[int], by_sentences: bool
) -> Pieces:
    """Cut what is said into its stretches, and these into pieces, with their times; see `split`."""
    shared = split(texts, [spoken(part) for part in parts], languages, by_sentences)
    return [
        piece
        for speech, said in zip(parts, shared, strict=True)
        for piece in _pieces(speech, said, languages, visible, by_sentences)
    ]


def _pieces(
    speech: Times, texts: Texts, languages: Languages, visible: list[int], by_sentences: bool
) -> Pieces:
    """Cut what is said without a long pause into as few pieces as have room in a cue, with their times."""
    units = max(len(places(texts[i], languages[i])) + 1 for i in visible)
    most = max(1, min(int(spoken(speech) / SHORTEST_CUE), units))
    main = 0 if texts[0] else 1
    for count in range(1, most + 1):
        parts = split(texts, [1.0] * count, languages, by_sentences)
        times = share_time(speech, [len(part[main]) + 1 for part in parts])
        pieces = list(zip(times, parts, strict=True))
        is_short = all(end - start <= LONGEST_CUE + 1e-6 for start, end in times)
        if is_short and _all_fit(pieces, languages, visible):
            break
    return pieces


def _all_fit(pieces: Pieces, languages: Languages, visible: list[int]) -> bool:
    return all(fits(piece[i], languages[i]) for _, piece in pieces for i in visible)


def _wrap(texts: Texts, languages: Languages) -> str:
    wrapped = (lines(text, language) for text, language in zip(texts, languages, strict=True))
    return "\n".join(itertools.chain(*wrapped))


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _time(seconds: float, point: str) -> str:
    rest, ms = divmod(_milliseconds(seconds), 1000)
    minutes, s = divmod(rest, 60)
    h, m = divmod(minutes, 60)
    return f"{h:02d}:{m:02d}:{s:02d}{point}{ms:03d}"
