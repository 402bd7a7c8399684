"""Peaks are of what comes after, and are found in processes of their own."""

import os
import signal
import subprocess
import sys

import pytest
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


def begin(values):
    """Found: the sum; again: the values one by one."""
    left = iter(values)
    return sum(values), lambda: next(left)


def broken(values):
    raise ValueError(f"cannot do {values}")


def test_a_process_that_stays(monkeypatch):
    monkeypatch.setattr(memory, "_PRELOADED", [])
    with memory.OwnProcess(begin, [1, 2]) as one, memory.OwnProcess(begin, [30, 40]) as other:
        assert (one.result, other.result) == (3, 70)
        assert [one.again(), other.again(), other.again(), one.again()] == [1, 30, 40, 2]
        with pytest.raises(RuntimeError, match="StopIteration"):
            one.again()
    with pytest.raises(RuntimeError, match=r"ValueError: cannot do \[5\]"):
        memory.OwnProcess(broken, [5])
    with pytest.raises(RuntimeError, match="ended with 3"):
        memory.OwnProcess(os._exit, 3)


MEASURE = """
import signal
from benchmarks import memory
memory._PRELOADED = memory._PRELOADED[:1]  # the others take long to import
print(memory.in_own_process(signal.getsignal, signal.SIGINT))
"""


def test_an_interruption_ends_measuring_processes_without_a_word(repository):
    """Python by itself raises KeyboardInterrupt in each, and shows it."""
    command = [sys.executable, "-c", MEASURE]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(signal.SIG_DFL)]
