import sys

import numpy as np
import pytest
import torch

from interactive_st.inference import voice_activity
from interactive_st.inference.sources import FileSource
from interactive_st.inference.voice_activity import AT_ONCE, Ear, VoiceActivity


@pytest.fixture(scope="module")
def activity():
    return VoiceActivity(16000)


def blocks_of(samples, size):
    return [samples[i : i + size] for i in range(0, len(samples), size)]


def test_threads_stay_as_they_were():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        VoiceActivity(16000)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_takes_no_random_numbers():
    voice_activity._network.cache_clear()
    before = torch.get_rng_state()
    VoiceActivity(16000)
    assert torch.equal(torch.get_rng_state(), before)


def test_what_torch_makes_by_default_does_not_matter(activity):
    """As where a caller loads other models in half precision, or on a GPU."""
    samples = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    expected = [probability for _, probability in activity.windows([samples])]
    voice_activity._network.cache_clear()
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device("meta"):
            assert [probability for _, probability in VoiceActivity(16000).windows([samples])] == expected
    finally:
        torch.set_default_dtype(dtype)
        voice_activity._network.cache_clear()


def test_needs_no_torchaudio(activity):
    assert "torchaudio" not in sys.modules
    assert "onnxruntime" not in sys.modules


@pytest.mark.parametrize("rate", [8000, 16000, 11025, 22050, 48000])
def test_windows_are_the_samples(rate):
    """Every sample comes once, in windows of 32 ms, at rates that the model knows and others."""
    samples = np.random.default_rng(rate).normal(0, 0.01, rate * 2 + 77).astype(np.float32)
    windows = list(VoiceActivity(rate).windows(blocks_of(samples, 7001)))
    assert np.array_equal(np.concatenate([window for window, _ in windows]), samples)
    assert len(windows) == -(-len(samples) * 1000 // (32 * rate))
    lengths = {len(window) for window, _ in windows[:-1]}
    assert max(lengths) - min(lengths) <= 1
    assert all(0 <= probability <= 1 for _, probability in windows)


def test_blocks_do_not_matter(activity):
    samples = np.random.default_rng(0).normal(0, 0.1, 20000).astype(np.float32)
    probabilities = [
        [probability for _, probability in activity.windows(blocks_of(samples, size))]
        for size in (20000, 500, 4096)
    ]
    assert probabilities[0] == probabilities[1] == probabilities[2]


@pytest.mark.parametrize("rate", [8000, 16000])
def test_probabilities_are_those_of_the_network(rate, shared_data):
    """As it gives them when it is called as its package does: one window after the other."""
    from silero_vad import load_silero_vad

    samples = FileSource(shared_data / "whisper_jfk" / "tests" / "jfk.flac").whole(rate)
    whole, size = load_silero_vad(), rate * 32 // 1000
    padded = torch.from_numpy(np.pad(samples, (0, -len(samples) % size)))
    with torch.inference_mode():
        alone = [float(whole(window, rate)) for window in padded.split(size)]
    together = [probability for _, probability in VoiceActivity(rate).windows([samples])]
    assert together == pytest.approx(alone, abs=2e-5)


@pytest.mark.parametrize("rate", [8000, 22050])
def test_many_windows_are_heard_at_once(rate, monkeypatch):
    """One by one, they took a third or more of the time of all decoding."""
    counts = []

    def listen(self, windows):
        counts.append(len(windows))
        return [0.0] * len(windows)

    monkeypatch.setattr(Ear, "__call__", listen)
    samples = np.zeros(rate * 32 * (2 * AT_ONCE + 1) // 1000, dtype=np.float32)
    list(VoiceActivity(rate).windows(blocks_of(samples, rate)))
    assert counts == [AT_ONCE, AT_ONCE, 1]


def test_silence_is_no_speech(activity):
    assert max(p for _, p in activity.windows([np.zeros(16000, dtype=np.float32)])) < 0.3


@pytest.mark.parametrize("rate", [8000, 16000, 22050])
def test_finds_speech_and_pauses(shared_data, rate):
    """The pauses of a public speech are where an ear hears them (to a tenth of a second)."""
    source = FileSource(shared_data / "whisper_jfk" / "tests" / "jfk.flac")
    windows = list(VoiceActivity(rate).windows(source.blocks(rate)))
    speech = np.array([probability >= 0.5 for _, probability in windows])
    times = np.arange(len(speech)) * 0.032
    for start, end in ((0.6, 2.0), (5.6, 7.4), (8.4, 10.2)):
        assert speech[(times >= start) & (times < end)].mean() > 0.9
    for start, end in ((2.5, 3.1), (4.6, 5.2), (7.8, 8.1)):
        assert speech[(times >= start) & (times < end)].mean() < 0.1


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100])
def test_windows_stay_in_step_with_what_is_heard(rate, noise_is_speech):
    """32 ms are no whole number of samples at every rate; what is missing would add up to seconds an hour."""
    samples = np.zeros(rate * 4, dtype=np.float32)
    ends = np.cumsum([len(window) for window, _ in VoiceActivity(rate).windows([samples])])
    assert ends[:-1].tolist() == [(number + 1) * 32 * rate // 1000 for number in range(len(ends) - 1)]


def test_what_is_resampled_is_heard_to_its_end(monkeypatch):
    heard = []

    def listen(self, windows):
        heard.extend(windows)
        return [0.0] * len(windows)

    monkeypatch.setattr(Ear, "__call__", listen)
    list(VoiceActivity(22050).windows([np.ones(22050, dtype=np.float32)]))
    assert np.count_nonzero(np.concatenate(heard) > 0.5) == pytest.approx(16000, abs=16)
