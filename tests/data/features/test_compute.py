"""Filterbanks against reference values, and features from files of both kinds."""

import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from interactive_st.data.audio.waveform import load_audio
from interactive_st.data.features.compute import check_filterbank, fbank, features_from_file, is_longer
from interactive_st.errors import DataError

FBANK = {"type": "fbank", "num_mel_bins": 80, "sample_rate": 16000}


def noise(samples: int) -> np.ndarray:
    return np.random.default_rng(5).normal(0, 0.1, samples).astype(np.float32)


def kaldi_frame(samples: np.ndarray, rate: int, bins: int) -> np.ndarray:
    """One filterbank frame by the equations of Kaldi's feature documentation, in float64."""
    x = samples.astype(np.float64) * 32768
    x = x - x.mean()
    x = np.concatenate([[x[0] - 0.97 * x[0]], x[1:] - 0.97 * x[:-1]])
    n = len(x)
    x = x * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / (n - 1))) ** 0.85
    size = 1 << (n - 1).bit_length()
    power = np.abs(np.fft.rfft(x, size)) ** 2

    def mel(hertz):
        return 1127 * np.log(1 + np.asarray(hertz) / 700)

    edges = np.linspace(mel(20), mel(rate / 2), bins + 2)
    frequency = mel(np.arange(size // 2) * rate / size)
    up = (frequency - edges[:-2, None]) / np.diff(edges)[:-1, None]
    down = (edges[2:, None] - frequency) / np.diff(edges)[1:, None]
    filters = np.maximum(0, np.minimum(up, down))
    return np.log(np.maximum(filters @ power[: size // 2], 1.1920929e-07))


@pytest.mark.parametrize(("rate", "bins"), [(16000, 80), (16000, 40), (8000, 40), (8000, 23)])
def test_equals_kaldis_equations(rate, bins):
    samples = noise(rate // 4)
    features = fbank(samples, rate, bins)
    for frame in (0, 7, len(features) - 1):
        start = frame * rate // 100
        expected = kaldi_frame(samples[start : start + rate // 40], rate, bins)
        np.testing.assert_allclose(features[frame], expected, atol=2e-3)


def test_equals_reference_values_of_torchaudio(shared_data):
    reference = np.load(shared_data / "reference_fbank" / "torchaudio_kaldi_fbank80.npz")
    assert len(reference.files) == 3
    for name in reference.files:
        samples, rate = load_audio(shared_data / name)
        features = fbank(samples, rate)
        assert features.shape == reference[name].shape
        np.testing.assert_allclose(features, reference[name], atol=1e-3, rtol=0)


@settings(max_examples=20, deadline=None)
@given(samples=st.integers(400, 4000), bins=st.sampled_from([20, 80]))
def test_frames_are_whole_and_finite(samples, bins):
    features = fbank(noise(samples), 16000, bins)
    assert features.shape == (1 + (samples - 400) // 160, bins)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()


def test_silence_is_finite_and_repeats_exactly():
    silence = fbank(np.zeros(1600, np.float32), 16000)
    assert np.isfinite(silence).all()
    np.testing.assert_array_equal(silence, fbank(np.zeros(1600, np.float32), 16000))


def test_refuses_less_than_a_frame_and_impossible_filters():
    with pytest.raises(DataError, match=r"too short: 0\.025 s"):
        fbank(noise(399), 16000)
    with pytest.raises(DataError, match="2 mel bins"):
        fbank(noise(1600), 16000, 2)
    with pytest.raises(DataError, match="1000 mel bins"):
        fbank(noise(1600), 16000, 1000)
    with pytest.raises(DataError, match="one channel"):
        fbank(noise(1600).reshape(2, 800), 16000)


def test_from_audio_resamples_and_cuts(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(44100), 44100, subtype="FLOAT")
    features = features_from_file(path, FBANK, 0.25, 0.5)
    samples, _ = load_audio(path, 16000, 0.25, 0.5)
    np.testing.assert_array_equal(features, fbank(samples, 16000))
    with pytest.raises(DataError, match=r"a\.wav: too short"):
        features_from_file(path, FBANK, 0.0, 0.01)


def test_from_existing_features(tmp_path):
    array = noise(65).reshape(5, 13).astype(np.float64)
    np.save(tmp_path / "a.npy", array)
    features = features_from_file(tmp_path / "a.npy", {"type": "precomputed", "dim": 13})
    assert features.dtype == np.float32
    np.testing.assert_array_equal(features, array.astype(np.float32))
    np.testing.assert_array_equal(
        features, features_from_file(tmp_path / "a.npy", {"type": "precomputed"})
    )


@pytest.mark.parametrize("part", [{"offset": 0.5}, {"duration": 1.0}])
def test_features_are_taken_whole(tmp_path, part):
    np.save(tmp_path / "a.npy", np.zeros((3, 13), np.float32))
    with pytest.raises(DataError, match="offset and duration are for audio"):
        features_from_file(tmp_path / "a.npy", {"type": "precomputed"}, **part)


def test_unusable_feature_files_are_refused(tmp_path):
    spec = {"type": "precomputed", "dim": 3}
    arrays = {
        "one_dimension": (np.zeros(3), "has shape"),
        "no_frames": (np.zeros((0, 3)), "zero length"),
        "nan": (np.full((2, 3), np.nan), "NaN"),
        "large": (np.full((2, 3), 1e300), "infinite as 32-bit numbers"),
        "wide": (np.zeros((2, 4)), "has 4 dimensions, 3 are expected"),
        "strings": (np.array([["a", "b", "c"]]), "not numbers"),
        "objects": (np.array([[{}, {}, {}]]), "not readable"),
    }
    for name, (array, message) in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
        with pytest.raises(DataError, match=message):
            features_from_file(tmp_path / f"{name}.npy", spec)
    np.savez(tmp_path / "many.npz", a=np.zeros((2, 3)))
    with pytest.raises(DataError, match="several arrays"):
        features_from_file(tmp_path / "many.npz", spec)
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY\x01")
    with pytest.raises(DataError, match="not readable"):
        features_from_file(tmp_path / "broken.npy", spec)
    with pytest.raises(DataError, match="no such feature file"):
        features_from_file(tmp_path / "none.npy", spec)
    with pytest.raises(DataError, match="File name too long"):
        features_from_file(tmp_path / f"{'x' * 300}.npy", spec)
    with pytest.raises(DataError, match="are for audio"):
        features_from_file(tmp_path / "nan.npy", spec, 1.0)
    with pytest.raises(DataError, match="unknown type 'mfcc'"):
        features_from_file(tmp_path / "nan.npy", {"type": "mfcc"})


@pytest.mark.parametrize(
    "damage",
    [b"((5, 3), ", b"(5, 3), b'a': 1, ", b"(5, 10000000000000000000000), ", b"(5000000000000, 3), "],
)
def test_a_damaged_header_of_a_feature_file_is_refused(tmp_path, damage):
    np.save(tmp_path / "a.npy", np.zeros((5, 3)))
    content = (tmp_path / "a.npy").read_bytes()
    shape = content.index(b"(5, 3), ")
    spaces = content.index(b"}") + 1  # behind which the header is filled up
    added = len(damage) - len(b"(5, 3), ")
    header = content[:shape] + damage + content[shape + 8 : spaces]
    (tmp_path / "a.npy").write_bytes(header + content[spaces + added :])
    with pytest.raises(DataError, match=r"a\.npy: not readable as a \.npy array"):
        features_from_file(tmp_path / "a.npy", {"type": "precomputed"})


@pytest.mark.parametrize("value", [1e16, 1e30, 3e38])
def test_samples_too_large_for_finite_features_are_refused(tmp_path, value):
    samples = noise(16000)
    samples[8000] = value
    soundfile.write(tmp_path / "a.wav", samples, 16000, subtype="FLOAT")
    with pytest.raises(DataError, match=r"a\.wav: samples of up to \d\.\de\+\d\d are too large for"):
        features_from_file(tmp_path / "a.wav", FBANK)


def test_sphinx_mfcc_of_an4_go_through_npy(shared_data, tmp_path):
    paths = sorted((shared_data / "an4" / "feat").rglob("*.mfc"))[:3]
    assert len(paths) == 3
    for path in paths:
        data = path.read_bytes()
        (count,) = struct.unpack(">i", data[:4])
        array = np.frombuffer(data, ">f4", count, 4).reshape(-1, 13)
        np.save(tmp_path / "a.npy", array)  # big-endian, as it is
        features = features_from_file(tmp_path / "a.npy", {"type": "precomputed", "dim": 13})
        np.testing.assert_array_equal(features, array)
        assert features.dtype == np.dtype("<f4")


@pytest.mark.parametrize(
    "change", [{"num_mel_bins": 1000}, {"sample_rate": 30}, {"sample_rate": 10**10}, {"num_mel_bins": 10**12}]
)
def test_impossible_filters_are_found_before_audio_is_read(change):
    check_filterbank(FBANK)
    check_filterbank({"type": "precomputed"})
    with pytest.raises(DataError, match=r"no filterbank of .*; choose others by --num-mel-bins"):
        check_filterbank({**FBANK, **change})


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 48000])
@pytest.mark.parametrize("seconds", [0.025, 0.1, 0.625, 1.0, 1.234])
def test_what_frames_tell_of_the_length(rate, seconds):
    def longer(length: float) -> bool:
        return is_longer(len(fbank(noise(round(length * rate)), rate)), seconds)

    assert not longer(seconds)
    assert longer(seconds + 0.011)
    assert not is_longer(len(fbank(noise(rate), rate)), float("inf"))
