"""The command hands its arguments to fairseq-generate, and shows what the user can mend."""

import os
import shutil
import sys

import pytest
from fairseq_cli import generate

from interactive_st.cli import cascade
from interactive_st.cli.main import main
from interactive_st.data.folder.translation_text import write_translation_text
from tests import speech_model
from tests.joint_corpus import ROWS, write_corpus
from tests.text_model import save_text_model


@pytest.fixture(scope="module")
def text_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("text")
    data = write_corpus(folder / "data", {"train": ROWS, "test": ROWS[:3]})
    write_translation_text(data, ["train", "test"])
    save_text_model(data / "mt", folder / "mt.pt")
    return folder / "mt.pt"


@pytest.fixture
def handed_over(monkeypatch):
    """What fairseq-generate was called with."""
    calls = []
    monkeypatch.setattr(cascade, "_check_models", lambda args: None)
    monkeypatch.setattr(generate, "main", calls.append)
    return calls


def test_arguments(tmp_path, handed_over):
    words = ["cascade", "--asr", "a.pt", "--mt", "m.pt", str(tmp_path)]
    assert main(words) == 0
    assert main([*words, "--gen-subset", "dev", "--pairs-path", "p", "--beam", "3", "--nbest", "2",
                 "--mt-args", '{"beam": 4}', "--max-tokens", "99", "--cpu", "--fp16", "--lenpen", "0.6",
                 "--batch-size", "7", "--mt-data", "d",
                 "--generate-options=--max-len-b 7 --scoring wer"]) == 0  # fmt: skip
    plain, full = handed_over
    assert (plain.task, plain.path, plain.mt_path) == ("joint_speech_to_text", "a.pt", "m.pt")
    assert (plain.data, plain.gen_subset, plain.scoring) == (str(tmp_path), "test", "sacrebleu")
    assert (plain.beam, plain.nbest, plain.pairs_path, plain.mt_args) == (5, 1, None, "{}")
    assert (full.gen_subset, full.pairs_path, full.beam, full.nbest) == ("dev", "p", 3, 2)
    assert (full.mt_args, full.max_tokens, full.cpu) == ('{"beam": 4}', 99, True)
    assert (full.fp16, full.lenpen, full.batch_size, full.mt_data) == (True, 0.6, 7, "d")
    assert (plain.fp16, plain.lenpen, plain.batch_size, plain.mt_data) == (False, 1.0, None, None)
    assert (full.max_len_b, full.scoring) == (7, "wer")


def test_a_missing_checkpoint_is_named(tmp_path, capsys):
    folder = write_corpus(tmp_path)
    assert main(["cascade", "--asr", "gone.pt", "--mt", "m.pt", str(folder), "--cpu"]) == 2
    assert "interactive-st cascade: error: gone.pt: no such checkpoint" in capsys.readouterr().err


def test_a_model_of_another_kind_is_named(text_model, tmp_path, capsys):
    speech = speech_model.make(tmp_path / "speech", arch="asr_tiny").checkpoint
    data = str(text_model.parent / "data")
    assert main(["cascade", "--asr", str(text_model), "--mt", str(text_model), data, "--cpu"]) == 2
    message = f"--asr {text_model}: trained by the task translation; give a model of joint_speech_to_text"
    assert message in capsys.readouterr().err
    data = str(speech.parent / "data")
    words = ["--asr", str(speech), "--mt", str(speech), data, "--gen-subset", "train", "--cpu"]
    assert main(["cascade", *words]) == 2
    message = f"{speech}: trained by the task joint_speech_to_text, not by translation"
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("other", ["speech", "text"])
def test_models_of_other_words(text_model, tmp_path, capsys, other):
    """torch refuses the weights before anybody has compared the dictionaries."""
    speech = speech_model.make(tmp_path / "speech", arch="asr_tiny")
    asr, data = speech.checkpoint, speech.data if other == "text" else text_model.parent / "data"
    words = ["--asr", str(asr), "--mt", str(text_model), str(data), "--gen-subset", "train", "--cpu"]
    words += ["--mt-data", str(data / "mt")] if other == "text" else []
    if other == "text":
        write_translation_text(data, ["train"])
    assert main(["cascade", *words]) == 2
    error = capsys.readouterr().err
    if other == "speech":
        assert f"error: --asr {asr}: its weights do not fit the dictionary of {data}; give the data" in error
    else:
        assert f"error: {text_model}: its dictionary is not that of the speech model; train it on" in error


