"""The cache of decoding: what is written stays in its column, whoever advances; and who sees which keys."""

import torch
import torch.nn.functional as F

from interactive_st.modules.decoding_cache import GROWTH, SelfCache, StepView, column_keys, slots_to_mask
from interactive_st.modules.lanes import Lanes

WIDTH, HEADS, DIM = 2, 3, 4


def lanes(*streams: int, batch: int = 2) -> Lanes:
    stream = torch.tensor([s for s in streams for _ in range(batch)])
    sentence = torch.arange(batch).repeat(len(streams))
    return Lanes(stream, sentence, torch.zeros_like(stream), streams, batch)


def write(cache: SelfCache, value: float, used: int, columns: dict[int, int]) -> None:
    """Store ``value`` (and its negative) in a column of each stream."""
    key = torch.full((len(columns), 2, HEADS, WIDTH, DIM), value)
    view = StepView(tuple(columns.values()), used, torch.empty(0), None)
    cache.write(torch.stack([key, -key]), lanes(*columns), view)


def test_each_stream_has_its_own_columns():
    cache = SelfCache()
    write(cache, 1.0, 1, {0: 0})
    write(cache, 2.0, 2, {0: 1, 1: 0})
    write(cache, 3.0, 2, {1: 1})
    keys, values = cache.read(2, WIDTH)
    assert keys.shape == (2, 2, HEADS, 1 + 2 * WIDTH, DIM)
    assert keys[0, 0, 0, :, 0].tolist() == [0, 1, 1, 2, 2]
    assert keys[1, 1, 2, :, 3].tolist() == [0, 2, 2, 3, 3]
    assert torch.equal(values, -keys)


def test_it_grows_and_keeps_what_it_has():
    cache = SelfCache()
    for column in range(2 * GROWTH + 1):
        write(cache, float(column + 1), column + 1, {0: column, 1: column})
    keys, _ = cache.read(2 * GROWTH + 1, WIDTH)
    expected = torch.arange(2 * GROWTH + 1).add(1).repeat_interleave(WIDTH).float()
    assert torch.equal(keys[1, 0, 0, 1:, 0], expected)
    assert keys[:, :, :, 0].eq(0).all()


def test_sentences_can_leave():
    cache = SelfCache()
    key = torch.arange(2.0).view(1, 2, 1, 1, 1).expand(1, 2, HEADS, WIDTH, DIM)
    cache.write(torch.stack([key, key]), lanes(0), StepView((0,), 1, torch.empty(0), None))
    cache.keep(torch.tensor([1]))
    assert cache.read(1, WIDTH)[0][0, :, 0, 1:, 0].tolist() == [[1.0, 1.0]]


def test_a_column_by_its_keys_is_the_same_column():
    """With fixed shapes the column is a tensor, and what is allocated is read."""
    by_number, by_keys = SelfCache(), SelfCache()
    write(by_number, 1.0, GROWTH, {0: 5, 1: 5})
    key = torch.ones(2, 2, HEADS, WIDTH, DIM)
    by_keys.reserve(key, 2, GROWTH, WIDTH)
    view = StepView(column_keys(torch.tensor([5]), WIDTH), GROWTH, torch.empty(0), None)
    by_keys.write(torch.stack([key, -key]), lanes(0, 1), view)
    assert torch.equal(by_keys.rows, by_number.rows)


def test_what_hypotheses_see_of_a_cache():
    slots = torch.tensor([[0, 1, 1], [2, -1, 2], [-1, -1, -1]])
    mask = slots_to_mask(slots, 3, torch.float32)
    assert mask.shape == (1, 3, 1 + 3 * 3)
    assert set(mask.flatten().tolist()) == {0.0, -float("inf")}
    seen = [row.nonzero().flatten().tolist() for row in mask[0] == 0]
    assert seen == [[1, 1 + 3 + 1, 1 + 6 + 1], [1 + 2, 1 + 6 + 2], [0]]


def test_a_hypothesis_that_sees_nothing_gets_exactly_zero():
    generator = torch.Generator().manual_seed(1)
    query, key, value = (torch.randn(2, 2, n, 4, generator=generator) for n in (1, 4, 4))
    key[:, :, 0] = value[:, :, 0] = 0.0
    mask = slots_to_mask(torch.tensor([[-1]]), 3, torch.float32)
    context = F.scaled_dot_product_attention(query, key, value, mask)
    assert torch.equal(context, torch.zeros_like(context))
