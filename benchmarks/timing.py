"""Timing contestants against each other: alternated rounds, medians, and the machine it was on."""

from __future__ import annotations

import gc
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch


def alternate(
    contestants: Mapping[str, Callable[[], Any]],
    rounds: int,
    device: torch.device,
    report: Callable[[str], None] | None = None,
    check: Callable[[str, Any], None] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Let every contestant do its work once a round, and time each.

    A first round, which is not counted, warms everything up. Every second round goes backwards, and then
    another one begins, so that none always follows the same one, and slow drifts of the machine (heat, other
    users) meet all.

    Args:
        contestants: the work of each by name.
        rounds: rounds that count.
        device: where they work; a GPU is waited for.
        report: is told of each round before it begins.
        check: is given each name and what its work returned, every time, after the clock has stopped.
        clock: ``time.process_time`` on a machine that others use too, with one thread.

    Returns:
        Seconds by name, round by round.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        if report is not None:
            report(f"round {number} of {rounds}" if number else "warming up")
        for name in _in_turn(list(contestants), number):
            gc.collect()
            synchronise(device)
            started = clock()
            result = contestants[name]()
            synchronise(device)
            if number:
                seconds[name].append(clock() - started)
            if check is not None:
                check(name, result)
            del result  # the next one has the memory to itself
    return seconds


def _in_turn(names: list[str], number: int) -> list[str]:
    start = (number // 2) % len(names) if names else 0
    order = names[start:] + names[:start]
    return order[::-1] if number % 2 else order


def rate(work: float, seconds: Sequence[float]) -> float:
    """Median amount of ``work`` a second."""
    return work / statistics.median(seconds)


def ratios(reference: Sequence[float], seconds: Sequence[float]) -> list[float]:
    """``reference / seconds``, each against the same round's: how many times as fast as the reference."""
    return [theirs / mine for theirs, mine in zip(reference, seconds, strict=True)]


def speed_ratio(seconds: Sequence[float], reference: Sequence[float]) -> float:
    """How many times as fast as the reference: the median over rounds, each against the same round's."""
    return statistics.median(ratios(reference, seconds))


def spread(values: Sequence[float]) -> dict[str, Any]:
    """Median, quartiles, least and greatest of the rounds, and the rounds themselves."""
    values = list(values)
    lower, _, upper = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return {
        "median": statistics.median(values),
        "quartiles": [lower, upper],
        "min": min(values),
        "max": max(values),
        "rounds": values,
    }


def seconds_of(work: Callable[[], Any], device: torch.device) -> float:
    """How long the work takes there."""
    synchronise(device)
    started = time.perf_counter()
    work()
    synchronise(device)
    return time.perf_counter() - started


def synchronise(device: torch.device) -> None:
    """Wait until the device has done what it was asked."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def set_threads(number: int | None) -> int:
    """Use ``number`` CPU threads (None: torch's choice) and return how many there are."""
    if number is not None:
        torch.set_num_threads(number)
    return torch.get_num_threads()


def fairseq_device() -> torch.device:
    """Where fairseq's commands work: on a GPU, if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def describe_machine(device: torch.device, threads: int) -> dict[str, Any]:
    """What the numbers were measured on."""
    return {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "threads": threads,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "commit": _commit(),
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "load": os.getloadavg()[0],
    }


def machine_in_words(machine: Mapping[str, Any]) -> str:
    """One line of what :func:`describe_machine` found."""
    place = f"{machine['cpu']}, threads: {machine['threads']}"
    if machine["device"] != "cpu":
        place = f"{machine['device']}, {place}"
    return f"{place}, torch {machine['torch']}, {machine['date']}, commit {machine['commit']}"


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _commit() -> str | None:
    """The checkout's commit, with + where files differ from it; None outside a checkout."""
    command = ["git", "describe", "--always", "--abbrev=10", "--dirty=+"]
    folder = Path(__file__).resolve().parent
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
