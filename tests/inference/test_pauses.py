import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interactive_st.inference.pauses import cut_at_pauses, find_utterances
from interactive_st.inference.sources import ArraySource
from interactive_st.inference.voice_activity import VoiceActivity
from tests.speech_model import bursts

RATE = 8000
WINDOW = 256
SECONDS = 0.032


def windows(probabilities):
    """Windows whose samples count on, so that a sample says where it comes from."""
    for number, probability in enumerate(probabilities):
        yield np.arange(number * WINDOW, (number + 1) * WINDOW, dtype=np.float64), probability


def cut(probabilities, max_segment=20.0, min_pause=0.5):
    return list(cut_at_pauses(windows(probabilities), RATE, max_segment, min_pause))


def in_windows(utterances):
    return [(round(u.start / SECONDS), round(u.end / SECONDS)) for u in utterances]


def test_cuts_at_pauses_with_margins():
    """16 windows are 0.5 s; 6 windows (0.2 s) of silence are kept on either side."""
    utterances = cut([0.0] * 50 + [0.9] * 30 + [0.0] * 16 + [0.9] * 40 + [0.0] * 50)
    assert in_windows(utterances) == [(44, 86), (90, 142)]
    assert [u.speech for u in utterances] == [
        ((pytest.approx(50 * SECONDS), pytest.approx(80 * SECONDS)),),
        ((pytest.approx(96 * SECONDS), pytest.approx(136 * SECONDS)),),
    ]


def test_samples_are_those_of_the_times():
    for utterance in cut([0.0] * 20 + [0.9] * 30 + [0.0] * 40 + [0.9] * 10):
        assert utterance.samples[0] == utterance.start * RATE
        assert utterance.samples[-1] == utterance.end * RATE - 1
        assert len(utterance.samples) == round((utterance.end - utterance.start) * RATE)


def test_a_shorter_pause_stays_inside():
    utterances = cut([0.9] * 30 + [0.0] * 15 + [0.9] * 30)
    assert in_windows(utterances) == [(0, 75)]
    assert len(utterances[0].speech) == 2


def test_the_pause_is_an_option():
    probabilities = [0.9] * 30 + [0.0] * 15 + [0.9] * 30
    assert len(cut(probabilities, min_pause=0.3)) == 2


def test_no_shorter_pause_is_cut_at():
    """9 windows are 0.288 s."""
    assert len(cut([0.9] * 30 + [0.0] * 9 + [0.9] * 30, min_pause=0.3)) == 1
    assert len(cut([0.9] * 30 + [0.0] * 10 + [0.9] * 30, min_pause=0.3)) == 2


def test_a_click_is_no_utterance():
    assert cut([0.0] * 30 + [0.9] * 3 + [0.0] * 60) == []


def test_silence_has_no_utterances():
    assert cut([0.1] * 200) == []
    assert cut([]) == []


def test_speech_begins_surely_and_goes_on_in_doubt():
    assert cut([0.4] * 100) == []
    assert in_windows(cut([0.6] + [0.4] * 99)) == [(0, 100)]
    assert in_windows(cut([0.5] + [0.35] * 99)) == [(0, 100)]
    assert in_windows(cut([0.9] * 30 + [0.0] * 30 + [0.4] * 30 + [0.0] * 30)) == [(0, 36)], "surely anew"


def test_speech_without_a_pause_is_cut_where_it_is_weakest():
    longest = 312  # 10 s
    probabilities = [0.9] * 1000
    probabilities[200:210] = [0.4] * 10
    utterances = cut(probabilities, max_segment=10.0)
    assert in_windows(utterances)[0] == (0, 205)
    assert all(end - start <= longest for start, end in in_windows(utterances))
    assert in_windows(utterances)[-1][1] == 1000
    for before, after in itertools.pairwise(utterances):
        assert before.end == after.start


def test_what_is_left_of_speech_that_was_cut_ends_at_its_pause():
    (_, end), last = in_windows(cut([0.9] * 312 + [0.0] * 60, max_segment=10.0))
    assert last == (end, 312 + 6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 60), st.sampled_from([0.0, 0.4, 0.9])), max_size=20))
