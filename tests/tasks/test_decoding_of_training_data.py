"""Training data that is decoded or validated: as it is, and all of it."""

import pytest
import torch

from tests.fake_decoding import four, generate, heard, read, setup
from tests.joint_corpus import ROWS, write_config, write_split

MASKS = {"freq_mask_F": 8, "freq_mask_N": 1, "time_mask_N": 1, "time_mask_T": 20, "time_mask_p": 1.0}
BARE = ("bare", 40, "", "", "", "en", "de")


@pytest.fixture
def drawing(folder):
    """The folder, with all that training draws at random, and a row without any text."""
    write_config(
        folder,
        sampling_alpha=0.1,
        feature_transforms={"_train": ["specaugment"]},
        specaugment={**MASKS, "time_wrap_W": 0},
    )
    write_split(folder, "train", [row for row in ROWS if row[-1] == "de"])
    write_split(folder, "train_b", [BARE, *ROWS[:1]])
    write_split(folder, "other", [row for row in ROWS if row[-1] == "de"])
    return folder


def features(task, split):
    task.load_dataset(split)
    dataset = task.dataset(split)
    return [dataset[number].source for number in range(len(dataset))]


def test_nothing_is_masked(drawing):
    plain = features(setup(drawing), "other")
    masked = features(setup(drawing), "train")
    assert not all(map(torch.equal, masked, plain))
    assert all(map(torch.equal, features(setup(drawing, path="model.pt"), "train"), plain))


def test_every_row_is_decoded_once(drawing, tmp_path):
    """Trained on, rows are drawn anew from each subset, and one without any text is left out."""
    pairs = tmp_path / "pairs.jsonl"
    task = setup(drawing, path="model.pt", pairs_path=str(pairs))
    source, target, _ = generate(task, "train,train_b")
    frames = [30, 50, 40, 40, 30]
    assert sorted(source) == sorted(target) == list(range(5))
    assert [source[number] for number in range(5)] == [heard(count, four(task, "de")) for count in frames]
    assert [pair["id"] for pair in read(pairs)] == ["a", "b", "c", "bare", "a"]
