"""Untrained models of each system and size, ours and stock fairseq's, and stock fairseq's loss."""

from __future__ import annotations

from argparse import Namespace
from types import SimpleNamespace
from typing import Any

from fairseq.criterions.label_smoothed_cross_entropy import LabelSmoothedCrossEntropyCriterion
from fairseq.criterions.label_smoothed_cross_entropy_with_ctc import (
    LabelSmoothedCrossEntropyWithCtcCriterion,
)
from fairseq.data import Dictionary
from fairseq.models import ARCH_CONFIG_REGISTRY, ARCH_MODEL_REGISTRY
from torch import nn

from benchmarks.workload import FEATURES
from interactive_st.criterions import JointLabelSmoothedCrossEntropyCriterion

SMOOTHING, CTC_WEIGHT, PREFIX_CORRUPTION = 0.1, 0.3, 0.15
#: Entries of the vocabulary and architecture of stock fairseq by size; ours are named by suffix.
VOCABULARY = {"paper": 33_000, "s": 10_000, "xs": 10_000, "tiny": 1_000}
SUFFIX = {"paper": "", "s": "_s", "xs": "_xs", "tiny": "_tiny"}
STOCK = {"paper": "s2t_transformer", "s": "s2t_transformer_s", "xs": "s2t_transformer_xs"}
STOCK["tiny"] = "s2t_transformer_xs"
#: Where stock fairseq's architecture of that name differs from ours.
STOCK_OPTIONS: dict[str, dict[str, Any]] = {
    "paper": {"encoder_layers": 6, "encoder_normalize_before": False, "decoder_normalize_before": False},
    "tiny": {
        "encoder_layers": 4,
        "decoder_layers": 2,
        "encoder_embed_dim": 192,
        "encoder_ffn_embed_dim": 768,
        "conv_channels": 256,
    },
}
OURS = {"e2e": "e2e_st", "asr": "asr", "multitask": "multitask_st", "two_stage": "two_stage_st"}
OURS["interactive"] = "interactive_st"


def our_model(system: str, size: str, entries: Dictionary, front_end: str | None = None) -> nn.Module:
    """A model of ours.

    Args:
        system: a name in ``OURS``.
        size: a name in ``SUFFIX``.
        entries: the vocabulary.
        front_end: ``conv1d`` or ``stack``; None: the size's own.
    """
    return _speech_model(OURS[system] + SUFFIX[size], entries, {"front_end": front_end} if front_end else {})


def stock_speech_model(size: str, entries: Dictionary, ctc: bool = False) -> nn.Module:
    """fairseq's ``s2t_transformer`` with the layers and dimensions of ours, and a projection for CTC if
    asked for."""
    options = STOCK_OPTIONS.get(size, {})
    if ctc:
        options = {**options, "ctc_weight": CTC_WEIGHT, "tgt_dict_size": len(entries)}
    return _speech_model(STOCK[size], entries, options)


def stock_text_model(entries: Dictionary, like: Any) -> nn.Module:
    """fairseq's ``transformer`` with the dimensions of the decoder ``like``, as many encoder layers, and
    one tied table."""
    options = {name: getattr(like.args, name) for name in vars(like.args) if name.startswith("decoder_")}
    names = ("layers", "embed_dim", "ffn_embed_dim", "attention_heads", "normalize_before")
    options |= {f"encoder_{name}": options[f"decoder_{name}"] for name in names}
    args = Namespace(
        **options, share_all_embeddings=True, max_source_positions=1024, max_target_positions=1024
    )
    ARCH_CONFIG_REGISTRY["transformer"](args)
    task = SimpleNamespace(source_dictionary=entries, target_dictionary=entries)
    return ARCH_MODEL_REGISTRY["transformer"].build_model(args, task)


def our_loss(entries: Dictionary, recipe: bool = False) -> nn.Module:
    """The joint label-smoothed cross entropy; with CTC and corrupted prefixes, as the recipes have it, if
    asked for."""
    task = SimpleNamespace(target_dictionary=entries)
    more = {"ctc_weight": CTC_WEIGHT, "prefix_corruption": PREFIX_CORRUPTION} if recipe else {}
    return JointLabelSmoothedCrossEntropyCriterion(task, False, SMOOTHING, **more)


def stock_loss(entries: Dictionary, ctc: bool = False) -> nn.Module:
    """fairseq's ``label_smoothed_cross_entropy``, or its ``label_smoothed_cross_entropy_with_ctc``."""
    task = SimpleNamespace(target_dictionary=entries)
    if ctc:
        return LabelSmoothedCrossEntropyWithCtcCriterion(task, False, SMOOTHING, 0, False, CTC_WEIGHT)
    return LabelSmoothedCrossEntropyCriterion(task, False, SMOOTHING)


def _speech_model(arch: str, entries: Dictionary, options: dict[str, Any]) -> nn.Module:
    args = Namespace(
        input_feat_per_channel=FEATURES,
        input_channels=1,
        max_source_positions=6000,
        max_target_positions=1024,
        share_decoder_input_output_embed=True,
        **options,
    )
    ARCH_CONFIG_REGISTRY[arch](args)
    return ARCH_MODEL_REGISTRY[arch].build_model(args, SimpleNamespace(target_dictionary=entries))
