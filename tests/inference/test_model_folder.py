import json
import os
import re
import shutil
from pathlib import Path

import pytest
import torch
import yaml
from fairseq import checkpoint_utils
from safetensors import safe_open

from interactive_st.errors import DataError
from interactive_st.inference import model_folder
from interactive_st.inference.model_card import Card
from interactive_st.inference.model_folder import describe, read_model_folder, write_model_folder
from interactive_st.inference.stored_model import load_checkpoint
from tests import speech_model

FILES = {
    "README.md",
    "config.json",
    "config_joint.yaml",
    "dict.txt",
    "model.safetensors",
    "spm_joint.model",
    "spm_joint.vocab",
}


@pytest.fixture(scope="module")
def trained(made):
    """The model as fairseq's tools load it."""
    models, _, _ = checkpoint_utils.load_model_ensemble_and_task([str(made.checkpoint)])
    return models[0].eval()


def test_holds_what_decoding_needs(folder):
    assert {path.name for path in folder.iterdir()} == FILES
    settings = json.loads((folder / "config.json").read_text())
    assert settings["architecture"] == "interactive_st_tiny"
    assert settings["features"] == {"type": "fbank", "num_mel_bins": 8, "sample_rate": 8000}
    assert settings["languages"] == ["de", "en"]
    assert (settings["source_lang"], settings["target_lang"]) == ("en", "de")
    assert settings["updates"] == 12
    assert settings["model"]["wait_k"] == 3
    assert settings["model"]["encoder_embed_dim"] == 16
    assert settings["task"]["search"] is None


def test_files_can_be_read_by_others(folder):
    mask = os.umask(0)
    os.umask(mask)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o666 & ~mask}


def test_all_tensors_tied_ones_once(folder, trained):
    with safe_open(folder / "model.safetensors", framework="pt") as file:
        stored = set(file.keys())
    tied = {"decoder.embed_tokens.weight", "decoder.output_projection.weight"}
    assert len(stored & tied) == 1
    assert stored | tied == set(trained.state_dict())


@pytest.mark.parametrize("kind", ["folder", "checkpoint"])
def test_builds_the_model_that_was_trained(kind, made, folder, trained):
    stored = read_model_folder(folder) if kind == "folder" else load_checkpoint(made.checkpoint)
    task, model = stored.build()
    assert stored.updates == 12
    assert not model.training
    assert repr(model) == repr(trained)
    assert model.decoder.wait_k == trained.decoder.wait_k
    assert model.decoder.embed_tokens.weight is model.decoder.output_projection.weight
    expected = trained.state_dict()
    assert model.state_dict().keys() == expected.keys()
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, expected[name]), name
    source = torch.randn(2, 40, 8, generator=torch.Generator().manual_seed(1))
    batch = (source, torch.tensor([40, 30]), torch.tensor([[[4, 7, 8]] * 2, [[5, 9, 10]] * 2]))
    with torch.no_grad():
        assert torch.equal(model(*batch)[0], trained(*batch)[0])
    assert len(task.tgt_dict) == expected["decoder.embed_tokens.weight"].size(0)


def test_stands_on_its_own(tmp_path):
    """It loads from another place, when neither checkpoint nor data are there any more."""
    made = speech_model.make(tmp_path / "training", cmvn="global", wait_k="inf", fusion="gate")
    expected = load_checkpoint(made.checkpoint).build()[1].state_dict()
    write_model_folder(load_checkpoint(made.checkpoint), tmp_path / "model", Card("test"))
    shutil.rmtree(tmp_path / "training")
    moved = (tmp_path / "model").rename(tmp_path / "moved")
    assert (moved / "gcmvn.npz").is_file()
    task, model = read_model_folder(moved).build()
    assert model.decoder.wait_k == float("inf")
    assert task.data_cfg.get_feature_transforms("test", False)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, expected[name]), name


