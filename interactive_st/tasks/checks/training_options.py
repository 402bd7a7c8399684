"""Options of ``fairseq-train`` and ``fairseq-validate``, checked before anything is computed."""

from argparse import Namespace
from importlib.util import find_spec

import torch

from interactive_st.conventions import STREAM_NAMES, given, option_name
from interactive_st.errors import SettingError
from interactive_st.modules.streams import Streams
from interactive_st.tasks.arguments import EVAL_BLEU_ARGS
from interactive_st.tasks.checks.best_checkpoint import SCORES, text_of
from interactive_st.tasks.checks.data_parallel import check_frozen_encoder
from interactive_st.tasks.checks.decoding_options import DECODING_OPTIONS, check_tokenisers
from interactive_st.tasks.checks.unused_options import check_unused

#: Options that training has for validation that decodes, with what they are without being given.
OF_DECODING_VALIDATION = {
    "eval_bleu_args": EVAL_BLEU_ARGS,
    "eval_bleu_print_samples": False,
    "encoder_max_tokens": None,
    "no_cuda_graphs": False,
}


def check_training_options(args: Namespace, trains: bool = True) -> None:
    """Raise ``SettingError`` for options of decoding, or without effect.

    Args:
        args: the options of the training, or of fairseq-validate.
        trains: the model is new. One that is trained keeps the options that it was trained with.
    """
    for option in given(args, DECODING_OPTIONS):
        raise SettingError(
            f"{option} has a meaning in decoding alone; leave it out here, and give it to fairseq-generate "
            "or fairseq-interactive"
        )
    if getattr(args, "finetune_from_model", None) and getattr(args, "load_pretrained_encoder_from", None):
        raise SettingError(
            "--load-pretrained-encoder-from has no effect beside --finetune-from-model, which replaces that "
            "encoder by its own; leave it out, or give it to the training that made that model"
        )
    if getattr(args, "combine_valid_subsets", False):
        raise SettingError(
            "--combine-valid-subsets cannot be honoured; leave it out, and name the subsets, as in "
            "--valid-subset dev,dev2"
        )
    if trains:
        check_tokenisers(args)
        check_unused(args, decodes=False)
        _check_validation(args)
        _check_device(args)
    check_frozen_encoder(args)


def _check_validation(args: Namespace) -> None:
    """Refuse options of validation that decodes where it does not."""
    if getattr(args, "eval_bleu", False) or getattr(args, "eval_wer", False):
        return
    for option in given(args, OF_DECODING_VALIDATION):
        raise SettingError(
            f"{option} is for validation that decodes; add --eval-bleu or --eval-wer, or leave it out"
        )


def _check_device(args: Namespace) -> None:
    """Refuse ``--tpu`` where fairseq would look for its library in vain, and ``--fp16`` where fairseq's
    optimizer for it would look for a GPU."""
    if getattr(args, "tpu", False) and find_spec("torch_xla") is None:
        raise SettingError("--tpu needs torch_xla, which is not installed; leave it out")
    kinds = ("memory_efficient_fp16", "fp16_no_flatten_grads")  # which look for none
    if not getattr(args, "fp16", False) or any(getattr(args, kind, False) for kind in kinds):
        return
    if not torch.cuda.is_available():
        raise SettingError("--fp16 needs a GPU, and there is none; leave it out, or give --bf16")


def check_scored_texts(args: Namespace, arch: str, streams: Streams) -> None:
    """Raise ``SettingError`` where validation is to score a text that the model does not write.

    Args:
        args: the options of the task.
        arch: the model's architecture.
        streams: what it writes.
    """
    for score in SCORES:
        option, stream = f"eval_{score}", text_of(score)
        if getattr(args, option, False) and stream not in streams:
            raise SettingError(
                f"{option_name(option)} scores {STREAM_NAMES[stream]}s, which --arch {arch} does not write; "
                "leave it out"
            )
