"""Nothing to decode or to validate is said in words: fairseq's tools would divide by zero."""

import pytest

from tests.fake_decoding import interactive, setup
from tests.joint_corpus import write_features


def batches(task, **options):
    task.load_dataset("test")
    return task.get_batch_iterator(task.dataset("test"), max_sentences=1, **options)


@pytest.mark.parametrize("tool", [{"beam": 5}, {}])  # fairseq-generate, fairseq-validate
def test_every_utterance_is_too_long(folder, tool):
    short = {"max_positions": (10, 1024), "ignore_invalid_inputs": True}
    with pytest.raises(ValueError, match="each of the 4 utterances is too long, and none is left; raise --m"):
        batches(setup(folder, path="model.pt", **tool), **short)
    assert not batches(setup(folder), **short).frozen_batches  # a training says so itself


def test_a_part_without_a_batch(folder):
    task = setup(folder, path="model.pt", beam=5)
    assert len(batches(task, num_shards=5, shard_id=3).frozen_batches) == 4
    with pytest.raises(ValueError, match=r"--distributed-rank 4: there is nothing left .* there are 4 batch"):
        batches(setup(folder, path="model.pt", beam=5), num_shards=5, shard_id=4)
    batches(setup(folder, path="model.pt"), num_shards=5, shard_id=4)  # fairseq-validate counts it as nothing


def test_input_goes_on_behind_lines_of_which_none_is_decoded(folder):
    task = setup(folder, path="model.pt", beam=5, buffer_size=1)
    lines = [str(folder / write_features(folder, name, length)) for name, length in (("a", 90), ("b", 20))]
    original = task.get_batch_iterator
    limits = {"max_positions": (50, 1024), "ignore_invalid_inputs": True}
    task.get_batch_iterator = lambda **options: original(**options, **limits)
    assert list(interactive(task, [lines[:1], lines[1:]])) == [1]
