"""The systems side by side, as Table 4 of the paper: ``python -m benchmarks.systems --help``.

Every system trains on the same batches and decodes them to texts of the same lengths, which are forced, so
that untrained weights cost what trained ones cost. The systems take turns (:mod:`benchmarks.timing`); peak
memory is that of a process of its own, which trains on the largest batch and then decodes it.

The stock rows are what one would use instead: fairseq's ``s2t_transformer`` of the same layers and dimensions
with its own criterion and generator. At the paper's size its front end is another one, two convolutions that
keep every fourth frame in the place of stacked frames that keep every third.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from typing import Any

import torch

from benchmarks import memory, timing, workload
from benchmarks.arguments import add_shared, check_arguments
from benchmarks.console import number, run_command, say, show_table, write_result
from benchmarks.contestants import System, build
from benchmarks.models import VOCABULARY
from benchmarks.work import check_written
from examples.help_formatter import HelpFormatter

NAMES = ("e2e", "multitask", "two_stage", "interactive", "pipeline", "asr", "stock_e2e", "stock_asr")
REFERENCE = "e2e"
#: Table 4 of Liu et al., AAAI 2020: millions of parameters, training steps and sentences a second.
PAPER: dict[str, tuple[float, float | None, float]] = {
    "e2e": (61.2, 4.73, 16.17),
    "multitask": (61.2, 4.41, 16.26),
    "two_stage": (92.7, 1.13, 7.44),
    "interactive": (61.2, 4.23, 11.98),
    "pipeline": (122.4, None, 10.89),
}
FRAMES = {"cpu": 6_000, "cuda": 40_000}  # in a batch, with padding
SETTINGS = ("size", "beam", "batches", "max_frames", "rounds", "seed")
SPEEDS = {"train": "train_steps_per_s", "decode": "sentences_per_s"}


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    logging.getLogger("fairseq").setLevel(logging.WARNING)
    device, threads = torch.device(args.device), timing.set_threads(args.threads)
    names = [name for name in NAMES if name in args.systems]
    results = {name: {"params": count_parameters(name, args)} for name in names}
    settings = {name: getattr(args, name) for name in SETTINGS}
    settings |= {"vocabulary": VOCABULARY[args.size], "lengths": workload.DESCRIPTION}
    settings |= timing.describe_machine(device, threads)
    if not args.params_only:
        for name, measured in measure_speeds(names, args, device).items():
            results[name] |= measured
        for name in names:
            say(f"memory: {name}")
            results[name]["peak_memory_mib"] = measure_memory(name, args)
        add_memory_ratios(results)
    show(results, settings, args.params_only)
    write_result(args.json, {"systems": results, "settings": settings})
    return 0


def count_parameters(name: str, args: argparse.Namespace) -> int:
    """Parameters of a system, which is built and forgotten."""
    entries = workload.vocabulary(VOCABULARY[args.size])
    return build(name, args.size, entries, args.beam, torch.device("cpu")).parameters


def measure_speeds(
    names: Sequence[str], args: argparse.Namespace, device: torch.device
) -> dict[str, dict[str, Any]]:
    """Training and decoding speeds of the systems, and their ratios to the reference's."""
    entries = workload.vocabulary(VOCABULARY[args.size])
    batches = workload.make_batches(entries, args.batches, args.max_frames, args.seed, device)
    sentences = sum(batch["nsentences"] for batch in batches)
    systems = {name: build(name, args.size, entries, args.beam, device) for name in names}
    results: dict[str, dict[str, Any]] = {name: {} for name in names}
    for phase, work in (("train", len(batches)), ("decode", sentences)):
        runs = {}
        for name, system in systems.items():
            if phase == "decode":
                system.end_training()
            if phase == "decode" or system.trains:
                runs[name] = _run(system, phase, batches)

        def report(text: str, phase: str = phase) -> None:
            say(f"{phase}: {text}")

        def check(name: str, written: Any, phase: str = phase) -> None:
            if phase == "decode":
                check_written(name, systems[name].texts, written, batches, args.beam)

        seconds = timing.alternate(runs, args.rounds, device, report, check)
        for name in names:
            results[name] |= _describe_speed(phase, work, seconds.get(name), seconds.get(REFERENCE))
    return results


def _run(system: System, phase: str, batches: Sequence[workload.Sample]) -> Any:
    samples, work = system.samples(batches), getattr(system, phase)
    return lambda: work(samples)


