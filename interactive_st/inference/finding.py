"""Which recordings are meant by the names of files and folders."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from interactive_st.data.audio.suffixes import is_recording
from interactive_st.errors import DataError
from interactive_st.file_names import numbered


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
    unique = numbered([place for _, place in places.values()])
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
