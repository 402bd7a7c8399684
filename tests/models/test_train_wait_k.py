"""Training for several k at once: which k a batch has."""

import math
from collections import Counter

import pytest
import tiny
import torch

from interactive_st.models import ARCHITECTURES

KS = (0, 2, math.inf)


@pytest.fixture
def batch():
    return tiny.speech([30, 24]) | {"prev_output_tokens": tiny.prefixes([[6, 4], [5, 6]])}


def logits(model, batch):
    with torch.no_grad():
        return model(**batch)[0]


def test_each_batch_of_training_has_one_of_the_ks(batch):
    """No dropout: a batch's outputs are those of a model with its k, to the bit; all k have their turn."""
    expected = {k: logits(tiny.model(wait_k=k).train(), batch) for k in KS}
    model = tiny.model(wait_k=1, train_wait_k="0,2,inf").train()
    torch.manual_seed(1)
    turns = Counter()
    for _ in range(300):
        given = logits(model, batch)
        turns.update(k for k in KS if torch.equal(given, expected[k]))
    assert turns.total() == 300
    assert turns.keys() == set(KS)
    assert min(turns.values()) > 70


def test_the_same_seed_gives_the_same_ks(batch):
    """fairseq seeds each update by its number, so a stopped run goes on with the ks it would have had."""
    model = tiny.model(train_wait_k="0,2,inf").train()

    def run():
        torch.manual_seed(5)
        return [logits(model, batch) for _ in range(8)]

    assert all(map(torch.equal, run(), run()))


def test_validation_has_wait_k(batch):
    model = tiny.model(wait_k=1, train_wait_k="0,2,inf").eval()
    assert torch.equal(logits(model, batch), logits(tiny.model(wait_k=1), batch))


@pytest.mark.parametrize("mode", [True, False])
def test_without_the_option_no_random_number_is_drawn(batch, mode):
    model = tiny.model(wait_k=1).train(mode)
    before = torch.get_rng_state()
    logits(model, batch)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_row_of_activation_checkpointing_is_recomputed_with_its_k(batch):
    """The draw is outside of what is done again in the backward pass."""
    gradients = []
    for again in (False, True):
        model = tiny.model(train_wait_k="0,2,inf", checkpoint_activations=again).train()
        torch.manual_seed(3)
        for _ in range(3):
            model(**batch)[0].square().sum().backward()
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None]))
    assert torch.allclose(*gradients, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["multitask_st", "e2e_st", "asr", "two_stage_st"])
def test_systems_without_interaction_refuse_it(name):
    with pytest.raises(ValueError, match=r"train.wait.k 1,3"):
        tiny.model(arch=ARCHITECTURES[f"{name}_s"], train_wait_k="1,3")


def test_what_was_trained_is_known():
    assert tiny.model(wait_k="5").decoder.trained_wait_k == (5,)
    assert tiny.model(wait_k="3", train_wait_k="1,3,inf").decoder.trained_wait_k == (1, 3, math.inf)
