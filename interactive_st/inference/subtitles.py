"""Subtitles: the texts of a recording as cues that can be read in time, in SRT and WebVTT.

Formats: the SubRip text format as players read it; w3.org/TR/webvtt1. Lengths: at most two lines
of 42 characters a language and seven seconds a cue, the usual limits of subtitling.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from interactive_st.inference.results import Segment

LINE = 42
LINES = 2
LONGEST_CUE = 7.0
#: A cue is not made shorter than this to get less text into it.
SHORTEST_CUE = 1.0
VTT_HEAD = "WEBVTT\n\n"
SHOWN = ("both", "transcript", "translation")
#: Cutting after punctuation is worth moving the cut by this share of a part.
PUNCTUATION_REACH = 0.35
#: A cue ends at a pause of speech that is this share of the shorter cue beside it away.
PAUSE_REACH = 0.4
_PAUSES = frozenset(".,;:!?…–。、，；：！？")


@dataclass(frozen=True)
class Cue:
    """Text shown from ``start`` to ``end`` (seconds); ``texts`` has one entry a language."""

    start: float
    end: float
    texts: tuple[str, ...]


def srt_cue(number: int, cue: Cue) -> str:
    """Return a cue as SubRip text; numbers begin with 1."""
    text = "\n".join(_wrap(text.replace("-->", "→")) for text in cue.texts)
    return f"{number}\n{_time(cue.start, ',')} --> {_time(cue.end, ',')}\n{text}\n\n"


def vtt_cue(cue: Cue) -> str:
    """Return a cue as WebVTT text; `VTT_HEAD` comes before the first."""
    text = "\n".join(_escape(_wrap(text)) for text in cue.texts)
    return f"{_time(cue.start, '.')} --> {_time(cue.end, '.')}\n{text}\n\n"


def segment_cues(segment: Segment, shown: str = "both") -> Iterator[Cue]:
    """Yield the cues of a segment, in order, none overlapping the next.

    A segment with much text, or a long one, becomes several cues, each with a part of the transcript
    and the corresponding part of the translation. They share the time in which somebody speaks by
    the length of their transcripts.

    Args:
        segment: with the time it takes.
        shown: ``both`` (transcript above translation), ``transcript`` or ``translation``.
    """
    if shown not in SHOWN:
        raise ValueError(f"subtitles of {shown!r}: choose one of {', '.join(SHOWN)}")
    texts = [" ".join(text.split()) for text in (segment.transcript, segment.translation)]
    visible = [text for text, name in zip(texts, SHOWN[1:], strict=True) if shown in ("both", name)]
    if not any(visible):
        return
    speech = segment.speech or ((segment.start, segment.end),)
    seconds = sum(end - start for start, end in speech)
    wanted = max(-(-len(text) // (LINE * LINES)) for text in visible)
    wanted = max(wanted, math.ceil((speech[-1][1] - speech[0][0]) / LONGEST_CUE))
    units = max(len(_places(text)) + 1 for text in visible)
    count = max(1, min(wanted, int(seconds / SHORTEST_CUE), units))
    parts = [split_evenly(text, count) for text in texts]
    weights = [len(part) + 1 for part in parts[0 if texts[0] else 1]]
    spoken = [seconds * weight / sum(weights) for weight in weights]
    for number, (first, last) in enumerate(itertools.pairwise(_boundaries(speech, spoken))):
        shown_parts = tuple(
            part[number]
            for part, name in zip(parts, SHOWN[1:], strict=True)
            if shown in ("both", name) and part[number]
        )
        start, end = _at(speech, first, after=True), _at(speech, last, after=False)
        if shown_parts and _milliseconds(end) > _milliseconds(start):
            yield Cue(start, end, shown_parts)


def _boundaries(speech: Sequence[tuple[float, float]], spoken: Sequence[float]) -> list[float]:
    """Return after how many seconds of speech each part begins, and the last ends.

    A boundary goes to a pause that is near, so that no cue begins right before or after one.
    """
    pauses = list(itertools.accumulate(end - start for start, end in speech))[:-1]
    boundaries = [0.0]
    for before, after in itertools.pairwise(spoken):
        exact = sum(spoken[: len(boundaries)])
        near = min(pauses, key=lambda pause: abs(pause - exact), default=exact)
        reach = PAUSE_REACH * min(before, after)
        boundaries.append(near if abs(near - exact) <= reach else exact)
    return [*boundaries, sum(spoken)]


def split_evenly(text: str, count: int) -> list[str]:
    """Cut a text into `count` parts of about the same length, between words, better after punctuation.

    Parts are empty where there are fewer words than parts. A text without spaces is cut between
    characters.
    """
    places = _places(text)
    cuts = [0]
    for number in range(1, count):
        ideal = len(text) * number / count
        reach = len(text) / count * PUNCTUATION_REACH
        later = [place for place in places if place > cuts[-1]]
        if not later:
            cuts.append(len(text))
            continue

        def cost(place: int, ideal: float = ideal, reach: float = reach) -> float:
            pause = text[:place].rstrip()[-1:] in _PAUSES
            return abs(place - ideal) - (reach if pause else 0.0)

        cuts.append(min(later, key=cost))
    cuts.append(len(text))
    return [text[start:end].strip() for start, end in itertools.pairwise(cuts)]


def _places(text: str) -> list[int]:
    """Return where a text can be cut."""
    spaces = [place + 1 for place, character in enumerate(text) if character == " "]
    return spaces or list(range(1, len(text)))


def _at(speech: Sequence[tuple[float, float]], spoken: float, after: bool) -> float:
    """Return the time by which somebody has spoken for `spoken` seconds.

    Where that is at a pause, `after` says which end of the pause is meant.
    """
    for start, end in speech:
        length = end - start
        if spoken < length - 1e-6 or (not after and spoken <= length + 1e-6):
            return start + min(spoken, length)
        spoken -= length
    return speech[-1][1]


def _wrap(text: str) -> str:
    """Break a text into lines of `LINE` characters where it is longer, the lines about equally long."""
    count = -(-len(text) // LINE)
    return "\n".join(line for line in split_evenly(text, count) if line) if count > 1 else text


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _time(seconds: float, point: str) -> str:
    rest, ms = divmod(_milliseconds(seconds), 1000)
    minutes, s = divmod(rest, 60)
    h, m = divmod(minutes, 60)
    return f"{h:02d}:{m:02d}:{s:02d}{point}{ms:03d}"
