import torch
from fairseq.data import Dictionary

from interactive_st.tasks.missing_references import fill_missing


def test_only_missing_texts_are_filled():
    target = torch.tensor([[5, 6, 2], [1, 1, 1], [5, 2, 1]])
    before = target.clone()
    filled = fill_missing(target, Dictionary())
    assert filled.tolist() == [[5, 6, 2], [2, 1, 1], [5, 2, 1]]
    assert torch.equal(target, before)
