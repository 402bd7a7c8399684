"""The arithmetic of the transform `dynamic_range`, without fairseq."""

import numpy as np

#: The name of the transform, and the key of its entry in a configuration.
NAME = "dynamic_range"
#: Percentile of an utterance's frames that is taken as the peak, so that clicks do not count.
PEAK = 99.0


def limit_range(features: np.ndarray, decibels: float) -> np.ndarray:
    """Raise what is more than `decibels` below the peak of its filter in the utterance to that level.

    Args:
        features: natural logarithms of power, shape (T, F).
        decibels: the range that is kept, more than 0.

    Returns:
        the same shape and type.
    """
    below = decibels * np.log(10.0) / 10.0
    floor = np.percentile(features, PEAK, axis=0) - below
    return np.maximum(features, floor.astype(features.dtype))
