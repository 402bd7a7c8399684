"""Files that a command writes: refused before its work where they cannot be, and never half-written."""

import errno
import os
import platform
import re
import tempfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from interactive_st.errors import DataError

#: A full disk, a quota that is used up, a file larger than the system or the user's limit allows.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
#: Characters of a file's name kept in its temporary name: names have at most 255 bytes, characters up to 4.
NAME_PART = 58
#: Holds another text each time that a machine starts.
BOOT = Path("/proc/sys/kernel/random/boot_id")


def check_file(
    path: Path, option: str, makes_folder: bool = False, inputs: Iterable[Path] = ()
) -> None:
    """Refuse a file that cannot be written, before the work is done.

    Args:
        path: the file.
        option: that names it.
        makes_folder: its folder is made when it is written, as `write_whole` does, and need not be there.
        inputs: files that are read, which it would replace.

    Raises:
        DataError: naming the option that says where.
    """
    folder = path.resolve().parent
    # not Path's own, which raise errors where one may not look
    if os.path.isdir(path):
        raise DataError(f"{option} {path}: is a folder; name a file")
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe or a device, which is written in place
        return
    if os.path.exists(path) and any(os.path.exists(each) and os.path.samefile(path, each) for each in inputs):
        raise DataError(f"{option} {path}: is one of the files to read; choose another name")
    if makes_folder:
        check_folder(folder, f"{option} {path}")
        return
    if not os.path.isdir(folder):
        raise DataError(f"{option} {path}: there is no folder {path.parent}; make it, or name another")
    _try(folder, f"{option} {path}")


def check_folder(path: Path, what: str) -> None:
    """Refuse a folder in which nothing can be written; it need not be there, and is not made.

    Args:
        path: the folder.
        what: begins the message, such as the option and its value.

    Raises:
        DataError: it cannot be made, or nothing can be written there.
    """
    path = path.resolve()
    # not Path's own, which raise errors where one may not look
    nearest = next(folder for folder in (path, *path.parents) if os.path.exists(folder))
    if not os.path.isdir(nearest):
        raise DataError(f"{what}: {nearest} is a file; give a folder")
    _try(nearest, what)


def write_whole(path: Path, text: str) -> None:
    """Write a file in one step, making its folder: readers see the old file or the whole new one.

    Raises:
        OSError: it cannot be written.
    """
    make_folder(path.parent)
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8", newline="\n")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, if it is not there; of a link to none, the one that it names.

    Raises:
        OSError: it cannot be made.
    """
    os.makedirs(os.path.realpath(folder), exist_ok=True)


def not_written(out: Path | str, error: Exception, *states: str) -> str:
    """The message for a file or folder that cannot be written; it says how to fix it.

    Args:
        out: what was to be written; an option may stand before it.
        error: of the system; or a library's own, which has no number: mostly a full disk.
        states: what there is now, such as "nothing was left".
    """
    reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
    advice = "free space or choose" if getattr(error, "errno", None) in (None, *NO_ROOM) else "choose"
    now = "".join(f"{state}; " for state in states)
    return f"{out}: cannot be written ({reason}); {now}{advice} another place"


@contextmanager
def explained(out: Path, numbers: Collection[int] | None = None) -> Iterator[None]:
    """Replace an OSError, which names a temporary file or none, by a DataError that names `out`; and what
    is raised by texts that are not Unicode.

    Args:
        out: what is being made.
        numbers: errno values to convert; all if None.

    Raises:
        DataError: one was raised in the block.
    """
    try:
        yield
    except OSError as error:
        if numbers is not None and error.errno not in numbers:
            raise
        raise DataError(not_written(out, error, "nothing was left")) from error
    except UnicodeEncodeError as error:
        wrong = not_unicode(error.object)
        raise DataError(
            f"{out}: cannot be written, as a text or a name of what it shows holds {wrong}, which is no "
            "character; correct it, or rename the file"
        ) from error


def not_unicode(text: str) -> str:
    """Return, as ASCII, the first half of a surrogate pair in a text, which stands for no character: of JSON
    that was cut, or for a byte of a name that is not UTF-8. Empty if there is none."""
    return next((ascii(letter) for letter in text if "\ud800" <= letter <= "\udfff"), "")


def make_parents(out: Path) -> None:
    """Make the folders above a file or folder.

    Raises:
        DataError: one of them is a file.
        OSError: they cannot be made.
    """
    file = next((path for path in out.parents if path.exists() and not path.is_dir()), None)
    if file is not None:
        raise DataError(f"{out}: cannot be made, as {file} is a file; choose another place")
    out.parent.mkdir(parents=True, exist_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield another file to write, which becomes `path` in one step; nothing is left where the block fails.

    What is not a file, such as a pipe or ``/dev/null``, is itself yielded, and a link stays one. A killed
    process leaves its file (``.NAME.MACHINE-PROCESS.tmp``), which the next process that writes in this folder
    removes, on the same machine and before that starts again.

    Raises:
        OSError: the folder does not exist or cannot be written.
    """
    if path.exists() and not path.is_file():
        yield path
        return
    path = Path(os.path.realpath(path))
    # beside the target, because a rename is atomic within one file system only; of a long name only the
    # beginning, so that the temporary name is allowed wherever the target's is
    unfinished = path.with_name(f".{path.name[:NAME_PART]}.{_processes()}-{os.getpid()}.tmp")
    _remove_left(path.parent)
    try:
        yield unfinished
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def machine(part: str = "") -> str:
    """Return eight hexadecimal digits for this machine, in names of files; others for each `part` of it."""
    return f"{zlib.crc32(os.fsencode(platform.node() + part)):08x}"


def umask() -> int:
    """Return which permissions new files are not given; the system tells only by setting them."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _processes() -> str:
    """`machine` for the processes that this one can see: a container may be named like its machine, and two
    machines that share a folder be named alike, whose starts are not."""
    with suppress(OSError):
        return machine(os.readlink("/proc/self/ns/pid") + BOOT.read_text())
    return machine()


@cache  # once a folder: translate writes many files into one
def _remove_left(folder: Path) -> None:
    """Remove what processes that have ended left of `replacing`; what cannot be removed stays."""
    pattern = re.compile(rf"\..+\.{_processes()}-(\d{{1,9}})\.tmp", re.DOTALL)
    with suppress(OSError):
        for name in os.listdir(folder):
            match = pattern.fullmatch(name)
            if match and not _runs(int(match[1])):
                os.unlink(folder / name)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)  # asks only
    except ProcessLookupError:
        return False
    except OSError:  # it is of another user
        pass
    return True


def _try(folder: Path, what: str) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = f"nothing can be written there ({error.strerror}); choose another place"
        raise DataError(f"{what}: {reason}") from error
