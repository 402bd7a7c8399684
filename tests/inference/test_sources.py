import os
import tracemalloc

import numpy as np
import pytest
import soundfile
import torch

from interactive_st.data.audio import media
from interactive_st.data.audio.waveform import load_audio
from interactive_st.errors import DataError
from interactive_st.inference import sources
from interactive_st.inference.sources import ArraySource, FileSource, MediaSource, open_file
from tests.media_files import write_media


@pytest.fixture
def stereo(tmp_path):
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (25 * 11025, 2)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 11025, subtype="FLOAT")
    return tmp_path / "a.wav"


class TestFileSource:
    def test_whole_is_what_training_reads(self, stereo):
        source = FileSource(stereo)
        assert source.duration == 25.0
        assert source.name == str(stereo)
        assert np.array_equal(source.whole(8000), load_audio(stereo, 8000)[0])

    @pytest.mark.parametrize("rate", [11025, 8000, 16000])
    def test_blocks_are_the_whole(self, stereo, rate):
        source = FileSource(stereo)
        blocks = list(source.blocks(rate))
        assert len(blocks) >= 3
        joined = np.concatenate(blocks)
        assert joined.dtype == np.float32
        whole = source.whole(rate)
        assert abs(len(joined) - len(whole)) <= 1
        length = min(len(joined), len(whole))
        np.testing.assert_allclose(joined[:length], whole[:length], atol=1e-4)

    def test_missing_file(self, tmp_path):
        with pytest.raises(DataError, match=r"none\.wav: no such audio file"):
            FileSource(tmp_path / "none.wav")
        with pytest.raises(DataError, match="an empty line or name where"):
            open_file("")
        with pytest.raises(DataError, match="no such audio file"):
            FileSource("no\0name.wav")

    def test_no_regular_file(self, tmp_path):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(DataError, match=r"pipe: is not a regular file, .*; save it to a file and"):
            FileSource(tmp_path / "pipe")
        with pytest.raises(DataError, match="is a folder; name the recordings in it"):
            FileSource(tmp_path)

    def test_no_audio(self, tmp_path):
        (tmp_path / "text.wav").write_text("not a recording")
        with pytest.raises(DataError, match=r"text\.wav: not readable as audio"):
            FileSource(tmp_path / "text.wav")

    @pytest.mark.parametrize("read", [open_file, load_audio])
    def test_another_kind_of_file_named_mp3(self, tmp_path, read):
        """libsndfile says of it that it does not exist."""
        path = tmp_path / "pdf.mp3"
        path.write_bytes(np.random.default_rng(0).bytes(20000))
        with pytest.raises(DataError, match=r"pdf\.mp3: not readable as audio \(Format not recognised\.\)$"):
            read(path)

    def test_empty(self, tmp_path):
        soundfile.write(tmp_path / "empty.wav", np.zeros(0), 8000)
        with pytest.raises(DataError, match="zero length"):
            FileSource(tmp_path / "empty.wav")

    def test_nan(self, tmp_path):
        samples = np.zeros(8000, dtype=np.float32)
        samples[70] = np.nan
        soundfile.write(tmp_path / "nan.wav", samples, 8000, subtype="FLOAT")
        with pytest.raises(DataError, match="NaN"):
            list(FileSource(tmp_path / "nan.wav").blocks(8000))

    def test_cut_off(self, tmp_path):
        """A header that promises more than there is, as after an interrupted copy."""
        path = tmp_path / "cut.flac"
        soundfile.write(path, np.random.default_rng(0).uniform(-1, 1, 80000), 8000)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        with pytest.raises(DataError, match=r"cut\.flac: (damaged or cut off|not readable)"):
            list(FileSource(path).blocks(8000))

    def test_cut_off_after_the_first_block(self, tmp_path):
        """Of an mp3 file what is there can be read: nothing of it comes twice in place of the rest."""
        path = tmp_path / "cut.mp3"
        samples = np.random.default_rng(0).uniform(-0.5, 0.5, 32 * 8000)
        soundfile.write(path, samples, 8000)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        read = []
        with pytest.raises(DataError, match=r"cut\.mp3: damaged or cut off, 1\d\.\d\d s of 32\.00 s"):
            read.extend(FileSource(path).blocks(8000))
        assert 15 < sum(map(len, read)) / 8000 < 17

    def test_cut_off_wav(self, stereo):
        """However long it is: soundfile silently reads a shorter file."""
        content = stereo.read_bytes()
        stereo.write_bytes(content[: len(content) // 2])
        with pytest.raises(DataError, match=r"a\.wav: damaged or cut off, 12\.50 s of 25\.00 s"):
            FileSource(stereo)


class TestMediaSource:
    @pytest.fixture
    def video(self, tmp_path):
        samples = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 25 * 11025))
        return write_media(tmp_path / "a.mp4", samples, 11025, start=1.0, video=26.0)

    def test_files_are_opened_by_their_names(self, video, stereo):
        assert isinstance(open_file(video), MediaSource)
        assert isinstance(open_file(stereo), FileSource)

    @pytest.mark.parametrize("rate", [11025, 16000])
    def test_blocks_are_the_whole(self, video, rate):
        source = open_file(video)
        assert source.name == str(video)
        blocks = list(source.blocks(rate))
        assert len(blocks) >= 3
        joined, whole = np.concatenate(blocks), source.whole(rate)
        assert np.array_equal(whole, load_audio(video, rate)[0])
        assert abs(len(joined) - len(whole)) <= 1
        length = min(len(joined), len(whole))
        np.testing.assert_allclose(joined[:length], whole[:length], atol=1e-4)
        assert source.duration == pytest.approx(len(whole) / rate, abs=1e-3)

    def test_a_long_one_is_decoded_once(self, tmp_path, monkeypatch):
        """Its exact length, which a Matroska file does not state, is known at its end."""
        samples = np.random.default_rng(0).uniform(-0.5, 0.5, 25 * 11025)
        path = write_media(tmp_path / "a.mkv", samples, 11025)
        exact, decoded, sound = media.seconds(path), [], media.sound
        monkeypatch.setattr(media, "sound", lambda path: decoded.append(path) or sound(path))
        monkeypatch.setattr(sources, "SEEMS_LONG", 10.0, raising=False)
        source = open_file(path)
        assert source.duration == pytest.approx(exact, abs=0.2)
        assert sum(map(len, source.blocks(11025))) == round(exact * 11025)
        assert source.duration == exact
        assert len(decoded) == 1
        source = open_file(path)  # where pieces may be as long
        assert source.duration != exact
        assert len(source.whole(11025)) == round(exact * 11025)
        assert source.duration == exact

    def test_no_regular_file(self, tmp_path):
        os.mkfifo(tmp_path / "pipe.mp4")
        with pytest.raises(DataError, match=r"pipe\.mp4: is not a regular file"):
            open_file(tmp_path / "pipe.mp4")


