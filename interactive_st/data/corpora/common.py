"""What the readers of corpora have in common."""

import math
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from interactive_st.data.audio import media
from interactive_st.data.folder.layout import is_train
from interactive_st.data.languages import check_language
from interactive_st.data.manifest import Line
from interactive_st.data.text_encoding import split_lines
from interactive_st.data.utterances import Split, make_split, note_too_long, parse_seconds
from interactive_st.errors import DataError
from interactive_st.wording import counted

#: Formats of corpora, in the order of preference: of one recording in several the first is taken.
#: How recordings may be called at all is in `interactive_st.data.audio.suffixes`.
READABLE = (".wav", ".flac", ".ogg", ".mp3", ".m4a")


@dataclass(frozen=True)
class Request:
    """What is wanted of a corpus; see `read_corpus`."""

    root: Path
    source_lang: str
    target_langs: tuple[str, ...]
    splits: tuple[str, ...] | None
    max_seconds: float
    progress: bool

    def __post_init__(self) -> None:
        if not self.target_langs:
            raise DataError("no target language is given: --lang de, or --lang de,fr")
        check_language("--source-lang", self.source_lang)
        for language in self.target_langs:
            check_language("--lang", language)
        if self.source_lang in self.target_langs:
            raise DataError(
                f"--lang {self.source_lang} is the language that is spoken; name those of translations"
            )
        if not self.max_seconds > 0:  # nor is nan
            raise DataError(f"--max-seconds must be above 0 seconds, got {self.max_seconds}")
        if not self.root.is_dir():
            raise DataError(f"{self.root}: no such folder; give the folder of the unpacked corpus")

    def split_name(self, split: str, language: str) -> str:
        """The name of a split of the corpus in one target language."""
        return split if len(self.target_langs) == 1 else f"{split}_{language}"

    def refuse_folder_of_language(self, part: str) -> None:
        """Raise `DataError` if the folder of the spoken language, with `part` in it, was given for the one
        above."""
        whole = self.root.resolve()
        if whole.name == self.source_lang and (whole / part).is_dir():
            raise DataError(f"{self.root}: give the folder above, {whole.parent}, which holds {whole.name}")

    def choose_splits(
        self, known: Collection[str], places: Mapping[str, Path], is_there: Callable[[str, str], bool]
    ) -> list[tuple[str, str]]:
        """The splits to read, each with its target language: those asked for, or those of `known` that are
        there, one split after the other.

        Args:
            known: those that a corpus has.
            places: where those of each language are, for messages.
            is_there: whether there is such a split of such a language.

        Raises:
            DataError: one that was asked for is missing, or there is none at all of a language.
        """
        wanted = [(split, lang) for split in self.splits or known for lang in places]
        there = [each for each in wanted if is_there(*each)]
        for lang, place in places.items():
            missing = [split for split, own in wanted if own == lang and (split, own) not in there]
            if missing and self.splits:
                such = "" if set(missing) <= set(known) else f", such as {', '.join(known)}"
                raise DataError(f"{place}: no split {', '.join(missing)}; --splits names those to read{such}")
            if not any(own == lang for _, own in there):
                raise DataError(f"{place}: none of the splits {', '.join(known)}; is it unpacked completely?")
        return there


def read_lines(path: Path) -> list[str]:
    """Read a UTF-8 text of one sentence per line; white space around each is stripped.

    Only line feeds end a line: a Unicode line separator inside a sentence would else move all the
    sentences after it away from their translations.

    Raises:
        DataError: it cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); is the corpus complete?") from error
    raw = split_lines(path, content)
    if raw and not raw[-1]:
        raw.pop()
    lines = []
    for number, line in enumerate(raw, start=1):
        try:
            lines.append(line.decode("utf-8").strip())
        except UnicodeDecodeError as error:
            raise DataError(f"{path}:{number}: not UTF-8 text ({error.reason}); correct the line") from error
    return lines


def read_aligned(path: Path, segments: Path, count: int) -> list[str]:
    """Read a text as `read_lines`, with a line for each of the `count` segments of another file.

    Raises:
        DataError: it cannot be read, or has more lines or fewer.
    """
    lines = read_lines(path)
    if len(lines) != count:
        raise DataError(
            f"{path}: {counted(len(lines), 'line')} where {segments.name} has {counted(count, 'segment')}; "
            "the files have to agree line by line, so take both from one release"
        )
    return lines


def find_readable(path: Path) -> Path | None:
    """Return an audio file, or the same recording in another format that can be read, or None.

    Raises:
        DataError: PyAV is needed and not installed, which would be the matter with every row.
    """
    # os.path's does not raise on a name that is too long: the row is reported as bad later
    if path.suffix.lower() in READABLE and os.path.isfile(path):
        found = path
    else:
        others = (path.with_suffix(suffix) for suffix in READABLE)
        found = next((other for other in others if os.path.isfile(other)), None)
    if found is not None and media.is_media(found):
        media.require_reader(found)
    return found


def segment_ids(recordings: Sequence[str], offsets: Sequence[str | float]) -> list[str]:
    """Name segments ``<recording>_<number>``, numbered from 0 in the order of their offsets."""
    places = defaultdict(list)
    for place, recording in enumerate(recordings):
        places[recording].append(place)
    ids = [""] * len(recordings)
    for recording, own in places.items():
        for number, place in enumerate(sorted(own, key=offsets.__getitem__)):
            ids[place] = f"{recording}_{number}"
    return ids


def collect(request: Request, split: str, language: str, path: Path, lines: Iterable[Line]) -> Split:
    """Make the split of one target language of the segments of one file.

    Segments of training splits that are too long are left out; those that do not say their duration are left
    out when their features are computed, and those whose duration is no number are bad rows.

    Args:
        request: what is wanted.
        split: the name of the split in the corpus.
        language: of the translations.
        path: the file that the lines are of, for messages.
        lines: the segments, see `make_split`; their audio paths begin with `request.root`.
    """
    name = request.split_name(split, language)
    limit = request.max_seconds if is_train(split) else math.inf
    left_out = 0

    def short() -> Iterator[Line]:
        nonlocal left_out
        for line in lines:
            if (parse_seconds(line.fields.get("duration", "")) or 0.0) <= limit:
                yield line
            else:
                left_out += 1

    made = make_split(name, path, short(), Path(), request.source_lang, language)
    notes = (note_too_long(name, left_out, limit),) if left_out else ()
    archive = split if len(request.target_langs) > 1 else ""
    return made._replace(notes=notes, archive=archive, max_seconds=limit)