def test_no_path_of_this_machine(made, tmp_path):
    """Nowhere in its files, not even where the data folder, the run and the subword model name some."""
    data = tmp_path / "data"
    shutil.copytree(made.data, data)
    config = yaml.safe_load((data / "config_joint.yaml").read_text())
    config |= {"audio_root": str(tmp_path), "vocab_filename": "dict.txt"}
    config["bpe_tokenizer"]["sentencepiece_model"] = str(data / "spm_joint.model")
    (data / "config_joint.yaml").write_text(yaml.safe_dump(config))
    # an absolute path begins in each of these, also in one of another run of the tests
    places = [str(made.data.parents[1]), str(tmp_path), os.getcwd(), os.path.expanduser("~") + "/"]
    places += ["/tmp/", "/home/", "/root/"]
    folder = write_model_folder(load_checkpoint(made.checkpoint, data), tmp_path / "model", Card("test"))
    for path in folder.iterdir():
        content = path.read_bytes()
        for place in places:
            assert place.encode() not in content, f"{path.name} names {place}"
    read_model_folder(folder).build()


def test_files_of_other_tokenisers_come_along(made, tmp_path):
    """fairseq has some with files of their own names, for texts before the subwords too."""
    data = tmp_path / "data"
    shutil.copytree(made.data, data)
    config = yaml.safe_load((data / "config_joint.yaml").read_text())
    config["bpe_tokenizer"] = {"bpe": "byte_bpe", "sentencepiece_model_path": "spm_joint.model"}
    config["pre_tokenizer"] = {"tokenizer": "space", "rules": "rules.txt"}
    (data / "config_joint.yaml").write_text(yaml.safe_dump(config))
    (data / "rules.txt").write_text("none\n")
    for overwrite in (False, True):  # they are its own, and no reason against that
        stored = load_checkpoint(made.checkpoint, data)
        folder = write_model_folder(stored, tmp_path / "model", Card("test"), overwrite)
    shutil.rmtree(data)
    task, _ = read_model_folder(folder).build()
    bpe = task.build_bpe(task.args)
    assert bpe.decode(bpe.encode("one two")).strip() == "one two"
    assert (folder / "rules.txt").read_text() == "none\n"
    assert b"/tmp/" not in (folder / "sentencepiece_model_path.model").read_bytes()


def test_files_of_training_are_no_options(made, tmp_path):
    stored = load_checkpoint(made.checkpoint)
    assert not [name for name in stored.options if "pretrained" in name or "dir" in name]


def test_option_with_a_path_is_refused(made, tmp_path):
    stored = load_checkpoint(made.checkpoint)
    task, model = stored.build()
    stored.options["front_end"] = str(tmp_path)
    with pytest.raises(DataError, match="front_end"):
        describe(stored, task, model)


