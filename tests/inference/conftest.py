"""Models that several test modules of this folder read."""

import shutil

import pytest

from interactive_st.inference.hub import InteractiveST
from interactive_st.inference.model_card import Card
from interactive_st.inference.model_folder import write_model_folder
from interactive_st.inference.stored_model import load_checkpoint
from tests import speech_model
from tests.speech_model import bursts


@pytest.fixture(scope="package")
def made(tmp_path_factory) -> speech_model.Made:
    """A checkpoint of random weights and its data folder."""
    return speech_model.make(tmp_path_factory.mktemp("speech_model"))


@pytest.fixture(scope="package")
def folder(made, tmp_path_factory):
    """The model folder that export makes of it."""
    out = tmp_path_factory.mktemp("exported") / "model"
    return write_model_folder(load_checkpoint(made.checkpoint), out, Card("test"))


@pytest.fixture
def copied(folder, tmp_path):
    """A copy of the model folder that a test may damage."""
    return shutil.copytree(folder, tmp_path / "model")


@pytest.fixture(scope="module")
def model(made):
    """The checkpoint, loaded."""
    return InteractiveST.from_pretrained(made.checkpoint, device="cpu")


@pytest.fixture(scope="module")
def talk(tmp_path_factory):
    """A recording shorter than the 3 s that the model reads at once."""
    return speech_model.write(tmp_path_factory.mktemp("audio") / "talk.wav", bursts([(0.2, 1.8)], 2.0))
