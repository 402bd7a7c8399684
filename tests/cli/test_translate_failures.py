"""The command translate: recordings and files that fail, and what becomes of the others."""

import json
import os
import sys

import numpy as np
import pytest
import soundfile

from tests import speech_model
from tests.media_files import files
from tests.speech_model import bursts

pytestmark = pytest.mark.usefixtures("hears_noise")


def test_a_file_that_cannot_be_written_ends_nothing(translate, audio, tmp_path, capsys):
    (tmp_path / "a.flac.tsv").mkdir()
    assert translate(audio, "--out", tmp_path, "--format", "tsv,text") == 1
    assert "a.flac.tsv: cannot be written" in capsys.readouterr().err
    assert {"a.flac.txt", "a.wav.tsv", "a.wav.txt", "deep/c.tsv"} <= set(files(tmp_path))


def test_a_failure_is_reported_and_the_rest_goes_on(translate, audio, tmp_path, capsys):
    (audio / "b.wav").write_text("not a recording")
    soundfile.write(audio / "empty.wav", np.zeros(0), 8000)
    assert translate(audio, tmp_path / "none.wav", "--out", tmp_path / "out", "--format", "tsv") == 1
    errors = capsys.readouterr().err
    assert f"failed: {audio / 'b.wav'}: not readable as audio" in errors
    assert f"failed: {audio / 'empty.wav'}: zero length" in errors
    assert f"failed: {tmp_path / 'none.wav'}: no such audio file" in errors
    assert "7 recordings, 4.5 s of audio" in errors
    assert "; 3 failed" in errors
    assert files(tmp_path / "out") == ["a.flac.tsv", "a.wav.tsv", "deep/c.tsv", "deep/er/b.tsv"]


def test_a_folder_that_may_not_be_read_is_reported_and_the_rest_goes_on(
    translate, audio, tmp_path, closed_folder, capsys
):
    closed = closed_folder(audio / "deep" / "er")
    words = (audio, "--out", tmp_path / "out", "--skip-existing")
    message = f"interactive-st translate: failed: {closed}: cannot be read (Permission denied)\n"
    assert translate(*words) == 1
    errors = capsys.readouterr().err
    assert message in errors
    assert errors.endswith("; 1 folder not read\n")
    assert files(tmp_path / "out") == ["a.flac.txt", "a.wav.txt", "deep/c.txt"]
    assert translate(*words) == 1
    assert message in capsys.readouterr().err


def test_audio_that_was_not_decoded_is_not_counted(translate, audio, tmp_path, capsys):
    """As of a recording that turns out to be damaged near its end."""
    samples = bursts([(0.2, 0.8), (2.0, 2.8)], 12.0)
    samples[-5] = np.nan
    soundfile.write(tmp_path / "nan.wav", samples, speech_model.RATE, subtype="FLOAT")
    assert translate(tmp_path / "nan.wav", audio / "a.wav", "--format", "jsonl") == 1
    output = capsys.readouterr()
    *failing, whole = map(json.loads, output.out.splitlines())
    reached = failing[-1]["end"] + whole["end"]
    assert 3.5 < reached < 4.5
    assert f"2 recordings, {reached:.1f} s of audio in" in output.err
    assert "; 1 failed" in output.err


@pytest.mark.skipif(sys.platform == "darwin", reason="the system refuses such a name")
def test_a_name_of_another_encoding_fails_and_the_rest_goes_on(translate, audio, tmp_path, capsys):
    """As of an archive that was packed where names are in Latin 1."""
    os.rename(audio / "a.wav", os.path.join(os.fsencode(audio), b"M\xfcnchen.wav"))
    assert translate(audio, "--out", tmp_path / "out") == 1
    assert "M\\udcfcnchen.wav': its name is not utf-8 text; rename it" in capsys.readouterr().err
    assert files(tmp_path / "out") == ["a.txt", "deep/c.txt", "deep/er/b.txt"]


def test_an_output_that_cannot_be_written_fails(translate, audio, tmp_path, capsys):
    (tmp_path / "out" / "a.txt").mkdir(parents=True)
    assert translate(audio / "a.wav", "--out", tmp_path / "out") == 1
    assert "a.txt: cannot be written" in capsys.readouterr().err
    assert files(tmp_path / "out") == []
