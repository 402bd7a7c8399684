"""The encoder's layer is fairseq's, whatever way it is computed."""

import copy

import pytest
import tiny
import torch
from fairseq.modules import MultiheadAttention, TransformerEncoderLayer
from torch import nn

from interactive_st.modules.fast.onednn_linear import use_onednn_linears
from interactive_st.modules.speech_layer import SpeechEncoderLayer, visible_frames

X = torch.randn(7, 3, 16, generator=torch.Generator().manual_seed(1))
PADDING = torch.arange(7) >= torch.tensor([[7], [5], [2]])


def pair(**options) -> tuple[SpeechEncoderLayer, TransformerEncoderLayer]:
    """Ours and fairseq's, with the same weights."""
    args = tiny.arguments(**options)
    tiny.sizes.interactive_st_s(args)
    torch.manual_seed(1)
    theirs = TransformerEncoderLayer(args).eval()
    ours = SpeechEncoderLayer(args).eval()
    ours.load_state_dict(theirs.state_dict())
    use_onednn_linears(ours)
    return ours, theirs


def visible(padding, x=X):
    return None if padding is None else visible_frames(padding, x)


@pytest.mark.parametrize("padding", [None, PADDING], ids=["whole", "padded"])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("grad", [True, False])
def test_results_are_fairseqs(padding, activation, before, grad):
    ours, theirs = pair(encoder_normalize_before=before, activation_fn=activation)
    with torch.set_grad_enabled(grad):
        torch.testing.assert_close(ours(X, visible(padding)), theirs(X, padding), atol=1e-5, rtol=1e-5)


def test_gradients_are_fairseqs():
    found = []
    for layer, mask in zip(pair(), (visible(PADDING), PADDING), strict=True):
        layer(X, mask).square().sum().backward()
        found.append({name: parameter.grad for name, parameter in layer.named_parameters()})
    ours, theirs = found
    for name, grad in theirs.items():
        torch.testing.assert_close(ours[name], grad, atol=1e-4, rtol=1e-4)


CAUSAL = torch.ones(7, 7).tril().log()


@pytest.mark.parametrize("options", [{"need_weights": False}, {}, {"attn_mask": CAUSAL}])
@torch.no_grad()
def test_its_attention_when_called_is_fairseqs(options):
    ours, theirs = (layer.self_attn for layer in pair())
    found, expected = (layer(X, X, X, key_padding_mask=PADDING, **options) for layer in (ours, theirs))
    torch.testing.assert_close(found[0], expected[0], atol=1e-5, rtol=1e-5)
    assert (found[1] is None) == (expected[1] is None)


@torch.no_grad()
def test_its_attention_drops_weights_in_training_alone():
    ours, _ = pair(attention_dropout=0.5)
    for trains in (True, False):
        ours.train(trains)
        first, second = (ours(X, visible(PADDING)) for _ in range(2))
        assert torch.equal(first, second) != trains


@torch.no_grad()
def test_other_precisions():
    ours, theirs = pair()
    x = X.bfloat16()
    found, expected = copy.deepcopy(ours).bfloat16()(x, visible(PADDING, x)), theirs(X, PADDING)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), expected, atol=0.1, rtol=0.1)


@torch.no_grad()
def test_projections_may_be_of_another_kind():
    class Doubled(nn.Linear):
        def forward(self, x):
            return 2 * super().forward(x)

    ours, theirs = pair()
    ours.self_attn.q_proj.__class__ = Doubled
    theirs.self_attn.q_proj.weight.mul_(2)
    theirs.self_attn.q_proj.bias.mul_(2)
    assert isinstance(theirs.self_attn, MultiheadAttention)
    torch.testing.assert_close(ours(X, visible(PADDING)), theirs(X, PADDING), atol=1e-5, rtol=1e-5)
