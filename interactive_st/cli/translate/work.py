"""The work of `interactive-st translate`: decodes recordings, writes or prints, reports."""

import errno
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import soundfile
from tqdm import tqdm

from interactive_st.data.audio import media
from interactive_st.data.audio.waveform import UNKNOWN_FRAMES
from interactive_st.errors import DataError
from interactive_st.inference.documents import Writer
from interactive_st.inference.finding import Found
from interactive_st.inference.hub import InteractiveST
from interactive_st.inference.outputs import Document
from interactive_st.inference.recordings import Outcome
from interactive_st.inference.results import Recording, Segment
from interactive_st.wording import counted, shown_on
from interactive_st.writing import not_written, write_whole

#: Where no other file could be written either: a full disk, a quota that is used up, a disk that became
#: read-only, as after an error of its own.
NOTHING_MORE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
STOPPED = "stopped here, what was written before is whole and --skip-existing goes on from it"


class Work:
    """Decodes recordings and writes or prints their texts; reports to standard error.

    Args:
        found: the recordings.
        printed: what is printed of each recording, where nothing is written.
        files: of each recording the files to write; None to print.
        progress: show a bar, where standard error is a terminal, and the real-time factor.
        unread: how many folders could not be searched, which the report says too.
    """

    def __init__(
        self,
        found: Sequence[Found],
        printed: Document,
        files: Sequence[Mapping[Document, Path]] | None,
        progress: bool = True,
        unread: int = 0,
    ) -> None:
        self.found, self.printed, self.files = found, printed, files
        self.progress = progress
        self.failed: set[int] = set()
        self.unread = unread
        self.seconds = 0.0
        self.bar = tqdm(
            total=round(sum(_duration(recording.path) for recording in found), 1),
            desc="audio",
            file=sys.stderr,
            bar_format="{desc} {percentage:3.0f}%|{bar}| {n:.0f}/{total:.0f} s [{elapsed}<{remaining}]",
            disable=None if progress else True,
        )

    def decode(self, model: InteractiveST, options: Mapping[str, Any]) -> int:
        """Decode all and return how many recordings failed.

        Args:
            model: does it.
            options: of `InteractiveST.stream`.

        Raises:
            ValueError: an option has no meaning.
        """
        began = time.monotonic()
        paths = [recording.path for recording in self.found]
        with self.bar:
            results = self._counted(model.stream(paths, progress=self._progress, **options))
            if self.files is not None:
                self._write(results, self.files)
            else:
                given = options.get("source_lang"), options.get("target_lang")
                self._print(results, model.languages_of(*given))
        if self.progress:
            self._report(time.monotonic() - began)
        return len(self.failed)

    def _counted(self, results: Iterator[tuple[int, Outcome]]) -> Iterator[tuple[int, Outcome]]:
        """Pass results on and count the seconds that were decoded: of a recording that fails, those up to the
        end of its last segment."""
        reached = 0.0
        for number, result in results:
            if isinstance(result, Segment):
                reached = result.end
            else:
                self.seconds += result.duration if isinstance(result, Recording) else reached
                reached = 0.0
            yield number, result

    def _progress(self, seconds: float) -> None:
        self.bar.update(min(seconds, self.bar.total - self.bar.n) if self.bar.total else seconds)

    def _write(
        self, results: Iterator[tuple[int, Outcome]], files: Sequence[Mapping[Document, Path]]
    ) -> None:
        for number, result in results:
            if isinstance(result, DataError):
                self._fail(number, result)
            elif isinstance(result, Recording):
                self._note_silence(result)
                if not self._write_files(number, result, files[number]):
                    self.failed.update(range(number, len(files)))
                    return

    def _write_files(self, number: int, recording: Recording, files: Mapping[Document, Path]) -> bool:
        """Write the files of a recording; return whether others may be tried."""
        for document, path in files.items():
            try:
                text = recording.render(document.form, document.show, self.found[number].name)
                write_whole(path, text)
            except OSError as error:
                if error.errno in NOTHING_MORE:
                    self._fail(number, not_written(path, error, STOPPED))
                    return False
                self._fail(number, f"{path}: cannot be written ({error.strerror})")
        return True

    def _print(
        self, results: Iterator[tuple[int, Outcome]], languages: tuple[str | None, str | None]
    ) -> None:
        writer = Writer(self.printed.form, languages, self.printed.show, named=len(self.found) > 1)
        self._out(writer.head)
        for number, result in results:
            if isinstance(result, Segment):
                recording = self.found[number]
                self._out(writer.add(str(recording.path), result, recording.name))
                continue
            self._out(writer.finish(None if isinstance(result, DataError) else result.duration))
            if isinstance(result, DataError):
                self._fail(number, result)
            else:
                self._note_silence(result)

    def _out(self, text: str) -> None:
        if text:
            self.bar.write(shown_on(sys.stdout, text), file=sys.stdout, end="")
            sys.stdout.flush()

    def _note_silence(self, recording: Recording) -> None:
        if not recording.segments:
            self._say(f"note: {recording.audio}: nobody speaks in it")

    def _fail(self, number: int, reason: object) -> None:
        self.failed.add(number)
        self._say(f"failed: {reason}")

    def _say(self, message: str) -> None:
        self.bar.write(shown_on(sys.stderr, f"interactive-st translate: {message}"), file=sys.stderr)

    def _report(self, wall: float) -> None:
        text = f"{counted(len(self.found), 'recording')}, {self.seconds:.1f} s of audio in {wall:.1f} s"
        if self.seconds:
            text += f", real-time factor {wall / self.seconds:.3f}"
        if self.failed:
            text += f"; {len(self.failed)} failed"
        if self.unread:
            text += f"; {counted(self.unread, 'folder')} not read"
        print(text, file=sys.stderr)


def _duration(path: Path) -> float:
    """Return the seconds of a recording; 0 for one that does not say, or will be reported as failing."""
    if not os.path.isfile(path):  # reading a pipe would take from it, or wait for ever
        return 0.0
    try:
        if media.is_media(path):
            return media.estimated_seconds(path)
        info = soundfile.info(path)
    except (DataError, soundfile.SoundFileError, OSError, TypeError, UnicodeEncodeError):
        return 0.0
    return info.frames / info.samplerate if info.frames < UNKNOWN_FRAMES else 0.0
