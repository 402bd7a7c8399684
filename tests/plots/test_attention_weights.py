"""Recomputed weights: sums, blind rows, wait-k, and equality with what the model computes."""

import math

import pytest
import tiny
import torch

from interactive_st.modules.visibility import teacher_forced_visibility
from interactive_st.modules.wait_k import partner_visibility
from interactive_st.plots.attention_weights import attention_weights

LENGTHS = [[6, 4, 3], [5, 6, 0]]  # of transcripts and translations; the last translation is missing
FRAMES = [40, 31, 20]


def net_input():
    return {**tiny.speech(FRAMES), "prev_output_tokens": tiny.prefixes(LENGTHS)}


def contexts(model, inputs, layer, module):
    """What the module of a layer passes to its output projection, ``(S, B, T, C)``."""
    caught = []
    projection = getattr(model.decoder.layers[layer], module).out_proj
    hook = projection.register_forward_pre_hook(lambda _, args: caught.append(args[0]))
    with torch.no_grad():
        output = model(**inputs)[0]
    hook.remove()
    return caught[0], output


def values_of(model, inputs, layer):
    """Values of the interactive attention, ``(S, B, heads, T, head_dim)``."""
    attention = model.decoder.layers[layer].self_attn
    caught = []
    hook = attention.register_forward_pre_hook(lambda _, args: caught.append(args[0]))
    with torch.no_grad():
        model(**inputs)
    hook.remove()
    return attention.split_heads(attention.v_proj(caught[0]))


def merge(context):
    return context.transpose(-3, -2).flatten(-2)


@pytest.mark.parametrize("wait_k", [-2, 0, 3, "inf"])
def test_rows_sum_to_one_or_are_zero_and_obey_wait_k(wait_k):
    model = tiny.model(wait_k=wait_k, spread=2.0)
    inputs = net_input()
    weights = attention_weights(model, inputs)
    tokens = inputs["prev_output_tokens"]
    k = math.inf if wait_k == "inf" else wait_k
    sees = partner_visibility(k, tokens.size(2), tokens.device)[:, None] & tokens.flip(0).ne(1)[:, :, None]
    sees = sees.unsqueeze(2).expand_as(weights.partner)
    assert (weights.partner[~sees] == 0).all()
    assert (weights.partner[sees] > 0).all()
    sums = weights.partner.sum(-1)
    blind = ~sees.any(-1)
    assert blind.any()
    assert (sums[blind] == 0).all()
    torch.testing.assert_close(sums[~blind], torch.ones_like(sums[~blind]))
    for full in (weights.own.sum(-1), weights.encoder.sum(-1)):
        torch.testing.assert_close(full, torch.ones_like(full))
    assert (weights.own.triu(1) == 0).all()


def test_nothing_is_read_in_the_encoders_padding():
    weights = attention_weights(tiny.model(spread=2.0), net_input()).encoder
    assert (weights[:, 0] > 0).all()  # the longest utterance has none
    assert (weights[:, 2, ..., -1] == 0).all()


@pytest.mark.parametrize("options", [{"fusion": "linear"}, {"fusion": "tanh"}, {"fusion": "gate"}])
@pytest.mark.parametrize("layer", [0, 1])
def test_weights_times_values_is_what_the_model_computed(options, layer):
    model = tiny.model(spread=2.0, **options)
    inputs = net_input()
    weights = attention_weights(model, inputs, layer)
    value = values_of(model, inputs, layer)
    own, partner = merge(weights.own @ value), merge(weights.partner @ value.flip(0))
    attention = model.decoder.layers[layer].self_attn
    context, _ = contexts(model, inputs, layer, "self_attn")
    assert partner.abs().max() > 1e-2
    torch.testing.assert_close(attention.fusion(own, partner), context, atol=1e-5, rtol=0)


def test_encoder_weights_times_values_is_what_the_model_computed():
    model = tiny.model(spread=2.0)
    inputs = net_input()
    weights = attention_weights(model, inputs).encoder
    encoder_out = model.encoder(inputs["src_tokens"], inputs["src_lengths"])["encoder_out"][0]
    _, value = model.decoder.layers[-1].encoder_attn.project_memory(encoder_out)
    context, _ = contexts(model, inputs, -1, "encoder_attn")
    torch.testing.assert_close(merge(weights @ value), context, atol=1e-5, rtol=0)


def test_the_model_is_left_as_it_was():
    model, inputs = tiny.model(), net_input()
    _, before = contexts(model, inputs, 0, "self_attn")
    attention_weights(model, inputs, 0)
    _, after = contexts(model, inputs, 0, "self_attn")
    assert torch.equal(before, after)
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_a_change_of_a_visible_token_changes_the_weights():
    model, inputs = tiny.model(wait_k=0, spread=2.0), net_input()
    before = attention_weights(model, inputs, 0).partner
    inputs["prev_output_tokens"][1, 0, 2] = 7 if inputs["prev_output_tokens"][1, 0, 2] != 7 else 8
    after = attention_weights(model, inputs, 0).partner
    assert torch.equal(before[0, 0, :, :2], after[0, 0, :, :2])  # rows that do not see it yet
    assert not torch.allclose(before[0, 0, :, 2], after[0, 0, :, 2])


def test_without_interaction_nothing_is_read_in_the_partner():
    weights = attention_weights(tiny.model(fusion_lambda=0.0), net_input())
    assert (weights.partner == 0).all()
    assert weights.own.shape == weights.partner.shape


def test_heads():
    weights = attention_weights(tiny.model(spread=2.0), net_input())
    one, both = weights.of_head(1), weights.of_head(None)
    assert torch.equal(one.encoder, weights.encoder[:, :, 1])
    torch.testing.assert_close(both.own, (weights.own[:, :, 0] + weights.own[:, :, 1]) / 2)
    with pytest.raises(ValueError, match="--head 2: the layer has heads 0 to 1"):
        weights.of_head(2)


def test_layers_and_models_that_have_none():
    model = tiny.model()
    last, named = (attention_weights(model, net_input(), layer) for layer in (-1, 1))
    assert torch.equal(last.own, named.own)
    with pytest.raises(ValueError, match="--layer 2: the decoder has 2 layers"):
        attention_weights(model, net_input(), 2)
    model.decoder.layers[0].self_attn = torch.nn.Identity()
    with pytest.raises(ValueError, match="cannot be drawn"):
        attention_weights(model, net_input(), 0)


def test_visibility_is_the_models_own():
    """The reference of these tests is the function the decoder itself calls."""
    tokens = net_input()["prev_output_tokens"]
    visible = teacher_forced_visibility(tokens, 1, 3)
    seen = (visible.mask & ~visible.blind).flip(0).squeeze(2)
    assert torch.equal(
        seen, partner_visibility(3, tokens.size(2), tokens.device)[:, None] & tokens.flip(0).ne(1)[:, :, None]
    )
