"""Convolutions over time as one product of matrices.

On a CPU, oneDNN compiles a convolution for every length that it has not seen, and hardly two batches of
speech are of one length; it also wants channels before frames, and the layers around it want them behind.
The windows of frames side by side, times the weights, are the same sums in the layout that is there.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .onednn_linear import product


def convolve(conv: nn.Conv1d, x: Tensor) -> Tensor:
    """What ``conv`` makes of frames ``(B, T, in)``: ``(B, T', out)``.

    ``conv`` has no dilation and one group.
    """
    if x.device.type != "cpu":  # GPUs have kernels that need no copy of the frames
        return conv(x.transpose(1, 2)).transpose(1, 2)
    weight = conv.weight.permute(0, 2, 1).flatten(1)
    return product(_windows(x, conv.kernel_size[0], conv.stride[0], conv.padding[0]), weight, conv.bias)


def _windows(x: Tensor, size: int, stride: int, padding: int) -> Tensor:
    """All windows of ``size`` frames, a window's frames side by side: ``(B, T', size · in)``."""
    x = F.pad(x, (0, 0, padding, padding))
    count = (x.size(1) - size) // stride + 1
    last = stride * (count - 1) + 1
    return torch.cat([x[:, first : first + last : stride] for first in range(size)], dim=2)
