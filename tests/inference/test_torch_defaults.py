"""What a program has made torch's default for its own models does not matter."""

import pytest
import torch

from interactive_st.inference.hub import InteractiveST
from tests.speech_model import SHORT

pytestmark = pytest.mark.usefixtures("hears_noise")


@pytest.fixture(params=[torch.float64, torch.bfloat16, torch.float16], ids=str)
def other_dtype(request):
    before = torch.get_default_dtype()
    torch.set_default_dtype(request.param)
    yield request.param
    torch.set_default_dtype(before)


@pytest.fixture
def expected(model, talk):
    """Found before the default is another."""
    return [model(talk, search=search, **SHORT) for search in ("joint", "rank")]


def test_another_precision(model, talk, expected, other_dtype):
    assert [model(talk, search=search, **SHORT) for search in ("joint", "rank")] == expected


def test_a_model_that_is_loaded_in_another_precision(made, talk, expected, other_dtype):
    loaded = InteractiveST.from_pretrained(made.checkpoint, device="cpu")
    assert loaded(talk, search="joint", **SHORT) == expected[0]


def test_another_device(model, talk, expected):
    """A GPU, say, where the model is on the CPU."""
    with torch.device("meta"):
        assert [model(talk, search=search, **SHORT) for search in ("joint", "rank")] == expected


def test_a_model_that_is_loaded_on_another_device(made, talk, expected):
    with torch.device("meta"):
        loaded = InteractiveST.from_pretrained(made.checkpoint, device="cpu")
        assert loaded(talk, search="joint", **SHORT) == expected[0]
