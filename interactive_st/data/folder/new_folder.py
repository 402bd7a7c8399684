"""Makes a data folder, or replaces one, without deleting what is somebody else's.

`--overwrite` removes the folder that is there: it must hold nothing that cannot be made again.
"""

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from interactive_st.atomic import atomic_folder, check_out, refuse_foreign
from interactive_st.data.features.archive import FIRST_ENTRY
from interactive_st.data.folder.layout import (
    COLUMNS,
    CONFIG,
    DICTIONARY,
    GLOBAL_CMVN,
    MODEL,
    MT_FOLDER,
    SKIPPED,
    VOCAB,
)
from interactive_st.errors import DataError

_NAMES = (CONFIG, DICTIONARY, GLOBAL_CMVN, MODEL, SKIPPED, VOCAB)
_HEADER = "\t".join(COLUMNS).encode() + b"\n"
_DICTIONARY_COPY = re.compile(r"dict\.[^.]+\.txt")
_TRANSLATION_TEXT = re.compile(r"(.+)\.[^.]+-[^.]+\.[^.]+")  # train.en-de.de


@contextlib.contextmanager
def new_data_folder(
    out: str | os.PathLike, inputs: Iterable[str | os.PathLike], overwrite: bool
) -> Iterator[Path]:
    """Yield a temporary folder that becomes `out`, see `atomic_folder`.

    Args:
        out: the data folder to make.
        inputs: files and folders that it is made from; looked at only where `out` holds something.
        overwrite: replace a data folder at `out`.

    Raises:
        DataError: `out` may not be made or replaced.
    """
    if overwrite and Path(out).is_dir() and any(Path(out).iterdir()):
        refuse_inputs(out, inputs)
    with atomic_folder(out, CONFIG if overwrite else None, _check) as folder:
        yield folder


def check_place(out: str | os.PathLike, overwrite: bool) -> None:
    """Make sure that a data folder may be made at `out`, without making it: `new_data_folder` asks again.

    Raises:
        DataError: it may not be.
    """
    refuse_colon(out)
    check_out(Path(out), CONFIG if overwrite else None, _check)


def refuse_colon(out: str | os.PathLike) -> None:
    """Make sure that fairseq could read archives in the folder `out`, whose places it writes behind colons.

    Raises:
        DataError: there is one in the path.
    """
    target = Path(out).resolve()
    if ":" in str(target):
        raise DataError(f"{target}: fairseq cannot read archives in a path with ':'; choose another")


def refuse_inputs(out: str | os.PathLike, inputs: Iterable[str | os.PathLike]) -> None:
    """Make sure that no input would be deleted with the folder `out`.

    Raises:
        DataError: one would be.
    """
    target = Path(os.path.realpath(out))
    for path in inputs:
        if Path(os.path.realpath(path)).is_relative_to(target):
            raise DataError(f"{path}: is input, and inside {out}, the output; choose another --out")


def find_foreign(folder: Path) -> list[str]:
    """Return what in a data folder neither `prepare` nor `join` wrote, by names relative to it.

    Names of splits are free, so tables and archives are known by how they begin.
    """
    tables = {path.stem for path in folder.glob("*.tsv") if _begins(path, 0, _HEADER)}
    foreign = []
    for path in folder.iterdir():
        if path.name == MT_FOLDER and path.is_dir() and not path.is_symlink():
            foreign += [f"{MT_FOLDER}/{own.name}" for own in path.iterdir() if not _is_text(own, tables)]
        elif not _is_own(path, tables):
            foreign.append(path.name)
    return sorted(foreign)


def _check(folder: Path) -> None:
    refuse_foreign(folder, find_foreign(folder), "data folder")


def _is_own(path: Path, tables: set[str]) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    if path.suffix == ".zip":
        return _begins(path, *FIRST_ENTRY)
    return path.name in _NAMES or (path.suffix == ".tsv" and path.stem in tables)


def _is_text(path: Path, tables: set[str]) -> bool:
    """Tell whether a file in the folder `MT_FOLDER` is of `write_translation_text`."""
    if path.is_symlink() or not path.is_file():
        return False
    match = _TRANSLATION_TEXT.fullmatch(path.name)
    return bool(_DICTIONARY_COPY.fullmatch(path.name) or (match and match.group(1) in tables))


def _begins(path: Path, offset: int, content: bytes) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(len(content)) == content
    except OSError:
        return False
