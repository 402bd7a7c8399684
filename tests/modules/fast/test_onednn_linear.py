"""Packed weights give what plain ones give, and are never older than the weights."""

import copy
import pickle

import pytest
import tiny
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from interactive_st.modules.fast import onednn_linear
from interactive_st.modules.fast.joined_linear import JoinsLinears, prepare_linears
from interactive_st.modules.fast.onednn_linear import (
    OneDnnLinear,
    activated,
    has_onednn_linear,
    pack,
    use_onednn_linears,
)
from interactive_st.modules.memory import Memory

pytestmark = pytest.mark.skipif(not has_onednn_linear(), reason="this torch has no oneDNN linear layer")


@pytest.fixture
def linear() -> OneDnnLinear:
    torch.manual_seed(1)
    layer = nn.Linear(24, 70)
    use_onednn_linears(layer)
    return layer.eval()


def inputs(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("bias", [False, True])
def test_results_are_those_of_a_plain_layer(packed, bias):
    torch.manual_seed(1)
    layer = nn.Linear(24, 70, bias=bias)
    x = [inputs(24), inputs(1, 24), inputs(3, 5, 24), inputs(5, 3, 24).transpose(0, 1)]
    x.append(inputs(2, 3, 48)[..., ::2])
    expected = [layer(one).detach() for one in [*x, inputs(0, 24)]]
    use_onednn_linears(layer)
    with torch.no_grad():
        if packed:
            prepare_linears(layer)
        found = [layer(one) for one in [*x, inputs(0, 24)]]
    for mine, plain in zip(found, expected, strict=True):
        assert mine.shape == plain.shape
        assert torch.allclose(mine, plain, atol=1e-5)


@torch.no_grad()
def test_a_copy_is_made_once_and_used(linear):
    linear.pack()
    kept = linear._copy[1]
    linear.pack()
    assert linear._copy[1] is kept
    linear._copy = (linear._copy[0], pack(2 * linear.weight))
    x = inputs(2, 24)
    assert torch.allclose(linear(x) - linear.bias, 2 * x @ linear.weight.t(), atol=1e-5)


CHANGES = {
    "in place": lambda layer: layer.weight.mul_(2),
    "load_state_dict": lambda layer: layer.load_state_dict({"weight": inputs(70, 24), "bias": inputs(70)}),
    "new parameter": lambda layer: setattr(layer, "weight", nn.Parameter(inputs(70, 24))),
    "other storage": lambda layer: setattr(layer.weight, "data", inputs(70, 24)),
    "training": lambda layer: (layer.train(), layer.weight.data.mul_(2), layer.eval()),
    "precision": lambda layer: layer.double().float().weight.data.mul_(2),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@torch.no_grad()
def test_changed_weights_are_noticed(linear, change):
    linear.pack()
    change(linear)
    x = inputs(3, 24)
    expected = torch.nn.functional.linear(x, linear.weight, linear.bias)
    assert torch.allclose(linear(x), expected, atol=1e-5)
    linear.pack()
    assert torch.allclose(linear(x), expected, atol=1e-5)


@torch.no_grad()
def test_a_layer_of_another_precision_frees_its_copy(linear):
    linear.pack()
    linear.bfloat16()
    assert linear._copy is None


@torch.no_grad()
def test_a_new_weight_at_the_address_of_a_freed_one_is_noticed(linear):
    x, found = inputs(3, 24), []
    for n in range(40):
        del linear.weight
        linear.weight = nn.Parameter(torch.full((70, 24), float(n)))
        expected = torch.nn.functional.linear(x, linear.weight, linear.bias)
        found.append(torch.allclose(linear(x), expected, atol=1e-3))
        linear.pack()
    assert all(found)


COMPUTED = {
    "weight norm": nn.utils.weight_norm,
    "spectral norm": nn.utils.spectral_norm,
    "pruning": lambda layer: prune.l1_unstructured(layer, "weight", 0.3),
    "parametrization": parametrizations.weight_norm,
}


@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
@pytest.mark.parametrize("compute", COMPUTED.values(), ids=COMPUTED)
@pytest.mark.parametrize("joined", [False, True])
def test_weights_computed_from_others_are_not_copied(linear, compute, joined):
    layer = linear
    if joined:
        layer = tiny.model().decoder.layers[0].self_attn.eval()
        linear = layer.q_proj

    def result() -> torch.Tensor:
        with torch.no_grad():
            prepare_linears(layer)
            x = inputs(3, linear.in_features)
            return layer.joined(x)[:, : linear.out_features] if joined else layer(x)

    result()
    compute(linear)
    result()
    changed = {name: tensor * 2 + 0.1 for name, tensor in linear.state_dict().items() if "mask" not in name}
    linear.load_state_dict(changed, strict=False)
    fresh = copy.deepcopy(linear)
    found = result()
    with torch.no_grad():
        assert torch.allclose(found, fresh(inputs(3, linear.in_features)), atol=1e-5)


def gradients(function, layer, x, weigh) -> list[torch.Tensor]:
    wanted = [x, *layer.parameters()]
    return list(torch.autograd.grad(weigh(function(x)), [t for t in wanted if t.requires_grad]))


@pytest.mark.parametrize("weigh", [torch.sum, lambda y: y.square().sum(), lambda y: y[..., 1:3].exp().sum()])
@pytest.mark.parametrize("shape", [(24,), (1, 24), (3, 5, 24), (0, 24)])
@pytest.mark.parametrize("bias", [False, True])
def test_gradients_are_those_of_a_plain_layer(bias, shape, weigh):
    torch.manual_seed(1)
    plain = nn.Linear(24, 70, bias=bias)
    ours = copy.deepcopy(plain)
    use_onednn_linears(ours)
    with torch.no_grad():
        ours.pack()
    x = inputs(*shape).requires_grad_()
    for mine, theirs in zip(gradients(ours, ours, x, weigh), gradients(plain, plain, x, weigh), strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("frozen", ["x", "weight", "bias"])
def test_what_is_frozen_has_no_gradient(linear, frozen):
    x = inputs(3, 24).requires_grad_()
    dict(linear.named_parameters(), x=x)[frozen].requires_grad_(False)
    found = gradients(linear, linear, x, torch.sum)
    plain = gradients(lambda y: nn.functional.linear(y, linear.weight, linear.bias), linear, x, torch.sum)
    assert len(found) == 2
    for mine, theirs in zip(found, plain, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-5)


def test_gradients_of_gradients(linear):
    def penalty(function) -> torch.Tensor:
        x = inputs(3, 24).requires_grad_()
        (slope,) = torch.autograd.grad(function(x).square().sum(), x, create_graph=True)
        return torch.autograd.grad(slope.square().sum(), linear.weight)[0]

    plain = penalty(lambda x: nn.functional.linear(x, linear.weight, linear.bias))
    torch.testing.assert_close(penalty(linear), plain, atol=1e-3, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64])
@torch.no_grad()
def test_other_precisions_are_left_alone(linear, dtype):
    linear.to(dtype).pack()
    assert linear._copy is None
    x = inputs(3, 24).to(dtype)
    assert torch.equal(linear(x), torch.nn.functional.linear(x, linear.weight, linear.bias))


@pytest.mark.skipif(not has_onednn_linear(torch.bfloat16), reason="no bfloat16 by oneDNN here")
@pytest.mark.parametrize("relu", [False, True])
@torch.no_grad()
def test_bfloat16_in_inference(linear, relu):
    x = inputs(3, 24)
    exact = torch.nn.functional.linear(x, linear.weight, linear.bias)
    exact = torch.relu(exact) if relu else exact
    half = linear.bfloat16()
    half.pack()
    assert half._copy is not None
    y = half(x.bfloat16(), relu=relu)
    assert y.dtype == torch.bfloat16
    assert torch.allclose(y.float(), exact, atol=0.05)


def test_bfloat16_in_training_is_left_alone(linear):
    half, x = linear.bfloat16(), inputs(3, 24).bfloat16()
    plain = torch.nn.functional.linear(x, half.weight, half.bias)
    assert torch.equal(half(x), plain)


@torch.no_grad()
def test_autocast_keeps_its_meaning(linear):
    linear.pack()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert linear(inputs(3, 24)).dtype == torch.bfloat16


@torch.no_grad()
def test_copies_of_a_layer_and_pickles_leave_the_packed_weights_out(linear):
    linear.pack()
    for other in (copy.deepcopy(linear), pickle.loads(pickle.dumps(linear))):
        assert other._copy is None
        assert torch.allclose(other(inputs(3, 24)), linear(inputs(3, 24)), atol=1e-5)
    assert list(linear.state_dict()) == ["weight", "bias"]


@torch.no_grad()
def test_decoding_packs_the_decoder_only():
    model = tiny.model()
    encoder_out = model.encoder(**tiny.speech([40, 30]))
    model.decoder.start([Memory.of_speech(encoder_out)])

    def copies(part: nn.Module) -> set[int]:
        """Of the weights of each linear layer: its own, and those of modules that join it."""
        joining = [m for m in part.modules() if isinstance(m, JoinsLinears) and m._copy is not None]
        joined = [layer for m in joining for layer in m.linears_to_join()]
        layers = [m for m in part.modules() if isinstance(m, OneDnnLinear)]
        return {(m._copy is not None) + sum(m is other for other in joined) for m in layers}

    assert copies(model.decoder) == {1}
    assert copies(model.encoder) == {0}
    assert all(layer.self_attn._copy for layer in model.decoder.layers)


@pytest.mark.parametrize("packed", [False, True])
@torch.no_grad()
def test_relu_in_the_same_pass(linear, packed):
    if packed:
        linear.pack()
    x = inputs(3, 5, 24)
    expected = torch.relu(torch.nn.functional.linear(x, linear.weight, linear.bias))
    assert expected.eq(0).any()
    assert torch.allclose(activated(linear, x, torch.nn.functional.relu), expected, atol=1e-5)
    other = activated(linear, x, torch.tanh)
    assert torch.allclose(other, torch.tanh(linear(x)), atol=1e-6)
    plain = nn.Linear(24, 70)
    plain.load_state_dict(linear.state_dict())
    assert torch.allclose(activated(plain, x, torch.nn.functional.relu), expected, atol=1e-5)


def test_relu_elsewhere(linear):
    x = inputs(3, 24)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        y = linear(x, relu=True)
        assert y.dtype == torch.bfloat16
        assert y.ge(0).all()
    x.requires_grad_()
    found = gradients(lambda y: linear(y, relu=True), linear, x, torch.sum)
    plain = gradients(
        lambda y: torch.relu(nn.functional.linear(y, linear.weight, linear.bias)), linear, x, torch.sum
    )
    for mine, theirs in zip(found, plain, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("there", ["avx512_bf16", "amx_tile", None])
def test_bfloat16_is_fast_where_there_are_instructions_for_it(monkeypatch, there):
    monkeypatch.setattr(onednn_linear, "has_onednn_linear", lambda dtype: True)
    monkeypatch.setattr(onednn_linear.platform, "machine", lambda: "x86_64")
    for name in ("avx512_bf16", "amx_tile"):
        asked = f"_is_{name}_supported"
        monkeypatch.setattr(torch.cpu, asked, lambda answer=name == there: answer, raising=False)
    assert onednn_linear.has_fast_bfloat16() is (there is not None)
    monkeypatch.setattr(onednn_linear.platform, "machine", lambda: "aarch64")
    assert onednn_linear.has_fast_bfloat16()
