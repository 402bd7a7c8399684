"""Under which names the texts of recordings are written."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from interactive_st.conventions import STREAM_NAMES
from interactive_st.errors import DataError
from interactive_st.file_names import numbered

#: File name endings where they are not the name of the format.
ENDINGS = {"text": "txt"}
#: Formats that can show one of the texts; the others hold both always.
SHOWING = ("text", "srt", "vtt")


class Document(NamedTuple):
    """One of the files that each recording gets: its format, what it shows, and what stands in its name
    before the ending; see `Recording.render`."""

    form: str
    show: str = "both"
    part: str | None = None

    @property
    def ending(self) -> str:
        """Of its name, as ``srt`` or ``de.srt``."""
        return ".".join(filter(None, (self.part, ENDINGS.get(self.form, self.form))))


def a_file_for_each(
    forms: Iterable[str], streams: Iterable[int], languages: tuple[str | None, str | None]
) -> list[Document]:
    """Return documents of each text alone, where the format allows; they are named by the languages, as
    players expect it of subtitles (``talk.de.srt``).

    Args:
        forms: formats.
        streams: the texts that there are.
        languages: of transcript and translation; where there are both texts and their languages are the
            same, names say ``transcript`` and ``translation``.
    """
    streams = list(streams)
    alike = len({languages[stream] for stream in streams}) < len(streams)
    parts = STREAM_NAMES if alike else languages
    shown = [(STREAM_NAMES[stream], parts[stream]) for stream in streams]
    found: list[Document] = []
    for form in forms:
        found += [Document(form, *of_text) for of_text in shown] if form in SHOWING else [Document(form)]
    return found


def output_names(places: Iterable[Path]) -> list[Path]:
    """Return for each recording the name of its output, without the ending of its format.

    It is the recording's without its ending; where two would be the same they keep it, and where
    that does not help they are numbered.
    """
    places = list(places)
    short = [place.with_suffix("") for place in places]
    count = Counter(short)
    return numbered([bare if count[bare] == 1 else place for bare, place in zip(short, places, strict=True)])


def output_files(
    places: Iterable[Path], documents: Sequence[Document], out: Path
) -> list[dict[Document, Path]]:
    """Return for each recording the file below `out` of each document."""
    return [
        {document: out / name.with_name(f"{name.name}.{document.ending}") for document in documents}
        for name in output_names(places)
    ]


def check_names(out: Path, files: Iterable[Path]) -> None:
    """Refuse names that the file system does not take, before the work is done.

    Args:
        out: the folder for the files; it need not be there.
        files: below it.

    Raises:
        DataError: naming the first file that could not be made.
    """
    nearest = next(folder for folder in (out, *out.parents) if os.path.exists(folder))
    longest = os.pathconf(nearest, "PC_NAME_MAX")
    for path in (out, *files):
        size = max(len(os.fsencode(name)) for name in ("", *path.parts[len(nearest.parts) :]))
        if 0 < longest < size:  # 0 or -1: the file system states no limit
            raise DataError(
                f"{path}: cannot be made, as a name of {size} bytes is longer than the {longest} that are "
                "allowed there; rename the recording or the folder"
            )
