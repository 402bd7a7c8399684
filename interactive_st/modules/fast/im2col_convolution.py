"""1-D convolution as one matrix product (im2col).

On a CPU oneDNN compiles a kernel for each new length, and speech batches rarely repeat one; ``conv1d`` also
wants ``(B, C, T)`` where the surrounding layers use ``(B, T, C)``.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from interactive_st.modules.fast.onednn_linear import product


def convolve(conv: nn.Conv1d, x: Tensor) -> Tensor:
    """Apply ``conv`` (no dilation, one group) to frames ``(B, T, in)``: ``(B, T', out)``."""
    if x.device.type != "cpu":  # GPU kernels need no copy of the frames
        return conv(x.transpose(1, 2)).transpose(1, 2)
    weight = conv.weight.permute(0, 2, 1).flatten(1)
    return product(_windows(x, conv.kernel_size[0], conv.stride[0], conv.padding[0]), weight, conv.bias)


def _windows(x: Tensor, size: int, stride: int, padding: int) -> Tensor:
    """All windows of ``size`` frames, the frames of each concatenated: ``(B, T', size · in)``."""
    x = F.pad(x, (0, 0, padding, padding))
    count = (x.size(1) - size) // stride + 1
    last = stride * (count - 1) + 1
    return torch.cat([x[:, first : first + last : stride] for first in range(size)], dim=2)
