"""Files that cannot be read as audio, and what is said of them."""

import os
import re
import stat

import numpy as np

from interactive_st.errors import DataError

#: libsndfile's number for "does not exist or is not a regular file", which it also gives where its mp3 reader
#: finds no sound in a file that is there; and what it says of other formats then.
BAD_FILE, NOT_RECOGNISED = 7, "Format not recognised."


def require_audio_file(path: str | os.PathLike) -> None:
    """Make sure that a regular file is there.

    Raises:
        DataError: it is not, or the system refuses to look; or the name is empty.
    """
    if not os.fspath(path):
        raise DataError("an empty line or name where the path of an audio file is needed")
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # the last of what no file is called
        address = re.match("https?:/", os.fspath(path))
        advice = ", and addresses are not fetched; download it first" if address else ""
        raise DataError(f"{path}: no such audio file{advice}") from error
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    if stat.S_ISDIR(mode):
        raise DataError(f"{path}: is a folder; name the recordings in it")
    if not stat.S_ISREG(mode):
        # its length comes first, and a long one is read piece by piece
        reason = "is not a regular file, and audio is read more than once; save it to a file and name that"
        raise DataError(f"{path}: {reason}")


def cut_off(path: str | os.PathLike, read: float, promised: float) -> DataError:
    """Return the error for a file of which less can be read than it says that it holds; both in seconds."""
    return DataError(
        f"{os.fspath(path)}: damaged or cut off, {read:.2f} s of {promised:.2f} s could be read"
    )


def require_finite(path: str | os.PathLike, samples: np.ndarray) -> None:
    """Make sure that the samples of a file, of any shape, are numbers.

    Raises:
        DataError: some are NaN or infinite.
    """
    if not np.isfinite(samples).all():
        raise DataError(f"{os.fspath(path)}: holds NaN or infinite samples")


def unreadable(path: str | os.PathLike, error: Exception) -> DataError:
    """Return the error for a file that is there, from the one that its reader raised."""
    reason = getattr(error, "error_string", error)
    if getattr(error, "code", None) == BAD_FILE:
        reason = NOT_RECOGNISED
    return DataError(f"{os.fspath(path)}: not readable as audio ({reason})")
