"""A decoded recording as a document: text, JSON lines, a table, or subtitles.

``jsonl`` is a pairs file (see `interactive_st.scoring.pairs_file`) with ``audio``, ``start`` and
``end`` beside its keys, so `interactive-st score` reads it once references are filled in.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from interactive_st.conventions import STREAM_NAMES
from interactive_st.inference.options import FORMATS
from interactive_st.inference.subtitles import (
    VTT_HEAD,
    Cue,
    readable,
    segment_cues,
    shown_texts,
    srt_cue,
    vtt_cue,
)
from interactive_st.scoring.pairs_file import PairEntry, PairPlace, PairSource, make_entry, make_pair

if TYPE_CHECKING:  # results imports this module
    from interactive_st.inference.results import Hypothesis, Recording, Segment

COLUMNS = ("audio", "start", "end", *STREAM_NAMES, "score")
HEADS = {"tsv": "\t".join(COLUMNS) + "\n", "vtt": VTT_HEAD}


def render(recording: Recording, form: str, show: str = "both", name: str | None = None) -> str:
    """Return a recording as a document; see `Recording.render`."""
    writer = Writer(form, (recording.source_lang, recording.target_lang), show)
    added = [writer.add(recording.audio or "", segment, name) for segment in recording.segments]
    return "".join((writer.head, *added, writer.finish(recording.duration)))


class Writer:
    """Makes documents piece by piece, while segments come.

    Args:
        form: one of `FORMATS`.
        languages: of the transcripts and the translations.
        show: what text and subtitles show: ``both``, ``transcript`` or ``translation``; ``jsonl`` and
            ``tsv`` hold both always.
        named: in ``text``, begin each recording with its name.

    Raises:
        ValueError: there is no such form, or nothing of that name to show.
    """

    def __init__(
        self,
        form: str,
        languages: tuple[str | None, str | None],
        show: str = "both",
        named: bool = False,
    ) -> None:
        if form not in FORMATS:
            raise ValueError(f"no form {form!r}; choose one of {', '.join(FORMATS)}")
        self.languages, self.show, self.named = languages, show, named
        self._shown = shown_texts(show)
        #: what the document begins with
        self.head = HEADS.get(form, "")
        self._form = form
        self._write = {
            "text": self._text,
            "jsonl": self._jsonl,
            "srt": self._timed_text,
            "vtt": self._timed_text,
            "tsv": self._tsv,
        }[form]
        self._audio: str | None = None
        self._name = ""
        self._segments = self._cues = 0
        #: the last cue, kept until the start of the next one is known
        self._held: Cue | None = None

    def add(self, audio: str, segment: Segment, name: str | None = None) -> str:
        """Return what the next segment of a recording adds to the document; `finish` gives the rest.

        Args:
            audio: the recording, as it was named; empty for samples from memory.
            segment: with what was heard.
            name: begins the segment's id in ``jsonl``; the last part of `audio` if None.
        """
        if audio != self._audio:
            self._audio, self._segments = audio, 0
            self._name = name or Path(audio).name or "audio"
        written = self._write(audio, segment)
        self._segments += 1
        return written

    def finish(self, duration: float | None = None) -> str:
        """Return what the document ends with, once all segments of a recording were added.

        Args:
            duration: of the recording in seconds, which the last cue is not to outlast; None: unknown.
        """
        return self._subtitles(None, duration)

    def _text(self, audio: str, segment: Segment) -> str:
        name = f"{audio}\n\n" if self.named and self._segments == 0 else ""
        best = segment.nbest[0]
        texts = ((best.transcript, best.transcript_score), (best.translation, best.translation_score))
        written = [(self.languages[i], *texts[i]) for i in self._shown]
        lines = (f"{language}: {_one_line(text)}\n" for language, text, score in written if score is not None)
        return f"{name}[{_clock(segment.start)} - {_clock(segment.end)}]\n{''.join(lines)}\n"

    def _jsonl(self, audio: str, segment: Segment) -> str:
        source = PairSource(f"{self._name}-{self._segments:05d}", self.languages)
        place: PairPlace = {
            "audio": audio or None,
            "start": round(segment.start, 3),
            "end": round(segment.end, 3),
        }
        pair = make_pair(source, [_entry(hypothesis) for hypothesis in segment.nbest], place)
        return json.dumps(pair, ensure_ascii=False, allow_nan=False) + "\n"

    def _tsv(self, audio: str, segment: Segment) -> str:
        cells = (
            f"{segment.start:.3f}",
            f"{segment.end:.3f}",
            segment.transcript,
            segment.translation,
            f"{segment.score:.4f}",
        )
        return "\t".join((_one_field(audio), *map(_one_line, cells))) + "\n"

    def _timed_text(self, audio: str, segment: Segment) -> str:
        return self._subtitles(segment)

    def _subtitles(self, segment: Segment | None, duration: float | None = None) -> str:
        """Return the cues that are complete: all but the last, or that one too where no segment follows."""
        cues = [] if segment is None else segment_cues(segment, self.show, self.languages)
        held = [cue for cue in (self._held, *cues) if cue is not None]
        self._held = held.pop() if segment is not None and held else None
        following = [*held[1:], self._held]
        return "".join(self._cue(readable(*pair, duration)) for pair in zip(held, following, strict=False))

    def _cue(self, cue: Cue) -> str:
        self._cues += 1
        return srt_cue(self._cues, cue) if self._form == "srt" else vtt_cue(cue)


def _entry(hypothesis: Hypothesis) -> PairEntry:
    return make_entry(
        (hypothesis.transcript, hypothesis.translation),
        (hypothesis.transcript_score, hypothesis.translation_score),
        hypothesis.score,
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _one_field(path: str) -> str:
    """The path as it is, unless it would end a field or a line; other white space belongs to the name."""
    return re.sub(r"[\t\n\r]", " ", path)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds * 100), 6000)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 100:02d}.{rest % 100:02d}"
