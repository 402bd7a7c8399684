"""The command translate: requests that cannot work are refused; the message says how to fix them."""

import pytest

from tests import speech_model

pytestmark = pytest.mark.usefixtures("hears_noise")


def check(translate, capsys, message, *words, **options):
    assert translate(*words, **options) == 2
    assert message in capsys.readouterr().err


def test_several_formats_without_a_folder(translate, audio, capsys):
    check(translate, capsys, "give --out DIR", audio, "--format", "srt,vtt")


def test_subtitles_of_several_recordings_without_a_folder(translate, audio, capsys):
    check(translate, capsys, "give --out DIR", audio, "--format", "srt")


def test_skipping_without_files(translate, audio, capsys):
    check(translate, capsys, "give --out DIR", audio, "--skip-existing")


def test_a_file_for_each_text_without_files(translate, audio, capsys):
    check(translate, capsys, "--show each is for files: give --out DIR", audio / "a.wav", "--show", "each")


def test_options_of_other_formats(translate, audio, tmp_path, capsys):
    wanted = "is for text and subtitles: add --format text, srt or vtt"
    words = (audio / "a.wav", "--out", tmp_path / "out", "--format", "jsonl,tsv")
    check(translate, capsys, f"--show transcript {wanted}", *words, "--show", "transcript")
    check(translate, capsys, "--nbest 3 is for --format jsonl", audio / "a.wav", "--nbest", 3)
    assert translate(*words, "--show", "both", "--nbest", 3) == 0
    assert translate(audio / "a.wav", "--nbest", 1) == 0


def test_nothing_to_do(translate, tmp_path, capsys):
    check(translate, capsys, "no recordings in", tmp_path)


def test_a_named_folder_that_may_not_be_read(translate, audio, closed_folder, capsys):
    closed = closed_folder(audio / "deep" / "er")
    message = f"error: {closed}: cannot be read (Permission denied)"
    check(translate, capsys, message, closed)
    check(translate, capsys, message, audio / "a.wav", closed)


def test_a_folder_in_which_nothing_may_be_read(translate, tmp_path, closed_folder, capsys):
    (tmp_path / "talks" / "closed").mkdir(parents=True)
    closed = closed_folder(tmp_path / "talks" / "closed")
    check(translate, capsys, f"error: {closed}: cannot be read (Permission denied)", tmp_path / "talks")


def test_an_empty_name_is_not_the_folder_that_one_is_in(translate, audio, monkeypatch, capsys):
    monkeypatch.chdir(audio)
    check(translate, capsys, "an empty AUDIO names nothing", "")


def test_out_is_found_to_be_impossible_before_the_model_is_loaded(translate, audio, capsys):
    out = audio / "notes.txt" / "below"
    check(translate, capsys, f"--out {out}: ", audio, "--out", out, model=audio / "no model")
    assert list(audio.glob("**/below")) == []


def test_out_is_a_file(translate, audio, capsys):
    (audio / "notes").touch()
    check(translate, capsys, "is a file", audio, "--out", audio / "notes")


def test_a_name_that_is_too_long_for_a_file(translate, audio, tmp_path, capsys):
    """That of the recording is not, and a shorter ending would do."""
    name = "a" * 250
    (audio / "a.wav").rename(audio / f"{name}.wav")
    words = (audio / f"{name}.wav", "--out", tmp_path / "out", "--skip-existing")
    message = f"out/{name}.jsonl: cannot be made, as a name of 256 bytes is longer than the 255"
    check(translate, capsys, message, *words, "--format", "text,jsonl", model=audio / "no model")
    assert not (tmp_path / "out").exists()
    assert translate(*words, "--format", "srt") == 0
    long = tmp_path / f"{name}a.jsonl"
    check(translate, capsys, "rename the recording or the folder", audio, "--out", long)


def test_no_model(translate, audio, tmp_path, capsys):
    check(translate, capsys, "no such model", audio, model=tmp_path / "none")


def test_options_that_contradict(translate, audio, capsys):
    check(translate, capsys, "--nbest 9: at most beam, 5, are kept", audio / "a.wav", "--nbest", 9)


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--ctc-weight", "2.0", "at most 1 has a meaning"),
        ("--ctc-weight", "0.3", "it needs a model trained with --ctc-weight above 0"),
        ("--min-pause", "0.0", "at least 0.1 seconds are needed"),
        ("--batch-seconds", "inf", "a finite number is needed"),
        ("--batch-seconds", "-1.0", "more than 0 seconds are needed"),
        ("--batch-seconds", "1e+308", "more than 0 seconds are needed, and at most 1e9"),
        ("--max-segment", "9.0", "the model reads at most 3 s"),
        ("--lenpen", "nan", "a finite number is needed"),
        ("--lenpen", "10.5", "a number from -10 to 10 is needed: scores are divided by length"),
        ("--wait-k", "soon", "a whole number or inf is needed"),
    ],
)
def test_options_are_named_as_they_were_given(translate, audio, option, value, reason, capsys):
    check(translate, capsys, f"error: {option} {value}: {reason}", audio / "a.wav", option, value)


def test_language_that_the_model_does_not_know(translate, audio, capsys):
    check(translate, capsys, "choose one of de, en", audio / "a.wav", "--target-lang", "fr")


@pytest.mark.parametrize("language", ["../../de", "x" * 300])
def test_such_a_language_names_no_file(translate, audio, tmp_path, language, capsys):
    message = f"--target-lang {language}: the model does not know it; choose one of de, en"
    out = tmp_path / "out"
    words = (audio / "a.wav", "--show", "each", "--out", out)
    check(translate, capsys, message, *words, "--target-lang", language)
    assert not out.exists()


@pytest.mark.parametrize(("arch", "shown"), [("asr_tiny", "translation"), ("e2e_st_tiny", "transcript")])
@pytest.mark.parametrize("form", ["srt", "text"])
def test_a_text_that_is_not_written(translate, audio, tmp_path, arch, shown, form, capsys):
    alone = speech_model.make(tmp_path / "alone", arch=arch).checkpoint
    words, message = (audio / "a.wav", "--show", shown), f"--show {shown}: {alone} writes the"
    check(translate, capsys, message, *words, "--format", form, model=alone)
    assert translate(audio / "a.wav", "--format", form, model=alone) == 0


def test_more_threads_than_can_be_started(translate, audio, capsys, monkeypatch):
    """Which torch aborts for."""
    monkeypatch.setattr("torch.set_num_threads", lambda number: None)
    with pytest.raises(SystemExit) as exit_:
        translate(audio, "--threads", "100000")
    assert exit_.value.code == 2
    assert "argument --threads: 100000 is more than 1024; give as many" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("--format", "doc"), ("--threads", "0"), ("--show", "none")])
def test_options_without_meaning(translate, audio, words, capsys):
    with pytest.raises(SystemExit) as exit_:
        translate(audio, *words)
    assert exit_.value.code == 2
    assert words[0] in capsys.readouterr().err
