import numpy as np
import pytest
import torch
from fairseq.data.data_utils import numpy_seed

from tests.joint_corpus import ROWS, load, write_config, write_split


def test_a_batch_says_how_many_tokens_are_of_each_text(folder):
    dataset = load(folder)
    batch = dataset.collater([dataset[i] for i in range(4)])
    lengths = torch.stack([batch["transcript_lengths"], batch["target_lengths"]])
    assert batch["ntokens_by_stream"] == lengths.sum(dim=1).tolist()
    assert batch["longest_by_stream"] == lengths.amax(dim=1).tolist()
    place = {
        number: row for row, number in enumerate(batch["id"].tolist())
    }  # 1 has no transcript, 2 no translation
    assert batch["ntokens_alone"] == [lengths[0, place[2]], lengths[1, place[1]]]
    assert min(batch["ntokens_alone"]) > 0


@pytest.mark.parametrize("split", ["dev", "test,dev"])
def test_a_text_that_a_later_row_has_is_there(folder, split):
    write_split(folder, "dev", [ROWS[1], ROWS[2]])  # no transcript, no translation
    dataset = load(folder, split)
    assert dataset.has_texts(0)
    assert dataset.has_texts(1)
    for part in getattr(dataset, "datasets", [dataset]):
        part.has_speech[:] = False
    assert not any(dataset.has_texts(stream, with_speech=True) for stream in (0, 1))
    write_split(folder, "dev", [ROWS[1], ROWS[1][:1] + ROWS[1][1:]])
    assert not load(folder, "dev").has_texts(0)


def test_a_resampled_subset_is_asked_and_told_as_any_other(folder):
    write_config(folder, sampling_alpha=0.5)
    write_split(folder, "train_a", ROWS[:3])
    write_split(folder, "train_b", [("d", 20, "quatre quatre quatre", "four", "", "en", "fr")])
    dataset = load(folder, "train_a,train_b", is_train=True)
    assert dataset.has_texts(0)
    assert dataset.has_texts(1)
    dataset.set_target_streams((0,))
    lengths = {dataset.size(row)[1] for row in range(len(dataset))}
    dataset.set_target_streams((1,))
    assert {dataset.size(row)[1] for row in range(len(dataset))} != lengths


def test_joined_rows_are_normalised_together(folder):
    """As one utterance, which they are to the model."""
    write_config(
        folder,
        dataset_transforms={"_train": ["concataugment"]},
        concataugment={"rate": 1.0, "max_tokens": 0, "attempts": 1000},
    )
    rows = [("a", 30, "elf", "one", "", "en", "de"), ("b", 20, "vier", "four", "", "en", "de")]
    write_split(folder, "train", rows)
    np.save(folder / "train_b.npy", np.load(folder / "train_b.npy") + 50)
    dataset = load(folder, "train", is_train=True)
    for seed in range(20):
        with numpy_seed(seed):
            source = dataset[0].source
        if len(source) == 50:
            break
    assert len(source) == 50
    assert source.mean(0).abs().max() < 1e-5
    assert source[:30].mean() < -0.5
