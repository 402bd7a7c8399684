"""Archives of features, read back by fairseq."""

import zipfile

import numpy as np
from fairseq.data.audio.audio_utils import get_features_or_waveform
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interactive_st.data.features.archive import FeatureArchive


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(lengths=st.lists(st.integers(1, 40), min_size=1, max_size=6), dim=st.integers(1, 90))
def test_fairseq_reads_back_what_was_added(tmp_path, lengths, dim):
    random = np.random.default_rng(dim)
    arrays = [random.normal(size=(n, dim)).astype(np.float32) for n in lengths]
    path = tmp_path / "a.b.zip"
    with FeatureArchive(path) as archive:
        entries = [archive.add(array) for array in arrays]
    for entry, array in zip(entries, arrays, strict=True):
        assert entry.startswith("a.b.zip:")
        read = get_features_or_waveform(str(tmp_path / entry))
        assert read.dtype == np.float32
        np.testing.assert_array_equal(read, array)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.namelist() == [f"{number:08d}.npy" for number in range(len(arrays))]


def test_entries_are_npy_version_1_of_float32(tmp_path):
    with FeatureArchive(tmp_path / "a.zip") as archive:
        archive.add(np.arange(6, dtype=">f8").reshape(2, 3).T)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        data = archive.read("00000000.npy")
    assert data[:8] == b"\x93NUMPY\x01\x00"
    assert b"'descr': '<f4', 'fortran_order': False" in data


def test_beyond_the_size_of_a_plain_zip(tmp_path, monkeypatch):
    # 4 GiB in a test is too much: with a lower limit, zipfile takes the same zip64 branches.
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 2000)
    arrays = [np.full((10, 80), i, np.float32) for i in range(3)]
    with FeatureArchive(tmp_path / "a.zip") as archive:
        entries = [archive.add(array) for array in arrays]
    monkeypatch.undo()
    for entry, array in zip(entries, arrays, strict=True):
        np.testing.assert_array_equal(get_features_or_waveform(str(tmp_path / entry)), array)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 3


def test_same_features_same_bytes(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        with FeatureArchive(tmp_path / name / "x.zip") as archive:
            archive.add(np.ones((3, 4), np.float32))
    assert (tmp_path / "a/x.zip").read_bytes() == (tmp_path / "b/x.zip").read_bytes()
