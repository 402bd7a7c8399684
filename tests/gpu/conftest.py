"""What needs a GPU; elsewhere these tests are skipped."""

import pytest
import torch


@pytest.fixture(autouse=True)
def _exact(monkeypatch):
    """A GPU, that rounds convolutions as a CPU does."""
    if not torch.cuda.is_available():
        pytest.skip("there is no GPU")
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


@pytest.fixture
def device():
    return torch.device("cuda")
