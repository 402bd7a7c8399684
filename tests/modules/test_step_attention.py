"""Attention of few queries by products is torch's."""

import pytest
import torch
import torch.nn.functional as F

from interactive_st.modules.step_attention import FEW_QUERIES, step_attention


def inputs(queries: int, keys: int = 7, dtype: torch.dtype = torch.float32) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    shapes = ((3, 2, queries, 8), (3, 2, keys, 8), (3, 2, keys, 8))
    return [torch.randn(shape, generator=generator).to(dtype) for shape in shapes]


VISIBLE = torch.rand(3, 1, 1, 7, generator=torch.Generator().manual_seed(2)) < 0.6
MASKS = {"none": None, "bool": VISIBLE, "added": VISIBLE.log()}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("queries", [1, 5, FEW_QUERIES, FEW_QUERIES + 1])
@torch.no_grad()
def test_results_are_those_of_torch(queries, mask):
    query, key, value = inputs(queries)
    found = step_attention(query, key, value, mask)
    expected = F.scaled_dot_product_attention(query, key, value, mask)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_of_views_into_larger_memory():
    query, key, value = inputs(4)
    room = torch.full((2, 3, 2, 20, 8), torch.nan)
    room[0, :, :, :7], room[1, :, :, :7] = key, value
    views = (room.narrow(3, 0, 7)[side] for side in (0, 1))
    found = step_attention(query.transpose(1, 2).contiguous().transpose(1, 2), *views, VISIBLE)
    expected = F.scaled_dot_product_attention(query, key, value, VISIBLE)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


@torch.no_grad()
def test_other_precisions():
    found = step_attention(*inputs(4, dtype=torch.bfloat16), None)
    assert found.dtype == torch.bfloat16
    exact = F.scaled_dot_product_attention(*inputs(4))
    torch.testing.assert_close(found.float(), exact, atol=0.05, rtol=0.05)


def test_gradients():
    few = [x.requires_grad_() for x in inputs(4)]
    found = torch.autograd.grad(step_attention(*few, VISIBLE).square().sum(), few)
    expected = torch.autograd.grad(F.scaled_dot_product_attention(*few, VISIBLE).square().sum(), few)
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs)
