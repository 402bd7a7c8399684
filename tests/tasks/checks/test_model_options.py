from argparse import Namespace

import pytest
from fairseq.models import ARCH_CONFIG_REGISTRY

from interactive_st.tasks.checks.model_options import settle_model_options


def test_a_gate_is_trained_without_lambda():
    settle_model_options(Namespace(fusion="gate", fusion_lambda=1.0), Namespace(), from_checkpoint=False)
    settle_model_options(Namespace(fusion="tanh", fusion_lambda=0.0), Namespace(), from_checkpoint=False)
    settle_model_options(Namespace(), Namespace(), from_checkpoint=False)  # a two-stage model
    given = Namespace(fusion="gate", fusion_lambda=0.0)
    with pytest.raises(ValueError, match="--fusion-lambda 0 has no meaning with --fusion gate"):
        settle_model_options(given, Namespace(), from_checkpoint=False)
    with pytest.raises(ValueError, match=r"^fusion_lambda 0 has no meaning .* or give 1"):  # overrides
        settle_model_options(given, Namespace(), from_checkpoint=True)


def test_a_learned_lambda_is_not_overridden_silently():
    """The weights of the checkpoint would take its place."""
    args, given = Namespace(fusion_lambda=0.0, learn_fusion_lambda=True), "{'fusion_lambda': 0.0}"
    with pytest.raises(ValueError, match=r"fusion_lambda 0.0 has no effect .* 'learn_fusion_lambda': False"):
        settle_model_options(args, Namespace(model_overrides=given), from_checkpoint=True)
    settle_model_options(args, Namespace(model_overrides="{'fusion': 'tanh'}"), from_checkpoint=True)
    args.learn_fusion_lambda = False  # as --model-overrides says as well
    settle_model_options(args, Namespace(model_overrides=given), from_checkpoint=True)


def test_a_trained_model_has_no_encoder_to_begin_with():
    args = Namespace(load_pretrained_encoder_from="asr.pt")
    settle_model_options(args, Namespace(), from_checkpoint=False)
    assert args.load_pretrained_encoder_from == "asr.pt"
    settle_model_options(args, Namespace(), from_checkpoint=True)
    assert args.load_pretrained_encoder_from is None


@pytest.mark.parametrize(("wait_k", "trained"), [(3, "1,3"), ("inf", "1, inf"), (3, None), (5, None)])
def test_a_k_that_is_trained(wait_k, trained):
    settle_model_options(Namespace(wait_k=wait_k, train_wait_k=trained), Namespace(), from_checkpoint=False)


def test_validation_by_a_k_that_is_not_trained_is_refused():
    args = Namespace(wait_k=3, train_wait_k="1,inf")
    with pytest.raises(ValueError, match=r"--wait-k 3, which validation .* not among --train-wait-k 1,inf"):
        settle_model_options(args, Namespace(), from_checkpoint=False)
    settle_model_options(args, Namespace(), from_checkpoint=True)  # --model-overrides asks for it


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "0.5", None])
def test_a_weight_that_is_no_number_is_refused(value):
    args = Namespace(fusion="linear", fusion_lambda=value)
    with pytest.raises(ValueError, match=f"--fusion-lambda {value!r}: must be a number"):
        settle_model_options(args, Namespace(), from_checkpoint=False)


@pytest.mark.parametrize(("name", "value"), [("conv_kernel_sizes", "3,3,3"), ("conv_channels", 8)])
def test_convolutions_that_the_front_end_lacks_are_not_shaped(name, value):
    args = Namespace(arch="interactive_st", front_end="stack", wait_k="3", **{name: value})
    with pytest.raises(ValueError, match=f"{name.replace('_', '-')} {value} has no meaning with --front"):
        settle_model_options(args, Namespace(), from_checkpoint=False)
    settle_model_options(args, Namespace(), from_checkpoint=True)
    args.front_end = "conv1d"
    settle_model_options(args, Namespace(), from_checkpoint=False)
    usual = Namespace(arch="interactive_st", front_end="stack", wait_k="3")
    ARCH_CONFIG_REGISTRY["interactive_st"](usual)
    settle_model_options(usual, Namespace(), from_checkpoint=False)


@pytest.mark.parametrize("front_end", ["stack", "conv1d"])
def test_convolutions_over_two_dimensions_are_not_shaped(front_end):
    args = Namespace(arch="interactive_st", front_end=front_end, wait_k="3", conv_out_channels=64)
    with pytest.raises(ValueError, match="--conv-out-channels 64 is for --conv-version convtransformer"):
        settle_model_options(args, Namespace(), from_checkpoint=False)
    settle_model_options(args, Namespace(), from_checkpoint=True)


def test_an_architecture_may_leave_the_convolutions_open(monkeypatch):
    """One that a user registers: the model fills in what it does not set."""
    monkeypatch.setitem(ARCH_CONFIG_REGISTRY, "mine", lambda args: None)
    args = Namespace(arch="mine", front_end="stack", wait_k="3", conv_channels=1024, conv_kernel_sizes="5,5")
    settle_model_options(args, Namespace(), from_checkpoint=False)
