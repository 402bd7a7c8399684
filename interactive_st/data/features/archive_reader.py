"""Reads features out of stored archives, each of which is opened once in a process.

fairseq opens and maps the whole archive for every utterance, and copies its bytes twice.
"""

import io
import mmap

import numpy as np

from interactive_st.data.features.npy_header import read_npy_header

_HEADER_BYTES = 4096  # of a .npy file, at most


class FeatureReader:
    """Arrays of ``.npy`` entries, as views into the archives that hold them.

    An archive stays mapped while the reader lives. A copy of the reader, and what a worker process is given,
    maps them anew.
    """

    def __init__(self) -> None:
        self._maps: dict[str, mmap.mmap] = {}

    def read(self, archive: str, offset: int, length: int) -> np.ndarray:
        """The array in ``length`` bytes from ``offset`` on; it cannot be written to.

        Raises:
            OSError: the archive cannot be read.
            ValueError: there is no array in that place.
        """
        data = self._map(archive)
        if offset < 0 or length <= 0 or offset + length > len(data):
            raise ValueError(f"bytes {offset} to {offset + length} are not in a file of {len(data)} bytes")
        head = io.BytesIO(data[offset : offset + min(length, _HEADER_BYTES)])
        shape, fortran_order, dtype = read_npy_header(head)
        if dtype.hasobject or head.tell() + dtype.itemsize * int(np.prod(shape)) > length:
            raise ValueError(f"an array of shape {shape} and type {dtype} does not fit into {length} bytes")
        array = np.frombuffer(data, dtype, int(np.prod(shape)), offset + head.tell())
        return array.reshape(shape, order="F" if fortran_order else "C")

    def _map(self, archive: str) -> mmap.mmap:
        if archive not in self._maps:
            with open(archive, "rb") as file:
                self._maps[archive] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        return self._maps[archive]

    def __getstate__(self) -> dict:
        return {"_maps": {}}