def test_a_missing_text_model_is_named(tmp_path, capsys):
    speech = speech_model.make(tmp_path / "speech", arch="asr_tiny")
    words = ["cascade", "--asr", str(speech.checkpoint), str(speech.data), "--cpu", "--mt"]
    assert main([*words, "gone.pt"]) == 2
    assert "error: --mt gone.pt: no such file; name a checkpoint of task tr" in capsys.readouterr().err
    assert main([*words, str(tmp_path)]) == 2
    assert f"error: --mt {tmp_path}: is a folder; name a checkpoint" in capsys.readouterr().err


def test_a_damaged_dictionary_of_the_text_model_is_named(text_model, tmp_path, capsys):
    speech = speech_model.make(tmp_path / "speech", arch="asr_tiny")
    mt_data = tmp_path / "mt"
    shutil.copytree(text_model.parent / "data" / "mt", mt_data)
    broken = sorted(mt_data.glob("dict.*.txt"))[0]
    broken.write_text("no count\n")
    words = ["--asr", str(speech.checkpoint), "--mt", str(text_model), "--mt-data", str(mt_data)]
    assert main(["cascade", *words, str(speech.data), "--gen-subset", "train", "--cpu"]) == 2
    assert f"error: {broken}: not readable as a dictionary" in capsys.readouterr().err


def test_utterances_longer_than_a_batch(monkeypatch, tmp_path, capsys):
    def refuse(args):
        raise AssertionError("Sentences lengths should not exceed max_tokens=10")

    monkeypatch.setattr(cascade, "_check_models", lambda args: None)
    monkeypatch.setattr(generate, "main", refuse)
    words = ["cascade", "--asr", "a.pt", "--mt", "m.pt", str(tmp_path)]
    for given in ("--max-tokens=10", "--generate-options=--max-tokens 10"):
        assert main([*words, given]) == 2
        assert "--max-tokens 10: an utterance has more frames; raise it" in capsys.readouterr().err


def test_utterances_longer_than_the_recogniser_reads(tmp_path, capsys):
    speech = speech_model.make(tmp_path / "speech", arch="asr_tiny")
    write_translation_text(speech.data, ["train"])
    save_text_model(speech.data / "mt", tmp_path / "mt.pt")
    words = ["cascade", "--asr", str(speech.checkpoint), "--mt", str(tmp_path / "mt.pt"), str(speech.data)]
    words += ["--gen-subset", "train", "--cpu"]
    assert main([*words, "--generate-options=--max-source-positions 42"]) == 2
    error = capsys.readouterr().err
    message = "--gen-subset train: Size of sample #5 is invalid (=(43, 4)) since max_positions=(42, "
    assert f"interactive-st cascade: error: {message}" in error
    assert error.endswith("or here by --generate-options=--skip-invalid-size-inputs-valid-test\n")
    skipping = "--max-source-positions 42 --skip-invalid-size-inputs-valid-test"
    assert main([*words, f"--generate-options={skipping}"]) == 0
    assert "S-5\t" not in capsys.readouterr().out


def test_what_fairseq_generate_itself_refuses(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(cascade, "_check_models", lambda args: None)
    words = ["cascade", "--asr", "a.pt", "--mt", "m.pt", str(tmp_path), "--cpu"]
    assert main([*words, "--generate-options=--sampling"]) == 2
    message = "error: --sampling requires --nbest to be equal to --beam; leave it out of --generate-options"
    assert message in capsys.readouterr().err


def test_an_error_of_the_program_is_not_taken_for_one_of_the_user(monkeypatch, tmp_path):
    def fail(args):
        raise AssertionError("shapes")

    monkeypatch.setattr(cascade, "_check_models", lambda args: None)
    monkeypatch.setattr(generate, "main", fail)
    with pytest.raises(AssertionError, match="shapes"):
        main(["cascade", "--asr", "a.pt", "--mt", "m.pt", str(tmp_path)])


def test_pairs_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").touch()
    pairs = str(tmp_path / "file" / "p.jsonl")
    assert main(["cascade", "--asr", "a.pt", "--mt", "m.pt", str(tmp_path), "--pairs-path", pairs]) == 2
    assert "file is a file; give a folder" in capsys.readouterr().err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_output_that_cannot_be_written(handed_over, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(generate, "main", lambda args: print("S-0\tone two", flush=True))
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(["cascade", "--asr", "a.pt", "--mt", "m.pt", str(tmp_path)]) == 2
    error = "interactive-st cascade: error: standard output cannot be written (No space left on device); send"
    assert error in capsys.readouterr().err


def test_both_models_are_needed(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["cascade", "--asr", "a.pt", str(tmp_path)])
    assert "--mt" in capsys.readouterr().err
