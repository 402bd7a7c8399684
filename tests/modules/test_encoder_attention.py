"""Keys and values of the attention to the speech."""

import pytest
import tiny
import torch
from fairseq.modules import SinusoidalPositionalEmbedding

from interactive_st.modules.encoder_attention import EncoderAttention
from interactive_st.modules.positions import sinusoids


@pytest.mark.parametrize("dim", [4, 7, 16])
def test_positions_are_fairseqs(dim):
    expected = SinusoidalPositionalEmbedding.get_embedding(9, dim)
    torch.testing.assert_close(sinusoids(9, dim, torch.zeros(1)), expected)
    assert sinusoids(9, dim, torch.zeros(1, dtype=torch.bfloat16)).dtype == torch.bfloat16


def attention(**options) -> EncoderAttention:
    torch.manual_seed(1)
    return EncoderAttention(8, 2, kdim=6, vdim=6, encoder_decoder_attention=True, **options)


def test_positions_are_of_keys_alone():
    """As DETR has them: keys of states + positions, values of states."""
    plain, placed = attention(), attention(positions=True)
    states = torch.randn(5, 3, 6)
    key, value = placed.project_memory(states)
    expected, _ = plain.project_memory(states + sinusoids(5, 6, states).unsqueeze(1))
    torch.testing.assert_close(key, expected)
    torch.testing.assert_close(value, plain.project_memory(states)[1])
    key.sum().backward()
    expected.sum().backward()
    torch.testing.assert_close(placed.k_proj.weight.grad, plain.k_proj.weight.grad)


@pytest.mark.parametrize("name", ["interactive_st", "multitask_st", "e2e_st", "asr", "two_stage_st"])
def test_every_system_knows_where_it_listens(name):
    """Encoder states that say what was heard and not when: their order is seen with positions alone."""
    speech, tokens = tiny.speech([40, 40]), tiny.prefixes([[6, 5], [4, 7]])
    for positions in (False, True):
        model = tiny.system(name, cross_attention_positions=positions)
        heard = model.encoder(**speech)
        turned = heard | {"encoder_out": [heard["encoder_out"][0].flip(0)]}
        streams = tokens[list(model.streams)]
        one, other = (model.decoder(streams, encoder_out=out)[0] for out in (heard, turned))
        assert torch.allclose(one, other, atol=1e-5) != positions


@pytest.mark.parametrize("autocast", [False, True])
def test_positions_in_half_precision(autocast):
    placed, states = attention(positions=True), torch.randn(300, 2, 6)
    expected = placed.project_memory(states)[0]
    if not autocast:
        placed, states = placed.bfloat16(), states.bfloat16()
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        key, _ = placed.project_memory(states)
    assert key.dtype == torch.bfloat16
    torch.testing.assert_close(key.float(), expected, atol=0.05, rtol=0.02)


def test_positions_add_no_parameter():
    names = [dict(tiny.model(cross_attention_positions=on).named_parameters()).keys() for on in (False, True)]
    assert names[0] == names[1]
