"""mp3 files that hold more than they say."""

import numpy as np
import pytest
import soundfile

from interactive_st.data.audio import ENCODER_PADDING, load_audio
from interactive_st.data.errors import DataError
from interactive_st.data.mp3_frames import seconds_of_frames
from interactive_st.inference.sources import FileSource

ID3V2 = b"ID3\x04\x00\x00\x00\x00\x02\x01" + bytes(2 * 128 + 1)
ID3V1 = b"TAG" + bytes(125)


def swelling(seconds: float, rate: int) -> np.ndarray:
    """Noise of which the beginning takes few bits."""
    count = round(seconds * rate)
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, count)
    return (noise * np.linspace(0, 1, count) ** 6).astype(np.float32)


@pytest.fixture
def made(tmp_path):
    """Makes an mp3 file of 4 s, and returns it with what is in it."""

    def make(rate=16000, channels=1, **options):
        path = tmp_path / "a.mp3"
        samples = np.repeat(swelling(4.0, rate)[:, None], channels, axis=1)
        soundfile.write(path, samples, rate, **options)
        return path, path.read_bytes()

    return make


@pytest.mark.parametrize("mode", ["CONSTANT", "AVERAGE", "VARIABLE"])
@pytest.mark.parametrize("rate", [8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000])
def test_all_frames_are_counted_and_no_more(made, rate, mode):
    path, content = made(rate, channels=1 + rate % 2, bitrate_mode=mode, compression_level=0.3)
    once = seconds_of_frames(path)
    assert 4.0 <= once <= 4.0 + ENCODER_PADDING / 2
    path.write_bytes(ID3V2 + content + ID3V1 + ID3V2 + content + b"\0\0\0\0 something")
    assert seconds_of_frames(path) == pytest.approx(2 * once)
    assert len(load_audio(made(rate)[0])[0]) == 4 * rate


def test_a_frame_that_is_not_all_there_does_not_count(made):
    path, content = made()
    whole = seconds_of_frames(path)
    path.write_bytes(content[:-1])
    assert seconds_of_frames(path) == pytest.approx(whole - 576 / 16000)


def test_what_is_no_mp3_file_has_none(tmp_path):
    beginnings = (b"", b"\xff", b"\xff\xfb", b"RIFF....", b"\xff\xf1\x50\x80", b"\xff\xfb\xf0\x00", b"ID3")
    for content in beginnings:
        (tmp_path / "a").write_bytes(content)
        assert seconds_of_frames(tmp_path / "a") == 0.0


def test_files_put_behind_each_other_are_refused(made):
    path, content = made()
    path.write_bytes(content + content)
    for read in (load_audio, FileSource):
        with pytest.raises(DataError, match=r"a\.mp3: holds 8\.\d\d s and says 4\.00 s, .*; write it"):
            read(path)
    assert len(load_audio(path, offset=1.0, duration=2.0)[0]) == 32000, "what is asked for is there"


def test_a_guessed_length_is_not_believed(made):
    """Without the frame that says it, libsndfile takes all frames to be as large as the first."""
    path, content = made(bitrate_mode="VARIABLE", compression_level=0.3)
    tagged = content.index(b"Xing")
    second = content.index(content[:2], tagged)
    path.write_bytes(content[second:])
    with pytest.raises(DataError, match=r"a\.mp3: (holds 4|damaged or cut off)"):
        load_audio(path)
