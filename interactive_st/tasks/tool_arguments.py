"""Mistakes in the arguments of fairseq's tools that would end in errors far from them, or in wrong scores."""

import ast
import difflib
from argparse import ArgumentParser, Namespace
from dataclasses import fields
from pathlib import Path

from fairseq import utils
from fairseq.dataclass.configs import GenerationConfig
from fairseq.models import ARCH_CONFIG_REGISTRY, ARCH_MODEL_REGISTRY

from interactive_st.architectures import option_names
from interactive_st.checkpoint_reading import SAFETENSORS
from interactive_st.conventions import option_name
from interactive_st.criterions.joint_cross_entropy import JointLabelSmoothedCrossEntropyConfig
from interactive_st.data.datasets.config import JointDataConfig
from interactive_st.data.folder_layout import CONFIG
from interactive_st.tasks.arguments import add_joint_arguments

#: Options of the task that decoding takes from the model, as its training had them.
MODEL_OPTIONS = {"decoding_ctc_weight"}


def check_config_path(args: Namespace) -> None:
    """Raise ``FileNotFoundError``, saying what is there, where ``--config-yaml`` names no file.

    Args:
        args: the options of any of the tools.
    """
    folder = Path(args.data)
    path = folder / args.config_yaml
    if path.is_file():
        return
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder; name one made by interactive-st prepare or join")
    found = sorted(file.name for file in folder.glob("*.yaml"))
    if CONFIG in found:
        advice = f"leave --config-yaml out, and {CONFIG} is read"
    elif found:
        advice = f"{folder} holds {', '.join(found)}; make joint data of fairseq's by interactive-st join"
    else:
        advice = "name a data folder made by interactive-st prepare or join"
    raise FileNotFoundError(f"{path}: no such file; {advice}")


def check_decoding_arguments(args: Namespace, config: JointDataConfig) -> None:
    """Raise ``ValueError`` for arguments of ``fairseq-generate`` and ``fairseq-interactive``.

    Args:
        args: the options of any of the tools.
        config: that of the data folder.
    """
    if not getattr(args, "path", None):  # a training
        return
    for path in utils.split_paths(args.path):
        if Path(path).is_dir():
            raise ValueError(
                f"--path {path}: is a folder; name a checkpoint, such as checkpoint_best.pt in it"
            )
        if Path(path).suffix == SAFETENSORS:
            raise ValueError(
                f"--path {path}: is of a model folder, which interactive-st translate reads; name a "
                "checkpoint of fairseq-train"
            )
    overrides = getattr(args, "model_overrides", None) or "{}"
    try:
        fits = isinstance(ast.literal_eval(overrides), dict)
    except (SyntaxError, ValueError):
        fits = False
    if not fits:
        raise ValueError(
            f"--model-overrides {overrides}: is not a Python dictionary; write \"{{'wait_k': 5}}\", with "
            "both kinds of quotation marks"
        )
    _check_text_model(args)
    size = getattr(args, "prefix_size", 0)
    if size and hasattr(args, "buffer_size"):  # of fairseq-interactive
        raise ValueError(
            f"--prefix-size {size} forces the first tokens of references, and fairseq-interactive has none; "
            "leave it out, or decode a split by fairseq-generate"
        )
    pieces = getattr(args, "post_process", None)
    if pieces and config.bpe_tokenizer.get("bpe"):
        raise ValueError(
            f"--post-process {pieces} (or --remove-bpe) cannot be honoured: the configuration names the "
            "tokeniser, by which pieces are made text already; leave it out"
        )


def _check_text_model(args: Namespace) -> None:
    """Raise ``ValueError`` for options of the pipeline's text model where there is none."""
    if getattr(args, "mt_path", None):
        return
    for name in ("mt_data", "mt_args"):
        if getattr(args, name, None) not in (None, "{}"):
            raise ValueError(
                f"{option_name(name)} is for the text model of --mt-path, and there is none; give "
                "--mt-path as well, or leave it out"
            )


def check_architecture(arch: str, from_checkpoint: bool) -> None:
    """Raise ``ValueError`` for a model of fairseq's, before fairseq stumbles over it: they read batches of
    one text, and the text models among them no speech.

    Args:
        arch: of any model; those that are not fairseq's are taken to know what the task's batches are.
        from_checkpoint: the model is one that ``--path`` names, not one to be trained.
    """
    model = ARCH_MODEL_REGISTRY.get(arch)
    if model is None or not model.__module__.startswith("fairseq."):
        return
    if not from_checkpoint:
        raise ValueError(
            f"--arch {arch} expects batches of one text, and those of this task have two; give "
            "--arch interactive_st_s, asr_s, e2e_st_s or another of this package"
        )
    raise ValueError(
        f"--path names a model of fairseq (--arch {arch}), which writes one text: give a text model as "
        "--mt-path, behind a recogniser as --path; decode a speech model by the task that it was trained "
        "with, --task speech_to_text, or begin a training of two texts with it, --finetune-from-model"
    )


def check_overrides(args: Namespace, arch: str) -> None:
    """Raise ``ValueError`` where ``--model-overrides`` names an unknown option, or one that is not the
    model's: fairseq would ignore it silently, and a sweep over it would measure nothing.

    Args:
        args: the options of any of the tools.
        arch: the architecture of the model to load.
    """
    overrides = ast.literal_eval(getattr(args, "model_overrides", None) or "{}")
    if not overrides or arch not in ARCH_CONFIG_REGISTRY:  # an architecture of fairseq is refused later
        return
    criterion = {field.name for field in fields(JointLabelSmoothedCrossEntropyConfig)}
    known, of_decoding = option_names(arch) | criterion | set(vars(args)), _names_of_decoding()
    for name in overrides:
        if name in of_decoding:
            raise ValueError(
                f"--model-overrides: {name} is not an option of the model and has no effect there; give "
                f"{option_name(str(name))} beside it"
            )
        if name not in known:
            close = difflib.get_close_matches(str(name), sorted(known), n=1)
            advice = f"did you mean {close[0]}?" if close else f"name one of --arch {arch}, with _ for -"
            raise ValueError(f"--model-overrides: there is no option {name}; {advice}")


def _names_of_decoding() -> set[str]:
    """Options of the tools and of the task, which are taken from the command line alone."""
    parser = ArgumentParser(add_help=False)
    add_joint_arguments(parser)
    names = {action.dest for action in parser._actions} | {field.name for field in fields(GenerationConfig)}
    return names - MODEL_OPTIONS
