"""Streams that take turns or run in several threads give what each gives alone."""

import copy
import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from interactive_st.inference.decoding_lock import decoding_lock
from interactive_st.inference.quieting import quiet
from interactive_st.inference.voice_activity import VoiceActivity
from tests.speech_model import RATE, SHORT, bursts, write

THREADS = 4


@pytest.fixture(scope="module")
def noises():
    rng = np.random.default_rng(0)
    return [rng.normal(0, 0.02 * (1 + i), 3 * RATE).astype(np.float32) for i in range(THREADS)]


@pytest.fixture(scope="module")
def speech(shared_data):
    return shared_data / "whisper_jfk" / "tests" / "jfk.flac"


def probabilities(activity, samples):
    return [probability for _, probability in activity.windows([samples])]


def test_recordings_heard_in_turns(noises):
    activity = VoiceActivity(RATE)
    alone = [probabilities(activity, samples) for samples in noises[:2]]
    together = list(zip(*(activity.windows([samples]) for samples in noises[:2]), strict=True))
    assert [[window[i][1] for window in together] for i in (0, 1)] == alone


def test_recordings_heard_in_threads(noises):
    activity = VoiceActivity(RATE)
    alone = [probabilities(activity, samples) for samples in noises]
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(lambda samples: probabilities(activity, samples), noises * 3))
    assert together == alone * 3


def test_the_network_is_read_once(noises, monkeypatch):
    VoiceActivity(RATE)
    monkeypatch.setattr("interactive_st.inference.voice_activity._load_networks", None)
    for samples in noises:
        probabilities(VoiceActivity(RATE), samples)


def test_call_within_a_stream(model, speech, noises):
    def segments():
        return [result for _, result in model.stream([speech, speech], batch_seconds=1.0, **SHORT)]

    alone = segments()
    together = []
    for _, result in model.stream([speech, speech], batch_seconds=1.0, **SHORT):
        together.append(result)
        model(noises[0], sample_rate=RATE, **SHORT)
    assert together == alone
    assert len(alone) >= 10


@pytest.mark.usefixtures("noise_is_speech")
def test_calls_in_threads(model, tmp_path):
    """With options of each call's own."""
    speech = write(tmp_path / "a.wav", bursts([(0.5, 1.4), (2.2, 2.6), (3.4, 5.0)], 6.0))
    calls = [{"wait_k": wait_k, "beam": beam} for wait_k in (1, "inf", 4) for beam in (2, 5)]
    alone = [model(speech, **options, **SHORT) for options in calls]
    assert len({recording.transcript + recording.translation for recording in alone}) > 1
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(lambda options: model(speech, **options, **SHORT), calls * 2))
    assert together == alone * 2


def test_first_calls_in_threads(made, speech):
    """Nothing has been prepared yet."""
    from interactive_st.inference.hub import InteractiveST

    fresh = InteractiveST.from_pretrained(made.checkpoint, device="cpu")
    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(lambda _: fresh(speech, **SHORT), range(THREADS)))
    assert together == [fresh(speech, **SHORT)] * THREADS


def test_call_within_the_report_of_progress(model, speech, noises):
    model(speech, **SHORT)
    inner = []

    def progress(_):
        inner.append(model(noises[0], sample_rate=RATE, **SHORT))

    outer = [result for _, result in model.stream([speech], progress=progress, **SHORT)]
    assert outer[-1] == model(speech, **SHORT)
    assert inner


def test_a_model_is_for_one_thread_at_a_time(model):
    """For another model it is as ever, and a model that has decoded can be copied."""
    network, other = model.model, copy.deepcopy(model.model)
    taken = []

    def try_both():
        taken.append([decoding_lock(each).acquire(blocking=False) for each in (network, other)])
        decoding_lock(other).release()

    with decoding_lock(network), decoding_lock(network):
        thread = threading.Thread(target=try_both)
        thread.start()
        thread.join()
    assert taken == [[False, True]]


def test_log_is_as_before_where_quiet_times_overlap():
    logger = logging.getLogger("fairseq")
    before = logger.level
    first, second = quiet(), quiet()
    try:
        logger.setLevel(logging.INFO)
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert logger.level == logging.WARNING
        second.__exit__(None, None, None)
        assert logger.level == logging.INFO
    finally:
        logger.setLevel(before)
