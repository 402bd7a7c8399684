"""Rows without speech: read, ordered and batched."""

import logging

import numpy as np
import pytest
import torch

from interactive_st.data.datasets.joint_batches import FRAMES_PER_PIECE
from interactive_st.errors import DataError
from tests.joint_corpus import COLUMNS, FEATURES, ROWS, load, write_config, write_corpus, write_split

TEXTS = (
    ("e", "zweiundvierzig elf", "four two"),
    ("f", "", "one"),
    ("g", "siebzehn elf siebzehn", ""),
)


def write_texts(folder, split, texts=TEXTS, frames="0"):
    lines = ["\t".join(COLUMNS)]
    lines += ["\t".join([name, "", frames, tgt, src, "", "en", "de"]) for name, tgt, src in texts]
    (folder / f"{split}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    write_corpus(tmp_path)
    for split in ("train_text", "test_text"):
        write_texts(tmp_path, split)
    return tmp_path


@pytest.mark.parametrize("frames", ["0", ""])
def test_rows_are_read(folder, frames):
    write_texts(folder, "test_text", frames=frames)
    dataset = load(folder, "test_text")
    sample = dataset.collater([dataset[row] for row in range(3)])
    assert sample["net_input"]["src_tokens"].shape == (3, 0, FEATURES)
    assert sample["net_input"]["src_lengths"].tolist() == [0, 0, 0]
    assert sample["nsentences"] == 3
    for stream, column in ((0, 2), (1, 1)):
        for row, index in enumerate(sample["id"].tolist()):
            target = sample["targets"][stream, row]
            words = target[target.ne(dataset.tgt_dict.pad())]
            assert dataset.tgt_dict.string(words, bpe_symbol="sentencepiece") == TEXTS[index][column]


def test_training_changes_nothing_in_them(folder):
    """Transforms of features have nothing to transform."""
    write_config(folder, feature_transforms={"_train": ["utterance_cmvn", "specaugment"]},
                 specaugment={"freq_mask_N": 1, "freq_mask_F": 2, "time_mask_N": 1, "time_mask_T": 5,
                              "time_mask_p": 1.0, "time_wrap_W": 0})  # fmt: skip
    dataset = load(folder, "train_text", is_train=True)
    assert all(dataset[row].source.shape == (0, FEATURES) for row in range(3))


def test_lengths(folder):
    """Positions are limited by what is there, batches by what it would take to say it."""
    dataset = load(folder, "test,test_text")
    lengths = [max(len(text) for text in dataset[row].texts) for row in range(7)]
    spoken = [row[1] for row in ROWS]
    assert [dataset.size(row) for row in range(7)] == list(zip([*spoken, 0, 0, 0], lengths, strict=True))
    written = [FRAMES_PER_PIECE * length for length in lengths[4:]]
    assert [dataset.num_tokens(row) for row in range(7)] == spoken + written
    assert dataset.filter_indices_by_size(np.arange(7), (30, 1000))[0].tolist() == [0, 3, 4, 5, 6]


@pytest.mark.parametrize("splits", ["test,test_text", "test_text,test", "test_text"])
def test_batches_hold_speech_or_text(folder, splits):
    dataset = load(folder, splits)
    batches = dataset.batch_by_size(dataset.ordered_indices(), max_tokens=1000)
    assert sorted(row for batch in batches for row in batch) == list(range(len(dataset)))
    for batch in batches:
        assert len({dataset.size(row)[0] > 0 for row in batch}) == 1
        assert len(batch) * max(dataset.num_tokens(row) for row in batch) <= 1000
    lengths = [dataset.size(row)[1] for batch in batches for row in batch if dataset.size(row)[0] == 0]
    assert lengths in (sorted(lengths), sorted(lengths, reverse=True))


def test_a_long_text_has_a_batch_of_its_own(folder):
    dataset = load(folder, "test_text")
    lengths = [dataset.size(row)[1] for row in range(3)]
    limit = FRAMES_PER_PIECE * (max(lengths) - 1)
    batches = dataset.batch_by_size(dataset.ordered_indices(), max_tokens=limit)
    assert sorted(row for batch in batches for row in batch) == [0, 1, 2]
    assert [lengths.index(max(lengths))] in [batch.tolist() for batch in batches]


def test_texts_that_are_not_written_are_in_no_batch(folder, caplog):
    """As transcripts alone for a model of translations: an update of them alone would have no gradient."""
    texts = [(f"h{i}", "elf" if i % 10 == 0 else "", "one") for i in range(50)]
    write_texts(folder, "test_text", texts)
    with caplog.at_level(logging.INFO):
        dataset = load(folder, "test,test_text")
        dataset.set_target_streams((1,))
    assert "'test_text': 45 rows left out that have neither speech nor a translation" in caplog.text
    assert caplog.text.count("left out") == 1
    batches = dataset.batch_by_size(dataset.ordered_indices(), max_tokens=400)
    spoken = len(dataset) - len(texts)
    kept = [*range(spoken), *range(spoken, len(dataset), 10)]
    assert sorted(row for batch in batches for row in batch.tolist()) == kept


def test_limited_text(folder):
    dataset = load(folder, "test,test_text")
    dataset.limit_text(1)
    assert len(dataset.batch_by_size(dataset.ordered_indices(), max_tokens=10000)) == 7


def test_one_split_may_hold_both(folder):
    """What is joined to speech is speech."""
    table = (folder / "train_text.tsv").read_text().splitlines()
    with (folder / "train.tsv").open("a") as file:
        file.write("\n".join(table[1:]) + "\n")
    write_config(folder, dataset_transforms={"_train": ["concataugment"]}, concataugment={"rate": 1.0})
    dataset = load(folder, "train", is_train=True)
    for _ in range(20):
        for row in range(len(dataset)):
            rows = dataset._choose_rows(row)
            assert len(set(dataset.has_speech[rows])) == 1
            assert (len(dataset[row].source) > 0) == dataset.has_speech[row]


@pytest.mark.parametrize(
    ("audio", "frames", "message"),
    [
        ("x.npy", "²", "n_frames is '²'"),
        ("", "7", "audio is empty, but n_frames is 7"),
        ("x.npy", "0", "n_frames is '0'; .* or 0 and no audio"),
    ],
)
def test_half_a_row_is_refused(folder, audio, frames, message):
    line = "\t".join(["h", audio, frames, "elf", "eleven", "", "en", "de"])
    with (folder / "test.tsv").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(DataError, match=rf"test.tsv:6 \(h\): {message}"):
        load(folder)


def test_features_are_read_as_before(folder):
    write_split(folder, "test_b", ROWS)
    both, alone = load(folder, "test_text,test_b"), load(folder, "test_b")
    for row in range(4):
        assert torch.equal(both[row + 3].source, alone[row].source)
