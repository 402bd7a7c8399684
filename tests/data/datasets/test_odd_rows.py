"""Rows that are rare, and legitimate or at least named."""

import logging
from argparse import Namespace

import numpy as np
import pytest
import tiny
import torch
from fairseq.data import Dictionary

from interactive_st.data.datasets.config import JointDataConfig
from interactive_st.data.datasets.creator import JointDatasetCreator
from interactive_st.errors import DataError
from tests.joint_corpus import ROWS, task_arguments, write_config, write_corpus, write_split
from tests.joint_corpus import load as load_split


@pytest.fixture
def load(tmp_path):
    """Loads a split of these rows, texts in whole words."""

    def run(rows, pre_tokenizer=None, **options):
        folder = write_corpus(tmp_path, {"test": []})
        write_config(folder, bpe_tokenizer=None, feature_transforms=None)
        write_split(folder, "test", rows)
        dictionary = tiny.dictionary()
        config = JointDataConfig(folder / task_arguments(folder).config_yaml)
        return JointDatasetCreator.from_tsv(
            str(folder), config, "test", dictionary, pre_tokenizer, None, False, epoch=1, seed=1, **options
        )

    return run


def test_words_written_like_special_symbols_are_unknown_words(load):
    dataset = load([("a", 20, "w1 <pad> w2", "<s> w3 </s> <pad>", "", "en", "de")])
    unknown, eos = Dictionary().unk(), Dictionary().eos()
    transcript, translation = dataset[0].texts
    assert transcript.tolist() == [unknown, dataset.tgt_dict.index("w3"), unknown, unknown, eos]
    assert translation.tolist() == [*map(dataset.tgt_dict.index, ("w1", "<unk>", "w2")), eos]
    batch = dataset.collater([dataset[0]])
    assert torch.equal(batch["targets"].ne(1).sum(dim=2)[:, 0], torch.tensor(batch["ntokens_by_stream"]))


def test_texts_are_cut_into_words_as_the_folder_says(load):
    words = Namespace(encode=lambda text: text.replace(".", " ."))
    dataset = load([("a", 20, "w1.", "w2.", "", "en", "de")], pre_tokenizer=words)
    index, eos = dataset.tgt_dict.index, Dictionary().eos()
    assert [text.tolist() for text in dataset[0].texts] == [
        [index(word), Dictionary().unk(), eos] for word in ("w2", "w1")
    ]


def test_a_text_of_spaces_is_missing(load):
    dataset = load([("a", 20, " w1 ", "  ", "", "en", "de")])
    assert [dataset.has_texts(stream) for stream in (0, 1)] == [False, True]
    assert [len(text) for text in dataset[0].texts] == [0, 2]


def test_the_log_has_the_share_of_unknown_words(load, caplog):
    with caplog.at_level(logging.INFO):
        load([("a", 20, "w1 other w2 w3", "", "", "en", "de"), ("b", 20, "w4 w5 w6 w7", "", "", "en", "de")])
    assert "'test' has 12.50% OOV (translations)" in caplog.text
    assert "OOV (transcripts)" not in caplog.text, "there are none"


def test_a_line_that_is_no_row_is_named(folder):
    with (folder / "test.tsv").open("a") as file:
        file.write("x\ttest_a.npy\n")
    with pytest.raises(DataError, match=r"test\.tsv:6.*; correct this line \(1 bad in all\)"):
        load_split(folder)


def test_rows_without_any_text_are_left_out_of_training_with_a_warning(folder, caplog):
    rows = [*ROWS, ("bare", 20, "", "", "", "en", "de")]
    write_split(folder, "train", rows)
    assert len(load_split(folder, "train", is_train=True)) == len(ROWS)
    assert "'train': 1 row without any text left out" in caplog.text
    assert len(load_split(folder, "train")) == len(rows)


def test_features_without_a_frame_are_named(load, tmp_path):
    dataset = load([("a", 20, "w1", "w2", "", "en", "de")])
    np.save(tmp_path / "test_a.npy", np.zeros((0, 8), np.float32))
    with pytest.raises(DataError, match=r"test\.tsv:2 \(a\): its features have no frame"):
        dataset[0]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_no_numbers_are_named(load, tmp_path, value):
    """Of archives that others made; otherwise the model seems to be what is wrong."""
    dataset = load([("a", 20, "w1", "w2", "", "en", "de")])
    features = np.zeros((20, 8), np.float32)
    features[3, 5] = value
    np.save(tmp_path / "test_a.npy", features)
    with pytest.raises(DataError, match=r"test\.tsv:2 \(a\): its features hold NaN or infinite values"):
        dataset[0]


def test_file_names_may_hold_colons(load):
    dataset = load([("a:1:b", 20, "w1", "w2", "", "en", "de")])
    assert len(dataset[0].source) == 20


@pytest.mark.parametrize("speaker", ["", "lucas"])
def test_a_speaker_that_the_set_lacks_is_named_before_training(load, speaker):
    rows = [("a", 20, "w1", "w2", "theo", "en", "de"), ("b", 21, "w1", "w2", speaker, "en", "de")]
    with pytest.raises(DataError, match=rf"test\.tsv:3 \(b\): the speaker '{speaker}' is not in"):
        load(rows, speaker_to_id={"theo": 0})
    assert load(rows[:1], speaker_to_id={"theo": 0})[0].speaker_id == 0
