"""The command translate: files, folders, formats and exit status."""

import argparse
import json
import os

import numpy as np
import pysubs2
import pytest
import webvtt

from interactive_st.cli import main
from interactive_st.cli.translate.arguments import add_arguments
from interactive_st.cli.translate.work import Work
from interactive_st.inference.finding import Found
from interactive_st.inference.outputs import Document
from tests import speech_model
from tests.media_files import files, piped_flac, write_media
from tests.speech_model import bursts

pytestmark = pytest.mark.usefixtures("hears_noise")


def test_prints_both_texts(translate, audio, capsys):
    assert translate(audio / "a.wav") == 0
    output = capsys.readouterr()
    times, transcript, translation, empty = output.out.split("\n")[:4]
    assert times == "[0:00:00.00 - 0:00:01.00]"
    assert transcript.startswith("en: ")
    assert translation.startswith("de: ")
    assert empty == ""
    assert "1 recording, 1.0 s of audio in" in output.err
    assert "real-time factor" in output.err


def test_all_of_a_recording_is_counted(translate, tmp_path, capsys):
    speech_model.write(tmp_path / "a.wav", bursts([(0.1, 0.9)], 4.0))
    assert translate(tmp_path / "a.wav") == 0
    assert "1 recording, 4.0 s of audio in" in capsys.readouterr().err


def test_silence_is_noted_beside_what_is_printed(translate, tmp_path, capsys):
    speech_model.write(tmp_path / "a.wav", np.zeros(2 * speech_model.RATE))
    assert translate(tmp_path / "a.wav") == 0
    assert "a.wav: nobody speaks in it" in capsys.readouterr().err


def test_a_format_given_twice_is_one(translate, audio, capsys):
    assert translate(audio / "a.wav", "--format", "text, text", "--quiet") == 0
    assert capsys.readouterr().out.count("en: ") == 1


def test_cuda_graphs_can_be_left_out():
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert parser.parse_args(["a.wav", "--model", "m"]).cuda_graphs is None
    assert parser.parse_args(["a.wav", "--model", "m", "--no-cuda-graphs"]).cuda_graphs is False


def test_threads_are_those_asked_for(translate, audio, monkeypatch):
    import torch

    assert translate(audio / "a.wav") == 0  # loads the network that finds speech, which sets them once
    threads = []
    monkeypatch.setattr(torch, "set_num_threads", threads.append)
    assert translate(audio / "a.wav", "--threads", 3) == 0
    assert threads == [3]


def test_texts_are_printed_with_the_languages_asked_for(translate, audio, capsys):
    assert translate(audio / "a.wav", "--source-lang", "de", "--target-lang", "en") == 0
    _, transcript, translation, *_ = capsys.readouterr().out.split("\n")
    assert (transcript[:4], translation[:4]) == ("de: ", "en: ")


def test_prints_several_by_name(translate, audio, capsys):
    assert translate(audio, "--quiet") == 0
    output = capsys.readouterr()
    assert [line for line in output.out.split("\n") if "/" in line] == [
        str(audio / name) for name in ("a.flac", "a.wav", "deep/c.mp3", "deep/er/b.ogg")
    ]
    assert output.err == ""


def test_writes_a_file_a_recording_and_format(translate, audio, tmp_path, capsys):
    assert translate(audio, "--out", tmp_path / "out", "--format", "text,jsonl, srt,vtt, tsv") == 0
    assert capsys.readouterr().out == ""
    names = ["a.flac", "a.wav", "deep/c", "deep/er/b"]
    endings = ("jsonl", "srt", "tsv", "txt", "vtt")
    assert files(tmp_path / "out") == sorted(f"{name}.{end}" for name in names for end in endings)
    for name in names:
        (pair,) = map(json.loads, (tmp_path / "out" / f"{name}.jsonl").read_text().splitlines())
        (srt,) = pysubs2.load(str(tmp_path / "out" / f"{name}.srt"), format_="srt")
        (vtt,) = webvtt.read(str(tmp_path / "out" / f"{name}.vtt"))
        lines = " ".join(pair["transcript"].split()), " ".join(pair["translation"].split())
        assert srt.plaintext == vtt.text == "\n".join(lines)
        assert pair["audio"].startswith(str(audio))
        assert 0 <= srt.start < min(srt.end, 1000 * pair["end"])


@pytest.mark.parametrize(("shown", "key"), [("transcript", "transcript"), ("translation", "translation")])
def test_subtitles_of_one_text(translate, audio, tmp_path, shown, key):
    words = ("--out", tmp_path / "out", "--format", "srt,jsonl", "--show", shown)
    assert translate(audio / "a.wav", *words) == 0
    pair = json.loads((tmp_path / "out" / "a.jsonl").read_text())
    (cue,) = pysubs2.load(str(tmp_path / "out" / "a.srt"))
    assert cue.plaintext == " ".join(pair[key].split())


