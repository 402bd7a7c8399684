"""What the tests of the command translate share."""

import numpy as np
import pytest

from interactive_st.cli import main
from tests import speech_model
from tests.speech_model import bursts


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A model of random weights."""
    return speech_model.make(tmp_path_factory.mktemp("speech_model"))


@pytest.fixture
def translate(made):
    """Runs the command with short outputs; returns the exit status."""

    def run(*words, model=made.checkpoint):
        return main.main(
            ["translate", *map(str, words), "--model", str(model), "--max-len-b", "6", "--device", "cpu"]
        )

    return run


@pytest.fixture
def audio(tmp_path):
    """A folder of recordings of several formats, with sub-folders and a file that is none."""
    folder = tmp_path / "audio"
    speech_model.write(folder / "a.wav", bursts([(0.1, 0.9)], 1.0))
    speech_model.write(folder / "a.flac", bursts([(0.1, 0.7)], 0.8, seed=1))
    speech_model.write(folder / "deep" / "er" / "b.ogg", bursts([(0.1, 1.1)], 1.2, 44100), 44100)
    speech_model.write(folder / "deep" / "c.mp3", np.stack([bursts([(0.1, 1.3)], 1.5, 16000)] * 2, 1), 16000)
    (folder / "notes.txt").write_text("no recording")
    return folder
