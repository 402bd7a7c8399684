"""Reads and checks ``--model-overrides``, options that decoding gives to a trained model."""

import ast
from argparse import ArgumentParser, Namespace
from dataclasses import fields
from typing import Any

from fairseq.dataclass.configs import GenerationConfig
from fairseq.models import ARCH_CONFIG_REGISTRY

from interactive_st.checkpoint_reading import UNSEEN_OPTIONS
from interactive_st.conventions import option_name
from interactive_st.criterions.joint_cross_entropy import JointLabelSmoothedCrossEntropyConfig
from interactive_st.errors import SettingError
from interactive_st.models.architectures import option_names
from interactive_st.tasks.arguments import add_joint_arguments
from interactive_st.wording import did_you_mean

#: Options of the task that decoding takes from the model, as its training had them.
MODEL_OPTIONS = {"decoding_ctc_weight"}


def read_overrides(args: Namespace) -> dict[str, Any]:
    """Return what ``--model-overrides`` says; nothing where it is not given.

    Args:
        args: the options of any of the tools.

    Raises:
        SettingError: it is not a dictionary.
    """
    text = getattr(args, "model_overrides", None)
    if text is None:
        return {}
    try:
        overrides = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        overrides = None
    if not (isinstance(overrides, dict) and all(isinstance(name, str) for name in overrides)):
        raise SettingError(
            f"--model-overrides {text}: is not a Python dictionary of options; write "
            "\"{'wait_k': 5}\", with both kinds of quotation marks"
        )
    return overrides


def check_overrides(args: Namespace, arch: str) -> None:
    """Raise ``SettingError`` where ``--model-overrides`` names an unknown option, or one that is not the
    model's: fairseq would ignore it silently, and a sweep over it would measure nothing. The same is raised
    for one with which the weights fit and compute something else; where they do not fit, torch says so.

    Args:
        args: the options of any of the tools.
        arch: the architecture of the model to load.
    """
    overrides = read_overrides(args)
    if not overrides or arch not in ARCH_CONFIG_REGISTRY:  # an architecture of fairseq is refused later
        return
    criterion = {field.name for field in fields(JointLabelSmoothedCrossEntropyConfig)}
    known, of_decoding = option_names(arch) | criterion | set(vars(args)), _names_of_decoding()
    for name in overrides:
        if name in ("arch", "_name"):
            raise SettingError(
                f"--model-overrides: {name} says which model the checkpoint holds, and cannot be another; "
                "leave it out"
            )
        if name in UNSEEN_OPTIONS:
            raise SettingError(
                f"--model-overrides: with another {name} than in training the weights compute something "
                "else; leave it out"
            )
        if name in of_decoding:
            raise SettingError(
                f"--model-overrides: {name} is not an option of the model and has no effect there; give "
                f"{option_name(name)} beside it"
            )
        if name not in known:
            advice = did_you_mean(name, sorted(known)) or f"name one of --arch {arch}, with _ for -"
            raise SettingError(f"--model-overrides: there is no option {name}; {advice}")


def _names_of_decoding() -> set[str]:
    """Options of the tools and of the task, which are taken from the command line alone."""
    parser = ArgumentParser(add_help=False)
    add_joint_arguments(parser)
    names = {action.dest for action in parser._actions} | {field.name for field in fields(GenerationConfig)}
    return names - MODEL_OPTIONS