def test_subtitles_of_each_text(translate, audio, tmp_path, capsys):
    """Files named as players look for them; what shows no text alone is one file."""
    out, words = tmp_path / "out", ("--format", "srt,jsonl,text", "--show", "each", "--out")
    assert translate(audio / "a.wav", *words, out) == 0
    assert files(out) == ["a.de.srt", "a.de.txt", "a.en.srt", "a.en.txt", "a.jsonl"]
    for language, shown in (("en", "transcript"), ("de", "translation")):
        of_one = ("--format", "srt,text", "--show", shown, "--out", tmp_path / shown)
        assert translate(audio / "a.wav", *of_one) == 0
        for ending in ("srt", "txt"):
            alone = tmp_path / shown / f"a.{ending}"
            assert (out / f"a.{language}.{ending}").read_bytes() == alone.read_bytes()
    (out / "a.de.srt").unlink()
    capsys.readouterr()
    assert translate(audio / "a.wav", *words, out, "--skip-existing") == 0
    assert (out / "a.de.srt").is_file()
    assert translate(audio / "a.wav", *words, out, "--skip-existing") == 0
    assert "skipped: 1 recording of 1, whose files are there" in capsys.readouterr().err


def test_each_text_where_there_is_one_or_languages_are_the_same(translate, audio, tmp_path):
    words = ("--format", "srt", "--show", "each")
    alone = speech_model.make(tmp_path / "alone", arch="asr_tiny").checkpoint
    assert translate(audio / "a.wav", *words, "--out", tmp_path / "one", model=alone) == 0
    assert files(tmp_path / "one") == ["a.en.srt"]
    same = ("--target-lang", "en", "--out", tmp_path / "same")
    assert translate(audio / "a.wav", *words, *same, model=alone) == 0
    assert files(tmp_path / "same") == ["a.en.srt"], "nothing to tell it from"
    same = ("--target-lang", "en", "--out", tmp_path / "both")
    assert translate(audio / "a.wav", *words, *same) == 0
    assert files(tmp_path / "both") == ["a.transcript.srt", "a.translation.srt"]


def test_text_of_one_stream(translate, audio, capsys):
    """As those want who have Whisper transcribe."""
    assert translate(audio / "a.wav", "--quiet") == 0
    both = capsys.readouterr().out.splitlines()
    assert translate(audio / "a.wav", "--quiet", "--show", "transcript") == 0
    assert capsys.readouterr().out.splitlines() == [*both[:2], ""]


def test_prints_subtitles_of_one_recording(translate, audio, tmp_path, capsys):
    assert translate(audio / "a.wav", "--format", "vtt", "--quiet") == 0
    (tmp_path / "a.vtt").write_text(capsys.readouterr().out)
    assert len(webvtt.read(str(tmp_path / "a.vtt"))) == 1


def test_subtitles_of_a_video_fit_its_pictures(translate, tmp_path):
    """The sound of the video begins after a second, what is said in it at once."""
    write_media(tmp_path / "videos" / "talk.mp4", bursts([(0.0, 0.9)], 1.0), 16000, start=1.0, video=2.0)
    assert translate(tmp_path / "videos", "--format", "srt", "--out", tmp_path / "out") == 0
    [cue] = pysubs2.load(str(tmp_path / "out" / "talk.srt"))
    assert 900 <= cue.start <= 1100


def test_ids_of_jsonl_differ(translate, tmp_path, capsys):
    """Where recordings of one name are below several folders; `compare` takes the file."""
    folder = tmp_path / "a"
    for name in ("k.wav", "sub/k.wav"):
        speech_model.write(folder / name, bursts([(0.1, 0.9)], 1.0))
    ids = {}
    for words in [(folder,), (folder / "k.wav", folder / "sub")]:
        assert translate(*words, "--format", "jsonl", "--quiet") == 0
        printed = capsys.readouterr().out
        (tmp_path / "pairs.jsonl").write_text(printed)
        ids[len(words)] = [json.loads(line)["id"] for line in printed.splitlines()]
        assert main.main(["compare", str(tmp_path / "pairs.jsonl")]) == 0
        assert translate(*words, "--format", "jsonl", "--out", tmp_path / "out") == 0
        written = [path.read_text() for path in sorted((tmp_path / "out").rglob("*.jsonl"))]
        assert sorted("".join(written).splitlines()) == sorted(printed.splitlines())
        for path in (tmp_path / "out").rglob("*.jsonl"):
            path.unlink()
        capsys.readouterr()
    assert ids == {1: ["k.wav-00000", "sub/k.wav-00000"], 2: ["k.wav-00000", "k.wav-2-00000"]}


