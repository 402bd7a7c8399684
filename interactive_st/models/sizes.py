"""The sizes of the interactive model; the other systems have the same (:mod:`.architectures`).

Each fills in the options of a model that were not given. Sizes and option names follow fairseq's
``s2t_transformer``.
"""

from argparse import Namespace
from collections.abc import Callable
from importlib.util import find_spec

from fairseq.models.speech_to_text.s2t_transformer import base_architecture as s2t_base
from fairseq.models.speech_to_text.s2t_transformer import (
    s2t_transformer_m,
    s2t_transformer_s,
    s2t_transformer_xs,
)

from interactive_st.models.front_end import CONV1D, STACK

Architecture = Callable[[Namespace], None]

#: How the streams read each other by default. λ = 1 gave far better translations than 0 and 0.3 on both sets
#: measured (benchmarks/results/quality.md).
INTERACTION = {
    "wait_k": 3, "train_wait_k": None, "fusion": "linear", "fusion_lambda": 1.0, "learn_fusion_lambda": False
}  # fmt: skip
#: The same options of decoders whose streams do not read each other: multi-task, or of one stream.
NO_INTERACTION = {
    "wait_k": 0, "train_wait_k": None, "fusion": "linear", "fusion_lambda": 0.0, "learn_fusion_lambda": False
}  # fmt: skip


def base_architecture(args: Namespace) -> None:
    """The paper's: d = 512, FFN 2048, 6 + 6 layers, post-norm, stacked frames, one tied table."""
    args.front_end = getattr(args, "front_end", STACK)
    args.encoder_layers = getattr(args, "encoder_layers", 6)
    args.encoder_normalize_before = getattr(args, "encoder_normalize_before", False)
    args.decoder_normalize_before = getattr(args, "decoder_normalize_before", False)
    _common_defaults(args)
    s2t_base(args)


def interactive_st_s(args: Namespace) -> None:
    """The size of ``s2t_transformer_s``: d = 256, 12 + 6 layers, pre-norm."""
    _like_s2t(args, s2t_transformer_s)


def interactive_st_xs(args: Namespace) -> None:
    """The size of ``s2t_transformer_xs``: d = 256, 6 + 3 layers, pre-norm."""
    _like_s2t(args, s2t_transformer_xs)


def interactive_st_m(args: Namespace) -> None:
    """The size of ``s2t_transformer_m``: d = 512, 12 + 6 layers, pre-norm."""
    _like_s2t(args, s2t_transformer_m)


def interactive_st_tiny(args: Namespace) -> None:
    """For the examples and for laptops: d = 192, 4 + 2 layers, pre-norm."""
    args.encoder_layers = getattr(args, "encoder_layers", 4)
    args.decoder_layers = getattr(args, "decoder_layers", 2)
    args.encoder_embed_dim = getattr(args, "encoder_embed_dim", 192)
    args.encoder_ffn_embed_dim = getattr(args, "encoder_ffn_embed_dim", 768)
    args.conv_channels = getattr(args, "conv_channels", 256)
    args.dropout = getattr(args, "dropout", 0.1)
    _like_s2t(args, s2t_transformer_s)


def _like_s2t(args: Namespace, architecture: Architecture) -> None:
    args.front_end = getattr(args, "front_end", CONV1D)
    _common_defaults(args)
    architecture(args)


def _common_defaults(args: Namespace) -> None:
    """What all sizes have in common: both texts, which read each other, by one tied table."""
    if getattr(args, "bf16", False) and find_spec("torch_xla") is None:
        args.tpu = False  # fairseq sets tpu with --bf16; the architecture is the last hook that can undo it
    args.streams = getattr(args, "streams", "both")
    for option, usual in INTERACTION.items():
        setattr(args, option, getattr(args, option, usual))
    args.cross_attention_positions = getattr(args, "cross_attention_positions", False)
    args.checkpoint_activations = getattr(args, "checkpoint_activations", False)
    args.share_decoder_input_output_embed = getattr(args, "share_decoder_input_output_embed", True)


#: By the suffix of the names of architectures.
SIZES: dict[str, Architecture] = {
    "": base_architecture,
    "_xs": interactive_st_xs,
    "_s": interactive_st_s,
    "_m": interactive_st_m,
    "_tiny": interactive_st_tiny,
}
