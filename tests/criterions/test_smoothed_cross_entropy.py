"""The memory-lean loss equals fairseq's, in value and in gradient."""

import pytest
import torch
from fairseq.criterions.label_smoothed_cross_entropy import label_smoothed_nll_loss
from torch import Tensor

from interactive_st.criterions import smoothed_cross_entropy as module
from interactive_st.criterions.smoothed_cross_entropy import smoothed_cross_entropy

PAD = 1


def rows(dtype: torch.dtype = torch.float64, shape: tuple = (2, 3, 5), vocabulary: int = 11):
    """Seeded logits and targets of which about a third is padding."""
    generator = torch.Generator().manual_seed(7)
    logits = torch.randn(*shape, vocabulary, generator=generator, dtype=torch.float64) * 3
    targets = torch.randint(2, vocabulary, shape, generator=generator)
    targets[torch.rand(shape, generator=generator) < 0.3] = PAD
    return logits.to(dtype).requires_grad_(), targets


def by_fairseq(logits: Tensor, targets: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    log_probs = torch.log_softmax(logits, dim=-1).flatten(0, -2)
    return label_smoothed_nll_loss(log_probs, targets.flatten(), epsilon, ignore_index=PAD)


@pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.3])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_value_and_gradient_equal_fairseq(dtype, tolerance, epsilon):
    logits, targets = rows(dtype)
    loss, nll = by_fairseq(logits, targets, epsilon)
    (expected,) = torch.autograd.grad(loss, logits)
    ours = smoothed_cross_entropy(logits, targets, epsilon, PAD)
    (gradient,) = torch.autograd.grad(ours.loss.sum(), logits)
    torch.testing.assert_close(ours.loss.sum(), loss, rtol=tolerance, atol=0)
    torch.testing.assert_close(ours.nll.sum(), nll, rtol=tolerance, atol=0)
    torch.testing.assert_close(gradient, expected, rtol=0, atol=tolerance)
    assert gradient[targets.eq(PAD)].eq(0).all()


def test_equals_torch_with_the_mapped_smoothing():
    logits, targets = rows()
    vocabulary = logits.size(-1)
    expected = torch.nn.functional.cross_entropy(
        logits.flatten(0, -2),
        targets.flatten(),
        ignore_index=PAD,
        label_smoothing=0.1 * vocabulary / (vocabulary - 1),
        reduction="none",
    )
    ours = smoothed_cross_entropy(logits, targets, 0.1, PAD)
    torch.testing.assert_close(ours.loss.flatten(), expected)


def test_chunks_do_not_change_anything(monkeypatch):
    logits, targets = rows()
    scale = torch.linspace(-1, 2, targets.numel(), dtype=torch.float64).view(targets.shape)
    results = []
    for elements in (1, 4 * logits.size(-1), 1 << 20):
        monkeypatch.setattr(module, "_CPU_CHUNK", elements)
        ours = smoothed_cross_entropy(logits, targets, 0.1, PAD, with_correct=True)
        (gradient,) = torch.autograd.grad((ours.loss * scale).sum(), logits)
        results.append((*ours, gradient))
    for other in results[1:]:
        for mine, theirs in zip(results[0], other, strict=True):
            torch.testing.assert_close(mine, theirs)


def test_gradient_of_every_row_by_finite_differences():
    logits, targets = rows(shape=(4,), vocabulary=5)
    assert torch.autograd.gradcheck(
        lambda x: smoothed_cross_entropy(x, targets, 0.2, PAD).loss, (logits,)
    )


def test_correct_is_the_argmax_outside_padding():
    logits, targets = rows()
    with torch.no_grad():
        logits[..., PAD] = -100.0
        targets[0, 0] = logits[0, 0].argmax(-1)
        logits[0, 0, 0, PAD] = 100.0
        targets[0, 0, 0] = PAD
    ours = smoothed_cross_entropy(logits, targets, 0.1, PAD, with_correct=True)
    assert torch.equal(ours.correct, logits.argmax(-1).eq(targets) & targets.ne(PAD))
    assert ours.correct[0, 0].tolist() == [False, True, True, True, True]
    assert smoothed_cross_entropy(logits, targets, 0.1, PAD).correct is None


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_logits_give_full_precision_losses(dtype):
    logits, targets = rows(dtype)
    ours = smoothed_cross_entropy(logits, targets, 0.1, PAD)
    assert ours.loss.dtype == ours.nll.dtype == torch.float32
    # Only the logits are rounded: the same values, widened, give the same loss.
    wide = logits.detach().float().requires_grad_()
    expected, _ = by_fairseq(wide, targets, 0.1)
    torch.testing.assert_close(ours.loss.sum(), expected, rtol=1e-6, atol=0)
    (gradient,) = torch.autograd.grad(ours.loss.sum(), logits)
    (wanted,) = torch.autograd.grad(expected, wide)
    assert gradient.dtype == dtype
    torch.testing.assert_close(gradient, wanted.to(dtype))


def test_loss_scaling_reaches_small_fp16_gradients():
    logits = torch.zeros(1, 4, dtype=torch.float16)
    logits[0, 0] = 20.0  # leaves a gradient of about 2e-9 elsewhere, which fp16 cannot hold
    logits.requires_grad_()
    loss = smoothed_cross_entropy(logits, torch.tensor([0]), 0.0, PAD).loss.sum()
    (gradient,) = torch.autograd.grad(loss * 1024, logits)
    assert gradient[0, 2] > 0


def test_large_logits_stay_finite():
    logits = torch.tensor([[1e4, -1e4, 0.0], [-1e4, -1e4, 1e4]], requires_grad=True)
    ours = smoothed_cross_entropy(logits, torch.tensor([0, 0]), 0.1, PAD)
    (gradient,) = torch.autograd.grad(ours.loss.sum(), logits)
    assert ours.loss.isfinite().all()
    assert gradient.isfinite().all()
    assert ours.nll.tolist() == [0.0, 2e4]


def test_nothing_but_padding_is_zero():
    logits, targets = rows()
    targets.fill_(PAD)
    ours = smoothed_cross_entropy(logits, targets, 0.1, PAD, with_correct=True)
    (gradient,) = torch.autograd.grad(ours.loss.sum(), logits)
    for tensor in (*ours, gradient):
        assert not tensor.any()


def test_keeps_nothing_of_the_vocabulary_beside_the_logits():
    logits, targets = rows()
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        smoothed_cross_entropy(logits, targets, 0.1, PAD)
    wide = [tensor for tensor in kept if tensor.numel() >= logits.numel()]
    assert [tensor.data_ptr() for tensor in wide] == [logits.data_ptr()]
