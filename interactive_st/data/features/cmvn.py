"""Mean and standard deviation of features over a whole corpus (global CMVN)."""

import os

import numpy as np

#: fairseq's lower bound of a variance, so that a constant dimension is not divided by zero.
SMALLEST_VARIANCE = 1e-8


class RunningStatistics:
    """Mean and deviation of all frames seen so far, without keeping them.

    Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample
    variances" (1979): sums of squared deviations are merged, which does not cancel as the
    difference of large sums does.
    """

    def __init__(self) -> None:
        self.count = 0
        self._mean: np.ndarray | float = 0.0
        self._squares: np.ndarray | float = 0.0

    def add(self, features: np.ndarray) -> None:
        """Take in the frames of an utterance, shape (T, F)."""
        frames = features.astype(np.float64)
        mean = frames.mean(axis=0)
        squares = np.square(frames - mean).sum(axis=0)
        total = self.count + len(frames)
        shift = mean - self._mean
        self._squares = self._squares + squares + shift**2 * (self.count * len(frames) / total)
        self._mean = self._mean + shift * (len(frames) / total)
        self.count = total

    @property
    def mean(self) -> np.ndarray:
        """Mean of each dimension, shape (F,), float32."""
        return np.asarray(self._mean, dtype=np.float32)

    @property
    def std(self) -> np.ndarray:
        """Standard deviation of each dimension, shape (F,), float32, never zero."""
        variance = np.asarray(self._squares) / self.count
        return np.sqrt(np.maximum(variance, SMALLEST_VARIANCE)).astype(np.float32)

    def save(self, path: str | os.PathLike) -> None:
        """Write ``mean`` and ``std`` as fairseq's transform ``global_cmvn`` reads them."""
        np.savez(path, mean=self.mean, std=self.std)
