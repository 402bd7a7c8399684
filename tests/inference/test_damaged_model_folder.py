"""Model folders and data folders of which a file is damaged, and mistakes of the program beside them."""

import json

import pytest

from interactive_st.errors import DataError
from interactive_st.inference import model_folder
from interactive_st.inference.model_folder import read_model_folder
from interactive_st.inference.stored_model import load_checkpoint


def test_options_that_no_model_can_have(made):
    stored = load_checkpoint(made.checkpoint)
    stored.options["wait_k"] = "soon"
    with pytest.raises(DataError, match="--wait-k must be a whole number"):
        stored.build()


@pytest.mark.parametrize("name", ["config_joint.yaml", "dict.txt"])
def test_missing_data_files(copied, name):
    (copied / name).unlink()
    with pytest.raises(DataError, match=rf"model: the task cannot be made of it \(.*{name}"):
        read_model_folder(copied).build()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config_joint.yaml", "features: {type: fbank\n", "not readable as YAML .*line 1.*copy it again"),
        ("dict.txt", "word\n", r"not readable as a dictionary \(Incorrect dictionary format"),
        ("dict.txt", "a 1\na 1\n", r"not readable as a dictionary \(Duplicate word"),
        ("dict.txt", b"caf\xe9 1\n", r"not readable as a dictionary \(Incorrect encoding"),
    ],
)
def test_damaged_data_files(copied, name, content, message):
    path = copied / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(DataError, match=rf"model/{name}: {message}"):
        read_model_folder(copied).build()


def test_features_that_the_model_was_not_trained_with(copied):
    path = copied / "config_joint.yaml"
    whole = path.read_text()
    for damaged in (whole[: whole.index("features:\n  type")], whole.replace("_rate: 8000", "_rate: 16000")):
        path.write_text(damaged)
        with pytest.raises(DataError, match=r"config_joint\.yaml has other features than config\.json"):
            read_model_folder(copied)


def test_a_damaged_subword_model(copied):
    (copied / "spm_joint.model").write_text("no model")
    with pytest.raises(DataError, match=r"config_joint\.yaml: the tokeniser of bpe_tokenizer, .*spm_joint"):
        read_model_folder(copied).build()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format_version": "1"}, r"format_version of config\.json is '1', where a number is needed"),
        ({"architecture": None}, r"architecture of config\.json is None, where a text is needed"),
        ({"model": [1]}, r"model of config\.json is \[1\], where an object is needed"),
        ({"task": 3}, r"task of config\.json is 3, where an object is needed"),
        ({"architecture": "nonesuch"}, "the architecture nonesuch is unknown here"),
    ],
)
def test_damaged_settings(copied, changes, message):
    path = copied / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(DataError, match=message):
        read_model_folder(copied).build()


@pytest.mark.parametrize("content", [b"{", b"\xff"])
def test_settings_that_are_not_json(copied, content):
    (copied / "config.json").write_bytes(content)
    with pytest.raises(DataError, match=r"not a complete model folder \(config\.json: "):
        read_model_folder(copied)


@pytest.mark.parametrize(("name", "value"), [("encoder_attention_heads", 3), ("activation_fn", "none")])
def test_options_that_fairseq_refuses(made, name, value):
    stored = load_checkpoint(made.checkpoint)
    stored.options[name] = value
    with pytest.raises(DataError, match="no model has the options that are stored"):
        stored.build()


def test_mistakes_of_the_program_are_not_hidden(folder, monkeypatch):
    def fail(*words, **options):
        raise LookupError("a mistake in the code")

    stored = read_model_folder(folder)
    monkeypatch.setattr("interactive_st.tasks.joint_speech_to_text.check_decoding_options", fail)
    with pytest.raises(LookupError, match="a mistake"):
        stored.build()
    monkeypatch.setattr(model_folder, "safe_open", fail)
    with pytest.raises(LookupError, match="a mistake"):
        read_model_folder(folder)
