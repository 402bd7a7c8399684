"""The quickstart's synthetic voices."""

import numpy as np
import pytest
from espeak import needs_espeak

from examples.quickstart import speech


@needs_espeak
class TestSpeech:
    TEXT = "we must sign the contract today"

    def test_same_words_same_samples(self):
        voice = speech.TRAINING_VOICES[0]
        first = speech.speak(self.TEXT, voice)
        speech.speak("something else was said before", speech.HELD_OUT_VOICE)
        again = speech.speak(self.TEXT, voice)
        assert first.dtype == np.int16
        np.testing.assert_array_equal(first, again)

    def test_voices_differ(self):
        voices = (*speech.TRAINING_VOICES, speech.HELD_OUT_VOICE)
        sounds = {speech.speak(self.TEXT, voice).tobytes() for voice in voices}
        assert len(sounds) == len(voices)

    @pytest.mark.parametrize("voice", [*speech.TRAINING_VOICES, speech.HELD_OUT_VOICE])
    def test_sound(self, voice):
        sound = speech.speak(self.TEXT, voice)
        assert 0.8 < len(sound) / speech.RATE < 3.0  # seconds for six words
        loudest = np.abs(sound.astype(int)).max()
        assert 5000 < loudest < 32767  # neither whispered nor clipped

    def test_longer_text_takes_longer(self):
        voice = speech.TRAINING_VOICES[0]
        twice = speech.speak(f"{self.TEXT} and {self.TEXT}", voice)
        assert len(twice) > 1.7 * len(speech.speak(self.TEXT, voice))

    def test_unknown_voice(self):
        voice = speech.Voice("nobody", "en-nowhere", 200, 50)
        with pytest.raises(speech.SpeechError, match=r"nobody.*does not know 'en-nowhere'"):
            speech.speak(self.TEXT, voice)
