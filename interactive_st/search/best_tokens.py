"""The best next tokens of many hypotheses."""

import math

import torch
from torch import Tensor

BLOCK = 128  # vocabulary entries per block; only the blocks with the best maxima are searched


def best_tokens(log_probs: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The ``count`` likeliest tokens of each row, the best first: as ``torch.topk``, but faster.

    The best ``count`` entries lie in the ``count`` blocks with the best maxima (or in the rest of the
    vocabulary behind the last block), so a row is read once and only some blocks are searched. Which of
    several equal entries are returned, and in which order, is unspecified, as in ``torch.topk``.

    Args:
        log_probs: ``(…, V)``; NaN ranks first, as in ``torch.topk``, and is returned as −inf.
        count: at most V.

    Returns:
        log-probabilities and tokens ``(…, count)``
    """
    n_words = log_probs.size(-1)
    n_blocks = n_words // BLOCK
    if n_blocks < 4 * count:
        best, token = log_probs.topk(count, dim=-1)
    else:
        device, whole = log_probs.device, n_blocks * BLOCK
        maxima = log_probs[..., :whole].unflatten(-1, (n_blocks, BLOCK)).amax(dim=-1)
        blocks = maxima.topk(count, dim=-1, sorted=False)[1].unsqueeze(-1)
        inside = (blocks * BLOCK + torch.arange(BLOCK, device=device)).flatten(-2)
        behind = torch.arange(whole, n_words, device=device).expand(*inside.shape[:-1], -1)
        searched = torch.cat([inside, behind], dim=-1)
        best, place = log_probs.gather(-1, searched).topk(count, dim=-1)
        token = searched.gather(-1, place)
    return best.masked_fill(best.isnan(), -math.inf), token
