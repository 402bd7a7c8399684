"""Jobs whose peak memory is measured, each for a process of its own (:mod:`benchmarks.memory`).

A job called with the name of a contestant, a device and threads tells what it found; its method ``begin``
returns besides what works once more and tells the seconds.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from benchmarks import timing, workload
from benchmarks.contestants import System, build
from benchmarks.memory import MIB, PeakMemory, resident
from benchmarks.models import VOCABULARY
from benchmarks.work import check_written

#: What was found, and what works once more and returns the seconds that it took.
Begun = tuple[dict[str, Any], Callable[[], float]]


class _Job(ABC):
    """Work of one contestant, in a process of its own, whose peak of memory is measured."""

    def __call__(self, name: str, device_name: str, threads: int | None) -> dict[str, Any]:
        """Measure the contestant ``name``: MiB above what the loaded model takes."""
        return self.begin(name, device_name, threads)[0]

    @abstractmethod
    def begin(self, name: str, device_name: str, threads: int | None) -> Begun:
        """The same, and passes or updates to come."""


@dataclass(frozen=True)
class Decoding(_Job):
    """Decoding one batch of utterances of one length to texts of one length.

    Args:
        size: of the model.
        beam: hypotheses a sentence.
        sentences: in the batch.
        seconds: of each utterance.
        front_end: of our models; None: the size's own.
        tokens: of each text (None: as many as people say in that time).
        vocabulary: entries (None: the size's own).
    """

    size: str
    beam: int
    sentences: int
    seconds: float
    front_end: str | None = None
    tokens: int | None = None
    vocabulary: int | None = None

    def begin(self, name: str, device_name: str, threads: int | None) -> Begun:
        device, system = _begin(self, name, device_name, threads)
        system.end_training()
        tokens = round(workload.TOKENS_A_SECOND * self.seconds) if self.tokens is None else self.tokens
        batches = [_uniform(self, self.sentences, self.seconds, tokens, device)]
        small = system.samples([_uniform(self, 1, 1.0, 3, device)])
        system.decode(small)  # what libraries set up once is no part of the peak
        samples, peak = system.samples(batches), PeakMemory(device)
        loaded = _loaded(device)  # once what was freed is given back
        written = system.decode(samples)
        found: dict[str, Any] = {"peak_mib": peak.mebibytes(), "loaded_mib": loaded}
        found["tokens"] = check_written(name, system.texts, written, batches, self.beam)
        del written
        return found, lambda: timing.seconds_of(lambda: system.decode(samples), device)


@dataclass(frozen=True)
class Training(_Job):
    """Two updates on the largest of the batches of :func:`benchmarks.workload.make_batches`."""

    size: str
    batches: int
    max_frames: int
    seed: int
    front_end: str | None = None
    beam: int = 1
    vocabulary: int | None = None

    def begin(self, name: str, device_name: str, threads: int | None) -> Begun:
        device, system = _begin(self, name, device_name, threads)
        entries = workload.vocabulary(VOCABULARY[self.size])
        batches = workload.make_batches(entries, self.batches, self.max_frames, self.seed, device)
        batch = max(batches, key=lambda batch: batch["targets"].numel())
        return _updates(system, batch, device)


@dataclass(frozen=True)
class UniformTraining(_Job):
    """Updates on one batch of utterances of one length; the arguments are those of :class:`Decoding`."""

    size: str
    sentences: int
    seconds: float
    front_end: str
    tokens: int
    vocabulary: int
    beam: int = 1

    def begin(self, name: str, device_name: str, threads: int | None) -> Begun:
        device, system = _begin(self, name, device_name, threads)
        batch = _uniform(self, self.sentences, self.seconds, self.tokens, device)
        return _updates(system, batch, device)


Job = Decoding | Training | UniformTraining


def _begin(job: Job, name: str, device_name: str, threads: int | None) -> tuple[torch.device, System]:
    logging.getLogger("fairseq").setLevel(logging.WARNING)
    device = torch.device(device_name)
    timing.set_threads(threads)
    entries = workload.vocabulary(job.vocabulary or VOCABULARY[job.size])
    return device, build(name, job.size, entries, job.beam, device, job.front_end)


def _uniform(
    job: Decoding | UniformTraining, sentences: int, seconds: float, tokens: int, device: torch.device
) -> workload.Sample:
    entries = workload.vocabulary(job.vocabulary or VOCABULARY[job.size])
    return workload.make_uniform_batch(entries, sentences, seconds, tokens, device)


def _updates(system: System, batch: workload.Sample, device: torch.device) -> Begun:
    [sample], peak = system.samples([batch]), PeakMemory(device)
    loaded = _loaded(device)  # once what was freed is given back
    system.train([sample, sample])  # Adam's state comes with the first update
    found = {"peak_mib": peak.mebibytes(), "loaded_mib": loaded, "sentences": batch["nsentences"]}
    return found, lambda: timing.seconds_of(lambda: system.train([sample]), device)


def _loaded(device: torch.device) -> float:
    """MiB that the process has in memory, or torch on the GPU, with the model and the batch."""
    return (torch.cuda.memory_allocated(device) if device.type == "cuda" else resident()) / MIB
