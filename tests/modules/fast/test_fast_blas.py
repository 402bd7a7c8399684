"""Whose products of unpacked weights are taken."""

from pathlib import Path

import pytest
import torch
from torch import nn

from interactive_st.modules.fast import onednn_linear
from interactive_st.modules.fast.onednn_linear import has_fast_blas, has_onednn_linear, use_onednn_linears


@pytest.mark.parametrize(
    ("vendor", "mkl", "is_fast"),
    [("GenuineIntel", True, True), ("GenuineIntel", False, False), ("AuthenticAMD", True, False)],
)
def test_intels_blas_is_taken_on_intels_processors(monkeypatch, vendor, mkl, is_fast):
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: f"vendor_id\t: {vendor}\n")
    monkeypatch.setattr(torch.backends.mkl, "is_available", lambda: mkl)
    assert has_fast_blas.__wrapped__() is is_fast


def test_a_machine_that_does_not_name_its_processor(monkeypatch):
    def read_text(*_, **__):
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", read_text)
    assert not has_fast_blas.__wrapped__()


@pytest.mark.skipif(not has_onednn_linear(), reason="this torch has no oneDNN linear layer")
@pytest.mark.parametrize("trains", [True, False])
@pytest.mark.parametrize("fast", [True, False])
def test_products_of_unpacked_weights(monkeypatch, fast, trains):
    assert has_onednn_linear(torch.float32)  # multiplies when it is first asked
    calls = []
    by_onednn = onednn_linear.linear
    monkeypatch.setattr(onednn_linear, "has_fast_blas", lambda: fast)
    monkeypatch.setattr(onednn_linear, "linear", lambda *args: calls.append(1) or by_onednn(*args))
    torch.manual_seed(1)
    layer = nn.Linear(24, 70)
    use_onednn_linears(layer)
    x = torch.randn(3, 24, requires_grad=trains)
    with torch.set_grad_enabled(trains):
        found = layer(x)
        assert torch.allclose(found, nn.functional.linear(x, layer.weight, layer.bias), atol=1e-5)
        if trains:
            found.sum().backward()
    assert len(calls) == (0 if fast else 1 + trains)
    if not trains:  # packed ones are oneDNN's everywhere
        with torch.no_grad():
            layer.pack()
            layer(x)
        assert len(calls) == (1 if fast else 2)
