"""Large splits: what a row of a table takes in memory."""

import tracemalloc

import numpy as np
import pytest
import tiny

from interactive_st.data.datasets.config import JointDataConfig
from interactive_st.data.datasets.creator import JointDatasetCreator
from interactive_st.data.datasets.token_store import TokenStore
from tests.joint_corpus import COLUMNS, task_arguments, write_config, write_corpus

COUNT = 4000


@pytest.fixture
def peak():
    """Calls a function and returns its result, the bytes that are left of it and those of its peak."""

    def run(function, *args):
        tracemalloc.start()
        result = function(*args)
        left, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return result, left, most

    return run


def load(folder):
    config = JointDataConfig(folder / task_arguments(folder).config_yaml)
    dictionary = tiny.dictionary()
    return JointDatasetCreator.from_tsv(
        str(folder), config, "train", dictionary, None, None, True, epoch=1, seed=1
    )


@pytest.mark.parametrize("audio", ["train.zip:{}:51008", ""])
def test_a_split_takes_little_more_than_its_texts(tmp_path, peak, audio):
    folder = write_corpus(tmp_path, {"train": []})
    write_config(folder, bpe_tokenizer=None, feature_transforms=None)
    text = " ".join(f"w{i % 4}" for i in range(40))
    rows = [
        (f"ted_{i}", audio.format(i), str(bool(audio) * (300 + i % 7)), f"{text} {i}", f"{i} {text}", "spk.1")
        for i in range(COUNT)
    ]
    lines = ["\t".join(COLUMNS), *("\t".join([*row, "en", "de"]) for row in rows)]
    (folder / "train.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    dataset, left, most = peak(load, folder)
    assert len(dataset) == COUNT
    of_texts = sum(len(value) + 49 + 8 for row in rows for value in row[:5])
    of_tokens = sum(2 * (len(row[3].split())) for row in rows) * 4
    assert left < 1.4 * (of_texts + of_tokens)
    assert most < 1.6 * (of_texts + of_tokens)
    if audio:
        assert dataset.n_frames[0] is dataset.n_frames[7]
    else:
        assert next(iter(dataset.without_speech())) == f"{folder / 'train.tsv'}:2 (ted_0)"
        assert dataset._rows[-1] == f"{folder / 'train.tsv'}:{COUNT + 1} (ted_{COUNT - 1})"


def test_tokens_are_not_kept_twice_while_they_are_stored(peak):
    store, _, most = peak(TokenStore, (list(range(20)) for _ in range(COUNT)))
    assert len(store) == COUNT
    assert most < 1.6 * (store.ids.nbytes + 2 * 8 * COUNT)
    assert np.array_equal(store[COUNT - 1], np.arange(20))