def _describe_speed(
    phase: str, work: float, seconds: list[float] | None, reference: list[float] | None
) -> dict[str, Any]:
    found: dict[str, Any] = {SPEEDS[phase]: None, f"{phase}_ratio": None, f"{phase}_seconds": seconds}
    if seconds is not None:
        found[SPEEDS[phase]] = timing.rate(work, seconds)
        if reference is not None:
            found[f"{phase}_ratio"] = timing.speed_ratio(seconds, reference)
    return found


def measure_memory(name: str, args: argparse.Namespace) -> float:
    """Peak memory in MiB of a process of its own that trains and decodes a system's largest batch."""
    return memory.in_own_process(_peak_memory, name, args)


def _peak_memory(name: str, args: argparse.Namespace) -> float:
    device = torch.device(args.device)
    timing.set_threads(args.threads)
    entries = workload.vocabulary(VOCABULARY[args.size])
    batches = workload.make_batches(entries, args.batches, args.max_frames, args.seed, device)
    largest = max(batches, key=lambda batch: batch["targets"].numel())
    peak = memory.PeakMemory(device)
    system = build(name, args.size, entries, args.beam, device)
    samples = system.samples([largest])
    # Adam's state comes with the first update; in one call, behind which a pipeline lets each optimiser go
    system.train([*samples, *samples])
    system.end_training()
    system.decode(samples)
    return peak.mebibytes()


def add_memory_ratios(results: dict[str, dict[str, Any]]) -> None:
    """Add ``memory_ratio``, to the reference's peak."""
    reference = results.get(REFERENCE, {}).get("peak_memory_mib")
    for result in results.values():
        result["memory_ratio"] = result["peak_memory_mib"] / reference if reference else None


def paper_ratio(name: str, column: int) -> float | None:
    """The paper's number as a ratio to its E2E; 1: training steps, 2: sentences a second."""
    speed, reference = PAPER.get(name, (None, None, None))[column], PAPER[REFERENCE][column]
    return None if speed is None or reference is None else speed / reference


def show(results: dict[str, dict[str, Any]], settings: dict[str, Any], params_only: bool) -> None:
    """Print the table, and under it what was measured."""
    columns = ["system", "parameters", "paper"]
    if not params_only:
        columns += ["train steps/s", "× E2E", "paper", "sentences/s", "× E2E", "paper", "peak MiB", "× E2E"]
    rows = []
    for name, result in results.items():
        paper = f"{PAPER[name][0]:.1f}M" if name in PAPER and settings["size"] == "paper" else "–"
        cells = [name, f"{result['params']:,}", paper]
        if not params_only:
            for column, phase in enumerate(("train", "decode"), start=1):
                cells += [number(result[SPEEDS[phase]]), number(result[f"{phase}_ratio"], 3)]
                cells.append(number(paper_ratio(name, column), 3))
            cells += [number(result["peak_memory_mib"], 0), number(result["memory_ratio"], 3)]
        rows.append(cells)
    note = (
        f"{timing.machine_in_words(settings)}\n"
        f"{settings['batches']} batches of at most {settings['max_frames']} frames, {settings['lengths']}; "
        f"vocabulary {settings['vocabulary']}; beam {settings['beam']}, equal forced output lengths; medians "
        f"of {settings['rounds']} alternated rounds, ratios of the same round"
    )
    show_table(f"Systems, size {settings['size']}", columns, rows, "" if params_only else note)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.systems",
        description="Parameters, speeds and peak memory of the five systems and of stock fairseq.",
        formatter_class=HelpFormatter,
    )
    add = parser.add_argument
    add_shared(parser, "size", default="paper")
    add_shared(parser, "device", "threads", "json", "beam", "seed")
    add("--params-only", action="store_true", help="stop after the first column")
    all_names = ",".join(NAMES)
    add("--systems", type=_names, default=all_names, metavar="A,B", help="measure these only (default: all)")
    add("--batches", type=int, default=6, help="batches of a pass")
    add("--max-frames", type=int, help="frames in a batch (default: 6000, on a GPU 40000)")
    add("--rounds", type=int, default=5, help="alternated passes that count")
    args = parser.parse_args(argv)
    if args.max_frames is None:
        args.max_frames = FRAMES["cpu" if args.device == "cpu" else "cuda"]
    check_arguments(parser, args)
    return args


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = sorted(set(names) - set(NAMES))
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown) or 'nothing'}; there are {', '.join(NAMES)}")
    return names


if __name__ == "__main__":
    sys.exit(run_command(main))
