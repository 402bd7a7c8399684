"""Numbers cut in two for a GPU's tensor cores: the arithmetic, which is the same on a CPU."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F

from interactive_st.modules.fast import onednn_linear, tf32_split
from interactive_st.modules.fast.tf32_split import MIN_ROWS, SplitWeight, cut

GENERATOR = torch.Generator().manual_seed(1)
X = torch.randn(4, 50, 32, generator=GENERATOR)
WEIGHT, BIAS = torch.randn(70, 32, generator=GENERATOR), torch.randn(70, generator=GENERATOR)
NARROW = torch.randn(30, 32, generator=GENERATOR)


def test_the_parts_are_exact_and_of_few_bits():
    high, low, again = cut(WEIGHT, low_first=False).unbind(1)
    assert torch.equal(high + low, WEIGHT)
    assert torch.equal(high, again)
    assert not (high.view(torch.int32) & 0x1FFF).any()
    assert (low.abs() <= WEIGHT.abs() * 2**-10).all()
    assert torch.equal(cut(WEIGHT, low_first=True), torch.stack([low, high, high], dim=1))


@pytest.mark.parametrize("most", [tf32_split.MAX_INPUTS, 16, 12, 7])
@pytest.mark.parametrize("bias", [BIAS, None])
@pytest.mark.parametrize("relu", [False, True])
def test_the_product_is_that_of_the_layer(bias, relu, most, monkeypatch):
    monkeypatch.setattr(tf32_split, "MAX_INPUTS", most)
    expected = F.linear(X.double(), WEIGHT.double(), None if bias is None else bias.double())
    expected = expected.relu() if relu else expected
    found = SplitWeight(WEIGHT).product(X, bias, relu)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found, F.linear(X, WEIGHT, bias).relu() if relu else F.linear(X, WEIGHT, bias))


@pytest.mark.parametrize("weight", [WEIGHT, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize("at_once", [tf32_split.GRADIENTS_AT_ONCE, 1000, 200 * 29])
def test_large_products_and_their_gradients_are_those_of_the_layer(weight, has_bias, at_once, monkeypatch):
    monkeypatch.setattr(tf32_split, "GRADIENTS_AT_ONCE", at_once)
    bias = BIAS[: len(weight)] if has_bias else None
    grad = torch.randn(50, 4, len(weight), generator=GENERATOR).transpose(0, 1)
    found = []
    for multiply in (tf32_split.linear, F.linear):
        factors = [None if t is None else t.clone().requires_grad_() for t in (X, weight, bias)]
        y = multiply(*factors)
        y.backward(grad)
        found.append([y, *(t.grad for t in factors if t is not None)])
    for mine, expected in zip(*found, strict=True):
        torch.testing.assert_close(mine, expected, rtol=1e-5, atol=1e-4)


def test_only_the_gradients_asked_for_are_computed():
    for wanted in range(3):
        factors = [t.clone().requires_grad_(at == wanted) for at, t in enumerate((X, WEIGHT, BIAS))]
        tf32_split.linear(*factors).sum().backward()
        assert [t.grad is not None for t in factors] == [at == wanted for at in range(3)]


def test_gradients_of_gradients():
    x, weight = (t[:3, :5].double().contiguous().requires_grad_() for t in (X[0], WEIGHT))

    def through_single(x, weight):
        return tf32_split.linear(x.float(), weight.float()).double()

    single = partial(torch.autograd.gradgradcheck, eps=1e-2, atol=1e-2, rtol=1e-2, nondet_tol=1e-3)
    assert single(through_single, (x, weight))


def test_layers_use_it_where_it_pays(monkeypatch):
    asked = []
    monkeypatch.setattr(onednn_linear, "is_for_onednn", lambda *_: False)
    monkeypatch.setattr(tf32_split, "pays", lambda x, weight: x.size(-1) == weight.size(1))
    monkeypatch.setattr(tf32_split, "linear", lambda *factors: asked.append(1) or F.linear(*factors))
    layer = torch.nn.Linear(32, 70)
    onednn_linear.use_onednn_linears(layer)
    torch.testing.assert_close(layer(X, relu=True), F.linear(X, layer.weight, layer.bias).relu())
    assert asked


def test_the_parts_that_are_left_out_are_below_the_rounding():
    """What tensor cores see: both low parts cut to TF32 as well."""
    high, low, _ = cut(WEIGHT, low_first=False).unbind(1)
    seen = cut(low, low_first=False)[:, 0]
    assert ((high + seen - WEIGHT).abs() <= WEIGHT.abs() * 2**-20).all()


def test_where_it_is_of_no_use():
    assert not SplitWeight.is_for(WEIGHT)  # on a CPU
    wide = torch.empty(1 << 12, 1 << 10)
    assert not tf32_split.pays(torch.empty(1 << 11, 1 << 10), wide)
    split_weight = SplitWeight(WEIGHT)
    assert split_weight.pays(torch.zeros(MIN_ROWS, 32))
    assert not split_weight.pays(torch.zeros(MIN_ROWS - 1, 32))
    assert not split_weight.pays(torch.zeros(MIN_ROWS, 32, dtype=torch.bfloat16))
    with torch.autocast("cpu", torch.bfloat16):
        assert not split_weight.pays(torch.zeros(MIN_ROWS, 32))
    assert not torch.backends.cuda.matmul.allow_tf32


def test_whoever_allows_tf32_by_torchs_newer_setting_is_understood(monkeypatch):
    settings = torch.backends.cuda.matmul
    if not hasattr(settings, "fp32_precision"):
        pytest.skip("this torch has the older setting alone")
    before = settings.fp32_precision
    try:
        assert not tf32_split._allows_tf32()
        settings.fp32_precision = "tf32"
        assert tf32_split._allows_tf32()
    finally:
        settings.fp32_precision = before
    assert not tf32_split._allows_tf32()
