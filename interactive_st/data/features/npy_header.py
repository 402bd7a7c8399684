"""Reads what the header of a ``.npy`` array says, in the versions that NumPy writes for numbers."""

from typing import BinaryIO

import numpy as np

_READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_npy_header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Return shape, whether the order is Fortran's, and type of the array that begins here.

    The file stands at the first number afterwards.

    Raises:
        ValueError: it is not such a header.
    """
    version = np.lib.format.read_magic(file)
    if version not in _READERS:
        raise ValueError(f".npy of version {version[0]}.{version[1]}, which is not known here")
    return _READERS[version](file)
