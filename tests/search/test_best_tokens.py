"""The best tokens, whatever the size of the vocabulary."""

import math

import pytest
import torch

from interactive_st.search.best_tokens import BLOCK, best_tokens


@pytest.mark.parametrize("n_words", [7, 12 * BLOCK - 1, 12 * BLOCK, 12 * BLOCK + 5, 40 * BLOCK + 127])
@pytest.mark.parametrize("count", [1, 3])
def test_the_best_are_those_of_topk(n_words, count):
    log_probs = torch.randn(4, 5, n_words, generator=torch.Generator().manual_seed(1)).log_softmax(-1)
    log_probs[0, 0, -1] = log_probs[0, 1, 0] = 1.0  # at either end
    best, token = best_tokens(log_probs, count)
    expected = log_probs.topk(count, dim=-1)
    assert torch.equal(best, expected.values)
    assert torch.equal(token, expected.indices)


@pytest.mark.parametrize("n_words", [10, 20 * BLOCK + 3])
def test_what_is_not_a_number_is_impossible(n_words):
    log_probs = torch.zeros(2, 2, n_words).log_softmax(-1)
    log_probs[1, 0] = math.nan
    log_probs[1, 0, 1] = -math.inf  # as a constraint leaves it
    best, _ = best_tokens(log_probs, 2)
    assert best[1, 0].tolist() == [-math.inf] * 2
    assert best[[0, 0, 1], [0, 1, 1]].isfinite().all()


def test_few_possible_tokens():
    log_probs = torch.full((1, 2, 16 * BLOCK), -math.inf)
    log_probs[:, :, 70] = -0.5
    best, token = best_tokens(log_probs, 4)
    assert best[..., 0].eq(-0.5).all()
    assert best[..., 1:].isinf().all()
    assert token[..., 0].eq(70).all()
    assert token.sort(dim=-1).values.diff().ne(0).all()
