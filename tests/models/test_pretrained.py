"""What is said of a stock checkpoint that a model starts from."""

import logging
from argparse import Namespace

import pytest
import tiny
import torch
from fairseq.dataclass.configs import EMAConfig
from fairseq.models.ema.ema import EMA
from omegaconf import OmegaConf

from interactive_st.checkpoint_reading import load_state, options_of
from interactive_st.models.pretrained import (
    MARKER,
    VOCABULARY,
    adapt_stock_state_dict,
    load_encoder,
    warn_of_other_meaning,
)


@pytest.fixture
def model():
    return tiny.model()


@pytest.fixture
def stock(model):
    """The state dict of a stock model of the same sizes."""
    return {name: tensor + 1 for name, tensor in model.state_dict().items() if name != MARKER}


@pytest.mark.parametrize("name", ["interactive_st", "e2e_st", "two_stage_st"])
def test_an_average_over_updates_keeps_the_last_norm(name, caplog):
    """fairseq's EMA leaves the versions out, without which a decoder is taken for one without that norm."""
    model = tiny.system(name)
    average = EMA(model, EMAConfig(ema_decay=0.75))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1.0)
    with caplog.at_level(logging.INFO):
        average.step(model)
    after = average.get_model().state_dict()
    assert after.keys() == before.keys()
    assert any("decoder" in name and name.endswith("layer_norm.weight") for name in after)
    for name, _ in model.named_parameters():
        if "embed_tokens" in name:  # tied to the output table: fairseq averages it twice
            continue
        torch.testing.assert_close(after[name], before[name] + 0.25, atol=1e-5, rtol=0)
    assert "stock" not in caplog.text
    model.load_state_dict(after)


def test_versions_are_not_guessed_of_two_tables(model):
    """Those are stock fairseq's, which may have them: its input table is then the one table."""
    given = {name: tensor.clone() for name, tensor in model.state_dict().items() if "version" not in name}
    given[VOCABULARY[1]] += 1
    expected = given[VOCABULARY[0]] * 1
    model.load_state_dict(given)
    assert torch.equal(model.decoder.output_projection.weight, expected)
    assert model.decoder.layer_norm is not None


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


def test_an_output_table_of_its_own_and_of_another_vocabulary_counts_once(model, stock, caplog):
    count = len(stock)
    stock |= {name: torch.full((5, 16), float(n)) for n, name in enumerate(VOCABULARY)}
    assert message(model, stock, caplog).startswith(f"{count - 2} of {count} tensors taken; not taken: ")


def test_what_the_checkpoint_lacks(model, stock, caplog):
    count, name = len(stock), "encoder.layer_norm.bias"
    del stock[name]
    assert message(model, stock, caplog) == (
        f"{count - 1} of {count} tensors taken; not taken: nothing; left at their initial values: {name}"
    )
    assert torch.equal(stock[name], model.state_dict()[name])


def save(state_dict, path, cfg=None) -> None:
    history = [{"num_updates": 1, "optimizer_name": "Adam", "lr_scheduler_state": {}}]
    extra = {"epoch": 1, "train_iterator": {"epoch": 1}}
    state = {"model": state_dict, "args": None, "cfg": cfg, "optimizer_history": history}
    torch.save({**state, "extra_state": extra, "last_optimizer_state": None}, path)


def test_an_encoder_of_another_depth_or_none_is_refused(model, tmp_path):
    path = str(tmp_path / "small.pt")
    save(model.state_dict(), path)
    deeper = tiny.model(encoder_layers=3)
    message = r"small.pt: \d+ of .* the first is transformer_layers.1.*--encoder-layers"
    with pytest.raises(ValueError, match=message):
        load_encoder(deeper.encoder, path, Namespace())
    save({"decoder.x": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match=r"tensors are not there"):
        load_encoder(model.encoder, path, Namespace())
    (tmp_path / "small.pt").write_text("<s> 1\n")
    with pytest.raises(ValueError, match=r"from .*small.pt: not a checkpoint of fairseq-train"):
        load_encoder(model.encoder, path, Namespace())


def test_an_encoder_with_another_front_end_keeps_its_own(model, tmp_path, caplog):
    path = str(tmp_path / "convolutions.pt")
    save(model.state_dict(), path)
    other = tiny.model(front_end="stack", seed=2)
    own = other.encoder.subsample.proj.weight.clone()
    with caplog.at_level(logging.INFO, "interactive_st.models.pretrained"):
        load_encoder(other.encoder, path, Namespace())
    assert "left at their initial values: subsample.proj.weight, subsample.proj.bias" in caplog.messages[-1]
    assert torch.equal(other.encoder.subsample.proj.weight, own)
    name = "transformer_layers.0.fc1.weight"
    assert torch.equal(other.encoder.state_dict()[name], model.encoder.state_dict()[name])


def test_positions_are_compared_with_checkpoints_that_know_none(model, tmp_path, caplog):
    path = str(tmp_path / "older.pt")
    save(model.state_dict(), path, OmegaConf.create({"model": {"activation_fn": "relu"}, "task": {}}))
    state = load_state(path)
    with caplog.at_level(logging.WARNING, "interactive_st.models.pretrained"):
        warn_of_other_meaning("x", options_of(state), Namespace(cross_attention_positions=True))
        load_encoder(model.encoder, path, Namespace(cross_attention_positions=True))  # is of the decoder
    [message] = caplog.messages
    assert message.startswith("x: trained with cross_attention_positions False, and this model has True")


def test_options_that_no_tensor_shows_are_compared(model, tmp_path, caplog):
    path = str(tmp_path / "gelu.pt")
    trained = {"activation_fn": "gelu", "encoder_attention_heads": 2, "decoder_attention_heads": 4}
    save(model.state_dict(), path, OmegaConf.create({"model": trained, "task": {}}))
    here = {"activation_fn": "relu", "encoder_attention_heads": 2, "decoder_attention_heads": 2}
    with caplog.at_level(logging.WARNING, "interactive_st.models.pretrained"):
        load_encoder(model.encoder, path, Namespace(**here))
    assert [message.partition(": ")[2] for message in caplog.messages] == [
        "trained with activation_fn gelu, and this model has relu, with which the same weights compute "
        "something else; choose the same"
    ]


def test_an_encoder_of_more_layers_or_other_norms_is_warned_of(model, tmp_path, caplog):
    path = str(tmp_path / "deeper.pt")
    trained = OmegaConf.create({"model": {"encoder_normalize_before": True}, "task": {}})
    save(tiny.model(encoder_layers=3).state_dict(), path, trained)
    with caplog.at_level(logging.WARNING, "interactive_st.models.pretrained"):
        load_encoder(model.encoder, path, Namespace(encoder_normalize_before=False))
    deeper, norms = caplog.messages
    assert "the encoder there has more layers, of which the first ones are taken" in deeper
    assert "trained with encoder_normalize_before True, and this model has False" in norms
