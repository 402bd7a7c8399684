"""How a model starts from another system's checkpoint, or from one of another vocabulary."""

import logging

import pytest
import torch
from tiny import system

from interactive_st.models.pretrained import LoadingRules


def test_both_stages_start_from_a_multi_task_model(caplog):
    multitask, model = system("multitask_st"), system("two_stage_st", seed=5)
    before = model.decoder.second.layers[0].transcript_attn.q_proj.weight.clone()
    with caplog.at_level(logging.INFO):
        model.load_state_dict(multitask.state_dict())
    weights, found = multitask.decoder.state_dict(), model.decoder.state_dict()
    for name, weight in weights.items():
        assert torch.equal(found[f"first.{name}"], weight)
        assert torch.equal(found[f"second.{name}"], weight)
    assert torch.equal(model.decoder.second.layers[0].transcript_attn.q_proj.weight, before)
    assert f"({len(weights)} tensors each)" in caplog.text
    assert "left at their initial values: decoder.second.layers.0.transcript_attn" in caplog.text
    own = model.state_dict()
    caplog.clear()
    system("two_stage_st", seed=6).load_state_dict(own)
    assert "started" not in caplog.text


def test_of_two_tables_both_stages_take_that_of_the_input():
    """As a model of one decoder does: there is one table, which words go in by and come out by."""
    weights = system("multitask_st", seed=5, share_decoder_input_output_embed=False).state_dict()
    put, out = (weights[f"decoder.{name}.weight"] for name in ("embed_tokens", "output_projection"))
    assert not torch.equal(put, out)
    model = system("two_stage_st")
    model.load_state_dict(dict(weights))
    for stage in (model.decoder.first, model.decoder.second):
        assert torch.equal(stage.embed_tokens.weight, put)
        assert torch.equal(stage.output_projection.weight, put)


def test_an_interactive_model_starts_from_a_multi_task_model(caplog):
    multitask = system("multitask_st")
    model = system("interactive_st", seed=5)
    model.load_state_dict(multitask.state_dict())
    assert all(torch.equal(model.state_dict()[k], v) for k, v in multitask.state_dict().items())
    gated = system("interactive_st", seed=5, fusion="gate")
    gate = gated.decoder.layers[0].self_attn.fusion.gate.weight.clone()
    gated.load_state_dict(multitask.state_dict())
    assert torch.equal(gated.decoder.layers[0].self_attn.fusion.gate.weight, gate)
    assert "left at their initial values: decoder.layers.0.self_attn.fusion.gate" in caplog.text


def test_a_model_that_decodes_has_no_gate_of_random_weights():
    linear, gated, learned = (
        system("interactive_st", **options)
        for options in ({}, {"fusion": "gate"}, {"learn_fusion_lambda": True})
    )
    for model in (gated, learned):
        model.loading = LoadingRules(require_gates=True)
    with pytest.raises(ValueError, match=r"fusion 'gate' has weights that this checkpoint lacks.*leave"):
        gated.load_state_dict(linear.state_dict())
    gated.load_state_dict(gated.state_dict())
    learned.load_state_dict(linear.state_dict())  # λ starts where it was fixed
    linear.load_state_dict(gated.state_dict())  # by --model-overrides


@pytest.mark.parametrize("name", ["interactive_st", "two_stage_st"])
def test_a_training_may_begin_with_a_model_of_another_vocabulary(caplog, name):
    """Decoding, and going on with a training, may not."""
    model, other = system(name), system(name, seed=5)
    weights = other.state_dict()
    tables = [name for name in weights if "embed_tokens" in name or "output_projection" in name]
    for table in tables:
        weights[table] = torch.cat([weights[table], weights[table][:3]])
    with pytest.raises(RuntimeError, match="size mismatch"):
        model.load_state_dict(dict(weights))
    before = {table: model.state_dict()[table].clone() for table in tables}
    model.loading = LoadingRules(allow_new_vocabulary=True)
    model.load_state_dict(dict(weights))
    found = model.state_dict()
    assert all(torch.equal(found[table], before[table]) for table in tables)
    assert all(torch.equal(found[name], weights[name]) for name in found.keys() - {*tables})
    assert f"the checkpoint has another vocabulary; left at their initial values: {tables[0]}" in caplog.text


@pytest.mark.parametrize("name", ["interactive_st", "two_stage_st"])
@pytest.mark.parametrize("origin", ["its own", "a decoder alone", "stock fairseq"])
def test_as_many_other_words_are_another_vocabulary_too(name, origin):
    model, other = system(name), system(name if origin == "its own" else "multitask_st", seed=5)
    weights = other.state_dict()
    if origin == "stock fairseq":
        del weights["decoder.interactive_version"]
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    tables = [key for key in before if "embed_tokens" in key or "output_projection" in key]
    model.loading = LoadingRules(allow_new_vocabulary=True, discard_embeddings=True)
    model.load_state_dict(dict(weights))
    found = model.state_dict()
    assert tables
    assert all(torch.equal(found[table], before[table]) for table in tables)
    name = "encoder.transformer_layers.0.fc1.weight"
    assert torch.equal(found[name], weights[name])
    model.loading = LoadingRules(allow_new_vocabulary=True)
    model.load_state_dict(dict(weights))
    assert not any(torch.equal(model.state_dict()[table], before[table]) for table in tables)


def test_two_decoders_do_not_fit_into_one():
    with pytest.raises(ValueError, match="two decoders do not fit into one"):
        system("multitask_st").load_state_dict(system("two_stage_st").state_dict())


@pytest.mark.parametrize("name", ["multitask_st", "e2e_st", "asr", "two_stage_st", "interactive_st"])
def test_the_encoder_starts_from_a_recogniser(tmp_path, name):
    asr, path = system("asr"), tmp_path / "asr.pt"
    history = [{"optimizer_name": "Adam", "lr_scheduler_state": {}, "num_updates": 1}]
    extra = {"train_iterator": {"epoch": 1}}
    state = {"model": asr.state_dict(), "optimizer_history": history, "extra_state": extra}
    torch.save(state, path)
    model = system(name, seed=5, load_pretrained_encoder_from=str(path))
    for key, weight in asr.encoder.state_dict().items():
        assert torch.equal(model.encoder.state_dict()[key], weight)
