"""Models that several test modules of this folder read."""

import pytest

from tests import speech_model


@pytest.fixture(scope="package")
def made(tmp_path_factory) -> speech_model.Made:
    """A checkpoint of random weights and its data folder."""
    return speech_model.make(tmp_path_factory.mktemp("speech_model"))


@pytest.fixture
def noise_is_speech(monkeypatch):
    """Let noise count as speech, which Silero does not take for it."""
    from interactive_st.inference.voice_activity import VoiceActivity

    monkeypatch.setattr(VoiceActivity, "_probability", lambda self, window: float(abs(window).mean() > 0.02))
