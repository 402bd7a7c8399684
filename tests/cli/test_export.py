"""The command export, and that its folder is what translate takes."""

import json
import shutil

import pytest

from interactive_st.cli import main
from interactive_st.inference.hub import InteractiveST
from tests import speech_model
from tests.full_disk import largest_file
from tests.speech_model import bursts


def export(*words):
    return main.main(["export", *map(str, words)])


def test_makes_a_model_that_translates(made, tmp_path, noise_is_speech, capsys):
    scores = tmp_path / "test.json"
    scores.write_text(json.dumps({"sentences": 2, "wer": 50.0, "cer": 40.0, "bleu": 10.0, "chrf": 20.0}))
    words = ("--name", "noise", "--license", "MIT", "--data-name", "noises", "--metrics", scores)
    assert export(made.checkpoint, tmp_path / "model", *words) == 0
    assert capsys.readouterr().out == f"ready: {tmp_path / 'model'}\n"
    card = (tmp_path / "model" / "README.md").read_text()
    assert "# noise\n" in card
    assert "license: MIT" in card
    assert "| test | 2 | 50.00 | 40.00 | 10.00 | 20.00 |" in card
    assert "- Data: noises\n- Licence of the data: not stated" in card
    talk = speech_model.write(tmp_path / "talk.wav", bursts([(0.1, 0.9)], 1.0))
    command = ["translate", str(talk), "--model", str(tmp_path / "model"), "--max-len-b", "6", "--quiet"]
    assert main.main(command) == 0
    assert "\nde: " in capsys.readouterr().out


@pytest.fixture(scope="module")
def with_ctc(tmp_path_factory):
    folder = tmp_path_factory.mktemp("with_ctc")
    return speech_model.make(folder, ctc_weight=0.3, train_wait_k="1,3", wait_k="3").checkpoint


@pytest.mark.usefixtures("noise_is_speech")
def test_the_folder_keeps_how_it_is_to_be_decoded(with_ctc, tmp_path, capsys):
    assert export(with_ctc, tmp_path / "model") == 0
    shown = capsys.readouterr().err
    assert shown.startswith("note: transcripts are scored by attention alone")
    assert "trained with --ctc-weight 0.3, so --ctc-weight may be given" in shown
    decoded_by = ("--search", "rank", "--ctc-weight", "0.5", "--wait-k", "1")
    assert export(with_ctc, tmp_path / "decided", *decoded_by) == 0
    assert capsys.readouterr().err == ""
    card = (tmp_path / "decided" / "README.md").read_text()
    assert "| Decoded by | --search rank --ctc-weight 0.5 |" in card
    sound = bursts([(0.1, 0.9)], 1.0)
    model, decided = (InteractiveST.from_pretrained(tmp_path / name) for name in ("model", "decided"))
    wanted = {"search": "rank", "ctc_weight": 0.5, "wait_k": 1}
    results = [
        one(sound, speech_model.RATE, **options, **speech_model.SHORT).segments[0].nbest
        for one, options in ((model, wanted), (decided, {}), (model, {}), (decided, {"wait_k": 3}))
    ]
    assert results[0] == results[1]
    assert results[1] != results[2]
    assert results[1] != results[3]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--wait-k", "5"), "--wait-k 5: the model was trained for 1, 3"),
        (("--wait-k", "soon"), "--wait-k soon: a whole number or inf is needed"),
        (("--ctc-weight", "2"), "--ctc-weight 2.0: at most 1 has a meaning"),
    ],
)
def test_decoding_that_the_model_cannot_do(with_ctc, tmp_path, capsys, words, message):
    assert export(with_ctc, tmp_path / "model", *words) == 2
    assert f"error: {message}" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_ctc_that_was_not_trained(made, tmp_path, capsys):
    assert export(made.checkpoint, tmp_path / "model", "--ctc-weight", "0.5") == 2
    assert "error: --ctc-weight 0.5: it needs" in capsys.readouterr().err


def test_existing_folder(made, tmp_path, capsys):
    assert export(made.checkpoint, tmp_path / "model") == 0
    assert export(made.checkpoint, tmp_path / "model") == 2
    assert "not empty" in capsys.readouterr().err
    assert export(made.checkpoint, tmp_path / "model", "--overwrite") == 0
    (tmp_path / "model" / "LICENSE").touch()
    assert export(made.checkpoint, tmp_path / "model", "--overwrite") == 2
    assert "holds LICENSE, no part of a model folder" in capsys.readouterr().err


def test_checkpoint_is_missing(tmp_path, capsys):
    assert export(tmp_path / "none.pt", tmp_path / "model") == 2
    assert "no such checkpoint" in capsys.readouterr().err


def test_a_folder_of_checkpoints_is_no_checkpoint(tmp_path, capsys):
    assert export(tmp_path, tmp_path / "model") == 2
    assert f"{tmp_path}: is a folder; name a checkpoint" in capsys.readouterr().err


def test_out_cannot_be_written(made, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert export(made.checkpoint, tmp_path / "file" / "model") == 2
    assert f"error: {tmp_path / 'file' / 'model'}: {tmp_path / 'file'} is a file" in capsys.readouterr().err


@pytest.mark.parametrize("full", ["spm_joint.model", "model.safetensors"])
def test_a_full_disk_is_named_with_the_way_out(made, tmp_path, capsys, full):
    """In the files beside the weights, and in these."""
    assert export(made.checkpoint, tmp_path / "model") == 0
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "model").iterdir()}
    assert sizes["model.safetensors"] == max(sizes.values())
    shutil.rmtree(tmp_path / "model")
    with largest_file(sizes[full] - 1):
        assert export(made.checkpoint, tmp_path / "model") == 2
    errors = capsys.readouterr().err
    assert f"error: {tmp_path / 'model'}: " in errors
    assert "File too large" in errors
    assert "nothing was left; free space or choose another place" in errors
    assert list(tmp_path.iterdir()) == []


def test_data_is_missing(made, tmp_path, capsys):
    assert export(made.checkpoint, tmp_path / "model", "--data", tmp_path) == 2
    assert "name the data folder" in capsys.readouterr().err


def test_metrics_that_are_none(made, tmp_path, capsys):
    (tmp_path / "a.json").write_text("{}")
    assert export(made.checkpoint, tmp_path / "model", "--metrics", tmp_path / "a.json") == 2
    assert "holds no scores" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()
