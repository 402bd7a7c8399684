"""Attention by products is torch's, with dropout and of few queries."""

import pytest
import torch
import torch.nn.functional as F

from interactive_st.modules.attention import FEW_QUERIES, attention, step_attention
from interactive_st.modules.visibility import additive


def test_with_next_to_no_dropout_it_equals_torchs():
    torch.manual_seed(5)
    query, key, value = torch.randn(3, 2, 4, 6, 8).unbind(0)
    mask = torch.rand(2, 1, 6, 6) < 0.7
    mask[..., 0] = True
    for options in ({"mask": mask}, {"mask": None}, {"mask": None, "is_causal": True}):
        torch_options = {"attn_mask": options["mask"], "is_causal": options.get("is_causal", False)}
        expected = F.scaled_dot_product_attention(query, key, value, **torch_options)
        torch.testing.assert_close(attention(query, key, value, p=1e-9, **options), expected)
        assert attention(query, key, value, p=0.5, **options).sub(expected).abs().max() > 0.1


def test_under_a_mask_of_another_precision():
    """Activation checkpointing computes a layer again outside autocast, under the masks of inside."""
    torch.manual_seed(3)
    x, visible = torch.randn(1, 2, 5, 4), torch.ones(5, 5, dtype=torch.bool).tril()
    mask = additive(visible, torch.float16)
    assert torch.allclose(attention(x, x, x, mask), attention(x, x, x, visible), atol=1e-6)


def test_it_drops_weights_without_bias():
    torch.manual_seed(6)
    query, key, value = torch.randn(3, 1, 1, 5, 4).unbind(0)
    mean = sum(attention(query, key, value, None, 0.3) for _ in range(4000)) / 4000
    torch.testing.assert_close(mean, attention(query, key, value, None), atol=0.05, rtol=0)


def inputs(queries: int, keys: int = 7, dtype: torch.dtype = torch.float32) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    shapes = ((3, 2, queries, 8), (3, 2, keys, 8), (3, 2, keys, 8))
    return [torch.randn(shape, generator=generator).to(dtype) for shape in shapes]


VISIBLE = torch.rand(3, 1, 1, 7, generator=torch.Generator().manual_seed(2)) < 0.6
MASKS = {"none": None, "bool": VISIBLE, "added": VISIBLE.log()}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("queries", [1, 5, FEW_QUERIES, FEW_QUERIES + 1])
@torch.no_grad()
def test_few_queries_by_products_are_those_of_torch(queries, mask):
    query, key, value = inputs(queries)
    found = step_attention(query, key, value, mask)
    expected = F.scaled_dot_product_attention(query, key, value, mask)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_few_queries_of_views_into_larger_memory():
    query, key, value = inputs(4)
    room = torch.full((2, 3, 2, 20, 8), torch.nan)
    room[0, :, :, :7], room[1, :, :, :7] = key, value
    views = (room.narrow(3, 0, 7)[side] for side in (0, 1))
    found = step_attention(query.transpose(1, 2).contiguous().transpose(1, 2), *views, VISIBLE)
    expected = F.scaled_dot_product_attention(query, key, value, VISIBLE)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_few_queries_in_other_precisions():
    found = step_attention(*inputs(4, dtype=torch.bfloat16), None)
    assert found.dtype == torch.bfloat16
    exact = F.scaled_dot_product_attention(*inputs(4))
    torch.testing.assert_close(found.float(), exact, atol=0.05, rtol=0.05)


def test_gradients_of_few_queries():
    few = [x.requires_grad_() for x in inputs(4)]
    found = torch.autograd.grad(step_attention(*few, VISIBLE).square().sum(), few)
    expected = torch.autograd.grad(F.scaled_dot_product_attention(*few, VISIBLE).square().sum(), few)
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs)
