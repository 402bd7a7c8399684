"""A change of one token reaches no row that must not see it, bit for bit."""

import math

import pytest
import tiny
import torch

from interactive_st.modules.visibility import BothTerms, teacher_forced_visibility

LENGTH = 8
DELAYS = [-3, -1, 0, 1, 3, 7, math.inf]


def sees(k, own_stream: int, row: int, changed_stream: int, token: int) -> bool:
    """The rule of design: own rows up to oneself, partner rows by wait-k, closed over layers."""
    if own_stream == changed_stream:
        return token <= row
    if math.isinf(k):
        return own_stream == 1
    return token <= (row + k if own_stream == 1 else row - k)


def reaches(k, own_stream: int, row: int, changed_stream: int, token: int, layers: int) -> bool:
    """Whether information can flow from the token to the row through ``layers`` layers."""
    if layers == 0:
        return own_stream == changed_stream and row == token
    return any(
        reaches(k, stream, other, changed_stream, token, layers - 1)
        for stream in (0, 1)
        for other in range(LENGTH)
        if (stream == own_stream and other == row) or sees(k, own_stream, row, stream, other)
    )


@pytest.mark.parametrize("k", DELAYS)
@pytest.mark.parametrize("fusion", ["linear", "tanh", "gate"])
def test_a_token_reaches_exactly_the_rows_that_may_see_it(k, fusion):
    layers = 1
    model = tiny.model(wait_k=k, fusion=fusion, decoder_layers=layers)
    net_input = tiny.speech([30])
    tokens = tiny.prefixes([[LENGTH], [LENGTH]])
    before, _ = model(**net_input, prev_output_tokens=tokens)
    for stream in (0, 1):
        for place in range(LENGTH):
            other = tokens.clone()
            other[stream, 0, place] = 6 if tokens[stream, 0, place] != 6 else 7
            after, _ = model(**net_input, prev_output_tokens=other)
            for own_stream in (0, 1):
                for row in range(LENGTH):
                    same = torch.equal(before[own_stream, 0, row], after[own_stream, 0, row])
                    expected = not reaches(k, own_stream, row, stream, place, layers)
                    assert same == expected, (own_stream, row, stream, place)


@pytest.mark.parametrize("k", [-1, 0, 3, math.inf])
@pytest.mark.parametrize("normalize_before", [True, False])
def test_nothing_flows_back_through_several_layers(k, normalize_before):
    layers = 3
    model = tiny.model(
        wait_k=k,
        decoder_layers=layers,
        decoder_normalize_before=normalize_before,
        encoder_normalize_before=normalize_before,
    )
    net_input = tiny.speech([30])
    tokens = tiny.prefixes([[LENGTH], [LENGTH]])
    before, _ = model(**net_input, prev_output_tokens=tokens)
    for stream, place in ((0, 4), (1, 4), (0, 7), (1, 0)):
        other = tokens.clone()
        other[stream, 0, place] = 6 if tokens[stream, 0, place] != 6 else 7
        after, _ = model(**net_input, prev_output_tokens=other)
        for own_stream in (0, 1):
            for row in range(LENGTH):
                if not reaches(k, own_stream, row, stream, place, layers):
                    assert torch.equal(before[own_stream, 0, row], after[own_stream, 0, row])


def test_each_layer_alone_is_causal():
    model = tiny.model(wait_k=2)
    layer = model.decoder.layers[0].self_attn
    tokens = tiny.prefixes([[LENGTH], [LENGTH]])
    x = torch.randn(2, 1, LENGTH, 16, generator=torch.Generator().manual_seed(5))
    visibility = BothTerms.of(teacher_forced_visibility(tokens, 1, 2), x)
    before = layer(x, visibility)
    for stream in (0, 1):
        for place in range(LENGTH):
            changed = x.clone()
            changed[stream, 0, place] += 1.0
            after = layer(changed, visibility)
            for own_stream in (0, 1):
                for row in range(LENGTH):
                    same = torch.equal(before[own_stream, 0, row], after[own_stream, 0, row])
                    assert same == (not sees(2, own_stream, row, stream, place))
