"""Sound of phones and videos, by PyAV; what is written is lossy, so that it comes back nearly as it was."""

import struct
import sys
import weakref

import av
import numpy as np
import pytest

from interactive_st.data.audio import media
from interactive_st.data.audio.suffixes import is_recording
from interactive_st.data.audio.waveform import load_audio
from interactive_st.errors import DataError
from tests.media_files import frames, write_media, write_silent_video

RATE = 16000


def tone(seconds, rate=RATE, hertz=300.0):
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def difference(samples, expected):
    assert samples.dtype == np.float32
    assert samples.shape == expected.shape
    return np.sqrt(np.mean((samples - expected) ** 2)) / np.sqrt(np.mean(expected**2))


def beginning(samples, rate):
    """When it is first heard, in seconds."""
    return np.argmax(np.abs(samples) > 0.03) / rate


@pytest.mark.parametrize(
    ("name", "codec", "rate"), [("a.m4a", "aac", 16000), ("A.MP4", "aac", 44100), ("a.mka", "flac", 16000),
                                ("a.avi", "pcm_s16le", 8000), ("a.wv", "wavpack", 16000),
                                ("a.tta", "tta", 16000), ("a.ogv", "flac", 16000)]
)  # fmt: skip
def test_samples_are_those_that_were_written(tmp_path, name, codec, rate):
    expected = tone(1.3, rate)
    path = write_media(tmp_path / name, expected, rate, codec)
    assert media.is_media(path)
    assert is_recording(path)
    samples, found = load_audio(path)
    assert found == rate
    assert difference(samples, expected) < 0.2
    assert media.seconds(path) == pytest.approx(1.3)
    assert media.estimated_seconds(path) == pytest.approx(1.3, abs=0.1)


@pytest.mark.parametrize(("name", "codec"), [("a.webm", "libopus"), ("a.aac", "aac")])
def test_formats_that_do_not_know_their_length(tmp_path, name, codec):
    path = write_media(tmp_path / name, tone(1.5, 48000), 48000, codec)
    samples, rate = load_audio(path)
    assert 1.5 <= len(samples) / rate < 1.6  # encoders fill the last frame up, and AAC the first
    assert media.seconds(path) == len(samples) / rate


@pytest.mark.parametrize("name", ["upload", "a.wav", "a.mp3", "a.video"])
def test_a_file_of_another_name(tmp_path, name):
    """As one that was uploaded, or given the name of another format."""
    path = write_media(tmp_path / "a.m4a", tone(1.3), RATE).rename(tmp_path / name)
    assert difference(load_audio(path, RATE)[0], tone(1.3)) < 0.2


def test_what_libsndfile_cannot_decode_of_its_own_formats(tmp_path):
    for name, codec, seconds in (("a.ogg", "flac", 1.3), ("a.caf", "alac", 1.3), ("a.caf", "alac", 4.0)):
        path = write_media(tmp_path / name, tone(seconds), RATE, codec)
        assert difference(load_audio(path)[0], tone(seconds)) < 0.01


def test_a_list_of_recordings_is_none(tmp_path):
    """FFmpeg would open what such a file names, wherever it is."""
    write_media(tmp_path / "a.aac", tone(1.3), RATE)
    lists = {
        "a.m3u": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.3,\na.aac\n#EXT-X-ENDLIST\n",
        "a.list": "ffconcat version 1.0\nfile a.aac\n",
    }
    for name, content in lists.items():
        (tmp_path / name).write_text(content)
        with pytest.raises(DataError, match=r"not readable as audio \(Format not recognised"):
            load_audio(tmp_path / name)


def test_channels_are_averaged_and_rates_converted(tmp_path):
    both = np.stack([tone(1.0, 44100), np.zeros(44100, np.float32)])
    samples, rate = load_audio(write_media(tmp_path / "a.m4a", both, 44100), RATE)
    assert rate == RATE
    assert difference(samples, tone(1.0) / 2) < 0.1


def test_a_segment_is_a_piece_of_the_whole(tmp_path):
    path = write_media(tmp_path / "a.m4a", np.random.default_rng(0).normal(0, 0.1, 3 * RATE), RATE)
    whole, _ = load_audio(path)
    samples, _ = load_audio(path, offset=1.25, duration=0.5)
    assert np.array_equal(samples, whole[20000:28000])
    samples[:] = 0  # a copy
    assert np.array_equal(load_audio(path)[0], whole)
    with pytest.raises(DataError, match=r"a\.m4a: the segment ends at 3.5 s, beyond the end"):
        load_audio(path, offset=2.5, duration=1.0)


