"""The command export, and that its folder is what translate takes."""

import json
import shutil

import pytest

from interactive_st.cli import main
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
