"""What is said of a stock checkpoint that a model starts from."""

import logging

import pytest
import tiny
import torch

from interactive_st.models.pretrained import MARKER, VOCABULARY, adapt_stock_state_dict


@pytest.fixture
def model():
    return tiny.model()


@pytest.fixture
def stock(model):
    """The state dict of a stock model of the same sizes."""
    return {name: tensor + 1 for name, tensor in model.state_dict().items() if name != MARKER}


def message(model, state_dict, caplog):
    with caplog.at_level(logging.INFO, "interactive_st.models.pretrained"):
        adapt_stock_state_dict(model, state_dict)
    return caplog.messages[-1].partition(": ")[2]


def test_all_of_it(model, stock, caplog):
    count = len(stock)
    assert message(model, stock, caplog) == (
        f"{count} of {count} tensors taken; not taken: nothing; left at their initial values: nothing"
    )


def test_what_has_no_place_here_is_not_missing_here(model, stock, caplog):
    """fairseq's CTC criterion adds a projection to the encoder; here it is the decoder's table."""
    count = len(stock)
    stock["encoder.ctc_proj.weight"] = torch.zeros(3, 16)
    assert message(model, stock, caplog) == (
        f"{count} of {count} tensors taken; not taken: encoder.ctc_proj.weight; "
        "left at their initial values: nothing"
    )
    assert "encoder.ctc_proj.weight" not in stock


def test_another_vocabulary(model, stock, caplog):
    count = len(stock)
    table = torch.zeros(5, 16)
    stock |= dict.fromkeys(VOCABULARY, table)
    listing = ", ".join(f"{name} (another vocabulary)" for name in VOCABULARY)
    assert message(model, stock, caplog).startswith(
        f"{count - 2} of {count} tensors taken; not taken: {listing};"
    )


def test_an_output_table_of_its_own(model, stock, caplog):
    count = len(stock)
    stock[VOCABULARY[1]] = stock[VOCABULARY[0]] + 1
    text = message(model, stock, caplog)
    assert text.startswith(f"{count - 1} of {count} tensors taken; not taken: {VOCABULARY[1]} (tied")
    assert torch.equal(stock[VOCABULARY[1]], stock[VOCABULARY[0]])


def test_what_the_checkpoint_lacks(model, stock, caplog):
    count, name = len(stock), "encoder.layer_norm.bias"
    del stock[name]
    assert message(model, stock, caplog) == (
        f"{count - 1} of {count} tensors taken; not taken: nothing; left at their initial values: {name}"
    )
    assert torch.equal(stock[name], model.state_dict()[name])
