"""Options of ``fairseq-generate`` and ``fairseq-interactive``, checked before a model is loaded."""

from argparse import Namespace
from pathlib import Path

from fairseq import utils

from interactive_st.checkpoint_reading import SAFETENSORS
from interactive_st.conventions import given, option_name
from interactive_st.data.datasets.config import JointDataConfig
from interactive_st.errors import SettingError
from interactive_st.tasks.arguments import EVAL_BLEU_ARGS
from interactive_st.tasks.checks.overrides import read_overrides
from interactive_st.tasks.checks.unused_options import check_unused

# Options by their names, with what they are without being given.
#: Those of the pipeline's text model.
TEXT_MODEL_OPTIONS = {"mt_data": None, "mt_args": "{}"}
#: Those of the task that only matter for training or validation.
TRAINING_OPTIONS = {
    "eval_bleu": False,
    "eval_wer": False,
    "eval_bleu_args": EVAL_BLEU_ARGS,
    "eval_bleu_print_samples": False,
    "max_text_tokens": None,
}
#: Those that fairseq-interactive and fairseq-validate have, and take no notice of.
OF_GENERATE_ALONE = {"results_path": None, "quiet": False}
#: ``--arch`` of fairseq-generate, of which it takes no notice, without being given.
NO_ARCH = "wav2vec2"
#: Those of the task that only matter for decoding; training and validation refuse them.
DECODING_OPTIONS = {"pairs_path": None, "mt_path": None, **TEXT_MODEL_OPTIONS}


def check_decoding_options(args: Namespace, config: JointDataConfig) -> None:
    """Raise ``SettingError`` for options of ``fairseq-generate`` and ``fairseq-interactive``.

    Args:
        args: the options of any of the tools.
        config: that of the data folder.
    """
    if not getattr(args, "path", None):  # a training
        return
    _check_checkpoints("--path", args.path)
    read_overrides(args)
    _check_shards(args)
    _check_text_model(args)
    _check_effect(args)
    size = getattr(args, "prefix_size", 0)
    if size and hasattr(args, "buffer_size"):  # of fairseq-interactive
        raise SettingError(
            f"--prefix-size {size} forces the first tokens of references, and fairseq-interactive has none; "
            "leave it out, or decode a split by fairseq-generate"
        )
    pieces = getattr(args, "post_process", None)
    if pieces and config.bpe_tokenizer.get("bpe"):
        raise SettingError(
            f"--post-process {pieces} (or --remove-bpe) cannot be honoured: the configuration names the "
            "tokeniser, by which pieces are made text already; leave it out"
        )


def check_tokenisers(args: Namespace) -> None:
    """Raise ``SettingError`` where the command line names a tokeniser, of which fairseq takes no notice.

    Args:
        args: the options of any of the tools.
    """
    for name, key in (("bpe", "bpe_tokenizer"), ("tokenizer", "pre_tokenizer")):
        if value := getattr(args, name, None):
            raise SettingError(
                f"{option_name(name)} {value} changes nothing: texts are cut into pieces as {key} of "
                f"{args.config_yaml} in the data folder says; leave it out"
            )


def _check_checkpoints(option: str, paths: str) -> None:
    """Raise ``SettingError`` where one of ``paths``, with ':' between them, is no checkpoint by its name."""
    for path in utils.split_paths(paths):
        if Path(path).is_dir():
            raise SettingError(
                f"{option} {path}: is a folder; name a checkpoint, such as checkpoint_best.pt in it"
            )
        if Path(path).suffix == SAFETENSORS:
            raise SettingError(
                f"{option} {path}: is of a model folder, which interactive-st translate reads; name a "
                "checkpoint of fairseq-train"
            )


def _check_shards(args: Namespace) -> None:
    """Raise ``SettingError`` for options by which fairseq's tools no longer share out their work."""
    for name, usual in (("num_shards", 1), ("shard_id", 0)):
        value = getattr(args, name, usual)
        if value != usual:
            advice = "give --distributed-world-size N --distributed-rank I to decode part I of N, from 0 on"
            if hasattr(args, "buffer_size"):  # of fairseq-interactive
                advice = "give each its part of the input"
            raise SettingError(
                f"{option_name(name)} {value} changes nothing in fairseq's tools, each of which would decode "
                f"all; {advice}"
            )


def _check_effect(args: Namespace) -> None:
    """Raise ``SettingError`` for options that have no effect in the tool that runs."""
    if hasattr(args, "beam"):  # not of fairseq-validate, which has them from the training
        check_tokenisers(args)
        check_unused(args, decodes=True)
        if getattr(args, "arch", NO_ARCH) != NO_ARCH:
            raise SettingError(
                f"--arch {args.arch} changes nothing, and neither do options of the model beside it: "
                "fairseq-generate takes those of the checkpoint; leave them out, or give --model-overrides"
            )
        for option in given(args, TRAINING_OPTIONS):
            raise SettingError(
                f"{option} has a meaning in training and validation alone; leave it out here "
                "(fairseq-generate scores by --scoring)"
            )
        if not hasattr(args, "buffer_size"):  # fairseq-generate
            return
        tool = "fairseq-interactive, which prints all that it decodes"
    else:
        tool = "fairseq-validate, which prints its scores alone"
    for option in given(args, OF_GENERATE_ALONE):
        raise SettingError(
            f"{option} changes nothing in {tool}; leave it out, and send the output where it shall go"
        )


def check_text_model(option: str, paths: str) -> None:
    """Raise ``SettingError`` where there is no checkpoint of a text model.

    Args:
        option: that names them.
        paths: of checkpoints, with colons between.
    """
    _check_checkpoints(option, paths)
    for path in utils.split_paths(paths):
        if not Path(path).exists():
            raise SettingError(f"{option} {path}: no such file; name a checkpoint of task translation")


def _check_text_model(args: Namespace) -> None:
    """Raise ``SettingError`` for options of a text model where there is none, or no such file or folder."""
    if paths := getattr(args, "mt_path", None):
        check_text_model("--mt-path", paths)
        folder = getattr(args, "mt_data", None)
        if folder and not Path(folder).is_dir():
            raise SettingError(f"--mt-data {folder}: no such folder")
        return
    for option in given(args, TEXT_MODEL_OPTIONS):
        raise SettingError(
            f"{option} is for the text model of --mt-path, and there is none; give --mt-path as well, or "
            "leave it out"
        )
