"""Options of the model that have another meaning in training than with a checkpoint."""

import math
from argparse import Namespace
from numbers import Real

from fairseq.models import ARCH_CONFIG_REGISTRY

from interactive_st.conventions import option_name
from interactive_st.errors import SettingError
from interactive_st.models.front_end import STACK
from interactive_st.models.sizes import INTERACTION
from interactive_st.modules.wait_k import parse_train_wait_k, parse_wait_k
from interactive_st.tasks.checks.architecture import check_architecture
from interactive_st.tasks.checks.overrides import check_overrides, read_overrides


def settle_model_options(args: Namespace, of_task: Namespace, from_checkpoint: bool) -> None:
    """Check the options of a model that is to be trained; settle, in place, those of a trained one.

    Args:
        args: the model's options, the architecture's defaults filled in.
        of_task: the options of the task, which include those of the tool that runs.
        from_checkpoint: the model is built for the weights of a checkpoint, not for training.

    Raises:
        SettingError: the task cannot use the architecture, or ``--model-overrides``; a λ was given to the
            gate, which has none, to a model that has learned its own, or one that is not a number; validation
            would use a k that is not trained; or convolutions are shaped that the front end does not have.
    """
    arch = getattr(args, "arch", "")
    check_architecture(arch, from_checkpoint)
    if from_checkpoint:
        check_overrides(of_task, arch)
        _check_learned_lambda(args, of_task)
        # the encoder comes from there, and what it began with may be gone
        args.load_pretrained_encoder_from = None
    else:
        _check_train_wait_k(args)
        _check_convolutions(args, arch)
    usual = INTERACTION["fusion_lambda"]
    given = getattr(args, "fusion_lambda", usual)
    name = "fusion_lambda" if from_checkpoint else "--fusion-lambda"
    if not isinstance(given, Real) or not math.isfinite(given):
        raise SettingError(f"{name} {given!r}: must be a number, such as {usual:g}, or 0 for none")
    if getattr(args, "fusion", None) == "gate" and given != usual:
        raise SettingError(
            f"{name} {given:g} has no meaning with --fusion gate: the gate has no λ; leave it out, or "
            f"give {usual:g}, which stands for none"
        )


def _check_learned_lambda(args: Namespace, of_task: Namespace) -> None:
    """Refuse to override a λ that the weights of the checkpoint would take the place of."""
    overrides = read_overrides(of_task)
    if "fusion_lambda" in overrides and getattr(args, "learn_fusion_lambda", False):
        raise SettingError(
            f"--model-overrides: fusion_lambda {overrides['fusion_lambda']} has no effect on a model that "
            "has learned its λ; add 'learn_fusion_lambda': False, which leaves out what it learned"
        )


def _check_train_wait_k(args: Namespace) -> None:
    trained = parse_train_wait_k(getattr(args, "train_wait_k", None))
    if trained and parse_wait_k(args.wait_k) not in trained:
        raise SettingError(
            f"--wait-k {args.wait_k}, which validation and decoding take, is not among --train-wait-k "
            f"{args.train_wait_k}, and so not trained; give --wait-k one of these, or train it as well"
        )


def _check_convolutions(args: Namespace, arch: str) -> None:
    """Refuse to shape convolutions that the front end does not have."""
    if arch not in ARCH_CONFIG_REGISTRY:
        return
    usual = Namespace()
    ARCH_CONFIG_REGISTRY[arch](usual)

    def is_given(name: str) -> bool:
        value = getattr(args, name, None)
        return value not in (None, getattr(usual, name, value))

    if is_given("conv_out_channels"):
        raise SettingError(
            f"--conv-out-channels {args.conv_out_channels} is for --conv-version convtransformer, which is "
            "not built here; leave it out"
        )
    if getattr(args, "front_end", None) != STACK:
        return
    for name in filter(is_given, ("conv_kernel_sizes", "conv_channels")):
        raise SettingError(
            f"{option_name(name)} {getattr(args, name)} has no meaning with --front-end stack, which has no "
            "convolutions; leave it out, or add --front-end conv1d"
        )
