"""Options and loss equations of the criterion, CTC included."""

import argparse
import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from fairseq.criterions import CRITERION_DATACLASS_REGISTRY, CRITERION_REGISTRY
from fairseq.dataclass.utils import gen_parser_from_dataclass

from interactive_st.criterions import (
    JointLabelSmoothedCrossEntropyConfig,
    JointLabelSmoothedCrossEntropyCriterion,
)

NAME = "joint_label_smoothed_cross_entropy"
FULL = [(4, 5), (3, 2), (1, 4)]
PARTLY = [(4, 5), (3, None), (None, 4)]


def test_is_registered_with_its_options():
    assert CRITERION_REGISTRY[NAME] is JointLabelSmoothedCrossEntropyCriterion
    assert CRITERION_DATACLASS_REGISTRY[NAME] is JointLabelSmoothedCrossEntropyConfig
    parser = argparse.ArgumentParser()
    gen_parser_from_dataclass(parser, JointLabelSmoothedCrossEntropyConfig())
    defaults = parser.parse_args([])
    assert (defaults.asr_weight, defaults.st_weight, defaults.ctc_weight) == (1.0, 1.0, 0.0)
    assert (defaults.prefix_corruption, str(defaults.prefix_corruption_of)) == (0.0, "both")
    given = parser.parse_args(["--ctc-weight", "0.3", "--prefix-corruption-of", "partner"])
    assert given.ctc_weight == 0.3
    with pytest.raises(SystemExit):
        parser.parse_args(["--prefix-corruption-of", "nobody"])


def test_is_built_from_its_configuration(entries):
    options = JointLabelSmoothedCrossEntropyConfig(
        asr_weight=0.5, prefix_corruption=0.1, prefix_corruption_of="partner", sentence_avg=True
    )
    built = JointLabelSmoothedCrossEntropyCriterion.build_criterion(
        options, SimpleNamespace(target_dictionary=entries)
    )
    assert (built.asr_weight, built.prefix_corruption, built.sentence_avg) == (0.5, 0.1, True)
    assert built.prefix_corruption_of == "partner"
    assert not built.state_dict()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ignore_prefix_size": 1}, "never targets"),
        ({"asr_weight": -1.0}, "--asr-weight"),
        ({"ctc_weight": math.nan}, "--ctc-weight"),
        ({"st_weight": math.inf}, "--st-weight"),
        ({"asr_weight": 0.0, "st_weight": 0.0}, "nothing to train"),
        ({"prefix_corruption": 1.0}, "--prefix-corruption"),
        ({"prefix_corruption": -0.1}, "--prefix-corruption"),
    ],
)
def test_options_out_of_range_are_refused(options, message, criterion):
    with pytest.raises(ValueError, match=message):
        criterion(**options)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("words", [FULL, PARTLY])
def test_loss_and_gradients_are_the_weighted_sum_of_fairseqs(
    entries, model, words, dtype, criterion, batch, by_fairseq, gradients
):
    model.to(dtype)
    sample = batch(words)
    sample["net_input"]["src_tokens"] = sample["net_input"]["src_tokens"].to(dtype)
    objective = criterion(asr_weight=0.7, st_weight=1.3, ctc_weight=0.4)
    loss, sample_size, log = objective(model, sample)

    net_output = model(**sample["net_input"])
    asr, asr_nll = by_fairseq(net_output[0][0], sample["targets"][0])
    st, st_nll = by_fairseq(net_output[0][1], sample["targets"][1])
    present = sample["transcript_lengths"] > 0
    logits, lengths = model.get_ctc_logits(net_output[1]["encoder_out"])
    ctc = F.ctc_loss(
        F.log_softmax(logits[:, present], dim=-1),
        sample["transcript"][present],
        lengths[present],
        sample["transcript_lengths"][present] - 1,
        blank=entries.bos(),
        reduction="sum",
    )
    expected = 0.7 * asr + 1.3 * st + 0.4 * ctc
    close = {"rtol": 1e-6, "atol": 1e-6}
    torch.testing.assert_close(loss, expected, **close)
    parts = {
        "loss": expected,
        "nll_loss": asr_nll + st_nll,
        "asr_loss": asr,
        "asr_nll_loss": asr_nll,
        "st_loss": st,
        "st_nll_loss": st_nll,
        "ctc_loss": ctc,
    }
    for key, value in parts.items():
        torch.testing.assert_close(log[key], value.detach(), **close)
    assert sample_size == log["sample_size"] == sample["ntokens"]
    for ours, wanted in zip(gradients(model, loss), gradients(model, expected), strict=True):
        torch.testing.assert_close(ours, wanted, rtol=1e-5, atol=1e-5)


def test_sentence_avg_divides_by_utterances(model, criterion, batch):
    _, sample_size, log = criterion(sentence_avg=True)(model, batch(FULL))
    assert sample_size == log["sample_size"] == 3


def test_ctc_of_targets_longer_than_the_speech_is_zero(model, criterion, batch, gradients):
    sample = batch(FULL)
    sample["net_input"]["src_lengths"] = torch.tensor([2, 9, 9])
    _, _, log = criterion(ctc_weight=1.0)(model, sample)
    assert log["ctc_loss"] > 0
    sample["net_input"]["src_lengths"] = torch.tensor([2, 1, 0])
    loss, _, log = criterion(ctc_weight=1.0)(model, sample)
    assert log["ctc_loss"] == 0
    assert all(g.isfinite().all() for g in gradients(model, loss))


def test_ctc_head_is_not_run_without_its_weight(model, criterion, batch, logged):
    _, _, log = criterion()(model, batch(FULL))
    assert model.ctc_calls == 0
    assert "ctc_loss" not in log
    assert "ctc_loss" not in logged(log)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_models_have_finite_fp32_losses(model, dtype, criterion, batch, gradients):
    sample = batch(PARTLY)
    exact, _, _ = criterion(ctc_weight=0.5)(model, sample)
    model.to(dtype)
    sample["net_input"]["src_tokens"] = sample["net_input"]["src_tokens"].to(dtype)
    loss, _, log = criterion(ctc_weight=0.5, report_accuracy=True)(model, sample)
    assert loss.dtype == log["nll_loss"].dtype == log["ctc_loss"].dtype == torch.float32
    assert loss.item() == pytest.approx(exact.item(), rel=0.05)
    assert all(g.isfinite().all() for g in gradients(model, loss))


def test_what_it_cannot_do_is_refused_with_the_reason(model, criterion, batch):
    sample = batch(FULL)
    with pytest.raises(ValueError, match="reduce=True"):
        criterion()(model, sample, reduce=False)

    def one_stream(**net_input):
        logits, extra = model(**net_input)
        return logits[1], extra

    one_stream.training = True
    with pytest.raises(ValueError, match="says which streams it writes"):
        criterion()(one_stream, sample)