def test_a_file_that_was_written_anew_is_read_anew(tmp_path):
    path = write_media(tmp_path / "a.m4a", tone(1.0), RATE)
    first = media.whole(path)[0]
    assert media.whole(path)[0] is first
    path.unlink()
    write_media(path, tone(2.0), RATE)
    assert len(media.whole(path)[0]) == 2 * RATE


def test_the_last_recording_is_forgotten_before_the_next_is_read(tmp_path, monkeypatch):
    """Two long ones may be more than there is memory for."""
    first, second = (write_media(tmp_path / name, tone(1.0), RATE) for name in ("a.m4a", "b.m4a"))
    last = weakref.ref(media.whole(first)[0])
    sound = media.sound

    def spy(path):
        assert last() is None
        return sound(path)

    monkeypatch.setattr(media, "sound", spy)
    assert len(media.whole(second)[0]) == RATE


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_sound_that_begins_after_the_pictures(tmp_path, name):
    """Times are those of the video, as subtitles need them."""
    path = write_media(tmp_path / name, tone(1.0), RATE, start=2.0, video=3.0)
    samples, rate = load_audio(path)
    assert beginning(samples, rate) == pytest.approx(2.0, abs=0.01)
    assert len(samples) / rate == pytest.approx(3.0, abs=0.1)


def test_a_video_that_does_not_know_its_length(tmp_path):
    """As browsers write it, while they record."""
    path = write_media(tmp_path / "a.mkv", tone(1.0), RATE, start=2.0, video=3.0, options={"live": "1"})
    assert media.estimated_seconds(path) == 0
    samples, rate = load_audio(path)
    assert beginning(samples, rate) == pytest.approx(2.0, abs=0.01)
    assert media.seconds(path) == len(samples) / rate


def test_sound_that_begins_late_and_was_trimmed(tmp_path):
    path = write_media(tmp_path / "a.mp4", tone(3.0), RATE, start=1.0, video=4.0)
    content = bytearray(path.read_bytes())
    # of the second entry of the second edit list, the length, in ms
    struct.pack_into(">I", content, content.rindex(b"elst") + 24, 1000)
    path.write_bytes(content)
    samples, rate = load_audio(path)
    assert beginning(samples, rate) == pytest.approx(1.0, abs=0.1)
    assert len(samples) / rate == pytest.approx(2.0, abs=0.1)
    assert media.seconds(path) == len(samples) / rate


@pytest.mark.parametrize(("name", "codec"), [("a.aac", "aac"), ("a.mpg", "mp2")])
def test_channels_and_rates_that_change_in_the_middle(tmp_path, name, codec):
    stereo = write_media(tmp_path / f"1{name}", np.stack([tone(1.0, 32000)] * 2), 32000, codec).read_bytes()
    mono = write_media(tmp_path / f"2{name}", tone(1.0, 16000), 16000, codec).read_bytes()
    (tmp_path / name).write_bytes(stereo + mono)
    samples, rate = load_audio(tmp_path / name)
    spectrum = np.abs(np.fft.rfft(samples[-rate // 2 :]))
    assert np.argmax(spectrum) * 2 == pytest.approx(300, abs=5)


@pytest.mark.parametrize("cut", [1000, 7520, 9997])
def test_a_recording_that_begins_in_the_middle_of_a_frame(tmp_path, cut):
    path = write_media(tmp_path / "a.ac3", tone(2.0, 48000), 48000, "ac3")
    content = path.read_bytes()
    path.write_bytes(content[cut:])
    samples, rate = load_audio(path)
    assert len(samples) / rate == pytest.approx(2 * (1 - cut / len(content)), abs=0.1)
    path.write_bytes(content[:3000] + bytes(3000) + content[6000:])
    with pytest.raises(DataError, match=r"a\.ac3: damaged, 0\.\d\d s could be read"):
        load_audio(path)


def test_blocks_are_the_whole(tmp_path, monkeypatch):
    path = write_media(tmp_path / "a.mp4", tone(1.0), RATE, start=1.0, video=2.0)
    whole, rate = media.whole(path)
    monkeypatch.setattr(media, "BLOCK", 0.3)
    found, blocks = media.sound(path)
    blocks = list(blocks)
    assert found == rate
    assert len(blocks) > 3
    assert all(len(block) < 0.7 * rate for block in blocks)
    assert np.array_equal(np.concatenate(blocks), whole)


def test_a_copy_that_was_interrupted(tmp_path):
    path = write_media(tmp_path / "a.m4a", np.random.default_rng(0).normal(0, 0.1, 4 * RATE), RATE,
                       options={"movflags": "+faststart"})  # fmt: skip
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"a\.m4a: damaged(| or cut off), 1\.\d\d s .*could be read"):
        load_audio(path)


@pytest.mark.parametrize(("name", "codec"), [("a.mkv", "aac"), ("a.webm", "libopus"), ("a.avi", "mp3")])
def test_other_copies_that_were_interrupted(tmp_path, name, codec):
    path = write_media(tmp_path / name, tone(2.0, 48000), 48000, codec)
    load_audio(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=rf"{name}: damaged or cut off, \d+ of {len(content)} bytes"):
        load_audio(path)


def test_one_that_ended_between_two_blocks(tmp_path):
    path = write_media(tmp_path / "a.wv", tone(8.0), RATE, "wavpack")
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b"wvpk")])
    with pytest.raises(DataError, match=r"a\.wv: damaged or cut off, 4\.00 s of 8\.00 s"):
        load_audio(path)


