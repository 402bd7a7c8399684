"""Makes the tests of oneDNN's products mean the same on every processor."""

import pytest

from interactive_st.modules.fast import onednn_linear


@pytest.fixture(autouse=True)
def _products_by_onednn(monkeypatch):
    """With Intel's BLAS on an Intel processor products of unpacked weights are not oneDNN's."""
    monkeypatch.setattr(onednn_linear, "has_fast_blas", lambda: False)
