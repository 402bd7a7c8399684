"""Batches with the lengths of MuST-C, as our task and as fairseq's collate them."""

import numpy as np
import pytest
import torch

from benchmarks import workload
from interactive_st.errors import DataError

CPU = torch.device("cpu")


def test_lengths_are_those_described():
    lengths = workload.draw_lengths(20_000, seed=1)
    seconds = np.array([one.frames for one in lengths]) / workload.FRAMES_A_SECOND
    assert abs(seconds.mean() - 6.3) < 0.2
    assert abs(np.median(seconds) - 4.93) < 0.1
    assert abs(np.quantile(seconds, 0.95) - 15.6) < 0.5
    assert (seconds.min(), seconds.max()) == (0.5, 30.0)
    texts = np.array([one.texts for one in lengths])
    assert np.abs(texts.mean(axis=0) / seconds.mean() - 3.5).max() < 0.1
    assert lengths == workload.draw_lengths(20_000, seed=1) != workload.draw_lengths(20_000, seed=2)


@pytest.fixture(scope="module")
def entries():
    return workload.vocabulary(50)


@pytest.fixture(scope="module")
def batches(entries):
    return workload.make_batches(entries, 3, 3000, seed=1, device=CPU)


def test_batches(entries, batches):
    assert len(batches) == 3
    longest = [int(batch["net_input"]["src_lengths"].max()) for batch in batches]
    assert longest == sorted(longest)
    for batch in batches:
        speech, lengths = batch["net_input"]["src_tokens"], batch["net_input"]["src_lengths"]
        assert speech.size(0) * speech.size(1) <= 3000
        assert lengths.tolist() == sorted(lengths.tolist(), reverse=True)
        targets, inputs = batch["targets"], batch["net_input"]["prev_output_tokens"]
        assert torch.equal(targets.ne(1), inputs.ne(1))
        assert torch.equal(inputs[:, :, 0], batch["lang_tags"])
        sizes = targets.ne(1).sum(dim=2)
        assert batch["ntokens"] == sizes.sum() == sum(batch["ntokens_by_stream"])
        assert batch["longest_by_stream"] == sizes.amax(dim=1).tolist()
        assert 1 <= batch["forced_length"] <= targets.size(2)
        assert targets.eq(2).sum() == 2 * len(lengths)
    with pytest.raises(ValueError, match="--max-frames 2999 is less than the longest utterance, 3000"):
        workload.make_batches(entries, 3, 2999, seed=1, device=CPU)


def test_what_stock_models_are_given(entries, batches):
    batch = batches[0]
    for stream in (0, 1):
        stock = workload.of_stream(batch, stream)
        assert stock["target"].size(1) == batch["longest_by_stream"][stream]
        assert stock["ntokens"] == stock["target"].ne(1).sum()
        assert torch.equal(stock["net_input"]["src_tokens"], batch["net_input"]["src_tokens"])
    text = workload.of_texts(batch, entries)["net_input"]
    for row, length in enumerate(text["src_lengths"].tolist()):
        source = text["src_tokens"][row]
        assert source[: len(source) - length].eq(1).all()
        assert torch.equal(source[len(source) - length :], batch["targets"][0, row][:length])


def test_batches_of_equal_numbers_and_lengths(entries):
    found = workload.make_equal_batches(entries, 3, 6, seed=1, device=CPU)
    assert [len(batch["net_input"]["src_lengths"]) for batch in found] == [6, 6, 6]
    longest = [int(batch["net_input"]["src_lengths"].max()) for batch in found]
    assert longest == sorted(longest)
    with pytest.raises(ValueError, match="--sentences 2001 has to lie between 1 and 2000"):
        workload.make_equal_batches(entries, 3, 2001, seed=1, device=CPU)
    with pytest.raises(DataError, match="there are utterances for 2 batches of this size, not 3; ask"):
        workload.make_equal_batches(entries, 3, 1000, seed=1, device=CPU)
    batch = workload.make_uniform_batch(entries, 3, 1.5, 7, CPU)
    assert batch["net_input"]["src_lengths"].tolist() == [150] * 3
    assert batch["forced_length"] == 7
    assert batch["targets"].shape == (2, 3, 8)
    assert batch["ntokens"] == 2 * 3 * 8
