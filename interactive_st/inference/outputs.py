"""Which recordings are meant, and under which names their texts are written."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from interactive_st.data.audio.suffixes import is_recording
from interactive_st.errors import DataError

#: File name endings where they are not the name of the format.
ENDINGS = {"text": "txt"}


@dataclass(frozen=True)
class Found:
    """A recording and its path relative to the folder that was searched; outputs keep that structure.

    ``place`` is that relative path; ``name`` too, numbered where another recording has the same.
    """

    path: Path
    place: Path
    name: str


def _refuse(error: DataError) -> None:
    raise error


def find_recordings(
    names: Sequence[str | os.PathLike], unread: Callable[[DataError], None] = _refuse
) -> list[Found]:
    """Return the recordings that are named, in that order; folders are searched below, by name.

    A file that is named is taken whatever its name is, and whether it is there or not; in folders
    those that `is_recording` knows are taken. Hidden files and folders are passed over. What is
    named twice is taken once, and so is what links in a folder name again: by its own name there.

    Args:
        names: files and folders.
        unread: is told of each folder below a named one that cannot be read; the others are searched.

    Raises:
        DataError: a folder that is named cannot be read, or one below and `unread` is not given.
    """
    places: dict[Path, tuple[Path, Path]] = {}
    by_link: set[Path] = set()
    for name in map(Path, names):
        folder = os.path.isdir(name)  # Path's raises an error where it may not look
        for path in _search(name, unread) if folder else [name]:
            place = path.relative_to(name) if folder else Path(path.name)
            real = Path(os.path.realpath(path))  # Path's raises an error where a link names itself
            linked = folder and name.resolve() / place != real
            if real in by_link and not linked:
                by_link.discard(real)
                del places[real]  # in the order of names, here is its place
            if real not in places:
                places[real] = path, place
                if linked:
                    by_link.add(real)
    unique = _numbered([place for _, place in places.values()])
    return [Found(*pair, name.as_posix()) for pair, name in zip(places.values(), unique, strict=True)]


def _search(folder: Path, unread: Callable[[DataError], None]) -> Iterator[Path]:
    seen = {folder.resolve()}

    def is_new(path: Path) -> bool:
        """Links are followed, but not in circles."""
        real = path.resolve()
        known = os.path.islink(path) and real in seen
        seen.add(real)
        return not known

    def report(error: OSError) -> None:
        tell = _refuse if Path(error.filename) == folder else unread
        tell(DataError(f"{error.filename}: cannot be read ({error.strerror})"))

    for parent, folders, files in os.walk(folder, onerror=report, followlinks=True):
        folders[:] = (n for n in sorted(folders) if not n.startswith(".") and is_new(Path(parent, n)))
        for name in sorted(files):
            if not name.startswith(".") and is_recording(name):
                yield Path(parent, name)


def output_names(places: Iterable[Path]) -> list[Path]:
    """Return for each recording the name of its output, without the ending of its format.

    It is the recording's without its ending; where two would be the same they keep it, and where
    that does not help they are numbered.
    """
    places = list(places)
    short = [place.with_suffix("") for place in places]
    count = Counter(short)
    return _numbered([bare if count[bare] == 1 else place for bare, place in zip(short, places, strict=True)])


def _numbered(names: Sequence[Path]) -> list[Path]:
    """Return the same names, with a number behind those that are there before."""
    names, taken = list(names), set()
    for i, name in enumerate(names):
        number = 1
        while names[i] in taken or (number > 1 and names[i] in names[i + 1 :]):
            number += 1
            names[i] = name.with_name(f"{name.name}-{number}")
        taken.add(names[i])
    return names


def output_files(found: Sequence[Found], formats: Sequence[str], out: Path) -> list[dict[str, Path]]:
    """Return for each recording the file below `out` of each format."""
    names = output_names(recording.place for recording in found)
    return [
        {form: out / name.with_name(f"{name.name}.{ENDINGS.get(form, form)}") for form in formats}
        for name in names
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
