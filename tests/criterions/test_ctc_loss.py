"""The memory-lean CTC loss equals torch's, in value and in gradient."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from interactive_st.criterions import smoothed_cross_entropy as chunking
from interactive_st.criterions.ctc_loss import ctc_loss

FRAMES, UTTERANCES, WORDS, LONGEST, BLANK = 9, 7, 11, 4, 0


def speech(dtype: torch.dtype = torch.float64) -> tuple[Tensor, ...]:
    """Logits, lengths, targets and their lengths: words that repeat themselves at once and later, speech with
    padding, a transcript that is too long for its speech, an empty one, and padding behind the end."""
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(FRAMES, UTTERANCES, WORDS, generator=generator, dtype=torch.float64) * 3
    targets = torch.randint(1, WORDS, (UTTERANCES, LONGEST), generator=generator)
    targets[0], targets[1, 1], targets[2, 3] = 3, targets[1, 0], targets[2, 0]
    targets[3, 2:], targets[5] = 1, 1
    frames = torch.tensor([9, 8, 9, 5, 3, 9, 9])
    return logits.to(dtype).requires_grad_(), frames, targets, torch.tensor([4, 4, 4, 2, 4, 0, 3])


def by_torch(logits: Tensor, frames: Tensor, targets: Tensor, lengths: Tensor, blank: int = BLANK) -> Tensor:
    log_probs = F.log_softmax(logits, dim=-1)
    return F.ctc_loss(log_probs, targets, frames, lengths, blank, reduction="none", zero_infinity=True)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-4)])
@pytest.mark.parametrize("blank", [0, 5])
def test_value_and_gradient_equal_torch(dtype, tolerance, blank):
    logits, frames, targets, lengths = speech(dtype)
    targets = torch.where(targets.eq(blank), 7, targets)
    weights = torch.linspace(-1, 2, UTTERANCES, dtype=dtype)
    expected = by_torch(logits, frames, targets, lengths, blank)
    (slope,) = torch.autograd.grad((expected * weights).sum(), logits)
    found = ctc_loss(logits.view_as(logits), frames, targets, lengths, blank)
    assert expected[4] == found[4] == 0  # four words in three frames
    assert expected[5] > 0
    torch.testing.assert_close(found, expected, atol=tolerance, rtol=tolerance)
    (gradient,) = torch.autograd.grad((found * weights).sum(), logits)
    torch.testing.assert_close(gradient, slope, atol=tolerance, rtol=tolerance)
    assert not gradient[8, 1].any()
    assert not gradient[:, 4].any()


@pytest.mark.parametrize("elements", [1, 30, 1 << 20])
def test_chunks_do_not_change_anything(monkeypatch, elements):
    logits, *rest = speech()
    (expected,) = torch.autograd.grad(by_torch(logits, *rest).sum(), logits)
    monkeypatch.setattr(chunking, "_CPU_CHUNK", elements)
    (found,) = torch.autograd.grad(ctc_loss(logits.view_as(logits), *rest, BLANK).sum(), logits)
    torch.testing.assert_close(found, expected)


def test_logits_may_lie_in_any_order():
    leaf, *rest = speech()
    (expected,) = torch.autograd.grad(by_torch(leaf, *rest).sum(), leaf)
    batch_first = (leaf * 1).transpose(0, 1).contiguous()
    (found,) = torch.autograd.grad(ctc_loss(batch_first.transpose(0, 1), *rest, BLANK).sum(), leaf)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_single(dtype):
    logits, *rest = speech(dtype)
    exact = logits.detach().double().requires_grad_()
    expected = by_torch(exact, *rest)
    (slope,) = torch.autograd.grad(expected.sum(), exact)
    found = ctc_loss(logits.view_as(logits), *rest, BLANK)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, atol=1e-3, rtol=1e-4)
    (gradient,) = torch.autograd.grad(found.sum(), logits)
    assert gradient.dtype == dtype
    torch.testing.assert_close(gradient.double(), slope, atol=1e-2, rtol=1e-2)


def test_the_gradient_takes_the_place_of_the_logits():
    leaf, *rest = speech()
    logits = leaf * 1
    loss = ctc_loss(logits, *rest, BLANK).sum()
    loss.backward(retain_graph=True)
    torch.testing.assert_close(logits, leaf.grad)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_nothing_is_kept_where_no_gradient_is_asked_for():
    logits, *rest = speech()
    with torch.no_grad():
        found = ctc_loss(logits, *rest, BLANK)
    assert not found.requires_grad
    torch.testing.assert_close(found, by_torch(logits, *rest).detach())
    assert not ctc_loss(logits.detach(), *rest, BLANK).requires_grad
