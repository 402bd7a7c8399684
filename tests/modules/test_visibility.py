import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from interactive_st.modules.visibility import (
    Visibility,
    attend,
    slots_to_mask,
    teacher_forced_visibility,
)


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
    assert torch.allclose(attend(query, key, value, None), expected, atol=1e-6)


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


def test_what_hypotheses_see_of_a_cache():
    slots = torch.tensor([[0, 1, 1], [2, -1, 2], [-1, -1, -1]])
    mask = slots_to_mask(slots, 3, torch.float32)
    assert mask.shape == (1, 3, 1 + 3 * 3)
    assert set(mask.flatten().tolist()) == {0.0, -float("inf")}
    seen = [row.nonzero().flatten().tolist() for row in mask[0] == 0]
    assert seen == [[1, 1 + 3 + 1, 1 + 6 + 1], [1 + 2, 1 + 6 + 2], [0]]


def test_a_hypothesis_that_sees_nothing_gets_exactly_zero():
    query, key, value = tensors(1, 4)
    key[:, :, 0] = value[:, :, 0] = 0.0
    mask = slots_to_mask(torch.tensor([[-1]]), 3, torch.float32)
    context = torch.nn.functional.scaled_dot_product_attention(query, key, value, mask)
    assert torch.equal(context, torch.zeros_like(context))
