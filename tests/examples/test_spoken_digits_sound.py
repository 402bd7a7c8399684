"""The sound of an utterance of spoken digits: pauses, speed, loudness, noise."""

import math

import numpy as np
import pytest
import soundfile

from examples.spoken_digits import corpus
from examples.spoken_digits.corpus import RATE


def test_sound_is_the_recordings_with_quiet_pauses(takes):
    [utterance] = corpus.draw(takes, "test", 1, 1, corpus.Shape(pairs=(1, 1), pause=(0.1, 0.1)))
    sound = corpus.render(utterance)
    pause, digit = RATE // 10, RATE // 10
    assert sound.shape == (3 * pause + 2 * digit,)
    assert sound.dtype == np.float32
    for place, take in enumerate(utterance.takes):
        start = pause + place * (pause + digit)
        recorded, _ = soundfile.read(take.path, dtype="float32")
        np.testing.assert_array_equal(sound[start : start + digit], recorded)
    # a tone has no silence: its quietest 20 ms are as loud as the rest, 0.3 / √2
    assert sound[:pause].std() == pytest.approx(0.3 / 2**0.5, rel=0.1)
    np.testing.assert_array_equal(corpus.render(utterance), sound)


def test_pauses_are_never_digital_silence(tmp_path):
    soundfile.write(tmp_path / "0_ann_0.wav", np.zeros(400), RATE)
    take = corpus.Take("ann", 0, 0, tmp_path / "0_ann_0.wav")
    utterance = corpus.Utterance(
        "a", "ann", (take, take), (0.1, 0.1), (1.0, 1.0), (1.0, 1.0), math.inf, 0.0, 5
    )
    sound = corpus.render(utterance)
    assert 0.5 / 32768 < sound[: RATE // 10].std() < 2 / 32768


def test_speed_and_gain(takes):
    [plain] = corpus.draw(takes, "test", 1, 1, corpus.Shape())
    assert (set(plain.speeds), set(plain.gains), plain.snr) == ({1.0}, {1.0}, math.inf)
    perturbed = corpus.draw(takes, "train", 50, 1, corpus.Shape(perturb=0.2))
    voices = [np.mean([min(utterance.speeds), max(utterance.speeds)]) for utterance in perturbed]
    assert 0.75 <= min(voices) < 0.84 < 1.16 < max(voices) <= 1.25
    for utterance in perturbed:
        assert 0 < max(utterance.speeds) - min(utterance.speeds) <= 2 * 0.2 * 0.25
    gains = [gain for utterance in perturbed for gain in utterance.gains]
    assert 0.7 < min(gains) < 0.72 < 1.38 < max(gains) < 1.42
    faster = corpus.Utterance(**vars(plain) | {"speeds": (1.25,) * len(plain.takes)})
    shorter = len(plain.takes) * (RATE // 10) / 5
    assert len(corpus.render(plain)) - len(corpus.render(faster)) == pytest.approx(shorter, abs=10)


def test_noise_is_as_loud_as_said(takes):
    [plain] = corpus.draw(takes, "test", 1, 1, corpus.Shape(pairs=(1, 1), pause=(0.1, 0.1)))
    sound = corpus.render(plain)
    for slope in corpus.SLOPE:
        noisy = corpus.Utterance(**vars(plain) | {"snr": 20.0, "slope": slope})
        added = corpus.render(noisy) - sound
        # tones of 0.3 / √2, and ten times less noise
        assert added.std() == pytest.approx(0.03 / 2**0.5, rel=0.1)
        power = np.abs(np.fft.rfft(added)) ** 2
        hiss = power[len(power) // 2 :].sum() / power.sum()
        assert (hiss > 0.4) if slope == 0 else (hiss < 0.1)
        np.testing.assert_array_equal(corpus.render(noisy), sound + added)


def test_noise_is_in_the_share_asked_for_and_changes_nothing_else(takes):
    quiet = corpus.draw(takes, "train", 90, 1, corpus.Shape(perturb=0.2))
    noisy = corpus.draw(takes, "train", 90, 1, corpus.Shape(perturb=0.2, noisy=0.5))
    levels = [utterance.snr for utterance in noisy if utterance.snr < math.inf]
    assert 30 < len(levels) < 60
    assert 10 <= min(levels) < 20 < 40 < max(levels) <= 50
    assert [u.takes for u in noisy] == [u.takes for u in quiet]
    assert [(u.speeds, u.pauses, u.noise_seed) for u in noisy] == [
        (u.speeds, u.pauses, u.noise_seed) for u in quiet
    ]


def test_a_loud_utterance_is_not_clipped(takes):
    [plain] = corpus.draw(takes, "test", 1, 1, corpus.Shape())
    loud = corpus.Utterance(**vars(plain) | {"gains": (9.0,) * len(plain.takes)})
    assert np.abs(corpus.render(loud)).max() == pytest.approx(0.97)


def test_real_recordings_give_all_readings(shared_data):
    found = corpus.list_takes(shared_data / "fsdd" / "recordings")
    assert len(found) == 2000
    training = corpus.select(found, ["george"], range(5, 50))
    assert len(training) == 450
    utterance = corpus.draw(training, "train", 1, 1, corpus.Shape(perturb=0.1))[0]
    sound = corpus.render(utterance)
    assert 0.3 < len(sound) / RATE / len(utterance.takes) < 1.2