def test_what_is_no_sound(tmp_path):
    (tmp_path / "text.m4a").write_text("not a recording")
    with pytest.raises(DataError, match=r"text\.m4a: not readable as audio \(Invalid data"):
        load_audio(tmp_path / "text.m4a")
    with pytest.raises(DataError, match=r"v\.mp4: holds no sound"):
        load_audio(write_silent_video(tmp_path / "v.mp4"))
    with pytest.raises(DataError, match=r"none\.mp4: no such audio file"):
        load_audio(tmp_path / "none.mp4")


@pytest.mark.parametrize("name", ["a:b.m4a", "concat:a.m4a", "http://a.m4a", "pipe:.m4a", "a%d.m4a"])
def test_a_name_is_no_protocol(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    write_media(tmp_path / "a.m4a", tone(1.0), RATE)
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / "a.m4a").rename(name)
    assert len(load_audio(name)[0]) == RATE


def two_tracks(path, codecs, lost):
    """One of 1 s and one of 2 s in Matroska, those of which the codec is `lost` being of an unknown one."""
    with av.open(str(path), "w") as container:
        streams = [container.add_stream(codec, rate=RATE, layout="mono") for codec in codecs]
        for seconds, stream in enumerate(streams, start=1):
            resampler = av.AudioResampler(format=stream.format.name)
            for frame in frames(tone(seconds)[None], RATE, "mono", 0):
                for part in resampler.resample(frame):
                    container.mux(stream.encode(part))
            container.mux(stream.encode(None))
    content = path.read_bytes()
    for name in lost:
        assert content.count(name) == 1
        content = content.replace(name, b"A_XYZ" + name[5:])
    path.write_bytes(content)
    return path


def test_a_track_that_cannot_be_decoded_is_passed_over(tmp_path):
    """Phones write such ones beside the usual one."""
    codecs = ("pcm_f32le", "flac")
    path = two_tracks(tmp_path / "a.mkv", codecs, [b"A_FLAC"])
    assert len(load_audio(path)[0]) / RATE == pytest.approx(1.0, abs=0.1)
    path = two_tracks(tmp_path / "a.mkv", codecs, [b"A_FLAC", b"A_PCM/FLOAT/IEEE"])
    for read in (load_audio, media.seconds, media.estimated_seconds):
        with pytest.raises(DataError, match=r"a\.mkv: its sound is coded in a way that PyAV does not know"):
            read(path)


def test_samples_that_are_no_numbers(tmp_path):
    samples = tone(0.5)
    samples[100] = np.nan
    path = write_media(tmp_path / "a.mkv", samples, RATE, "pcm_f32le")
    with pytest.raises(DataError, match=r"a\.mkv: holds NaN or infinite samples"):
        load_audio(path)


def test_without_pyav_two_ways_out_are_named(tmp_path, monkeypatch):
    path = write_media(tmp_path / "a.m4a", tone(0.5), RATE)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(DataError, match=r"a\.m4a: files .* by PyAV, .*: pip install av; or .*ffmpeg -i FILE"):
        load_audio(path)