def test_speech_is_kept_in_order(runs):
    """Whatever the speech: in order, apart, never longer than asked for, and clear speech is kept."""
    probabilities = [probability for count, probability in runs for _ in range(count)]
    utterances = cut(probabilities, max_segment=2.0, min_pause=0.3)
    times = [time for u in utterances for time in (u.start, u.end)]
    assert times == sorted(times)
    assert all(0 < u.end - u.start <= 2.0 for u in utterances)
    covered = {window for start, end in in_windows(utterances) for window in range(start, end)}
    start = 0
    for count, probability in runs:
        if probability > 0.5 and count > 7:
            # an end cut off by force may be so short that it counts as a click
            assert len(covered & set(range(start, start + count))) >= count - 3
        start += count


def find(samples, max_segment=20.0, min_pause=0.5):
    return list(find_utterances(ArraySource(samples, RATE), VoiceActivity(RATE), max_segment, min_pause))


def test_a_short_recording_without_a_pause_is_one_utterance(noise_is_speech):
    samples = bursts([(0.4, 1.6), (2.0, 3.6)], 4.0)
    (utterance,) = find(samples)
    assert (utterance.start, utterance.end) == (0.0, 4.0)
    assert np.array_equal(utterance.samples, samples)
    np.testing.assert_allclose(utterance.speech, [(0.4, 1.6), (2.0, 3.6)], atol=2 * SECONDS)


@pytest.mark.parametrize(("before", "behind"), [(0.7, 0.1), (0.1, 0.7), (0.9, 0.9)])
@pytest.mark.parametrize("min_pause", [0.3, 2.0])
def test_silence_around_a_short_recording_is_cut_to_the_margin(before, behind, min_pause, noise_is_speech):
    (utterance,) = find(bursts([(before, before + 1.0)], before + 1.0 + behind), min_pause=min_pause)
    margin = min(0.2, min_pause / 2)
    expected = (before - min(before, margin), before + 1.0 + min(behind, margin))
    assert (utterance.start, utterance.end) == pytest.approx(expected, abs=2 * SECONDS)


class TestDigitalSilence:
    """Samples of one and the same value, here of 0 or of what μ-law makes of 0."""

    @staticmethod
    def muted(samples, *spans, value=0.0):
        for start, end in spans:
            samples[round(start * RATE) : round(end * RATE)] = value
        return samples

    @pytest.mark.parametrize("value", [0.0, -8 / 32768])
    def test_none_is_left_around_a_short_recording(self, value, noise_is_speech):
        samples = self.muted(bursts([(0.5, 1.5)], 1.8), (0.0, 0.45), (1.6, 1.8), value=value)
        (utterance,) = find(samples)
        assert (utterance.start, utterance.end) == pytest.approx((0.45, 1.6), abs=2 / RATE)
        assert np.array_equal(
            utterance.samples, samples[round(utterance.start * RATE) : round(utterance.end * RATE)]
        )

    def test_nor_around_those_of_a_long_one(self, noise_is_speech):
        samples = self.muted(bursts([(1.0, 2.0), (3.0, 4.0)], 5.0), (0.0, 1.0), (2.0, 3.0), (4.1, 5.0))
        utterances = find(samples, max_segment=3.0)
        assert [time for u in utterances for time in (u.start, u.end)] == pytest.approx(
            [1.0, 2.0, 3.0, 4.1], abs=2 / RATE
        )
        for utterance in utterances:
            assert all(utterance.start <= a < b <= utterance.end for a, b in utterance.speech)

    def test_what_is_within_stays(self, noise_is_speech):
        samples = self.muted(bursts([(0.1, 1.0), (1.3, 2.0)], 2.1), (1.0, 1.3))
        (utterance,) = find(samples)
        assert np.array_equal(utterance.samples, samples)

    def test_a_few_equal_samples_are_no_silence(self, noise_is_speech):
        """Resamplers and encoders write some; such a file has to remain what it is in training."""
        samples = self.muted(bursts([(0.1, 1.0)], 1.1), (0.0, 0.01), (1.09, 1.1))
        (utterance,) = find(samples)
        assert (utterance.start, utterance.end) == (0.0, 1.1)

    def test_a_sound_of_some_samples_between_is_a_click(self, noise_is_speech):
        """Which the detector takes for longer than it is, and of which no features could be made."""
        assert find(self.muted(bursts([(0.4, 0.6)], 1.0), (0.0, 0.49), (0.51, 1.0))) == []

    def test_so_is_one_in_a_long_recording(self, noise_is_speech):
        assert find(self.muted(bursts([(0.4, 0.6)], 1.0), (0.0, 0.49), (0.51, 1.0)), max_segment=0.9) == []

    def test_a_tone_of_one_value_is_for_the_model(self):
        utterances = list(cut_at_pauses([(np.ones(WINDOW), 0.9)] * 20, RATE, 20.0, 0.5))
        assert in_windows(utterances) == [(0, 20)]


