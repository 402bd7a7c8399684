import pytest
import torch

from interactive_st.tasks import recognised_speech
from interactive_st.tasks.recognised_speech import RecognisedSpeech


def features(seed, dtype=torch.float32):
    return torch.randn(6, 4, generator=torch.Generator().manual_seed(seed)).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_speech_is_rendered_as_what_was_recognised(dtype):
    speech = RecognisedSpeech()
    speech.record(features(1, dtype), "one")
    speech.record(features(2, dtype), "two")
    # what the tools hold is equal, not the same tensor
    assert speech.string(features(2, dtype).clone(), "sentencepiece") == "two"
    assert speech.string(features(1, dtype).t().contiguous().t()) == "one"
    assert speech.string(features(3, dtype)) == ""


def test_the_same_speech_twice_takes_its_transcripts_in_turn():
    speech = RecognisedSpeech()
    for text in ("eins", "un"):
        speech.record(features(1), text)
    answers = [speech.string(features(1)) for _ in range(4)]
    assert answers == ["eins", "un", "un", "un"]
    speech.record(features(1), "een")
    assert speech.string(features(1)) == "een"


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(recognised_speech, "PENDING", 3)
    monkeypatch.setattr(recognised_speech, "ANSWERED", 2)
    speech = RecognisedSpeech()
    for seed in range(5):
        speech.record(features(seed), str(seed))
    assert [speech.string(features(seed)) for seed in range(5)] == ["", "", "2", "3", "4"]
    assert [speech.string(features(seed)) for seed in range(5)] == ["", "", "", "3", "4"]
