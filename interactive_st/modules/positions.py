"""Sinusoidal positions of the speech, for the keys of the attention to it."""

import math

import torch
from torch import Tensor


def sinusoids(length: int, dim: int, like: Tensor) -> Tensor:
    """Sines, then cosines, of positions 0 … ``length`` − 1, ``(length, dim)`` in the device and precision of
    ``like``.

    Source: fairseq's ``SinusoidalPositionalEmbedding``, whose numbers these are.
    """
    half = dim // 2
    steps = torch.arange(half, device=like.device, dtype=torch.float32)
    rates = torch.exp(steps * (-math.log(10000) / max(half - 1, 1)))
    angles = torch.arange(length, device=like.device, dtype=torch.float32).unsqueeze(1) * rates
    return torch.cat([angles.sin(), angles.cos(), angles.new_zeros(length, dim % 2)], dim=1).to(like.dtype)
