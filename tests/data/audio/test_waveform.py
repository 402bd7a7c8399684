"""Reading audio: formats, channels, rates, segments, and what cannot be read."""

import os
import sys

import numpy as np
import pytest
import soundfile

from interactive_st.data.audio.channels import one_channel
from interactive_st.data.audio.file_size import require_whole
from interactive_st.data.audio.waveform import load_audio
from interactive_st.errors import DataError
from interactive_st.inference.sources import open_file
from tests.media_files import piped_flac

RATE = 16000


def tone(seconds: float, rate: int = RATE, frequency: float = 440.0) -> np.ndarray:
    return (0.4 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(
        np.float32
    )


def noise(seconds: float, rate: int = RATE, channels: int = 1) -> np.ndarray:
    samples = np.random.default_rng(3).normal(0, 0.1, (round(seconds * rate), channels))
    return samples.astype(np.float32)


@pytest.mark.parametrize(
    ("suffix", "tolerance"), [("wav", 1e-4), ("flac", 1e-4), ("ogg", 0.02), ("mp3", 0.02)]
)
def test_reads_every_format(tmp_path, suffix, tolerance):
    path = tmp_path / f"tone.{suffix}"
    soundfile.write(path, tone(1.0), RATE)
    samples, rate = load_audio(path)
    assert rate == RATE
    assert samples.dtype == np.float32
    assert samples.shape == (RATE,)
    middle = slice(4000, 12000)  # lossy codecs smear the ends
    assert np.abs(samples - tone(1.0))[middle].max() < tolerance


def test_channels_are_averaged(tmp_path):
    left, right = tone(0.5), tone(0.5, frequency=1000)
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], axis=1), RATE, subtype="FLOAT")
    samples, _ = load_audio(tmp_path / "a.wav")
    np.testing.assert_allclose(samples, (left + right) / 2, atol=1e-7)


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
def test_their_mean_is_that_of_numpy(channels):
    """In every bit, so that features do not change."""
    samples = noise(0.1, channels=channels).astype(np.float32).reshape(-1, channels)
    assert np.array_equal(one_channel(samples.T), samples.mean(axis=1))


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_resampling_keeps_the_signal(tmp_path, rate):
    soundfile.write(tmp_path / "a.wav", tone(1.0, rate), rate, subtype="FLOAT")
    samples, actual = load_audio(tmp_path / "a.wav", RATE)
    assert actual == RATE
    assert samples.shape == (RATE,)
    middle = slice(2000, 14000)
    assert np.abs(samples - tone(1.0))[middle].max() < 1e-3


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("channels", [1, 2])
def test_segment_equals_the_cut_of_the_whole(tmp_path, suffix, channels):
    path = tmp_path / f"noise.{suffix}"
    soundfile.write(path, noise(3.0, 44100, channels), 44100)
    whole, _ = load_audio(path)
    for offset, duration in ((0.0, 0.5), (0.7, 1.1), (2.5, None)):
        start = round(offset * 44100)
        stop = None if duration is None else start + round(duration * 44100)
        segment, _ = load_audio(path, None, offset, duration)
        # an mp3 decoder that starts in the middle differs in the last bit
        tolerance = 2e-7 if suffix == "mp3" else 0
        np.testing.assert_allclose(segment, whole[start:stop], rtol=0, atol=tolerance)


