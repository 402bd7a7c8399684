"""Which utterances come together in a batch, and what their lengths are."""

import numpy as np
import pytest

from tests.joint_corpus import ROWS, load, write_split


@pytest.mark.parametrize("split", ["test", "test,test_b"])
def test_limits_are_for_the_texts_that_are_written(folder, split):
    """A recogniser can learn from an utterance however long its translation is, and the other way round."""
    write_split(folder, "test_b", ROWS[3:])
    dataset = load(folder, split)
    items = [dataset[row] for row in range(len(dataset))]
    for streams in ((0,), (1,), (0, 1)):
        dataset.set_target_streams(streams)
        lengths = [dataset.size(row)[1] for row in range(len(dataset))]
        assert lengths == [max(len(item.texts[stream]) for stream in streams) for item in items]


@pytest.mark.parametrize("split", ["test", "test,test_b"])
@pytest.mark.parametrize("multiple", [1, 2, 3, 8])
def test_no_utterance_is_lost_when_batches_are_made(folder, split, multiple):
    write_split(folder, "test_b", ROWS[3:])
    dataset = load(folder, split)
    batches = dataset.batch_by_size(
        dataset.ordered_indices(), max_tokens=160, required_batch_size_multiple=multiple
    )
    assert sorted(row for batch in batches for row in batch) == list(range(len(dataset)))
    assert all(len(batch) * max(dataset.size(row)[0] for row in batch) <= 160 for batch in batches)


@pytest.mark.parametrize("split", ["test", "test,test_b"])
@pytest.mark.parametrize("multiple", [1, 2])
@pytest.mark.parametrize("limit", [1, 16, 30, 1000])
def test_batches_of_limited_text(folder, split, multiple, limit):
    """No batch has more pieces than allowed, padding included, but for an utterance that has them alone; all
    utterances stay, in their order, and the frames stay limited as they were."""
    write_split(folder, "test_b", ROWS[3:])
    dataset = load(folder, split)
    order = dataset.ordered_indices()
    unlimited = dataset.batch_by_size(order, max_tokens=160, required_batch_size_multiple=multiple)
    dataset.limit_text(limit)
    batches = dataset.batch_by_size(order, max_tokens=160, required_batch_size_multiple=multiple)
    assert np.concatenate(batches).tolist() == np.concatenate(unlimited).tolist()
    samples = [dataset.collater([dataset[i] for i in batch]) for batch in batches]
    for batch, sample in zip(batches, samples, strict=True):
        assert len(batch) == 1 or sample["targets"].numel() <= limit
        assert len(batch) * max(dataset.size(row)[0] for row in batch) <= 160
    assert (len(batches) == len(unlimited)) == (limit == 1000)
    if limit == 1:
        assert all(len(batch) == 1 for batch in batches)


@pytest.mark.parametrize(
    ("multiple", "sizes"), [(1, [5, 5]), (2, [4, 4, 2]), (3, [3, 3, 3, 1]), (5, [5, 5]), (8, [5, 3, 2])]
)
def test_batches_of_limited_text_have_sizes_that_are_multiples_where_they_can_be(folder, multiple, sizes):
    write_split(folder, "test", [(f"r{row}", 20, "elf", "one", "", "en", "de") for row in range(10)])
    dataset = load(folder)
    dataset.limit_text(5 * 2 * dataset.size(0)[1])
    batches = dataset.batch_by_size(dataset.ordered_indices(), required_batch_size_multiple=multiple)
    assert [len(batch) for batch in batches] == sizes


def test_what_is_left_of_a_batch_of_limited_text_is_not_cut(folder):
    rows = [(f"a{row}", 30, "zweiundvierzig", "four two", "", "en", "de") for row in range(3)]
    rows += [(f"b{row}", 20, "elf", "one", "", "en", "de") for row in range(5)]
    write_split(folder, "test", rows)
    dataset = load(folder)
    dataset.limit_text(3 * 2 * dataset.size(0)[1])
    batches = dataset.batch_by_size(dataset.ordered_indices(), required_batch_size_multiple=4)
    assert [len(batch) for batch in batches] == [3, 5]


def test_a_longer_text_further_on_does_not_slip_in(folder):
    """Batches are sorted by speech, not by text."""
    texts = ["elf", "elf", " ".join(["elf"] * 12)]
    rows = [(f"r{row}", 20, text, "one", "", "en", "de") for row, text in enumerate(texts)]
    write_split(folder, "test", rows)
    dataset = load(folder)
    short, _, long = (dataset.size(row)[1] for row in range(3))
    dataset.limit_text(2 * 3 * short)
    assert long > 2 * short
    assert [batch.tolist() for batch in dataset.batch_by_size(np.arange(3), max_sentences=3)] == [[0, 1], [2]]


def test_limits_below_1_are_refused(folder):
    with pytest.raises(ValueError, match="--max-text-tokens 0: must be at least 1"):
        load(folder).limit_text(0)


def test_an_utterance_of_one_frame_is_in_a_batch(folder):
    write_split(folder, "test", [(f"r{row}", row + 1, "elf", "one", "", "en", "de") for row in range(2)])
    assert [batch.tolist() for batch in load(folder).batch_by_size(np.arange(2), max_tokens=9)] == [[0, 1]]


def test_no_utterance_makes_no_batch(folder):
    nothing = np.array([], dtype=np.int64)
    assert load(folder).batch_by_size(nothing, max_tokens=10, required_batch_size_multiple=8) == []
