"""Where somebody speaks: probabilities of speech, window by window.

By Silero VAD, the best-maintained speech detector: it tells speech from noise and music, which those
by energy or by a Gaussian mixture (auditok, webrtcvad) do not; its model (MIT licence) comes inside a
wheel for every platform; and it needs nothing but torch. A minute takes it about a second. onnxruntime and
torchaudio are optional extras, neither of which is used here.
"""

import copy
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import soxr
import torch

#: Samples a window by the rates that the model knows; all are 32 ms.
WINDOW_SAMPLES = {8000: 256, 16000: 512}
WINDOW_SECONDS = 0.032
_MS = 32


class VoiceActivity:
    """Probabilities of speech in recordings, any number of them at a time, from any thread.

    Args:
        rate: of the samples, in Hz; other rates than the model's are resampled for it.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.heard_rate = rate if rate in WINDOW_SAMPLES else 16000
        with _networks.one():  # reads it now, rather than in the middle of the first recording
            pass

    def windows(self, blocks: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, float]]:
        """Yield each 32 ms of a recording and the probability that it holds speech.

        Args:
            blocks: samples, each (n,) float32, one after the other.

        Yields:
            samples at ``rate``, the last window being as long as what is left, and a number from
            0 to 1.
        """
        with _networks.one() as network:
            yield from self._windows(blocks, network)

    def _windows(
        self, blocks: Iterable[np.ndarray], network: torch.nn.Module
    ) -> Iterator[tuple[np.ndarray, float]]:
        size = WINDOW_SAMPLES[self.heard_rate]
        own = heard = np.empty(0, dtype=np.float32)
        count = 0
        for block, piece in self._both(blocks):
            own, heard = np.concatenate([own, block]), np.concatenate([heard, piece])
            while len(heard) >= size and len(own) >= self._length(count):
                yield own[: self._length(count)], self._probability(network, heard[:size])
                own, heard = own[self._length(count) :], heard[size:]
                count += 1
        while len(own):
            window = np.zeros(size, dtype=np.float32)
            window[: len(heard[:size])] = heard[:size]
            yield own[: self._length(count)], self._probability(network, window)
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

    def _probability(self, network: torch.nn.Module, window: np.ndarray) -> float:
        with torch.inference_mode():
            return float(network(torch.from_numpy(window.copy()), self.heard_rate))


class _Networks:
    """Silero's network, once for each recording that is being heard.

    It remembers what it heard last, so recordings that take turns must not share one, and two threads in one
    end the process. Reading it takes 80 ms and copying it 8 ms; so those that are free are used again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        #: never heard anything: what runs in another thread cannot be copied
        self._original: torch.nn.Module | None = None
        self._free: list[torch.nn.Module] = []

    @contextmanager
    def one(self) -> Iterator[torch.nn.Module]:
        """Lend a network that has heard nothing yet."""
        network = self._take()
        try:
            network.reset_states()
            yield network
        finally:
            self._free.append(network)

    def _take(self) -> torch.nn.Module:
        with self._lock:
            if self._free:
                return self._free.pop()
            if self._original is None:
                self._original = _load_network()
            return copy.deepcopy(self._original)


def _load_network() -> torch.nn.Module:
    threads = torch.get_num_threads()
    try:
        from silero_vad import load_silero_vad  # importing it sets the number of threads to 1

        return load_silero_vad()
    finally:
        torch.set_num_threads(threads)


_networks = _Networks()