def test_printed_subtitles_end_with_the_recording(translate, tmp_path, capsys):
    path = speech_model.write(tmp_path / "a.wav", bursts([(3.4, 3.9)], 4.0))
    assert translate(path, "--format", "srt", "--quiet") == 0
    (tmp_path / "a.srt").write_text(capsys.readouterr().out)
    *_, cue = pysubs2.load(str(tmp_path / "a.srt"))
    assert cue.end == 4000


def test_skipping_goes_by_names_as_the_help_says(translate, tmp_path, capsys):
    for folder in "xy":
        path = speech_model.write(tmp_path / folder / "t.wav", bursts([(0.1, 0.9)], 1.0, seed=ord(folder)))
        assert translate(path, "--out", tmp_path / "out", "--skip-existing") == 0
    assert "skipped: 1 recording of 1, whose files are there" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        translate("--help")
    assert "only names are compared" in " ".join(capsys.readouterr().out.split())


def test_a_flac_file_that_does_not_say_its_length(translate, tmp_path, capsys):
    path = piped_flac(tmp_path / "a.flac", bursts([(0.1, 0.9)], 1.0), speech_model.RATE)
    assert translate(path) == 0
    assert "1 recording, 1.0 s of audio in" in capsys.readouterr().err
    work = Work([Found(path, path, path.name)], Document("text"), None)
    assert work.bar.total == 0.0


def test_a_pipe_is_not_waited_for(translate, tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    assert translate(tmp_path / "pipe") == 1
    assert "pipe: is not a regular file" in capsys.readouterr().err


def test_goes_on_where_it_was_interrupted(translate, audio, tmp_path, capsys):
    words = (audio, "--out", tmp_path / "out", "--format", "text,tsv", "--skip-existing")
    assert translate(*words) == 0
    written = files(tmp_path / "out")
    assert "skipped" not in capsys.readouterr().err
    (tmp_path / "out" / "deep" / "c.tsv").unlink()
    (tmp_path / "out" / "a.wav.txt").write_text("kept")
    assert translate(*words) == 0
    assert files(tmp_path / "out") == written
    assert (tmp_path / "out" / "a.wav.txt").read_text() == "kept"
    errors = capsys.readouterr().err
    assert "skipped: 3 recordings of 4, whose files are there" in errors
    assert "1 recording, 1.5 s of audio" in errors
    assert translate(*words, model=tmp_path / "not loaded") == 0
    capsys.readouterr()
    assert translate(*words, "--quiet", model=tmp_path / "not loaded") == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("name", ["talk.srt", "talk.TXT"])
def test_a_file_is_no_folder_for_files(translate, audio, tmp_path, capsys, name):
    assert translate(audio / "a.wav", "--format", "srt", "--out", tmp_path / name) == 2
    assert f"names a folder, in which each recording has its files; write one file by > {name}" in (
        capsys.readouterr().err
    )
    assert not (tmp_path / name).exists()
    (tmp_path / name).mkdir()
    assert translate(audio / "a.wav", "--format", "srt", "--out", tmp_path / name) == 0


def test_addresses_are_not_fetched(translate, capsys):
    assert translate("https://example.org/talk.mp4") == 1
    assert "addresses are not fetched; download it first" in capsys.readouterr().err


def test_silence_is_noted(translate, tmp_path, capsys):
    path = speech_model.write(tmp_path / "silence.wav", np.zeros(5 * 8000))
    assert translate(path, "--out", tmp_path / "out", "--format", "srt") == 0
    assert f"note: {path}: nobody speaks in it" in capsys.readouterr().err
    assert (tmp_path / "out" / "silence.srt").read_text() == ""


def test_options_of_the_search_arrive(translate, audio, tmp_path):
    words = ("--beam", 3, "--nbest", 2, "--search", "joint", "--wait-k", "inf", "--target-lang", "en")
    words += ("--source-lang", "de", "--format", "jsonl", "--out", tmp_path)
    assert translate(audio / "a.wav", *words) == 0
    pair = json.loads((tmp_path / "a.jsonl").read_text())
    assert len(pair["nbest"]) == 2
    assert (pair["src_lang"], pair["tgt_lang"]) == ("de", "en")


def test_an_empty_language_is_the_models_own(translate, audio, capsys):
    """Of a variable of the shell that is not set."""
    assert translate(audio / "a.wav") == 0
    plain = capsys.readouterr().out
    assert translate(audio / "a.wav", "--source-lang", "", "--target-lang", "") == 0
    assert capsys.readouterr().out == plain


def test_real_recordings(translate, shared_data, tmp_path):
    recordings = sorted((shared_data / "arctic_kathleen" / "flac").glob("*.flac"))[:3]
    words = [*recordings, "--out", tmp_path, "--format", "srt,vtt", "--max-segment", 2.5]
    assert translate(*words) == 0
    for recording in recordings:
        cues = webvtt.read(str(tmp_path / f"{recording.stem}.vtt"))
        assert len(cues) == len(pysubs2.load(str(tmp_path / f"{recording.stem}.srt"))) >= 1
