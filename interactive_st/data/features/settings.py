"""How features are made: what the entry ``features`` of a data folder's configuration says."""

from typing import TypedDict

FBANK, PRECOMPUTED = "fbank", "precomputed"
#: Kinds of features, and the numbers that say how they are made.
KINDS = {FBANK: ("num_mel_bins", "sample_rate"), PRECOMPUTED: ()}


class FeatureSettings(TypedDict, total=False):
    """``type``: one of `KINDS`. ``fbank`` are ``num_mel_bins`` filters of audio that is resampled to
    ``sample_rate`` Hz; ``precomputed`` are .npy files of shape (T, ``dim``), or (T, F) without ``dim``.
    Where somebody wrote the configuration, a number may be a text, such as ``"8000"``."""

    type: str
    num_mel_bins: int
    sample_rate: int
    dim: int


def filterbanks(num_mel_bins: int, sample_rate: int) -> FeatureSettings:
    """Return the settings of filterbanks; the rate is in Hz."""
    return {"type": FBANK, "num_mel_bins": num_mel_bins, "sample_rate": sample_rate}
