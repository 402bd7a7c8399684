"""Convolutions as products equal torch's convolutions, in results and in gradients."""

import pytest
import torch
from torch import nn

from interactive_st.modules.fast import onednn_linear
from interactive_st.modules.fast.im2col_convolution import convolve


def both(conv, x):
    """Results and gradients of x, weight and bias, by `convolve` and by torch."""
    found = []
    for function in (convolve, lambda conv, x: conv(x.transpose(1, 2)).transpose(1, 2)):
        conv.zero_grad()
        given = x.clone().requires_grad_()
        y = function(conv, given)
        (y * torch.linspace(-1, 1, y.numel()).view_as(y)).sum().backward()
        found.append((y.detach(), given.grad, conv.weight.grad, conv.bias.grad))
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("frames", [1, 2, 7, 12])
def test_equals_torch(size, frames):
    torch.manual_seed(1)
    conv = nn.Conv1d(3, 8, size, stride=2, padding=size // 2)
    ours, theirs = both(conv, torch.randn(2, frames, 3))
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.shape == other.shape
        torch.testing.assert_close(mine, other, rtol=1e-5, atol=1e-5)


def test_without_gradients_and_without_onednn(monkeypatch):
    torch.manual_seed(1)
    conv, x = nn.Conv1d(4, 6, 5, stride=2, padding=2), torch.randn(3, 20, 4)
    with torch.no_grad():
        expected = conv(x.transpose(1, 2)).transpose(1, 2)
        torch.testing.assert_close(convolve(conv, x), expected, rtol=1e-5, atol=1e-5)
        monkeypatch.setattr(onednn_linear, "has_onednn_linear", lambda dtype: False)
        torch.testing.assert_close(convolve(conv, x), expected, rtol=1e-5, atol=1e-5)


def test_half_precision_and_autocast():
    torch.manual_seed(1)
    conv, x = nn.Conv1d(4, 6, 5, stride=2, padding=2), torch.randn(3, 20, 4)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        y = convolve(conv, x)
        expected = conv(x.transpose(1, 2)).transpose(1, 2)
    assert y.dtype == expected.dtype == torch.bfloat16
    torch.testing.assert_close(y, expected, rtol=2e-2, atol=2e-2)
