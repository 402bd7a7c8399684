"""Batches of texts that nobody speaks: the decoder learns, and hears nothing."""

from argparse import Namespace

import pytest
import tiny
import torch
from fairseq.criterions.label_smoothed_cross_entropy import label_smoothed_nll_loss
from tiny import system

from interactive_st.criterions import JointLabelSmoothedCrossEntropyCriterion

SYSTEMS = ("interactive_st", "multitask_st", "two_stage_st", "e2e_st", "asr")


def silent():
    sample = tiny.training_sample()
    sample["net_input"] |= {
        "src_tokens": torch.zeros(4, 0, tiny.FEATURES),
        "src_lengths": torch.zeros(4, dtype=torch.long),
    }
    return sample


def criterion(**options):
    task = Namespace(target_dictionary=tiny.dictionary())
    return JointLabelSmoothedCrossEntropyCriterion(
        task, sentence_avg=False, label_smoothing=0.1, report_accuracy=True, **options
    )


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("normalize_before", [True, False])
def test_speech_adds_the_bias_of_its_attention_alone(name, normalize_before):
    """What attends to nothing finds exactly nothing: as with speech that says zero, whatever it asks."""
    model = system(name, decoder_normalize_before=normalize_before)
    decoders = [model.decoder] if name != "two_stage_st" else [model.decoder.first, model.decoder.second]
    with torch.no_grad():
        for layer in (layer for decoder in decoders for layer in decoder.layers):
            layer.encoder_attn.v_proj.weight.zero_()
            layer.encoder_attn.v_proj.bias.zero_()
    heard, read = tiny.training_sample(), silent()
    tokens = heard["net_input"]["prev_output_tokens"][list(model.streams)]
    loud, nothing = (
        model(**{**sample["net_input"], "prev_output_tokens": tokens})[0] for sample in (heard, read)
    )
    there = tokens.ne(1)
    assert torch.allclose(loud[there], nothing[there], atol=1e-6)
    assert not nothing.isnan().any()


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_loss_and_gradients(name, dtype):
    """The decoder has the gradient of fairseq's loss of the whole logits, the encoder zero, CTC is zero."""
    model, sample = system(name).to(dtype).train(), silent()
    sample["net_input"]["src_tokens"] = sample["net_input"]["src_tokens"].to(dtype)
    loss, size, log = criterion(ctc_weight=0.3)(model, sample)
    loss.backward()
    both = sample["net_input"]["prev_output_tokens"], sample["targets"]
    tokens, targets = (texts[list(model.streams)] for texts in both)
    logits = model(**{**sample["net_input"], "prev_output_tokens": tokens})[0].float()
    expected, _ = label_smoothed_nll_loss(logits.log_softmax(-1), targets.unsqueeze(-1), 0.1, ignore_index=1)
    tolerance = 1e-5 if dtype == torch.float32 else 2e-2
    assert float(loss.detach()) == pytest.approx(float(expected.detach()), rel=tolerance)
    assert size == log["ntokens"] == sum(sample["ntokens_by_stream"][stream] for stream in model.streams)
    assert (float(log["ctc_loss"]), int(log["ctc_ntokens"])) == (0.0, 0)
    assert not any(parameter.grad.any() for parameter in model.encoder.parameters())
    layer = (model.decoder if name != "two_stage_st" else model.decoder.second).layers[0]
    assert layer.self_attn.q_proj.weight.grad.abs().sum() > 0
    assert not layer.encoder_attn.q_proj.weight.grad.any()
    assert layer.encoder_attn.out_proj.bias.grad.abs().sum() > 0


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_frozen_encoder_has_no_gradient(name):
    """So it stays as it is, whatever the optimizer's momentum and weight decay."""
    model = system(name, encoder_freezing_updates=3).train()
    for update, frozen in ((2, True), (3, False)):
        model.set_num_updates(update)
        model.zero_grad()
        criterion()(model, silent())[0].backward()
        assert {p.grad is None for p in model.encoder.parameters()} == {frozen}
        assert not any(p.grad is None for p in model.decoder.parameters())


@pytest.fixture
def one_process():
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.usefixtures("one_process")
@pytest.mark.parametrize("checkpointed", [False, True])
@pytest.mark.parametrize("name", SYSTEMS)
def test_torchs_data_parallel_waits_for_nothing(name, checkpointed):
    """Batches of text and of speech take turns; the one after a missing gradient would fail."""
    model = system(name, checkpoint_activations=checkpointed).train()
    model = torch.nn.parallel.DistributedDataParallel(model)
    for sample in (silent(), silent(), tiny.training_sample(), silent()):
        tokens = sample["net_input"]["prev_output_tokens"][list(model.module.streams)]
        model(**{**sample["net_input"], "prev_output_tokens": tokens})[0].sum().backward()
        assert not [name for name, parameter in model.named_parameters() if parameter.grad is None]


def test_updates_are_those_of_gradients_of_zero():
    """As with fairseq's legacy_ddp, and with --bf16: an update of text is one of Adam for all parameters."""

    def trained(fill_in: bool) -> dict[str, torch.Tensor]:
        model = tiny.model(wait_k=2).train()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        for sample in (tiny.training_sample(), silent(), tiny.training_sample()):
            model.zero_grad(set_to_none=True)
            torch.manual_seed(1)
            criterion(ctc_weight=0.3)(model, sample)[0].backward()
            for parameter in model.parameters() if fill_in else ():
                if parameter.grad is None:
                    parameter.grad = torch.zeros_like(parameter)
            optimizer.step()
        return model.state_dict()

    ours, filled = trained(False), trained(True)
    assert all(torch.equal(value, filled[name]) for name, value in ours.items())


def test_the_translation_reads_the_transcript():
    """It learns to translate: another transcript changes what is predicted of the translation."""
    model, sample = tiny.model(wait_k=3), silent()
    tokens = sample["net_input"]["prev_output_tokens"]
    before = model(**sample["net_input"])[0]
    other = tokens.clone()
    other[0, 0, 1] = 6 + (other[0, 0, 1] - 5) % 12
    after = model(**{**sample["net_input"], "prev_output_tokens": other})[0]
    assert not torch.equal(before[1, 0, 0], after[1, 0, 0])
    assert torch.equal(before[1, 1:], after[1, 1:])


@pytest.mark.parametrize("name", SYSTEMS[:3])
def test_activation_checkpointing_and_corruption(name):
    losses = []
    for checkpointed in (False, True):
        model, sample = system(name, checkpoint_activations=checkpointed).train(), silent()
        torch.manual_seed(4)
        loss, _, _ = criterion(prefix_corruption=0.3, prefix_corruption_of="partner")(model, sample)
        loss.backward()
        losses.append(float(loss.detach()))
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_one_batch_is_as_two():
    """What is not spoken does not depend on its neighbours either."""
    model, sample = tiny.model(wait_k=2), silent()
    whole = model(**sample["net_input"])[0]
    for row in range(4):
        tokens = sample["net_input"]["prev_output_tokens"][:, row : row + 1]
        single = model(**tiny.utterance(sample["net_input"], row), prev_output_tokens=tokens)[0]
        there = tokens.ne(1)
        assert torch.allclose(whole[:, row : row + 1][there], single[there], atol=1e-6)
