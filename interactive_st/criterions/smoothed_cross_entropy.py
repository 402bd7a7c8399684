"""Label-smoothed cross entropy whose backward pass overwrites the logits with their gradient.

fairseq's `label_smoothed_nll_loss` needs the log-probabilities of the whole vocabulary in full
precision and keeps them until the backward pass, which needs as much again for gradients. Here
the rows are worked through in chunks, straight from the logits; between forward and backward
only the logits themselves (which exist anyway) and one number a row, the log of the
normaliser, are kept, and the backward pass writes the gradient where the logits were.

With ``eps_i = eps / (V - 1)`` fairseq's loss of a row is

    (1 - eps - eps_i) * nll + eps_i * smooth,   nll = log Z - x_t,   smooth = V * log Z - sum(x)

whose coefficients of ``log Z`` add up to one, so that the gradient is
``softmax(x) - eps_i - (1 - eps - eps_i) * onehot(t)``.

Why not `torch.nn.functional.cross_entropy`: with ``label_smoothing = eps * V / (V - 1)`` it is
the very same function, but it too keeps the log-probabilities of every row, in the precision
of the logits (so half precision has to be widened first), and returns neither the plain nll nor
the argmax, each of which would be another pass over everything.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# Elements of a chunk. A CPU is fastest when a chunk stays in its cache; on other devices every
# operation costs a launch, so that few large chunks are better.
_CPU_CHUNK = 1 << 19
_DEVICE_CHUNK = 1 << 25


class RowLosses(NamedTuple):
    """What `smoothed_cross_entropy` returns, each ``(N,)``."""

    loss: Tensor  # label-smoothed loss in nats; differentiable
    nll: Tensor  # negative log-likelihood in nats; carries no gradient
    correct: Tensor | None  # bool: the target is the most likely token


def smoothed_cross_entropy(
    logits: Tensor, targets: Tensor, epsilon: float, with_correct: bool = False
) -> RowLosses:
    """Label-smoothed cross entropy of every row, as fairseq defines it.

    The backward pass overwrites ``logits`` with their gradient: nothing else may need them by then, and
    a second backward pass over the same graph raises ``RuntimeError``.

    Args:
        logits: (N, V) unnormalised scores of any floating type; V > 1.
        targets: (N,) long, token to predict.
        epsilon: label smoothing, 0 for none.
        with_correct: also tell where the target is the argmax.

    Returns:
        Losses in at least 32-bit precision, whatever the precision of the logits.
    """
    loss, nll, correct = _SmoothedCrossEntropy.apply(logits, targets, epsilon, with_correct)
    return RowLosses(loss, nll, correct if with_correct else None)


class _SmoothedCrossEntropy(torch.autograd.Function):
    """(N, V) logits, (N,) targets -> (N,) loss, nll and correct."""

    @staticmethod
    def forward(
        ctx: Any, logits: Tensor, targets: Tensor, epsilon: float, with_correct: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        dtype = torch.promote_types(logits.dtype, torch.float32)
        share = epsilon / (logits.size(1) - 1)
        log_z = logits.new_empty(targets.shape, dtype=dtype)
        loss, nll = torch.empty_like(log_z), torch.empty_like(log_z)
        correct = torch.zeros_like(targets, dtype=torch.bool)
        for chunk in row_chunks(logits):
            x, target = logits[chunk], targets[chunk]
            log_p = x.log_softmax(dim=1, dtype=dtype)
            picked = target.unsqueeze(1)
            nll[chunk] = -log_p.gather(1, picked).squeeze(1)
            log_z[chunk] = nll[chunk] + x.gather(1, picked).squeeze(1)
            # The mean, not the sum: it is a large number.
            smooth = log_p.mean(dim=1) * -logits.size(1)
            loss[chunk] = (1.0 - epsilon - share) * nll[chunk] + share * smooth
            if with_correct:
                correct[chunk] = x.argmax(dim=1).eq(target)
        ctx.save_for_backward(logits, targets, log_z)
        ctx.epsilon, ctx.share = epsilon, share
        ctx.mark_non_differentiable(nll, correct)
        ctx.set_materialize_grads(False)
        return loss, nll, correct

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_loss: Tensor | None, *_: Tensor | None
    ) -> tuple[Tensor | None, None, None, None]:
        if grad_loss is None:
            return None, None, None, None
        logits, targets, log_z = ctx.saved_tensors
        for chunk in row_chunks(logits):
            x = logits[chunk].to(log_z.dtype)  # the logits themselves, unless they are narrower
            x.sub_(log_z[chunk].unsqueeze(1)).exp_().sub_(ctx.share)
            target = targets[chunk].unsqueeze(1)
            x.scatter_add_(1, target, x.new_full(target.shape, ctx.epsilon + ctx.share - 1.0))
            # Scaled before it is narrowed: fp16 with loss scaling would lose small entries.
            x.mul_(grad_loss[chunk].unsqueeze(1))
            if x.dtype != logits.dtype:
                logits[chunk] = x
        return logits, None, None, None


def row_chunks(logits: Tensor) -> list[slice]:
    """Slices of the rows of ``logits`` ``(N, V)`` that are worked on together."""
    elements = _CPU_CHUNK if logits.device.type == "cpu" else _DEVICE_CHUNK
    size = max(1, elements // logits.size(1))
    return [slice(first, first + size) for first in range(0, logits.size(0), size)]
