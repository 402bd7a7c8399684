"""Reads the manifests that fairseq's ``prep_mustc_data.py`` and its like write.

Their columns are ``id audio n_frames tgt_text speaker``; ``audio`` is ``…/fbank80.zip:offset:length``.
"""

import os
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

from interactive_st.data.escaped_table import read_escaped_table
from interactive_st.data.features.npy_header import read_npy_header
from interactive_st.errors import DataError
from interactive_st.wording import counted

REQUIRED = ("id", "audio", "n_frames", "tgt_text")
NPY = b"\x93NUMPY"

_PLACE = re.compile(r"(\d{1,18}):(\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class FairseqRow:
    """A row: where it stands, its text with escapes undone, and the other columns."""

    line: int
    id: str
    audio: str
    n_frames: str
    text: str
    speaker: str


def read_fairseq_manifest(path: str | os.PathLike) -> dict[str, FairseqRow]:
    """Return the rows by their ids, in file order.

    Raises:
        DataError: it cannot be read, a column is missing, or an id is there twice.
    """
    rows: dict[str, FairseqRow] = {}
    for line, fields in read_escaped_table(path, REQUIRED, exact=True):
        row = FairseqRow(
            line=line,
            id=fields["id"],
            audio=fields["audio"],
            n_frames=fields["n_frames"],
            text=fields["tgt_text"],
            speaker=fields.get("speaker", ""),
        )
        if row.id in rows:
            raise DataError(
                f"{path}:{row.line}: the id {row.id} is that of line {rows[row.id].line} already; "
                "ids have to be unique to be matched"
            )
        rows[row.id] = row
    if not rows:
        raise DataError(f"{path}: no rows")
    return rows


class Archives:
    """Knows where features are: the archives that manifests name, and what is in them."""

    def __init__(self) -> None:
        self._files: dict[tuple[Path, str], Path] = {}
        self._entries: dict[Path, dict[str, tuple[int, int]]] = {}
        self._sizes: dict[Path, int] = {}

    def resolve(self, manifest: Path, audio: str) -> tuple[Path, str]:
        """Split ``…/fbank80.zip:offset:length`` into the file, as it is found today, and the place in it.

        A path that no longer exists is looked for beside the manifest: folders are moved, and fairseq
        writes whole paths.

        Raises:
            DataError: it is not an archive of features, or cannot be found.
        """
        name, _, place = audio.partition(":")
        if not place:
            raise DataError(
                f"{manifest}: audio {audio!r} is not a place in an archive of features, "
                "such as fbank80.zip:offset:length"
            )
        key = (manifest.parent, name)
        if key not in self._files:
            folders = (manifest.parent, manifest.resolve().parent)  # fairseq's joint manifests are links
            names = (name, Path(name).name)
            candidates = [folder / own for own in names for folder in folders]
            found = next((path for path in candidates if path.is_file()), None)
            if found is None:
                raise DataError(f"{manifest}: {name}: no such archive, neither there nor beside the manifest")
            self._files[key] = found.resolve()
        return self._files[key], place

    def entry(self, archive: Path, utterance: str) -> str | None:
        """Return where an archive itself says the features of an utterance are; None if it does not.

        Raises:
            DataError: it is not a zip file.
        """
        if archive not in self._entries:
            try:
                with zipfile.ZipFile(archive) as file:
                    entries = file.infolist()
            except (zipfile.BadZipFile, OSError) as error:
                raise DataError(f"{archive}: not readable as a zip file ({error})") from error
            self._entries[archive] = {
                Path(entry.filename).stem: (
                    entry.header_offset + zipfile.sizeFileHeader + len(entry.filename.encode()),
                    entry.file_size,
                )
                for entry in entries
            }
        place = self._entries[archive].get(utterance)
        return None if place is None else f"{place[0]}:{place[1]}"

    def holds(self, archive: Path, place: str) -> bool:
        """Tell whether a place, ``offset:length``, is inside an archive."""
        if archive not in self._sizes:
            self._sizes[archive] = archive.stat().st_size
        match = _PLACE.fullmatch(place)
        return match is not None and sum(map(int, match.groups())) <= self._sizes[archive]


def feature_shape(archive: Path, place: str) -> tuple[int, int]:
    """Return how many frames the array at a place in an archive has, and features per frame.

    Raises:
        DataError: there is no array of shape (T, F) there, for example because it is audio.
    """
    try:
        offset, length = (int(number) for number in place.split(":"))
        with archive.open("rb") as file:
            file.seek(offset)
            if file.peek(len(NPY))[: len(NPY)] != NPY:
                raise ValueError(f"{counted(length, 'byte')} that are not a .npy array")
            shape, _, _ = read_npy_header(file)
        frames, dimension = shape
    except (OSError, ValueError) as error:
        raise DataError(
            f"{archive}:{place}: no features there ({error}); manifests of audio (--use-audio-input) cannot "
            "be joined: use `interactive-st prepare --mustc`"
        ) from error
    return frames, dimension
