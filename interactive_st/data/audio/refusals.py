"""What is said of a file that cannot be read as audio."""

import os

from interactive_st.errors import DataError

#: libsndfile's number for "does not exist or is not a regular file", which it also gives where its mp3 reader
#: finds no sound in a file that is there; and what it says of other formats then.
BAD_FILE, NOT_RECOGNISED = 7, "Format not recognised."


def unreadable(path: str | os.PathLike, error: Exception) -> DataError:
    """Return the error for a file that is there, from the one that its reader raised."""
    reason = getattr(error, "error_string", error)
    if getattr(error, "code", None) == BAD_FILE:
        reason = NOT_RECOGNISED
    return DataError(f"{os.fspath(path)}: not readable as audio ({reason})")
