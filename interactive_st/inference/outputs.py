"""Under which names the texts of recordings are written."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from interactive_st.errors import DataError

#: File name endings where they are not the name of the format.
ENDINGS = {"text": "txt"}


def output_names(places: Iterable[Path]) -> list[Path]:
    """Return for each recording the name of its output, without the ending of its format.

    It is the recording's without its ending; where two would be the same they keep it, and where
    that does not help they are numbered.
    """
    places = list(places)
    short = [place.with_suffix("") for place in places]
    count = Counter(short)
    return numbered([bare if count[bare] == 1 else place for bare, place in zip(short, places, strict=True)])


def numbered(names: Sequence[Path]) -> list[Path]:
    """Return the same names, with a number behind those that are there before."""
    names, taken = list(names), set()
    for i, name in enumerate(names):
        number = 1
        while names[i] in taken or (number > 1 and names[i] in names[i + 1 :]):
            number += 1
            names[i] = name.with_name(f"{name.name}-{number}")
        taken.add(names[i])
    return names


def output_files(places: Iterable[Path], formats: Sequence[str], out: Path) -> list[dict[str, Path]]:
    """Return for each recording the file below `out` of each format."""
    names = output_names(places)
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
