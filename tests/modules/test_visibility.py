import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interactive_st.modules.attention import attention
from interactive_st.modules.token_rows import TokenRows
from interactive_st.modules.visibility import (
    BothTerms,
    Visibility,
    score_mask,
    teacher_forced_visibility,
)


def attend(query, key, value, visibility: Visibility):
    return attention(query, key, value, visibility.mask).masked_fill(visibility.blind, 0.0)


def tensors(queries: int, keys: int):
    generator = torch.Generator().manual_seed(1)
    return (torch.randn(2, 2, n, 4, generator=generator) for n in (queries, keys, keys))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=3, max_size=3))
def test_attention_is_a_softmax_over_what_is_seen(rows):
    query, key, value = tensors(3, 5)
    visible = torch.tensor([rows, rows])
    found = attend(query, key, value, Visibility.of(visible))
    for i, row in enumerate(rows):
        seen = torch.tensor(row).nonzero().flatten()
        if len(seen) == 0:
            assert torch.equal(found[:, :, i], torch.zeros(2, 2, 4))
            continue
        scores = query[:, :, i : i + 1] @ key[:, :, seen].transpose(2, 3) / 2.0
        expected = scores.softmax(dim=-1) @ value[:, :, seen]
        assert torch.allclose(found[:, :, i : i + 1], expected, atol=1e-6)


def test_without_a_mask_attention_is_causal():
    query, key, value = tensors(5, 5)
    causal = Visibility.of(torch.ones(2, 5, 5, dtype=torch.bool).tril())
    expected = attend(query, key, value, causal)
    assert torch.allclose(attention(query, key, value, None, is_causal=True), expected, atol=1e-6)


def test_gradients_of_blind_queries_are_zero():
    query, key, value = (t.requires_grad_() for t in tensors(3, 5))
    visible = torch.zeros(2, 3, 5, dtype=torch.bool)
    attend(query, key, value, Visibility.of(visible)).sum().backward()
    for tensor in (query, key, value):
        assert torch.equal(tensor.grad, torch.zeros_like(tensor))


def test_padding_and_missing_streams_are_not_seen():
    tokens = torch.tensor([[[4, 7, 8, 1], [4, 7, 1, 1]], [[5, 9, 1, 1], [1, 1, 1, 1]]])
    seen = teacher_forced_visibility(tokens, pad=1, wait_k=0)
    visible = seen.mask & ~seen.blind  # by key stream: [0] = translation rows on transcript keys
    assert visible[0, 0, 0].tolist() == [[j <= i and j < 3 for j in range(4)] for i in range(4)]
    assert visible[1, 0, 0].tolist() == [[j <= i and j < 2 for j in range(4)] for i in range(4)]
    assert not visible[1, 1].any()
    assert seen.blind[1, 1].all()


def test_the_masks_of_both_terms():
    tokens = torch.tensor([[[4, 7, 8, 1], [4, 7, 1, 1]], [[5, 9, 1, 1], [1, 1, 1, 1]]])
    partner = teacher_forced_visibility(tokens, pad=1, wait_k=1)
    both = BothTerms.of(partner, torch.zeros(1))
    own, inter = both.mask.unflatten(0, (2, 2)).split(4, dim=3)
    assert all(torch.equal(mask[0], torch.ones(4, 4).bool().tril()) for mask in own.flatten(0, 1))
    assert torch.equal(inter, partner.mask)
    # by the stream that reads: the transcript waits a token, and the second sentence has no translation
    assert both.blind[0, :, :, 0].tolist() == [[True, False, False, False], [True] * 4]
    assert not both.blind[1].any()
    rows = TokenRows.of(tokens.ne(1))
    assert torch.equal(BothTerms.of(partner, torch.zeros(1), rows).blind, rows.take(both.blind))


def test_a_mask_that_a_gpu_need_not_make_anew():
    visible = torch.ones(3, 1, 2, 5, dtype=torch.bool)
    assert score_mask(visible, torch.zeros(1)) is visible
    mask = score_mask(visible.to("meta"), torch.zeros(1, dtype=torch.float16, device="meta"))
    assert mask.shape == visible.shape
    assert mask.dtype == torch.float16
    assert all(stride % 8 == 0 for stride in mask.stride()[:-1])
