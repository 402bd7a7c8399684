"""Numbers cut in two for a GPU's tensor cores: the arithmetic, which is the same on a CPU."""

import pytest
import torch
import torch.nn.functional as F

from interactive_st.modules.split_product import MIN_ROWS, SplitWeight, split

GENERATOR = torch.Generator().manual_seed(1)
X = torch.randn(4, 50, 32, generator=GENERATOR)
WEIGHT, BIAS = torch.randn(70, 32, generator=GENERATOR), torch.randn(70, generator=GENERATOR)


def test_the_parts_are_exact_and_of_few_bits():
    high, low = split(WEIGHT).chunk(2, dim=1)
    assert torch.equal(high + low, WEIGHT)
    assert not (high.view(torch.int32) & 0x1FFF).any()
    assert (low.abs() <= WEIGHT.abs() * 2**-10).all()
    assert torch.equal(split(WEIGHT, high_first=False), torch.cat([low, high], dim=1))


@pytest.mark.parametrize("bias", [BIAS, None])
@pytest.mark.parametrize("relu", [False, True])
def test_the_product_is_that_of_the_layer(bias, relu):
    expected = F.linear(X.double(), WEIGHT.double(), None if bias is None else bias.double())
    expected = expected.relu() if relu else expected
    found = SplitWeight(WEIGHT).product(X, bias, relu)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found, F.linear(X, WEIGHT, bias).relu() if relu else F.linear(X, WEIGHT, bias))


def test_the_parts_that_are_left_out_are_below_the_rounding():
    """What tensor cores see: both low parts cut to TF32 as well."""
    high, low = split(WEIGHT).chunk(2, dim=1)
    seen = split(low)[:, : low.size(1)]
    assert ((high + seen - WEIGHT).abs() <= WEIGHT.abs() * 2**-20).all()


def test_where_it_is_of_no_use():
    assert not SplitWeight.is_for(WEIGHT)  # on a CPU
    cut = SplitWeight(WEIGHT)
    assert cut.pays(torch.zeros(MIN_ROWS, 32))
    assert not cut.pays(torch.zeros(MIN_ROWS - 1, 32))
    assert not cut.pays(torch.zeros(MIN_ROWS, 32, dtype=torch.bfloat16))
    with torch.autocast("cpu", torch.bfloat16):
        assert not cut.pays(torch.zeros(MIN_ROWS, 32))
    assert not torch.backends.cuda.matmul.allow_tf32
