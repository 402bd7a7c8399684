"""Features read by offset equal what fairseq reads, and each archive is opened once."""

import copy
import io
import pickle

import numpy as np
import pytest
from fairseq.data.audio.audio_utils import get_features_or_waveform

from interactive_st.data.features.archive import FeatureArchive
from interactive_st.data.features.archive_reader import FeatureReader


@pytest.fixture
def archive(tmp_path):
    """Path and places of three arrays."""
    arrays = [np.random.default_rng(i).normal(size=(5 + i, 3)).astype("<f4") for i in range(3)]
    path = tmp_path / "train.zip"
    with FeatureArchive(path) as file:
        places = [file.add(array) for array in arrays]
    return path, [tuple(map(int, place.split(":")[1:])) for place in places], arrays


def test_arrays_are_those_that_fairseq_reads(archive):
    path, places, arrays = archive
    reader = FeatureReader()
    for (offset, length), array in zip(places, arrays, strict=True):
        found = reader.read(str(path), offset, length)
        assert np.array_equal(found, array)
        assert np.array_equal(found, get_features_or_waveform(f"{path}:{offset}:{length}"))


def test_an_archive_is_opened_once_and_by_each_copy(archive, monkeypatch):
    path, places, arrays = archive
    reader = FeatureReader()
    reader.read(str(path), *places[0])
    others = [copy.deepcopy(reader), pickle.loads(pickle.dumps(reader))]
    path.unlink()
    assert np.array_equal(reader.read(str(path), *places[2]), arrays[2])
    for other in others:
        with pytest.raises(FileNotFoundError):
            other.read(str(path), *places[0])


def test_columns_first_and_longer_headers(tmp_path):
    array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, version=(2, 0))
    (tmp_path / "x.zip").write_bytes(b"before" + buffer.getvalue())
    found = FeatureReader().read(str(tmp_path / "x.zip"), 6, len(buffer.getvalue()))
    assert np.array_equal(found, array)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda offset, length: (offset, 10**9), "are not in a file of"),
        (lambda offset, length: (-1, length), "are not in a file of"),
        (lambda offset, length: (offset + 1, length - 1), "magic"),
        (lambda offset, length: (offset, length - 4), "does not fit"),
    ],
)
def test_places_that_hold_no_array(archive, change, message):
    path, places, _ = archive
    with pytest.raises(ValueError, match=message):
        FeatureReader().read(str(path), *change(*places[0]))
