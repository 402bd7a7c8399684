"""Kaldi filterbanks of audio, and features that were computed elsewhere.

The settings are Kaldi's defaults, as in fairseq's speech recipes: frames of 25 ms every 10 ms,
none beyond the end (snip edges), povey window, pre-emphasis 0.97, natural logarithm, no energy,
samples as 16-bit integers. Only the dither is off, so that features can be computed again.
"""

import os
from typing import TYPE_CHECKING

import numpy as np

from interactive_st.conventions import FRAMES_PER_SECOND
from interactive_st.data.choices import NUM_MEL_BINS
from interactive_st.data.features.settings import FBANK, KINDS, PRECOMPUTED, FeatureSettings
from interactive_st.errors import DataError, require_file
from interactive_st.wording import counted

if TYPE_CHECKING:
    from kaldi_native_fbank import OnlineFbank

FRAME_SECONDS = 0.025
#: Kaldi's features expect samples in the range of 16-bit integers.
FULL_SCALE = 2.0**15
#: Samples a second, and filters, beyond which Kaldi would fill the memory with its tables.
LARGEST = 1_000_000


def fbank(waveform: np.ndarray, sample_rate: int, num_mel_bins: int = NUM_MEL_BINS) -> np.ndarray:
    """Compute log mel filterbanks as Kaldi does.

    Args:
        waveform: one channel, shape (N,), full scale = 1.0.
        sample_rate: its rate in Hz.
        num_mel_bins: number of filters, F.

    Returns:
        features, shape (T, F), float32, all finite, T = 1 + (N - 25 ms) // 10 ms.

    Raises:
        DataError: fewer samples than one frame, samples so large that their features are not finite, or a
            number of filters that Kaldi refuses at this rate.
    """
    if waveform.ndim != 1:
        raise DataError(f"one channel of samples is expected, got shape {waveform.shape}")
    computer = _make_computer(sample_rate, num_mel_bins)
    with np.errstate(over="ignore"):
        samples = waveform.astype(np.float32) * np.float32(FULL_SCALE)
    try:
        computer.accept_waveform(sample_rate, samples.tolist())  # an array is read number by number, slowly
        computer.input_finished()
    except RuntimeError as error:  # an energy is no number
        raise _too_large(waveform) from error
    if computer.num_frames_ready == 0:
        raise DataError(
            f"too short: {len(waveform) / sample_rate:.3f} s, "
            f"one frame of features takes {FRAME_SECONDS} s"
        )
    features = np.stack([computer.get_frame(i) for i in range(computer.num_frames_ready)])
    if not np.isfinite(features).all():
        raise _too_large(waveform)
    return features


def _too_large(waveform: np.ndarray) -> DataError:
    largest = np.abs(waveform).max()
    return DataError(
        f"samples of up to {largest:.1e} are too large for features to be finite; full scale is 1.0"
    )


def is_longer(frames: int, seconds: float) -> bool:
    """Tell whether audio that gives so many frames is longer than `seconds`, as far as frames show: up to
    10 ms more are not seen."""
    shortest = 1000 * FRAME_SECONDS + (frames - 1) * 1000 / FRAMES_PER_SECOND  # in ms, which are whole
    return shortest > 1000 * seconds


def check_filterbank(settings: FeatureSettings) -> None:
    """Make sure that there are such filters, before audio is read; other features are left alone.

    Raises:
        DataError: Kaldi refuses them.
    """
    if settings.get("type") != FBANK:
        return
    try:
        _make_computer(int(settings["sample_rate"]), int(settings["num_mel_bins"]))
    except DataError as error:
        raise DataError(f"{error}; choose others by --num-mel-bins and --sample-rate") from error


def _make_computer(sample_rate: int, num_mel_bins: int) -> "OnlineFbank":
    import kaldi_native_fbank  # here, since stored features need none of the libraries for audio

    what = f"no filterbank of {num_mel_bins} mel bins at {sample_rate} Hz"
    if max(sample_rate, num_mel_bins) > LARGEST:
        raise DataError(f"{what}: neither can be more than {LARGEST}")
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.dither = 0.0
    options.frame_opts.samp_freq = sample_rate
    options.mel_opts.num_bins = num_mel_bins
    try:
        return kaldi_native_fbank.OnlineFbank(options)
    except ValueError as error:
        raise DataError(f"{what}: {str(error).rstrip('.')}") from error


def features_from_file(
    path: str | os.PathLike,
    settings: FeatureSettings,
    offset: float = 0.0,
    duration: float | None = None,
) -> np.ndarray:
    """Return the features of one utterance, as the ``features`` entry of a data folder says.

    Args:
        path: audio for ``type: fbank``, a ``.npy`` file of shape (T, F) for ``type: precomputed``.
        settings: how they are made.
        offset: start in the audio, seconds; audio only.
        duration: length in seconds, None to the end; audio only.

    Returns:
        features, shape (T, F), float32, T > 0, all finite.

    Raises:
        DataError: the file does not hold such features; the message names it.
    """
    kind = settings.get("type")
    if kind == FBANK:
        rate = int(settings["sample_rate"])
        from interactive_st.data.audio.waveform import load_audio

        waveform, _ = load_audio(path, rate, offset, duration)
        try:
            return fbank(waveform, rate, int(settings["num_mel_bins"]))
        except DataError as error:
            raise DataError(f"{path}: {error}") from error
    if kind == PRECOMPUTED:
        if offset or duration is not None:
            raise DataError(f"{path}: offset and duration are for audio; features are taken whole")
        return _load_features(path, settings.get("dim"))
    raise DataError(f"features of unknown type {kind!r}: it must be {' or '.join(KINDS)}")


def _load_features(path: str | os.PathLike, dim: object) -> np.ndarray:
    """Read features of shape (T, dim) from a .npy file."""
    require_file(path, "feature file")
    try:
        features = np.load(path, allow_pickle=False)
    except Exception as error:  # a damaged header can make numpy stumble over anything
        raise DataError(f"{path}: not readable as a .npy array ({error})") from error
    if not isinstance(features, np.ndarray):
        raise DataError(f"{path}: holds several arrays; one .npy an utterance is expected")
    if features.dtype.kind not in "fiu":
        raise DataError(f"{path}: holds {features.dtype}, not numbers")
    if features.ndim != 2:
        raise DataError(f"{path}: has shape {features.shape}, (frames, dimensions) is expected")
    if 0 in features.shape:
        raise DataError(f"{path}: zero length, shape {features.shape}")
    with np.errstate(over="ignore"):
        # before the check: a large number of 64 bits is infinite in 32
        features = np.ascontiguousarray(features, dtype=np.float32)
    if not np.isfinite(features).all():
        raise DataError(f"{path}: holds NaN, or values that are infinite as 32-bit numbers")
    if dim is not None and features.shape[1] != dim:
        raise DataError(f"{path}: has {counted(features.shape[1], 'dimension')}, {dim} are expected")
    return features
