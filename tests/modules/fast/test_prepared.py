"""Modules made ready for decoding do what they did before, hooks and dropout included."""

import pytest
import tiny
import torch
import torch.nn.functional as F
from torch import nn

from interactive_st.modules.fast.dropout import Dropout
from interactive_st.modules.fast.joined_linear import prepare_linears
from interactive_st.modules.fast.onednn_linear import has_onednn_linear, use_onednn_linears
from interactive_st.modules.fast.prepared import prepared, prepared_activated
from interactive_st.search import DualBeamGenerator

X = torch.randn(3, 5, 24, generator=torch.Generator().manual_seed(2))
MODES = {"plain": (False, False), "onednn": (True, False), "packed": (True, True)}


@pytest.fixture(params=MODES.values(), ids=MODES)
def linear(request) -> nn.Linear:
    onednn, packed = request.param
    torch.manual_seed(1)
    layer = nn.Linear(24, 70)
    if onednn:
        use_onednn_linears(layer)
    layer.eval()
    if packed:
        with torch.no_grad():
            prepare_linears(layer)
    return layer


@torch.no_grad()
def test_linear_layers(linear):
    expected = F.linear(X, linear.weight, linear.bias)
    assert torch.allclose(prepared(linear)(X), expected, atol=1e-5)
    assert torch.allclose(prepared_activated(linear, F.relu)(X), F.relu(expected), atol=1e-5)
    assert torch.allclose(prepared_activated(linear, torch.tanh)(X), torch.tanh(expected), atol=1e-5)
    linear.weight.mul_(2)
    assert torch.allclose(prepared(linear)(X), F.linear(X, linear.weight, linear.bias), atol=1e-5)


def test_gradients(linear):
    def gradients(function):
        x = X.clone().requires_grad_()
        return torch.autograd.grad(function(x).square().sum(), [x, linear.weight, linear.bias])

    def plain(x):
        return F.linear(x, linear.weight, linear.bias)

    torch.testing.assert_close(gradients(prepared(linear)), gradients(plain))
    activated = prepared_activated(linear, F.relu)
    torch.testing.assert_close(gradients(activated), gradients(lambda x: plain(x).relu()))


@torch.no_grad()
def test_autocast(linear):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert prepared(linear)(X).dtype == torch.bfloat16


@torch.no_grad()
def test_hooks_are_called(linear):
    handle = linear.register_forward_hook(lambda module, args, y: y + 1)
    expected = F.linear(X, linear.weight, linear.bias) + 1
    assert torch.allclose(prepared(linear)(X), expected, atol=1e-5)
    assert torch.allclose(prepared_activated(linear, F.relu)(X), F.relu(expected), atol=1e-5)
    handle.remove()
    norm = nn.LayerNorm(24)
    norm.register_forward_pre_hook(lambda module, args: (args[0] + X.abs(),))
    assert torch.equal(prepared(norm)(X), norm(X))
    assert not torch.allclose(prepared(norm)(X), F.layer_norm(X, (24,)))


@torch.no_grad()
def test_layer_norm():
    norm = nn.LayerNorm(24, eps=1e-3)
    norm.weight.mul_(torch.arange(24.0))
    norm.bias.add_(3)
    assert torch.equal(prepared(norm)(X), norm(X))

    class Other(nn.LayerNorm):
        def forward(self, x):
            return -super().forward(x)

    assert torch.equal(prepared(Other(24))(X), -F.layer_norm(X, (24,)))


def test_dropout():
    drop = Dropout(0.5)
    assert prepared(drop.eval())(X) is X
    assert prepared(drop.train())(X).eq(0).any()


@pytest.mark.parametrize(
    "part", ["fc1", "fc2", "final_layer_norm", "self_attn.out_proj", "encoder_attn.q_proj"]
)
def test_hooks_are_called_in_decoding(part):
    model, batch = tiny.model(spread=2.0), tiny.sample([40, 30])
    seen = []
    handle = model.decoder.layers[1].get_submodule(part).register_forward_hook(
        lambda module, args, y: seen.append(y.shape)
    )
    generator = DualBeamGenerator([model], tiny.dictionary(12), beam_size=3, max_len_b=6)
    generator.generate([model], batch)
    assert len(seen) > 3
    handle.remove()
    seen.clear()
    generator.generate([model], batch)
    assert not seen


@pytest.mark.parametrize("part", ["self_attn.q_proj", "self_attn.v_proj"])
@pytest.mark.parametrize("joins", [False, True])
def test_hooks_registered_between_decodings_are_called(part, joins):
    model, batch = tiny.model(spread=2.0), tiny.sample([40, 30])
    generator = DualBeamGenerator([model], tiny.dictionary(12), beam_size=3, max_len_b=6)
    if joins:
        generator.generate([model], batch)  # leaves joined copies of the weights behind
    seen = []
    model.decoder.layers[1].get_submodule(part).register_forward_hook(
        lambda module, args, y: seen.append(y.shape)
    )
    generator.generate([model], batch)
    assert len(seen) > 3


@pytest.mark.skipif(not has_onednn_linear(), reason="this torch has no oneDNN linear layer")
def test_weights_that_change_between_batches_are_noticed():
    model, batch = tiny.model(spread=2.0), tiny.sample([40, 30])
    other = tiny.model(spread=2.0, seed=3)
    generator = DualBeamGenerator([model], tiny.dictionary(12), beam_size=3, max_len_b=6)
    expected = DualBeamGenerator([other], tiny.dictionary(12), beam_size=3, max_len_b=6)

    def scores(of: DualBeamGenerator) -> torch.Tensor:
        return torch.stack([nbest[0]["pair_score"] for nbest in of.generate(of.models, batch)])

    before = scores(generator)
    model.load_state_dict(other.state_dict())
    assert not torch.allclose(before, scores(generator), atol=1e-3)
    assert torch.allclose(scores(generator), scores(expected), atol=1e-5)
