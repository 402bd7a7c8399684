"""A batch encoded in parts is the batch encoded as a whole."""

import pytest
import tiny
import torch
from torch.testing import assert_close

from interactive_st.modules.fast.onednn_linear import OneDnnLinear, has_onednn_linear
from interactive_st.search import DualBeamGenerator
from interactive_st.search.encoding import _parts, encode

FRAMES = [60, 52, 40, 31, 30, 12]


def test_parts_hold_neighbours_within_the_limit():
    assert _parts([10, 8, 7, 3], 20) == [(slice(0, 2), 10), (slice(2, 4), 7)]
    assert _parts([3, 10, 9], 10) == [(slice(0, 1), 3), (slice(1, 2), 10), (slice(2, 3), 9)]
    assert _parts([30, 5, 5], 10) == [(slice(0, 1), 30), (slice(1, 3), 5)]
    assert _parts([5], 1) == [(slice(0, 1), 5)]


@pytest.mark.parametrize("front_end", ["conv1d", "stack"])
@pytest.mark.parametrize("max_frames", [1, 90, 130, 10_000])
@torch.no_grad()
def test_states_and_masks_are_those_of_the_whole_batch(front_end, max_frames):
    model = tiny.model(front_end=front_end).eval()
    speech = tiny.speech(FRAMES)
    (whole,), (joined,) = (encode([model], speech, limit) for limit in (None, max_frames))
    assert joined.keys() == whole.keys()
    assert torch.equal(joined["encoder_padding_mask"][0], whole["encoder_padding_mask"][0])
    there = ~whole["encoder_padding_mask"][0].t()
    assert_close(joined["encoder_out"][0][there], whole["encoder_out"][0][there], atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_without_padding_there_is_no_mask():
    model = tiny.model().eval()
    (joined,) = encode([model], tiny.speech([40, 40, 40]), 40)
    assert joined["encoder_padding_mask"] == []
    assert joined["encoder_out"][0].size(1) == 3


@pytest.mark.skipif(not has_onednn_linear(), reason="this torch has no oneDNN linear layer")
def test_the_encoder_is_given_packed_weights():
    model = tiny.model().eval()
    speech = tiny.speech(FRAMES)
    with torch.no_grad():
        plain = model.encoder(**speech)
        (packed,) = encode([model], speech)
    layers = [module for module in model.encoder.modules() if isinstance(module, OneDnnLinear)]
    assert layers
    assert all(layer.current_copy() is not None for layer in layers)
    there = ~plain["encoder_padding_mask"][0].t()
    assert_close(packed["encoder_out"][0][there], plain["encoder_out"][0][there], atol=1e-5, rtol=1e-4)
    encode([model.train()], speech)[0]["encoder_out"][0].sum().backward()
    assert all(layer.weight.grad is not None for layer in layers)


def test_the_encoder_is_never_given_more_and_hypotheses_stay(monkeypatch):
    model, batch = tiny.model(words=12, ctc_weight=0.3), tiny.sample(FRAMES)
    found, sizes = [], []
    forward = model.encoder.forward
    monkeypatch.setattr(
        model.encoder,
        "forward",
        lambda src_tokens, src_lengths: (
            sizes.append(src_tokens.shape[:2]),
            forward(src_tokens, src_lengths),
        )[1],
    )
    for limit in (None, 100):
        options = {"beam_size": 3, "max_len_b": 8, "ctc_weight": 0.3, "encoder_max_tokens": limit}
        generator = DualBeamGenerator([model], tiny.dictionary(12), **options)
        found.append(generator.generate([model], batch))
    assert sizes[0] == (6, 60)
    assert sizes[1:] == [(1, 60), (1, 52), (2, 40), (2, 30)]
    for whole, parts in zip(*found, strict=True):
        for a, b in zip(whole, parts, strict=True):
            for text in ("transcript", "translation"):
                assert a[text]["tokens"].tolist() == b[text]["tokens"].tolist()
                assert_close(a[text]["score"], b[text]["score"], atol=1e-4, rtol=1e-4)


def test_a_limit_below_one_frame_is_refused():
    with pytest.raises(ValueError, match="--encoder-max-tokens must be at least 1 frame, not 0"):
        DualBeamGenerator([tiny.model()], tiny.dictionary(), encoder_max_tokens=0)