class TestArraySource:
    samples = np.random.default_rng(1).uniform(-0.9, 0.9, 25000).astype(np.float32)

    def test_kinds_of_samples_are_the_same(self):
        expected = ArraySource(self.samples, 8000).whole(8000)
        assert np.array_equal(expected, self.samples)
        for same in (
            torch.from_numpy(self.samples),
            self.samples.astype(np.float64),
            self.samples[None],
            self.samples[:, None],
            np.stack([self.samples, self.samples]),
        ):
            assert np.array_equal(ArraySource(same, 8000).whole(8000), expected)

    def test_channels_are_averaged(self):
        both = np.stack([self.samples, -self.samples / 2], axis=1)
        np.testing.assert_allclose(ArraySource(both, 8000).whole(8000), self.samples / 4, atol=1e-6)

    def test_integers_are_scaled(self):
        integers = np.array([0, 16384, -32768], dtype=np.int16)
        assert ArraySource(integers, 8000).whole(8000).tolist() == [0.0, 0.5, -1.0]
        assert ArraySource(torch.from_numpy(integers), 8000).whole(8000).tolist() == [0.0, 0.5, -1.0]

    @pytest.mark.parametrize(("kind", "most"), [(np.float32, 2), (np.float64, 6), (np.int16, 6)])
    def test_long_recordings_are_not_copied_more_than_once(self, kind, most):
        """In bytes a sample, of which single precision takes 4 and looking for NaN 1."""
        samples = np.ones(1_000_000, dtype=kind)
        tracemalloc.start()
        try:
            source = ArraySource(samples, 16000)
            assert tracemalloc.get_traced_memory()[1] <= most * len(samples)
        finally:
            tracemalloc.stop()
        assert source.duration == 62.5

    def test_half_precision(self):
        assert ArraySource(torch.tensor([0.5, -0.25], dtype=torch.bfloat16), 8000).whole(8000).tolist() == [
            0.5,
            -0.25,
        ]

    def test_resamples(self):
        source = ArraySource(np.tile(self.samples, 10), 16000)
        whole, blocks = source.whole(8000), np.concatenate(list(source.blocks(8000)))
        assert len(whole) == source.duration * 8000 == 125000
        assert abs(len(blocks) - len(whole)) <= 1
        np.testing.assert_allclose(blocks[:124000], whole[:124000], atol=1e-4)

    @pytest.mark.parametrize(
        ("samples", "message"),
        [
            (np.zeros((2, 3, 4)), "shape"),
            (np.zeros(0), "shape"),
            (np.zeros((2, 0)), "shape"),
            (np.array(["a"]), "type"),
            (np.array([0.0, np.inf]), "NaN, or values that are infinite"),
            ([0, 12000, -12000], "samples of type int64, which numpy and torch make .* as int16 or int32"),
            (np.array([0, 12000], ">i8"), "samples of type int64, which"),
            (np.array([0.0, 1e300]), "NaN, or values that are infinite"),
            (np.array([0.0, -12000.0]), r"reach 12000, .* is 1\.0; divide them by .* 32768 of int16"),
        ],
    )
    def test_no_samples(self, samples, message):
        with pytest.raises(DataError, match=message):
            ArraySource(samples, 8000)


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32])
def test_integers_of_any_size_are_scaled_by_their_range(kind):
    """soundfile.read(dtype="int32") gives such."""
    low = np.iinfo(kind).min
    samples = np.array([0, low // 2, low, -(low // 4)], dtype=kind)
    assert ArraySource(samples, 8000).whole(8000).tolist() == [0.0, -0.5, -1.0, 0.25]
