"""Where somebody speaks: probabilities of speech, window by window.

By Silero VAD, of the libraries that find speech the best kept: it tells speech from noise and
music, which those by energy or by a Gaussian mixture (auditok, webrtcvad) do not; its model (MIT
licence) comes inside a wheel for every platform; and it needs nothing but torch. A minute takes it
about a second. onnxruntime and torchaudio are optional extras, neither of which is used here.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import soxr
import torch

#: Samples a window by the rates that the model knows; all are 32 ms.
WINDOW_SAMPLES = {8000: 256, 16000: 512}
WINDOW_SECONDS = 0.032
_MS = 32


class VoiceActivity:
    """Probabilities of speech in a recording.

    Args:
        rate: of the samples, in Hz; other rates than the model's are resampled for it.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.heard_rate = rate if rate in WINDOW_SAMPLES else 16000
        self._model = _load_model()

    def windows(self, blocks: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, float]]:
        """Yield each 32 ms of a recording and the probability that it holds speech.

        Args:
            blocks: samples, each (n,) float32, one after the other.

        Yields:
            samples at ``rate``, the last window being as long as what is left, and a number from
            0 to 1.
        """
        self._model.reset_states()
        size = WINDOW_SAMPLES[self.heard_rate]
        own = heard = np.empty(0, dtype=np.float32)
        count = 0
        for block, piece in self._both(blocks):
            own, heard = np.concatenate([own, block]), np.concatenate([heard, piece])
            while len(heard) >= size and len(own) >= self._length(count):
                yield own[: self._length(count)], self._probability(heard[:size])
                own, heard = own[self._length(count) :], heard[size:]
                count += 1
        while len(own):
            window = np.zeros(size, dtype=np.float32)
            window[: len(heard[:size])] = heard[:size]
            yield own[: self._length(count)], self._probability(window)
            own, heard = own[self._length(count) :], heard[size:]
            count += 1

    def _both(self, blocks: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield each block, and what the model is to hear of it."""
        if self.heard_rate == self.rate:
            yield from ((block, block) for block in blocks)
            return
        resampler = soxr.ResampleStream(self.rate, self.heard_rate, 1, dtype="float32", quality="HQ")
        for block in blocks:
            yield block, resampler.resample_chunk(block)
        nothing = np.empty(0, dtype=np.float32)
        yield nothing, resampler.resample_chunk(nothing, last=True)

    def _length(self, window: int) -> int:
        """Return the samples of a window: not all have the same number at every rate."""
        return (window + 1) * _MS * self.rate // 1000 - window * _MS * self.rate // 1000

    def _probability(self, window: np.ndarray) -> float:
        with torch.inference_mode():
            return float(self._model(torch.from_numpy(window.copy()), self.heard_rate))


def _load_model() -> torch.nn.Module:
    threads = torch.get_num_threads()
    try:
        from silero_vad import load_silero_vad  # importing it sets the number of threads to 1

        return load_silero_vad()
    finally:
        torch.set_num_threads(threads)
