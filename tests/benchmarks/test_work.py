"""Nobody wins by writing less: whatever is missing is found."""

import pytest
import torch

from benchmarks.work import UnequalWork, check_written

TEXTS = ("transcript", "translation")
BATCHES = [{"forced_length": 3, "nsentences": 2}, {"forced_length": 5, "nsentences": 1}]


def written():
    return [
        {
            text: [[torch.ones(batch["forced_length"] + 1)] * 2 for _ in range(batch["nsentences"])]
            for text in TEXTS
        }
        for batch in BATCHES
    ]


def test_all_there():
    assert check_written("x", TEXTS, written(), BATCHES, 2) == {"transcript": 14, "translation": 14}
    assert check_written("x", TEXTS[1:], written(), BATCHES, 2) == {"translation": 14}


def test_what_is_missing_is_named():
    with pytest.raises(UnequalWork, match="x decoded 1 of 2 batches"):
        check_written("x", TEXTS, written()[:1], BATCHES, 2)
    found = written()
    del found[1]["transcript"]
    with pytest.raises(UnequalWork, match="x, batch 2 of 2: it wrote no transcript"):
        check_written("x", TEXTS, found, BATCHES, 2)
    found = written()
    found[0]["translation"].pop()
    with pytest.raises(UnequalWork, match="batch 1 of 2: a translation of 1 of its 2 sentences"):
        check_written("x", TEXTS, found, BATCHES, 2)
    with pytest.raises(
        UnequalWork, match=r"sentence 1: the transcripts have .4, 4. tokens in place of 3 times 4"
    ):
        check_written("x", TEXTS, written(), BATCHES, 3)


@pytest.mark.parametrize("length", [3, 5])
def test_every_hypothesis_has_its_length(length):
    found = written()
    found[0]["translation"][1] = [torch.ones(4), torch.ones(length)]
    with pytest.raises(UnequalWork, match=rf"sentence 2: the translations have \[4, {length}\]"):
        check_written("x", TEXTS, found, BATCHES, 2)
