"""Where somebody speaks: probabilities of speech, window by window.

By Silero VAD, the best-maintained speech detector: it tells speech from noise and music, which those
by energy or by a Gaussian mixture (auditok, webrtcvad) do not; its model (MIT licence) comes inside a
wheel for every platform; and it needs nothing but torch. Called as it comes, it takes one window at a time,
a second a minute; many at once take a tenth of that. onnxruntime and torchaudio are optional extras, neither
of which is used here.
"""

import functools
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import soxr
import torch
from torch import Tensor, nn

#: Samples a window by the rates that the model knows; all are 32 ms.
WINDOW_SAMPLES = {8000: 256, 16000: 512}
WINDOW_SECONDS = 0.032
_MS = 32
#: Windows that are heard at once. They are the same ones however the samples come: the last bits of sums
#: depend on how many there are.
AT_ONCE = 128
#: Where the network is and in what precision, whatever the caller made torch's default.
_PLACE: dict[str, Any] = {"device": "cpu", "dtype": torch.float32}


class VoiceActivity:
    """Probabilities of speech in recordings, any number of them at a time, from any thread.

    Args:
        rate: of the samples, in Hz; other rates than the model's are resampled for it.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.heard_rate = rate if rate in WINDOW_SAMPLES else 16000
        with _reading:  # here, rather than in the middle of the first recording
            self._network = _network(self.heard_rate)

    def windows(self, blocks: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, float]]:
        """Yield each 32 ms of a recording and the probability that it holds speech.

        Args:
            blocks: samples, each (n,) float32, one after the other.

        Yields:
            samples at ``rate``, the last window being as long as what is left, and a number from
            0 to 1.
        """
        ear, count = Ear(self._network), 0
        for own, heard in self._groups(blocks):
            first = self._begin(count)
            for probability in ear(heard):
                yield own[self._begin(count) - first : self._begin(count + 1) - first], probability
                count += 1

    def _groups(self, blocks: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the samples of `AT_ONCE` windows, at the end of fewer, and what the model is to hear of them,
        (n, size)."""
        size = WINDOW_SAMPLES[self.heard_rate]
        own = heard = np.empty(0, dtype=np.float32)
        count = 0  # windows before these samples
        for block, piece in self._both(blocks):
            own, heard = np.concatenate([own, block]), np.concatenate([heard, piece])
            while len(heard) >= AT_ONCE * size and len(own) >= (length := self._length(count)):
                yield own[:length], heard[: AT_ONCE * size].reshape(AT_ONCE, size)
                own, heard = own[length:], heard[AT_ONCE * size :]
                count += AT_ONCE
        while len(own):
            end = 1000 * (self._begin(count) + len(own))
            number = min(AT_ONCE, -(-end // (_MS * self.rate)) - count)
            length, missing = self._length(count), max(0, number * size - len(heard))
            yield own[:length], np.pad(heard, (0, missing))[: number * size].reshape(number, size)
            own, heard = own[length:], heard[AT_ONCE * size :]
            count += AT_ONCE

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

    def _begin(self, window: int) -> int:
        """Return how many samples are before a window: not all have the same number at every rate."""
        return window * _MS * self.rate // 1000

    def _length(self, first: int) -> int:
        return self._begin(first + AT_ONCE) - self._begin(first)


class Ear:
    """Hears one recording from its beginning on, and remembers what the network needs of what was before."""

    def __init__(self, network: "_Network") -> None:
        self._network = network
        self._before = torch.zeros(network.context, **_PLACE)
        self._state: tuple[Tensor, Tensor] | None = None

    def __call__(self, windows: np.ndarray) -> list[float]:
        """Return the probability of speech in each of the next windows, (n, samples)."""
        with torch.inference_mode():
            samples = torch.cat([self._before, torch.from_numpy(windows).flatten()])
            self._before = samples[-self._network.context :]
            probabilities, self._state = self._network(samples, windows.shape[1], self._state)
            return probabilities.tolist()


class _Network(nn.Module):
    """The parts of Silero's network for one rate, called with many windows at once.

    They remember nothing themselves, so recordings and threads can share them.
    """

    def __init__(self, whole: torch.jit.ScriptModule) -> None:
        super().__init__()
        self.context = int(whole.context_size_samples)
        self.extractors, self.encoder, self.head = whole.run_extractors, whole.encoder, whole.decoder.decoder
        cell = dict(whole.decoder.rnn.named_parameters())
        hidden, features = cell["weight_ih"].shape[0] // 4, cell["weight_ih"].shape[1]
        with torch.random.fork_rng(devices=[]):  # takes no random numbers from the caller's
            self.recurrence = nn.LSTM(features, hidden, **_PLACE)
        self.recurrence.load_state_dict({f"{name}_l0": weight for name, weight in cell.items()})

    def forward(
        self, samples: Tensor, size: int, state: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the probabilities, (n,), of windows of `size` samples; `context` samples are before them."""
        windows = samples.unfold(0, self.context + size, size)
        features = self.encoder(self.extractors(windows)).squeeze(-1)
        hidden, state = self.recurrence(features, state)
        return self.head(hidden.unsqueeze(-1)).flatten(), state


#: Held while a network is read, which changes the number of threads for a moment.
_reading = threading.Lock()


@functools.cache
def _network(rate: int) -> _Network:
    whole = _load_networks()
    return _Network(whole._model if rate == 16000 else whole._model_8k).eval()


def _load_networks() -> torch.jit.ScriptModule:
    threads = torch.get_num_threads()
    try:
        from silero_vad import load_silero_vad  # importing it sets the number of threads to 1

        return load_silero_vad()
    finally:
        torch.set_num_threads(threads)
