from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from interactive_st.errors import DataError
from interactive_st.inference import recordings
from interactive_st.inference.pauses import Utterance
from interactive_st.inference.results import Hypothesis, Recording
from tests.speech_model import RATE, SHORT, bursts

pytestmark = pytest.mark.usefixtures("hears_noise")


def test_a_recording_that_fails_on_the_way_is_done_with_as_a_whole(model, talk, tmp_path):
    samples = bursts([(0.2, 0.8), (2.0, 2.8), (4.0, 4.8)], 12.0)
    samples[-5] = np.nan
    soundfile.write(tmp_path / "nan.wav", samples, RATE, subtype="FLOAT")
    seconds = []
    results = list(model.stream([tmp_path / "nan.wav", talk], progress=seconds.append, **SHORT))
    assert any(isinstance(result, DataError) for _, result in results)
    assert sum(seconds) == pytest.approx(12.0 + 2.0)


def test_progress_counts_the_silence_before_what_was_said(model, tmp_path):
    """So that the time that is left can be told of recordings with long pauses."""
    samples = bursts([(0.2, 1.0), (9.0, 10.0), (25.0, 26.0)], 40.0)
    soundfile.write(tmp_path / "pauses.wav", samples, RATE)
    seconds = []
    stream = model.stream([tmp_path / "pauses.wav"], progress=seconds.append, batch_seconds=1.0, **SHORT)
    for _, result in stream:
        reached = 40.0 if isinstance(result, Recording) else result.end
        assert sum(seconds) >= reached - 1e-6
    assert sum(seconds) == pytest.approx(40.0)


def test_a_duration_that_is_known_at_the_end(monkeypatch):
    """As of a long Matroska file, which states it nearly."""
    source = SimpleNamespace(duration=31.0, name=None)

    def find(*_):
        source.duration = 30.0
        yield from ()

    monkeypatch.setattr(recordings, "find_utterances", find)
    decoding = SimpleNamespace(
        options=SimpleNamespace(batch_seconds=20.0, min_pause=0.5),
        config=SimpleNamespace(features={"num_mel_bins": 8}, source_lang="en", target_lang="de"),
        max_segment=20.0,
    )
    seconds = []
    activity = SimpleNamespace(rate=8000)
    ((_, found),) = recordings.decode_recordings([lambda: source], decoding, activity, seconds.append)
    assert found.duration == sum(seconds) == 30.0


def test_more_and_more_is_read_ahead_up_to_a_few_batches(monkeypatch):
    """A quarter of a batch at first, so that texts come soon; never so much that memory grows."""
    samples = np.random.default_rng(0).normal(0, 0.1, 8000).astype(np.float32)
    cut = [Utterance(float(n), n + 1.0, samples, ()) for n in range(400)]
    monkeypatch.setattr(recordings, "find_utterances", lambda *_: iter(cut))
    sizes = []

    class Decoding:
        options = SimpleNamespace(batch_seconds=20.0, min_pause=0.5)
        config = SimpleNamespace(features={"num_mel_bins": 8}, source_lang="en", target_lang="de")
        max_segment = 20.0

        def __call__(self, features, decoded):
            sizes.append(len(features))
            return [(Hypothesis("a", "b", -1.0, -1.0, -2.0),)] * len(features)

    source = SimpleNamespace(duration=400.0, name=None)
    found = list(recordings.decode_recordings([lambda: source], Decoding(), SimpleNamespace(rate=8000)))
    assert len(found) == 401
    assert sizes[:6] == [5, 10, 20, 40, 80, 80]
    assert max(sizes) == 80


def test_what_waits_for_nothing_is_handed_over_at_once(monkeypatch):
    monkeypatch.setattr(recordings, "find_utterances", lambda *_: iter(()))
    decoding = SimpleNamespace(
        options=SimpleNamespace(batch_seconds=20.0, min_pause=0.5),
        config=SimpleNamespace(features={"num_mel_bins": 8}, source_lang="en", target_lang="de"),
        max_segment=20.0,
    )
    opened = []

    def opener(number):
        opened.append(number)
        if number == 0:
            raise DataError("gone")
        return SimpleNamespace(duration=30.0, name=None)

    openers = (partial(opener, number) for number in range(3))
    for count, (number, _) in enumerate(
        recordings.decode_recordings(openers, decoding, SimpleNamespace(rate=8000)), start=1
    ):
        assert (number, len(opened)) == (count - 1, count)
