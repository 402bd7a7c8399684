import pytest
import torch
from fairseq.data import Dictionary

from interactive_st.tasks.missing_references import fill_missing
from tests.fake_decoding import setup
from tests.joint_corpus import ROWS, write_split


def test_only_missing_texts_are_filled():
    target = torch.tensor([[5, 6, 2], [1, 1, 1], [5, 2, 1]])
    before = target.clone()
    filled = fill_missing(target, Dictionary())
    assert filled.tolist() == [[5, 6, 2], [2, 1, 1], [5, 2, 1]]
    assert torch.equal(target, before)


@pytest.mark.parametrize(
    ("streams", "message"),
    [((0, 1), "1 row of 4 without a translation"), ((0,), "1 row of 4 without a transcript")],
)
def test_rows_that_no_score_can_be_of_are_told(folder, caplog, streams, message):
    """fairseq-generate scores them all."""
    task = setup(folder, path="model.pt")
    task._streams = streams
    task.load_dataset("test")
    assert f"test: {message}, and the score that fairseq-generate prints counts" in caplog.text
    caplog.clear()
    write_split(folder, "all", ROWS[:1])
    write_split(folder, "none", [(*row[:2], "", "", *row[4:]) for row in ROWS])  # fairseq prints no score
    for split in ("all", "none"):
        task.load_dataset(split)
    assert "without a" not in caplog.text
    write_split(folder, "other", ROWS[1:3])
    task.load_dataset("all,other")
    assert f"all,other: {message.replace('4', '3')}" in caplog.text
