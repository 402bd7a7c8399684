"""The memory-lean loss equals fairseq's, in value and in gradient."""

import pytest
import torch
from fairseq.criterions.label_smoothed_cross_entropy import label_smoothed_nll_loss
from torch import Tensor

from interactive_st.criterions import smoothed_cross_entropy as module
from interactive_st.criterions.smoothed_cross_entropy import smoothed_cross_entropy


def rows(dtype: torch.dtype = torch.float64, count: int = 30, vocabulary: int = 11):
    """Seeded logits, as a layer gives them, and targets."""
    generator = torch.Generator().manual_seed(7)
    logits = torch.randn(count, vocabulary, generator=generator, dtype=torch.float64) * 3
    targets = torch.randint(vocabulary, (count,), generator=generator)
    return logits.to(dtype).requires_grad_(), targets


def by_fairseq(logits: Tensor, targets: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    log_probs = torch.log_softmax(logits, dim=-1)
    return label_smoothed_nll_loss(log_probs, targets, epsilon)


def gradient_of(loss: Tensor, logits: Tensor) -> Tensor:
    return torch.autograd.grad(loss, logits)[0].clone()


@pytest.mark.parametrize("epsilon", [0.0, 0.1, 0.3])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_value_and_gradient_equal_fairseq(dtype, tolerance, epsilon):
    logits, targets = rows(dtype)
    loss, nll = by_fairseq(logits, targets, epsilon)
    expected = gradient_of(loss, logits)
    ours = smoothed_cross_entropy(logits, targets, epsilon)
    gradient = gradient_of(ours.loss.sum(), logits)
    torch.testing.assert_close(ours.loss.sum(), loss, rtol=tolerance, atol=0)
    torch.testing.assert_close(ours.nll.sum(), nll, rtol=tolerance, atol=0)
    torch.testing.assert_close(gradient, expected, rtol=0, atol=tolerance)


def test_equals_torch_with_the_mapped_smoothing():
    logits, targets = rows()
    vocabulary = logits.size(-1)
    expected = torch.nn.functional.cross_entropy(
        logits,
        targets,
        label_smoothing=0.1 * vocabulary / (vocabulary - 1),
        reduction="none",
    )
    ours = smoothed_cross_entropy(logits, targets, 0.1)
    torch.testing.assert_close(ours.loss, expected)


def test_chunks_do_not_change_anything(monkeypatch):
    scale = torch.linspace(-1, 2, 30, dtype=torch.float64)
    results = []
    for elements in (1, 44, 1 << 20):
        logits, targets = rows()
        monkeypatch.setattr(module, "_CPU_CHUNK", elements)
        ours = smoothed_cross_entropy(logits, targets, 0.1, with_correct=True)
        results.append((*ours, gradient_of((ours.loss * scale).sum(), logits)))
    for other in results[1:]:
        for mine, theirs in zip(results[0], other, strict=True):
            torch.testing.assert_close(mine, theirs)


def test_each_row_has_its_own_weight():
    logits, targets = rows()
    scale = torch.linspace(-1, 2, 30, dtype=torch.float64)
    expected = torch.zeros_like(logits)
    for row in range(30):
        loss, _ = by_fairseq(logits[row : row + 1], targets[row : row + 1], 0.2)
        expected += gradient_of(scale[row] * loss, logits)
    ours = smoothed_cross_entropy(logits, targets, 0.2)
    torch.testing.assert_close(gradient_of((ours.loss * scale).sum(), logits), expected)


def test_correct_is_the_argmax():
    logits, targets = rows()
    targets[:7] = logits[:7].argmax(-1)
    ours = smoothed_cross_entropy(logits, targets, 0.1, with_correct=True)
    assert torch.equal(ours.correct, logits.argmax(-1).eq(targets))
    assert ours.correct[:7].all()
    assert smoothed_cross_entropy(logits, targets, 0.1).correct is None


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_logits_give_full_precision_losses(dtype):
    logits, targets = rows(dtype)
    ours = smoothed_cross_entropy(logits, targets, 0.1)
    assert ours.loss.dtype == ours.nll.dtype == torch.float32
    # Only the logits are rounded: the same values, widened, give the same loss.
    wide = logits.detach().float().requires_grad_()
    expected, _ = by_fairseq(wide, targets, 0.1)
    torch.testing.assert_close(ours.loss.sum(), expected, rtol=1e-6, atol=0)
    gradient = gradient_of(ours.loss.sum(), logits)
    wanted = gradient_of(expected, wide)
    assert gradient.dtype == dtype
    torch.testing.assert_close(gradient, wanted.to(dtype))


def test_loss_scaling_reaches_small_fp16_gradients():
    logits = torch.zeros(1, 4, dtype=torch.float16)
    logits[0, 0] = 20.0  # leaves a gradient of about 2e-9 elsewhere, which fp16 cannot hold
    logits.requires_grad_()
    loss = smoothed_cross_entropy(logits, torch.tensor([0]), 0.0).loss.sum()
    gradient = gradient_of(loss * 1024, logits)
    assert gradient[0, 2] > 0


def test_large_logits_stay_finite():
    logits = torch.tensor([[1e4, -1e4, 0.0], [-1e4, -1e4, 1e4]], requires_grad=True)
    ours = smoothed_cross_entropy(logits, torch.tensor([0, 0]), 0.1)
    gradient = gradient_of(ours.loss.sum(), logits)
    assert ours.loss.isfinite().all()
    assert gradient.isfinite().all()
    assert ours.nll.tolist() == [0.0, 2e4]


def test_no_rows_at_all():
    logits, targets = rows(count=0)
    ours = smoothed_cross_entropy(logits, targets, 0.1, with_correct=True)
    assert [x.shape for x in (*ours, gradient_of(ours.loss.sum(), logits))] == [(0,), (0,), (0,), (0, 11)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_gradient_takes_the_place_of_the_logits_once(dtype):
    leaf, targets = rows(dtype)
    logits = leaf * 1.0
    loss = smoothed_cross_entropy(logits, targets, 0.1).loss.sum()
    received = []
    logits.register_hook(received.append)
    loss.backward(retain_graph=True)
    assert received[0].data_ptr() == logits.data_ptr()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_keeps_nothing_of_the_vocabulary_beside_the_logits():
    logits, targets = rows()
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        smoothed_cross_entropy(logits, targets, 0.1)
    wide = [tensor for tensor in kept if tensor.numel() >= logits.numel()]
    assert [tensor.data_ptr() for tensor in wide] == [logits.data_ptr()]
