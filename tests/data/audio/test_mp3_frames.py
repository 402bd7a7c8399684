"""mp3 files that hold more than they say, or say nothing."""

import sys

import numpy as np
import pytest
import soundfile

from interactive_st.data.audio.mp3_frames import says_its_length, seconds_of_frames
from interactive_st.data.audio.waveform import ENCODER_PADDING, load_audio
from interactive_st.errors import DataError
from interactive_st.inference.sources import open_file

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


def test_which_say_their_length(made):
    path, content = made()
    for before in (b"", ID3V2, ID3V2 + ID3V2):
        path.write_bytes(before + content)
        assert says_its_length(path)
        path.write_bytes(before + without_header(content))
        assert not says_its_length(path)
    path.write_bytes(b"")
    assert not says_its_length(path)


def without_header(content):
    """The frames of sound alone: libsndfile then takes all of them to be as large as the first."""
    return content[content.index(content[:2], content.index(b"Xing") if b"Xing" in content else 200) :]


def test_of_files_put_behind_each_other_all_is_read(made):
    path, content = made()
    once, _ = load_audio(path)
    path.write_bytes(content + content)
    twice, rate = load_audio(path)
    assert rate == 16000
    assert len(twice) / rate == pytest.approx(8.0, abs=0.2)
    np.testing.assert_allclose(twice[: 3 * rate], once[: 3 * rate], atol=1e-3)
    assert np.array_equal(load_audio(path, offset=5.0, duration=2.0)[0], twice[5 * rate : 7 * rate])
    source = open_file(path)
    assert source.duration == len(twice) / rate
    assert np.array_equal(np.concatenate(list(source.blocks(rate))), twice)


def test_tags_between_files_put_behind_each_other_are_left_out(made):
    path, content = made()
    picture = b"ID3\x03\x00\x00\x00\x00\x40\x00" + bytes(range(256)) * 32
    path.write_bytes(picture + content + picture + content + ID3V1)
    samples, rate = load_audio(path)
    assert len(samples) / rate == pytest.approx(8.0, abs=0.2)


def test_files_of_two_rates_put_behind_each_other(made):
    path, content = made(16000)
    _, other = made(24000)
    path.write_bytes(content + other)
    samples, rate = load_audio(path)
    assert rate == 16000
    assert len(samples) / rate == pytest.approx(8.0, abs=0.3)


@pytest.mark.parametrize("swells", [True, False])
def test_a_guessed_length_is_not_believed(made, swells):
    """It is too short where the loud part, with larger frames, comes at the end, and else too long."""
    options = {"bitrate_mode": "VARIABLE", "compression_level": 0.3}
    path, content = made(**options)
    if not swells:
        soundfile.write(path, swelling(4.0, 16000)[::-1], 16000, **options)
        content = path.read_bytes()
    whole, rate = load_audio(path)
    path.write_bytes(without_header(content))
    guessed = soundfile.info(path).duration
    assert guessed > 5.0 if swells else guessed < 3.0
    samples, _ = load_audio(path)
    assert len(samples) / rate == pytest.approx(4.0, abs=0.2)
    loud = np.abs(whole).argmax() / rate
    assert np.abs(samples).argmax() / rate == pytest.approx(loud, abs=0.1)


def test_without_pyav_they_are_refused(made, monkeypatch):
    path, content = made()
    monkeypatch.setitem(sys.modules, "av", None)
    assert len(load_audio(path)[0]) == 64000
    path.write_bytes(content + content)
    message = r"a\.mp3: holds 8\.\d\d s .* takes it for 4\.00 s, .*; PyAV reads it"
    for read in (load_audio, open_file):
        with pytest.raises(DataError, match=message):
            read(path)


def test_one_that_says_more_than_there_is_was_cut_off(made):
    path, content = made()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"a\.mp3: damaged or cut off"):
        load_audio(path)
