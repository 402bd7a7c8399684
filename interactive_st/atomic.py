"""A folder that appears at once, when everything in it has been written."""

import contextlib
import fcntl
import glob
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from interactive_st.errors import DataError
from interactive_st.wording import listed, shown_on
from interactive_st.writing import NO_ROOM, explained, machine, make_parents, umask

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def atomic_folder(
    out: str | os.PathLike,
    replaces: str | None = None,
    check: Callable[[Path], None] | None = None,
) -> Iterator[Path]:
    """Yield a temporary folder beside `out` that becomes `out` when the block ends well.

    If the block raises, the temporary folder is removed and `out` is as it was. A killed process
    leaves only its temporary folder (``.NAME.preparing-…``), which the next run for the same `out` on
    the same machine removes; it knows by a lock that nobody writes there any more. Other machines cannot
    know, as network file systems do not lock folders for them, and leave it alone, with a warning.

    Args:
        out: the folder to make; its parents are made as well.
        replaces: a file name; an existing `out` that holds such a file is replaced. Without it, or
            without the file, `out` must be new or empty.
        check: is given the folder that would be replaced, and raises an error if it may not be.

    Raises:
        DataError: `out` may not be made or replaced.
    """
    out = Path(out).resolve()
    unfinished, replaced = f".{out.name}.preparing-", out.with_name(f".{out.name}.replaced")
    prefix = f"{unfinished}{machine()}-"
    with explained(out):
        if replaced.exists() and not out.exists():
            replaced.rename(out)  # a run was killed between the two renames below
        check_out(out, replaces, check)
        make_parents(out)
        others = sorted(out.parent.glob(f"{glob.escape(unfinished)}*"))
        left = [path for path in others if not (path.name.startswith(prefix) and _remove_if_stale(path))]
        if left:
            names = shown_on(sys.stderr, listed([str(path) for path in left]))  # where logging shows them
            logger.warning(
                f"{names}: unfinished, of a run of another machine or user; "
                "if it has ended, remove that by hand"
            )
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=out.parent))
    with _lock(folder):
        try:
            with explained(out, NO_ROOM):
                yield folder
            folder.chmod(0o777 & ~umask())  # mkdtemp makes it private
            check_out(out, replaces, check)  # hours may have passed
            if replaces is not None and out.exists():
                shutil.rmtree(replaced, ignore_errors=True)
                out.rename(replaced)
            try:
                folder.rename(out)  # which fails where something has just appeared there
            except OSError:
                if replaced.exists() and not out.exists():
                    replaced.rename(out)
                raise
            if replaced.exists():  # a run that is killed while it is removed leaves nothing that comes back
                replaced.rename(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def refuse_foreign(folder: Path, foreign: Sequence[str], kind: str) -> None:
    """Make sure that a folder that is to be replaced holds nothing that would be lost with it.

    Args:
        folder: it.
        foreign: names of what in it is no part of such a folder.
        kind: what it is called, such as ``data folder``.

    Raises:
        DataError: there are such names.
    """
    if foreign:
        raise DataError(
            f"{folder}: holds {listed(foreign)}, no part of a {kind}, which "
            "--overwrite would delete; move that elsewhere, or choose a new folder"
        )


def check_out(out: Path, replaces: str | None, check: Callable[[Path], None] | None) -> None:
    """Make sure that `atomic_folder`, which has the same arguments, may make or replace `out`.

    Raises:
        DataError: it may not.
    """
    if not out.exists():
        return
    if not out.is_dir():
        raise DataError(f"{out}: is a file; give a folder")
    if not any(out.iterdir()):
        return
    if replaces is None:
        raise DataError(f"{out}: is not empty; choose a new folder, or pass --overwrite")
    if not (out / replaces).is_file():
        raise DataError(
            f"{out}: is not empty and has no {replaces}, so it is not what --overwrite may replace; "
            "choose a new folder"
        )
    if check is not None:
        check(out)


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Hold the lock on a folder by which `_remove_if_stale` knows that it is in use."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _remove_if_stale(folder: Path) -> bool:
    """Remove a temporary folder if the process that made it has ended; return whether it is gone or used."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # removed by its owner just now, or of another user
        return not folder.exists()
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
