"""Peaks are of what comes after, and are found in processes of their own."""

import os

import torch

from benchmarks import memory

CPU = torch.device("cpu")


def test_what_was_there_before_does_not_count():
    before = torch.ones(64, 2**20)
    peak = memory.PeakMemory(CPU)
    block = torch.ones(32, 2**20)
    del block
    assert 128 * 0.9 <= peak.mebibytes() <= 128 + 100
    del before
    again = memory.PeakMemory(CPU)
    assert again.mebibytes() < 100


def test_another_process(monkeypatch):
    monkeypatch.setattr(memory, "_PRELOADED", [])
    assert memory.in_own_process(os.getpid) != os.getpid()
    assert memory.in_own_process(divmod, 7, 2) == (3, 1)
