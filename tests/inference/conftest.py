"""Models that several test modules of this folder read."""

import pytest

from interactive_st.inference.hub import InteractiveST
from tests import speech_model
from tests.speech_model import bursts


@pytest.fixture(scope="package")
def made(tmp_path_factory) -> speech_model.Made:
    """A checkpoint of random weights and its data folder."""
    return speech_model.make(tmp_path_factory.mktemp("speech_model"))


@pytest.fixture(scope="module")
def model(made):
    """It, loaded."""
    return InteractiveST.from_pretrained(made.checkpoint, device="cpu")


@pytest.fixture(scope="module")
def talk(tmp_path_factory):
    """A recording shorter than the 3 s that the model reads at once."""
    return speech_model.write(tmp_path_factory.mktemp("audio") / "talk.wav", bursts([(0.2, 1.8)], 2.0))