def test_a_short_recording_is_cut_at_its_pauses(noise_is_speech):
    samples = bursts([(0.8, 2.0), (3.5, 4.0)], 5.0)
    utterances = find(samples)
    np.testing.assert_allclose(
        [(u.start, u.end) for u in utterances], [(0.6, 2.2), (3.3, 4.2)], atol=2 * SECONDS
    )
    assert len(find(samples, min_pause=2.0)) == 1


def test_also_at_those_that_part_no_speech(noise_is_speech):
    """As a long one is, for which silence is put behind here."""
    samples = bursts([(0.3, 0.9), (1.05, 1.5), (1.66, 2.3)], 2.5)
    assert len(find(samples, min_pause=0.1)) == 3
    assert len(find(np.concatenate([samples, bursts([], 20.0)]), min_pause=0.1)) == 3
    assert len(find(samples, min_pause=0.2)) == 1


def test_a_short_recording_of_silence_has_no_utterances(noise_is_speech):
    assert find(np.zeros(5 * RATE, dtype=np.float32)) == []


def test_long_silence_around_speech_is_left_out(noise_is_speech):
    (utterance,) = find(bursts([(3.0, 4.0)], 9.0))
    assert (utterance.start, utterance.end) == pytest.approx((2.8, 4.2), abs=2 * SECONDS)


def test_a_long_one_is_cut(noise_is_speech):
    samples = bursts([(1.0, 2.0), (3.5, 4.5)], 5.0)
    utterances = find(samples, max_segment=4.0)
    np.testing.assert_allclose(
        [(u.start, u.end) for u in utterances], [(0.8, 2.2), (3.3, 4.7)], atol=2 * SECONDS
    )


def test_a_long_one_without_a_pause_is_cut_too(noise_is_speech):
    utterances = find(bursts([(0.0, 9.0)], 9.0), max_segment=4.0)
    assert max(u.end - u.start for u in utterances) <= 4.0
    assert sum(u.end - u.start for u in utterances) == pytest.approx(9.0, abs=2 * SECONDS)


def test_memory_does_not_grow_with_the_recording():
    """Ten minutes of windows, 18 MiB, pass through while some seconds are held."""
    probabilities = ([0.9] * 40 + [0.0] * 22) * 300
    blocks = ((np.zeros(WINDOW, dtype=np.float32), p) for p in probabilities)
    tracemalloc.start()
    try:
        assert sum(1 for _ in cut_at_pauses(blocks, RATE, 20.0, 0.5)) == 300
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * 2**20


@pytest.mark.parametrize(("windows", "stretches"), [(6, 1), (7, 2)])
def test_gaps_of_less_than_a_fifth_of_a_second_part_no_speech(windows, stretches):
    """6 windows are 0.192 s, 7 are 0.224 s."""
    (utterance,) = cut([0.9] * 30 + [0.0] * windows + [0.9] * 30)
    assert len(utterance.speech) == stretches


def test_a_short_pause_is_shared():
    """At a pause of 6 windows either side keeps 3 of them, not the first all."""
    assert in_windows(cut([0.9] * 30 + [0.0] * 6 + [0.9] * 30, min_pause=6 * SECONDS)) == [(0, 33), (33, 66)]
    assert in_windows(cut([0.9] * 30 + [0.0] * 60 + [0.9] * 30, min_pause=6 * SECONDS)) == [
        (0, 33),
        (87, 120),
    ]
