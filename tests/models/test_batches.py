"""Outputs depend on the utterance alone: not on padding, batch size or neighbours."""

import math

import hypothesis.strategies as st
import pytest
import tiny
import torch
from hypothesis import given, settings


@pytest.mark.parametrize(
    ("front_end", "positions"), [("conv1d", False), ("stack", False), ("conv1d", True)]
)
@settings(max_examples=12, deadline=None)
@given(
    frames=st.lists(st.integers(5, 60), min_size=1, max_size=4),
    lengths=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=4, max_size=4),
    k=st.sampled_from([-2, 0, 3, math.inf]),
)
def test_in_a_batch_as_alone(front_end, positions, frames, lengths, k):
    model = tiny.model(wait_k=k, front_end=front_end, cross_attention_positions=positions)
    net_input = tiny.speech(frames)
    lengths = lengths[: len(frames)]
    if not any(sum(pair) for pair in lengths):
        return
    tokens = tiny.prefixes([[a for a, _ in lengths], [b for _, b in lengths]])
    together, extra = model(**net_input, prev_output_tokens=tokens)
    ctc, ctc_lengths = model.get_ctc_output((together, extra), {})
    assert not together.isnan().any()
    for row in range(len(frames)):
        mine = tokens[:, row : row + 1, : max(*lengths[row], 1)]
        single, single_extra = model(**tiny.utterance(net_input, row), prev_output_tokens=mine)
        for stream in (0, 1):
            n = lengths[row][stream]
            assert torch.allclose(together[stream, row, :n], single[stream, 0, :n], atol=1e-5)
        single_ctc, single_lengths = model.get_ctc_output((single, single_extra), {})
        assert ctc_lengths[row] == single_lengths[0] == single_ctc.size(0)
        assert torch.allclose(ctc[: ctc_lengths[row], row], single_ctc[:, 0], atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_frames_are_counted_in_every_precision(dtype):
    """bfloat16 has 8 digits: 303 would be 304 frames, one more than there are, and 301 would be 300."""
    model = tiny.model().to(dtype)
    for longest, expected in ((1210, [303, 10]), (1204, [301, 10])):
        net_input = tiny.speech([longest, 40])
        net_input["src_tokens"] = net_input["src_tokens"].to(dtype)
        _, lengths = model.get_ctc_logits(model.encoder(**net_input))
        assert lengths.tolist() == expected


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    ("name", "k"), [*(("interactive_st", k) for k in (-3, 0, 3, math.inf)), ("two_stage_st", 3)]
)
@pytest.mark.parametrize("attention_dropout", [0.0, 0.1])  # torch's attention, and our own
def test_rows_that_see_nothing_are_finite_and_train(dtype, name, k, attention_dropout):
    model = tiny.system(name, wait_k=k, attention_dropout=attention_dropout).to(dtype).train()
    net_input = tiny.speech([40, 30, 20])
    net_input["src_tokens"] = net_input["src_tokens"].to(dtype)
    tokens = tiny.prefixes([[6, 0, 3], [0, 5, 2]])  # missing streams see nothing and are not seen
    logits, _ = model(**net_input, prev_output_tokens=tokens)
    assert logits.isfinite().all()
    logits.float().pow(2).mean().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def test_a_missing_partner_is_like_no_interaction():
    net_input = tiny.speech([40])
    tokens = tiny.prefixes([[0], [6]])
    with_partner_term, _ = tiny.model(wait_k=0)(**net_input, prev_output_tokens=tokens)
    without, _ = tiny.model(wait_k=0, fusion_lambda=0.0)(**net_input, prev_output_tokens=tokens)
    assert torch.equal(with_partner_term[1], without[1])


@pytest.mark.parametrize(
    ("name", "spread", "atol"), [("interactive_st", 1.0, 1e-6), ("two_stage_st", 2.0, 1e-5)]
)
def test_versions_of_the_streams_share_the_encoder_rows(name, spread, atol):
    model = tiny.system(name, spread=spread)
    net_input = tiny.speech([40, 25])
    first, second = tiny.prefixes([[6, 5], [4, 7]], seed=8), tiny.prefixes([[6, 5], [4, 7]], seed=9)
    both, _ = model(**net_input, prev_output_tokens=torch.cat([first, second], dim=1))
    for block, tokens in enumerate((first, second)):
        expected, _ = model(**net_input, prev_output_tokens=tokens)
        assert torch.allclose(both[:, 2 * block : 2 * block + 2], expected, atol=atol)


@pytest.mark.parametrize(
    ("name", "fusion", "least", "tolerance"),
    [
        *(("interactive_st", fusion, 11, 1e-5) for fusion in ("linear", "tanh", "gate")),
        ("two_stage_st", "linear", 31, 1e-4),
    ],
)
def test_activation_checkpointing_gives_the_same_gradients(name, fusion, least, tolerance):
    net_input, tokens = tiny.speech([40, 30]), tiny.prefixes([[6, 5], [4, 7]])
    gradients = []
    for checkpointing in (False, True):
        model = tiny.system(name, fusion=fusion, checkpoint_activations=checkpointing).train()
        model(**net_input, prev_output_tokens=tokens)[0].pow(2).sum().backward()
        gradients.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    assert len(gradients[0]) == len(gradients[1]) >= least
    for plain, recomputed in zip(*gradients, strict=True):
        assert torch.allclose(plain, recomputed, rtol=tolerance, atol=tolerance)
