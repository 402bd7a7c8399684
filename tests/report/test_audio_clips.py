import base64
import io
import re

import numpy as np
import pytest
import soundfile

from interactive_st.report.audio_clips import Recordings, clip


def heard(html):
    return soundfile.read(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", html)[1])))


@pytest.mark.parametrize(("rate", "expected"), [(8000, 8000), (16000, 16000), (44100, 16000)])
def test_a_clip_is_the_segment_at_any_rate(tmp_path, rate, expected):
    seconds = np.arange(4 * rate) / rate
    samples = np.where(seconds < 2, 0.0, np.sin(2 * np.pi * 440 * seconds) / 2)
    soundfile.write(tmp_path / "a.wav", samples, rate)
    found, found_rate = heard(clip(tmp_path / "a.wav", 1.5, 2.0))
    assert found_rate == expected
    assert len(found) == pytest.approx(2.0 * expected, abs=1)
    assert abs(found[: int(0.45 * expected)]).max() < 0.01  # silence until 2 s
    assert abs(found[int(0.6 * expected) :]).max() > 0.4


def test_a_clip_of_any_length_is_the_whole_recording(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 8000)
    assert len(heard(clip(tmp_path / "a.wav", longest=1e308))[0]) == 8000


def test_of_two_rows_with_one_id_the_first_counts(tmp_path):
    for name, seconds in (("a", 1), ("b", 3)):
        soundfile.write(tmp_path / f"{name}.wav", np.zeros(seconds * 8000), 8000)
    for table, name in (("one", "a"), ("two", "b")):
        (tmp_path / f"{table}.tsv").write_text(f"id\taudio\nu\t{name}.wav\n")
    html = Recordings([tmp_path / "one.tsv", tmp_path / "two.tsv"]).player("u", 15.0)
    assert len(heard(html)[0]) == 8000


@pytest.mark.parametrize(
    ("name", "form"), [("a.aiff", "AIFF"), ("a.au", "AU"), ("A.W64", "W64"), ("a.caf", "CAF")]
)
def test_every_recording_that_can_be_read_has_a_player(tmp_path, name, form):
    soundfile.write(tmp_path / name, np.zeros(8000), 8000, format=form, subtype="PCM_16")
    (tmp_path / "test.tsv").write_text(f"id\taudio\nu\t{name}\n")
    recordings = Recordings([tmp_path / "test.tsv"])
    assert len(heard(recordings.player("u", 15.0))[0]) == 8000
    assert not recordings.names_features


def test_features_are_no_recordings(tmp_path):
    (tmp_path / "test.tsv").write_text("id\taudio\nu\ttest.zip:0:100\nv\tv.npy\n")
    recordings = Recordings([tmp_path / "test.tsv"])
    assert recordings.names_features
    assert not recordings.player("u", 15.0)


def test_rows_that_prepare_skipped_or_cleaned(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 8000)
    (tmp_path / "test.tsv").write_text("id\taudio\nbad row\n u \ta.wav \n")
    assert len(heard(Recordings([tmp_path / "test.tsv"]).player("u", 15.0))[0]) == 8000
