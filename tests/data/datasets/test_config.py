import shutil

import numpy as np
import pytest

from interactive_st.data.datasets.config import JointDataConfig
from interactive_st.errors import DataError
from tests.joint_corpus import write_config, write_corpus


def test_relative_paths_are_those_of_the_folder(tmp_path, monkeypatch):
    folder = write_corpus(tmp_path / "data")
    np.savez(folder / "gcmvn.npz", mean=np.zeros(8), std=np.ones(8))
    write_config(
        folder,
        audio_root="speech",
        global_cmvn={"stats_npz_path": "gcmvn.npz"},
        feature_transforms={"*": ["global_cmvn"]},
    )
    # files of the same names in the working directory must not be taken, as fairseq would
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("gcmvn.npz", "spm_joint.model"):
        shutil.copy(folder / name, elsewhere)
    (folder / "sentencepiece").touch()  # has the name of a kind of tokeniser
    monkeypatch.chdir(elsewhere)
    config = JointDataConfig(folder / "config_joint.yaml")
    assert config.audio_root == str(folder / "speech")
    assert config.global_cmvn_stats_npz == str(folder / "gcmvn.npz")
    transforms = config.get_feature_transforms("test", False)
    assert transforms["global_cmvn"]["stats_npz_path"] == str(folder / "gcmvn.npz")
    model = str(folder / "spm_joint.model")
    assert config.bpe_tokenizer == {"bpe": "sentencepiece", "sentencepiece_model": model}


def test_audio_root_is_the_folder_unless_absolute(tmp_path):
    assert JointDataConfig(write_config(tmp_path)).audio_root == str(tmp_path)
    root = JointDataConfig(write_config(tmp_path, audio_root="/somewhere")).audio_root
    assert root == "/somewhere"


def test_languages_can_be_given_from_outside(tmp_path):
    path = write_config(tmp_path, target_lang=None)
    assert JointDataConfig(path).source_lang == "en"
    assert JointDataConfig(path).target_lang is None
    config = JointDataConfig(path, source_lang="nl", target_lang="fr")
    assert (config.source_lang, config.target_lang) == ("nl", "fr")


def test_features_are_filterbanks_where_nothing_is_said(tmp_path):
    config = JointDataConfig(write_config(tmp_path, features=None, sample_rate=8000))
    assert config.features == {"type": "fbank", "num_mel_bins": 8, "sample_rate": 8000}


@pytest.mark.parametrize("rate", [8000, "8000", 8000.0])
def test_what_features_leave_out_is_fairseqs(tmp_path, rate):
    config = JointDataConfig(write_config(tmp_path, features={"type": "fbank", "sample_rate": rate}))
    assert config.features == {"type": "fbank", "num_mel_bins": 8, "sample_rate": rate}
    config = JointDataConfig(write_config(tmp_path, features={"type": "fbank"}))
    assert config.features["sample_rate"] == 16000


def test_a_number_as_text_is_that_number(tmp_path):
    features = {"type": "fbank", "num_mel_bins": "8", "sample_rate": "8000"}
    assert JointDataConfig(write_config(tmp_path, features=features)).features["num_mel_bins"] == "8"


def test_empty_entries_are_as_if_they_were_not_there(tmp_path):
    config = JointDataConfig(write_config(tmp_path, bpe_tokenizer={}, pre_tokenizer={}, features={}))
    assert (config.bpe_tokenizer, config.pre_tokenizer) == ({"bpe": None}, {"tokenizer": None})
    assert config.features["type"] == "fbank"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"prepend_tgt_lang_tag": True}, "prepend_tgt_lang_tag cannot be honoured"),
        ({"prepend_bos_and_append_tgt_lang_tag": True}, "prepend_bos_and_append_tgt_lang_tag"),
        ({"use_audio_input": True}, "use_audio_input"),
        ({"dataset_transforms": {"_train": ["noisyoverlapaugment"]}}, "noisyoverlapaugment"),
        ({"feature_transforms": {"*": ["delta_deltas"]}}, "delta_deltas .*torchaudio"),
        ({"features": {"type": "fbank", "num_mel_bins": 80}}, "80 a frame .* is 8"),
        ({"features": {"type": "precomputed", "dim": 80}}, "80 a frame .* is 8"),
        ({"features": {"type": "fbank", "sample_rate": [8]}}, r"sample_rate of features is \[8\], where a"),
        ({"features": {"type": "fbank", "sample_rate": 0}}, "sample_rate of features is 0, where a"),
        ({"bpe_tokenizer": {"bpe": ["a"]}}, r"bpe names \['a'\], where a text is needed"),
        ({"pre_tokenizer": {"tokenizer": ["a"]}}, r"tokenizer names \['a'\], where a text is needed"),
        ({"input_channels": "one"}, "input_channels is 'one', where a whole number above 0 is needed"),
        ({"vocab_filename": 3}, "vocab_filename names 3, where a text is needed"),
        ({"global_cmvn": {"stats_npz_path": 3}}, "stats_npz_path names 3, where a text is needed"),
        ({"bpe_tokenizer": {"sentencepiece_model": ["a"]}}, r"sentencepiece_model names \['a'\], where a"),
        ({"feature_transforms": {"*": [["utterance_cmvn"]]}}, r"feature_transforms, \* names .*a text is"),
        ({"features": "fbank"}, "features is 'fbank', where keys and values are needed"),
        ({"bpe_tokenizer": "sentencepiece"}, "bpe_tokenizer is 'sentencepiece'"),
        ({"global_cmvn": "gcmvn.npz"}, "global_cmvn is 'gcmvn.npz'"),
        ({"global_cmvn": {"stats_npz_path": "nope.npz"}}, "statistics nope.npz, which do not exist"),
        ({"feature_transforms": ["utterance_cmvn"]}, "feature_transforms is"),
        ({"feature_transforms": {"*": "utterance_cmvn"}}, r"feature_transforms of \* is .*write a list"),
        ({"feature_transforms": {"*": ["nonesuch"]}}, "nonesuch .*known are .*utterance_cmvn"),
        ({"dataset_transforms": {"*": ["utterance_cmvn"]}}, "known are concataugment"),
        ({"feature_transforms": {"*": ["dynamic_range"]}, "dynamic_range": 3}, "needs an entry of its own"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(tmp_path, changes, what):
    path = write_config(tmp_path, **changes)
    with pytest.raises(DataError, match=what) as error:
        JointDataConfig(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("content", [b"features: {type: fbank\n", b"\xff\xfe", b"a: !!python/object:os.x {}"])
def test_a_file_that_is_not_yaml_is_named(tmp_path, content):
    path = tmp_path / "config_joint.yaml"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"config_joint\.yaml: not readable as YAML \("):
        JointDataConfig(path)


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"gone\.yaml"):
        JointDataConfig(tmp_path / "gone.yaml")


def test_a_missing_sentencepiece_model_is_named(tmp_path):
    config = JointDataConfig(write_config(tmp_path))
    with pytest.raises(DataError, match=r"spm_joint\.model, which is not in"):
        _ = config.bpe_tokenizer
