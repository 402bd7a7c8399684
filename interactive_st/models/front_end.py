"""Subsampling of filterbank frames before the encoder: ``--front-end stack`` or ``conv1d``."""

from argparse import Namespace

import torch
import torch.nn.functional as F
from fairseq.models.speech_to_text.modules.convolution import Conv1dSubsampler
from torch import Tensor, nn

from interactive_st.errors import SettingError
from interactive_st.modules.fast.im2col_convolution import convolve

FRONT_ENDS = CONV1D, STACK = ("conv1d", "stack")
LEFT_CONTEXT = 3
KEEP_EVERY = 3


class StackedFrames(nn.Module):
    """Each frame with its 3 left neighbours, every third kept, then one linear layer.

    Source: Liu et al., AAAI 2020, section 4 (80-dim filterbanks become 320, then the model dimension).
    """

    def __init__(self, feature_dim: int, embed_dim: int) -> None:
        super().__init__()
        self.proj = nn.Linear((LEFT_CONTEXT + 1) * feature_dim, embed_dim)

    def forward(self, src_tokens: Tensor, src_lengths: Tensor) -> tuple[Tensor, Tensor]:
        """``(B, T, F)`` and ``(B,)`` to ``(ceil(T / 3), B, C)`` and the new lengths."""
        padded = F.pad(src_tokens, (0, 0, LEFT_CONTEXT, 0))
        windows = padded.unfold(1, LEFT_CONTEXT + 1, KEEP_EVERY).transpose(2, 3).flatten(2)
        lengths = torch.div(src_lengths + KEEP_EVERY - 1, KEEP_EVERY, rounding_mode="floor")
        return self.proj(windows).transpose(0, 1), lengths


class PaddedConv1dSubsampler(Conv1dSubsampler):
    """fairseq's ``Conv1dSubsampler`` with padding zeroed before each convolution, so that an utterance's
    encoding equals that of a batch of one.

    (In fairseq the second convolution reads the first one's output for padding, and an utterance's encoding
    depends on the longest one in its batch.)
    """

    def forward(self, src_tokens: Tensor, src_lengths: Tensor) -> tuple[Tensor, Tensor]:
        """``(B, T, F)`` and ``(B,)`` to ``(about T / 4, B, C)`` and the new lengths."""
        x, lengths = _mask(src_tokens, src_lengths), src_lengths
        for conv in self.conv_layers:
            x = F.glu(convolve(conv, x), dim=2)
            lengths = torch.div(lengths - 1, 2, rounding_mode="floor") + 1
            x = _mask(x, lengths)
        return x.transpose(0, 1).contiguous(), lengths


def build_front_end(args: Namespace) -> nn.Module:
    """The subsampler that ``args.front_end`` names.

    Raises:
        SettingError: for an unknown name, or fairseq's other subsampler.
    """
    version = getattr(args, "conv_version", None) or "s2t_transformer"
    if version != "s2t_transformer":
        raise SettingError(
            f"--conv-version {version} (with --conv-out-channels) is not built here: leave it out; "
            "--front-end conv1d takes fairseq's convolutions over time, stack the paper's stacked frames"
        )
    feature_dim = args.input_feat_per_channel * args.input_channels
    if args.front_end == STACK:
        return StackedFrames(feature_dim, args.encoder_embed_dim)
    if args.front_end == CONV1D:
        kernels: list[int] = [int(k) for k in str(args.conv_kernel_sizes).split(",")]
        return PaddedConv1dSubsampler(feature_dim, args.conv_channels, args.encoder_embed_dim, kernels)
    raise SettingError(f"--front-end must be 'stack' or 'conv1d', not {args.front_end!r}")


def _mask(x: Tensor, lengths: Tensor) -> Tensor:
    """``x`` ``(B, T, C)`` with zeros beyond each row's length."""
    beyond = torch.arange(x.size(1), device=x.device) >= lengths.unsqueeze(1)
    return x.masked_fill(beyond.unsqueeze(2), 0.0)
