"""CTC loss whose backward pass overwrites the logits with their gradient.

`torch.nn.functional.ctc_loss` needs log-probabilities of every word in every frame, its gradient is as large,
and so is that of the logits. But the loss of an utterance depends on the
blank, on the words of its own transcript and on the normaliser alone. So those few columns are taken from
the logits, and the recursions over alignments see nothing else; between forward and backward there are the
logits (which exist anyway), the log of the normaliser of each frame, and for each of the columns the
expected number q of times that the frame emits it. The gradient is softmax(x) - q, and the backward pass
writes it where the logits were, in chunks, as :mod:`.smoothed_cross_entropy` does.

Source: Graves et al., ICML 2006, "Connectionist Temporal Classification", equation 16.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from interactive_st.criterions.smoothed_cross_entropy import row_chunks


def ctc_loss(
    logits: Tensor, input_lengths: Tensor, targets: Tensor, target_lengths: Tensor, blank: int
) -> Tensor:
    """``F.ctc_loss`` of ``log_softmax(logits)``, of each utterance, with ``zero_infinity``.

    The backward pass overwrites ``logits`` with their gradient: nothing else may need them by then, and
    a second backward pass over the same graph raises ``RuntimeError``.

    Args:
        logits: ``(T, B, V)``, of any floating type.
        input_lengths: ``(B,)`` frames of each utterance, at most T.
        targets: ``(B, L)`` words, none of them the blank; anything behind their end.
        target_lengths: ``(B,)`` words of each utterance, at most L.
        blank: its index.

    Returns:
        ``(B,)`` losses in nats, in at least 32-bit precision; 0 where no alignment is possible.
    """
    return _CtcLoss.apply(logits.contiguous(), input_lengths, targets, target_lengths, blank)


class _CtcLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        logits: Tensor,
        input_lengths: Tensor,
        targets: Tensor,
        target_lengths: Tensor,
        blank: int,
    ) -> Tensor:
        frames, rows = logits.size(0), logits.flatten(0, 1)
        columns = F.pad(targets, (1, 0), value=blank)  # (B, 1 + L), the blank first
        log_z = _log_normaliser(rows).view(frames, -1)
        picked = columns.expand(frames, -1, -1)
        # in double precision, since they are so few: q is a difference
        log_probs = logits.gather(2, picked).double() - log_z.unsqueeze(2)
        # each word by the first column that has it: two in a row of the same need a blank between them
        names = (targets.unsqueeze(2) == targets.unsqueeze(1)).long().argmax(dim=2) + 1
        with torch.enable_grad():
            losses = F.ctc_loss(
                log_probs.requires_grad_(ctx.needs_input_grad[0]),
                names,
                input_lengths,
                target_lengths,
                reduction="none",
                zero_infinity=True,
            )
            if ctx.needs_input_grad[0]:
                (gradient,) = torch.autograd.grad(losses.sum(), log_probs)
        losses = losses.detach().to(log_z.dtype)
        if ctx.needs_input_grad[0]:
            valid = torch.arange(frames, device=logits.device).unsqueeze(1) < input_lengths
            valid = valid & losses.ne(0)  # (T, B); 0 is impossible, or certain
            # torch's gradient is that of an input behind a softmax over just these columns: p - q
            expected = (log_probs.detach().exp() - gradient).masked_fill(~valid.unsqueeze(2), 0.0)
            ctx.save_for_backward(logits, log_z, columns, expected.to(log_z.dtype), valid)
        return losses

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_losses: Tensor) -> tuple[Tensor | None, ...]:
        logits, log_z, columns, expected, valid = ctx.saved_tensors
        rows = logits.flatten(0, 1)
        # (T·B, …): nothing is learnt from frames that are not valid
        scale = (valid * grad_losses).flatten().unsqueeze(1)
        expected = (expected * -grad_losses.unsqueeze(1)).flatten(0, 1)
        columns = columns.expand(logits.size(0), -1, -1).flatten(0, 1)
        log_z = log_z.flatten().unsqueeze(1)
        for chunk in row_chunks(rows):
            x = rows[chunk].to(log_z.dtype)  # the logits themselves, unless they are narrower
            x.sub_(log_z[chunk]).exp_().mul_(scale[chunk])
            x.scatter_add_(1, columns[chunk], expected[chunk])
            if x.dtype != rows.dtype:
                rows[chunk] = x
        return logits, None, None, None, None


def _log_normaliser(rows: Tensor) -> Tensor:
    """Log of the sum of exponentials of each row ``(N, V)``: ``(N,)``, in at least 32-bit precision."""
    log_z = rows.new_empty(rows.size(0), dtype=torch.promote_types(rows.dtype, torch.float32))
    for chunk in row_chunks(rows):
        first = rows[chunk, :1].to(log_z.dtype)
        log_z[chunk] = (first - rows[chunk].log_softmax(dim=1, dtype=log_z.dtype)[:, :1]).squeeze(1)
    return log_z
