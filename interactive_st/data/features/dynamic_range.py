"""Limits the dynamic range of log filterbanks, to reduce differences between rooms and microphones."""

from typing import Any

import numpy as np
from fairseq.data.audio.feature_transforms import AudioFeatureTransform, register_audio_feature_transform

from interactive_st.data.features.range_limit import NAME, limit_range


@register_audio_feature_transform(NAME)
class DynamicRange(AudioFeatureTransform):
    """Raises the values of each filter to at least ``decibels`` below its peak.

    How deep the pauses of an utterance are depends on microphone and room more than on what is said,
    but after utterance CMVN everything depends on them: their depth makes up most of the variance.
    Whisper limits its features likewise, to 80 dB below the peak of all filters
    (Radford et al., 2022; ``log_mel_spectrogram``). Here each filter has its own peak, as each has its
    own mean in CMVN.

    Args:
        decibels: the range that is kept, more than 0.
    """

    def __init__(self, decibels: float) -> None:
        if isinstance(decibels, bool) or not isinstance(decibels, (int, float)) or not decibels > 0:
            raise ValueError(f"{NAME}: decibels has to be a number above 0, is {decibels!r}")
        self.decibels = decibels

    @classmethod
    def from_config_dict(cls, config: dict[str, Any] | None = None) -> "DynamicRange":
        """Make it of its entry in a data configuration, ``dynamic_range: {decibels: 30}``.

        Raises:
            ValueError: the entry is missing or says something else.
        """
        if not isinstance(config, dict) or set(config) != {"decibels"}:
            raise ValueError(
                f"{NAME} among the feature transforms needs an entry of its own, such as "
                f"{NAME}: {{decibels: 30}}; it is {config!r}"
            )
        return cls(config["decibels"])

    def __repr__(self) -> str:
        return f"{type(self).__name__}(decibels={self.decibels})"

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Limit natural logarithms of power, shape (T, F); returns the same shape and type."""
        return limit_range(features, self.decibels)
