"""Many feature arrays in one zip file that fairseq reads by byte offset and length.

The entries are stored, not compressed, so ``<name>.zip:<offset>:<length>`` points straight at the
bytes of a ``.npy`` file (`fairseq.data.audio.audio_utils.read_from_stored_zip`).
"""

import io
import os
import zipfile
from pathlib import Path

import numpy as np

#: The oldest date a zip file can hold: the same features make the same bytes on any day.
EPOCH = (1980, 1, 1, 0, 0, 0)
READABLE = 0o644 << 16
ENTRY = "{:08d}.npy"
#: Where the name of the first entry stands in an archive, and that name.
FIRST_ENTRY = (zipfile.sizeFileHeader, ENTRY.format(0).encode())


class FeatureArchive:
    """Writes one archive; a context manager. It may grow beyond 4 GiB (zip64)."""

    def __init__(self, path: str | os.PathLike) -> None:
        self._path = Path(path)
        self._count = 0

    def __enter__(self) -> "FeatureArchive":
        self._file = open(self._path, "w+b")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_STORED, allowZip64=True)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._zip.close()
        finally:
            self._file.close()

    def add(self, features: np.ndarray) -> str:
        """Append an array as a version 1 ``.npy`` entry of little-endian float32.

        Args:
            features: shape (T, F).

        Returns:
            where it is: ``name.zip:offset:length``, the name without its folder.
        """
        buffer = io.BytesIO()
        array = np.ascontiguousarray(features, dtype="<f4")
        np.lib.format.write_array(buffer, array, version=(1, 0), allow_pickle=False)
        data = buffer.getvalue()
        # A running number: ids may be no file names, and their order is that of the manifest.
        entry = zipfile.ZipInfo(ENTRY.format(self._count), EPOCH)
        entry.external_attr = READABLE
        self._zip.writestr(entry, data)
        self._count += 1
        # The entry's bytes are the last ones written.
        return f"{self._path.name}:{self._file.tell() - len(data)}:{len(data)}"