def test_never_replaces_what_is_there(made, folder, tmp_path):
    stored = load_checkpoint(made.checkpoint)
    with pytest.raises(DataError, match="not empty"):
        write_model_folder(stored, folder, Card("test"))
    (tmp_path / "letters.txt").write_text("mine")
    with pytest.raises(DataError, match="not empty"):
        write_model_folder(stored, tmp_path, Card("test"), overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_overwrite_replaces_a_model_folder(made, tmp_path):
    stored = load_checkpoint(made.checkpoint)
    write_model_folder(stored, tmp_path / "model", Card("old"))
    write_model_folder(stored, tmp_path / "model", Card("new"), overwrite=True)
    assert "# new\n" in (tmp_path / "model" / "README.md").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("name", [".git/HEAD", "LICENSE", "talk.wav", "old/model.safetensors"])
def test_overwrite_deletes_nothing_else(made, copied, tmp_path, name):
    (copied / name).parent.mkdir(exist_ok=True)
    (copied / name).write_text("mine")
    (copied / "README.md").write_text("# edited\n")
    message = rf"model: holds {re.escape(name.partition('/')[0])}, no part of a model folder, .* move that"
    with pytest.raises(DataError, match=message):
        write_model_folder(load_checkpoint(made.checkpoint), copied, Card("new"), overwrite=True)
    assert (copied / name).read_text() == "mine"
    assert (copied / "README.md").read_text() == "# edited\n"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_overwrite_replaces_no_folder_of_that_name_alone(made, copied, tmp_path):
    """What an export wrote are plain files, not links or folders that are called so."""
    (copied / "README.md").rename(tmp_path / "card.md")
    (copied / "README.md").symlink_to("../card.md")
    (copied / "gcmvn.npz").mkdir()
    with pytest.raises(DataError, match=r"model: holds README\.md, gcmvn\.npz, no part"):
        write_model_folder(load_checkpoint(made.checkpoint), copied, Card("new"), overwrite=True)


@pytest.mark.parametrize("settings", [None, "{", "[]", '{"model_type": "bert"}'])
def test_overwrite_replaces_no_model_of_other_programs(made, tmp_path, settings):
    """Many have files of these names."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").write_text("theirs")
    if settings is not None:
        (tmp_path / "model" / "config.json").write_text(settings)
    with pytest.raises(DataError, match=r"model: has no config\.json of an interactive_st model, so it"):
        write_model_folder(load_checkpoint(made.checkpoint), tmp_path / "model", Card("new"), overwrite=True)
    assert (tmp_path / "model" / "model.safetensors").read_text() == "theirs"


def test_overwrite_with_a_damaged_configuration(made, copied):
    (copied / "config_joint.yaml").write_text("features: {type: fbank\n")
    write_model_folder(load_checkpoint(made.checkpoint), copied, Card("new"), overwrite=True)
    read_model_folder(copied).build()


def test_nothing_is_left_of_a_failure(made, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(made.data, data)
    stored = load_checkpoint(made.checkpoint, data)
    card = Card("test", metrics={"test": {"wer": "no number"}})
    with pytest.raises(ValueError, match="format"):
        write_model_folder(stored, tmp_path / "model", card)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


class TestBadInput:
    def test_no_checkpoint(self, tmp_path):
        (tmp_path / "a.pt").write_text("text")
        with pytest.raises(DataError, match=r"a\.pt: not a checkpoint of fairseq-train"):
            load_checkpoint(tmp_path / "a.pt")
        torch.save({"weights": torch.zeros(1)}, tmp_path / "b.pt")
        with pytest.raises(DataError, match=r"b\.pt: not a checkpoint of fairseq-train"):
            load_checkpoint(tmp_path / "b.pt")

    def test_data_folder_is_gone(self, made, tmp_path):
        with pytest.raises(DataError, match=r"no config_joint\.yaml; name the data folder by --data DIR"):
            load_checkpoint(made.checkpoint, tmp_path)

    def test_a_relative_data_folder_is_looked_for_above_the_checkpoint(self, tmp_path, monkeypatch):
        made = speech_model.make(tmp_path / "work" / "run")
        state = torch.load(made.checkpoint)
        state["cfg"]["task"].data = "run/data"
        torch.save(state, made.checkpoint)
        monkeypatch.chdir(tmp_path)
        assert load_checkpoint(Path("work/run/checkpoint_best.pt")).data == made.data
        moved = shutil.copy(made.checkpoint, tmp_path / "a.pt")
        with pytest.raises(DataError, match=f"folder {tmp_path}/run/data, where it was trained, has no"):
            load_checkpoint(Path(moved))

    def test_weights_of_another_model(self, made, tmp_path):
        stored = load_checkpoint(made.checkpoint)
        stored.options["encoder_layers"] = 2
        with pytest.raises(DataError, match="do not fit"):
            stored.build()

    def test_incomplete_folder(self, copied):
        (copied / "config.json").unlink()
        with pytest.raises(DataError, match="not a complete model folder"):
            read_model_folder(copied)

    def test_damaged_weights(self, copied):
        weights = copied / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:1000])
        with pytest.raises(DataError, match="not a complete model folder"):
            read_model_folder(copied)

    def test_weights_that_may_not_be_read(self, folder, monkeypatch):
        """They are there; the test stands in for the system, which lets root read them."""

        def refuse(path, *how):
            raise PermissionError(13, "Permission denied", str(path))

        settings = {"format_version": 1, "architecture": "", "model": {}, "task": {}}
        monkeypatch.setattr(model_folder, "_read_settings", lambda _: settings)
        monkeypatch.setattr(Path, "open", refuse)
        with pytest.raises(DataError, match=r"model\.safetensors: cannot be read \(Permission denied\)"):
            read_model_folder(folder)

    def test_newer_format(self, copied):
        path = copied / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"format_version": 99, "architecture": {}}))
        with pytest.raises(DataError, match="newer interactive_st"):
            read_model_folder(copied)
