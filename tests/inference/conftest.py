"""Models that several test modules of this folder read."""

import pytest

from tests import speech_model


@pytest.fixture(scope="package")
def made(tmp_path_factory) -> speech_model.Made:
    """A checkpoint of random weights and its data folder."""
    return speech_model.make(tmp_path_factory.mktemp("speech_model"))