def test_only_the_segment_is_read(tmp_path, monkeypatch):
    path = tmp_path / "long.wav"
    soundfile.write(path, noise(5.0), RATE)
    lengths = []
    read = soundfile.SoundFile.read

    def spy(self, frames=-1, **options):
        lengths.append(frames)
        return read(self, frames, **options)

    monkeypatch.setattr(soundfile.SoundFile, "read", spy)
    load_audio(path, None, 2.0, 0.25)
    assert lengths == [RATE // 4]


def test_rounded_times_may_end_just_after_the_audio(tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(1.0), RATE)
    samples, _ = load_audio(tmp_path / "a.wav", None, 0.5, 0.509)
    assert samples.shape == (RATE // 2,)
    with pytest.raises(
        DataError, match=r"ends at 1\.02 s, beyond the end of the audio \(1\.00 s\)"
    ):
        load_audio(tmp_path / "a.wav", None, 0.5, 0.52)


@pytest.mark.parametrize(
    ("offset", "duration", "message"),
    [
        (-0.1, None, "offset must be"),
        (float("nan"), None, "offset must be"),
        (0.0, 0.0, "duration must be"),
        (0.0, float("inf"), "duration must be"),
        (1.0, None, "beyond the end"),
        (1e308, None, "beyond the end"),
        (0.0, 1e308, "beyond the end"),
    ],
)
def test_bad_times_are_refused(tmp_path, offset, duration, message):
    soundfile.write(tmp_path / "a.wav", tone(1.0), RATE)
    with pytest.raises(DataError, match=message):
        load_audio(tmp_path / "a.wav", None, offset, duration)


def test_what_is_no_file_is_not_called_missing(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(DataError, match=r"pipe\.wav: is not a regular file, and audio is read more"):
        load_audio(tmp_path / "pipe.wav")
    with pytest.raises(DataError, match=f"{tmp_path.name}: is a folder; name the recordings in it"):
        load_audio(tmp_path)
    with pytest.raises(DataError, match="no such audio file, and addresses are not fetched; download it"):
        load_audio("https://example.org/talk.mp3")


def test_missing_unreadable_and_empty_files_are_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.wav: no such audio file"):
        load_audio(tmp_path / "none.wav")
    for name in ("text.wav", "text.mp3", "text.raw"):
        (tmp_path / name).write_text("this is no audio")
        with pytest.raises(DataError, match=f"{name}: not readable as audio"):
            load_audio(tmp_path / name)
    soundfile.write(tmp_path / "empty.wav", np.zeros(0, np.float32), RATE)
    with pytest.raises(DataError, match="zero length"):
        load_audio(tmp_path / "empty.wav")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_no_numbers_are_refused(tmp_path, value):
    samples = tone(0.5)
    samples[100] = value
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    with pytest.raises(DataError, match="NaN or infinite"):
        load_audio(tmp_path / "a.wav")


def test_a_file_cut_off_in_the_middle_is_refused(tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, noise(3.0), RATE)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(DataError, match=r"not readable|cut off"):
        load_audio(path)


@pytest.mark.parametrize("kind", ["mp3", "flac"])
def test_a_header_that_promises_more_than_memory_holds_is_refused(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    soundfile.write(path, noise(2.0), RATE)
    content = bytearray(path.read_bytes())
    # the frames after Xing's name and flags, and the high bits of the samples in STREAMINFO
    content[content.index(b"Xing") + 8 if kind == "mp3" else 21] |= 0x0F
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf"a\.{kind}: (not readable as audio|damaged or cut off)"):
        load_audio(path, RATE)


def cut_off_wav(path, declared=None):
    """Write 1 s of 3 s, with the header of 3 s or with a declared number of bytes."""
    soundfile.write(path, noise(3.0), RATE, subtype="PCM_16")
    data = path.read_bytes()
    header = data.index(b"data") + 8
    size = data[header - 4 : header] if declared is None else declared.to_bytes(4, "little")
    path.write_bytes(data[: header - 4] + size + data[header : header + 2 * RATE])


def test_a_wav_file_cut_off_is_refused(tmp_path):
    path = tmp_path / "a.wav"
    cut_off_wav(path)
    with pytest.raises(DataError, match=r"a\.wav: damaged or cut off, 1\.00 s of 3\.00 s"):
        load_audio(path)
    with pytest.raises(DataError, match=r"damaged or cut off, 0\.00 s of 0\.50 s"):
        load_audio(path, None, 2.0, 0.5)
    assert len(load_audio(path, None, 0.25, 0.5)[0]) == RATE // 2  # this part is there


@pytest.mark.parametrize("kind", ["aiff", "caf", "w64", "rf64", "au", "nist"])
def test_other_files_cut_off_are_refused(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    soundfile.write(path, noise(3.0), RATE, format=kind, subtype="PCM_16")
    assert len(load_audio(path)[0]) == 3 * RATE
    content = path.read_bytes()
    path.write_bytes(content[: 2 * RATE])
    message = rf"a\.{kind}: damaged or cut off, 32000 of {len(content)} bytes are there; copy it anew, or .*"
    for read in (load_audio, open_file):
        with pytest.raises(DataError, match=message):
            read(path)


@pytest.mark.parametrize(("kind", "place"), [("aiff", 4), ("caf", 4084), ("w64", 16), ("au", 8)])
def test_an_unknown_size_is_none(tmp_path, kind, place):
    """As of a file that was written to a pipe."""
    path = tmp_path / f"a.{kind}"
    soundfile.write(path, noise(3.0), RATE, subtype="PCM_16")
    content = path.read_bytes()
    long = {"caf": (bytes(8), b"\xff" * 8), "w64": (bytes(8),)}
    for size in long.get(kind, (bytes(4), b"\xff" * 4)):
        path.write_bytes(content[:place] + size + content[place + len(size) :])
        require_whole(path)


@pytest.mark.parametrize("declared", [0xFFFFFFFF, 0x7FFFF000])
def test_a_wav_file_of_unknown_length_is_read_to_its_end(tmp_path, declared):
    cut_off_wav(tmp_path / "a.wav", declared)
    assert len(load_audio(tmp_path / "a.wav")[0]) == RATE


def unfinished_wav(path, riff):
    """Write 3 s, with the header of a file without samples."""
    soundfile.write(path, noise(3.0), RATE, subtype="PCM_16")
    content = bytearray(path.read_bytes())
    content[4:8] = riff.to_bytes(4, "little")
    header = content.index(b"data") + 4
    content[header : header + 4] = bytes(4)
    path.write_bytes(content)


@pytest.mark.parametrize("riff", [0, 36, 0xFFFFFFFF])
def test_a_wav_file_that_was_not_finished_is_read_to_its_end(tmp_path, monkeypatch, riff):
    path = tmp_path / "a.wav"
    unfinished_wav(path, riff)
    samples, rate = load_audio(path)
    assert rate == RATE
    assert np.abs(samples - noise(3.0)[:, 0]).max() < 1e-4
    assert open_file(path).duration == 3.0
    unfinished_wav(path, riff)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(DataError, match=r"a\.wav: its header says that it holds nothing, .*: pip install av"):
        load_audio(path)


def test_a_flac_file_that_was_written_to_a_pipe_is_read_to_its_end(tmp_path, monkeypatch):
    path = piped_flac(tmp_path / "a.flac", noise(3.0), RATE)
    samples, rate = load_audio(path)
    assert rate == RATE
    assert np.abs(samples - noise(3.0)[:, 0]).max() < 1e-4
    np.testing.assert_array_equal(load_audio(path, None, 1.0, 0.5)[0], samples[RATE : 3 * RATE // 2])
    source = open_file(path)
    assert source.duration == 3.0
    np.testing.assert_array_equal(np.concatenate(list(source.blocks(RATE))), samples)
    os.utime(path, (0, 0))  # what is known of the file as it was is not used
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(DataError, match=r"a\.flac: its header does not say how long .*: pip install av"):
        load_audio(path)


def test_an_empty_wav_file_with_a_chunk_behind_is_empty(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(0), RATE, subtype="PCM_16")
    content = path.read_bytes() + b"LIST\x04\0\0\0INFO"
    path.write_bytes(content[:4] + (len(content) - 8).to_bytes(4, "little") + content[8:])
    with pytest.raises(DataError, match=r"a\.wav: zero length"):
        load_audio(path)


@pytest.mark.parametrize("content", [b"RIFF", b"RIFF....WAVEfmt \x10\0\0\0", b"RIFF....WAVEdata"])
def test_a_wav_file_cut_off_in_its_header_is_refused(tmp_path, content):
    (tmp_path / "a.wav").write_bytes(content)
    with pytest.raises(DataError, match="not readable as audio"):
        load_audio(tmp_path / "a.wav")


def test_a_name_that_the_system_refuses_is_an_error_of_the_data(tmp_path):
    with pytest.raises(DataError, match=r"x\.wav: File name too long"):
        load_audio(tmp_path / f"{'x' * 300}.wav")
