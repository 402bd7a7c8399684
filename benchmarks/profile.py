"""Where the time goes, ours beside stock fairseq's: ``python -m benchmarks.profile --help``.

Shares of the time spent inside torch's operations, by kind of work. torch's profiler reads the wall clock:
where others use the machine its shares are of no use.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks import timing, workload
from benchmarks.arguments import add_shared, check_arguments
from benchmarks.console import number, run_command, say, show_table, write_result
from benchmarks.contestants import build
from benchmarks.models import VOCABULARY

NAMES = ("interactive", "stock_e2e")
PHASES = ("decode", "train")
OTHER = "all else"
#: Kinds of work by what names of operations contain; the first that fits counts. Where attention is written
#: out (``bmm``), its softmax is among the softmaxes.
KINDS: dict[str, tuple[str, ...]] = {
    "attention": ("scaled_dot_product", "bmm"),
    "products and convolutions": ("linear", "addmm", "aten::mm", "convolution"),
    "softmax": ("softmax",),
    "best tokens, order": ("topk", "sort"),
    "caches, copies": ("cat", "index", "copy_", "gather", "scatter"),
    "dropout": ("bernoulli", "dropout", "random"),
    "normalisation": ("layer_norm",),
    "optimiser": ("_foreach", "_fused_adam", "addcdiv", "addcmul"),
}


def kind(operation: str) -> str:
    """The kind of work that an operation of torch is."""
    return next((name for name, parts in KINDS.items() if any(p in operation for p in parts)), OTHER)


def shares(operations: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Share of each kind in the time of ``operations``, pairs of name and time in any unit."""
    found = dict.fromkeys([*KINDS, OTHER], 0.0)
    for name, time in operations:
        found[kind(name)] += time
    total = sum(found.values())
    return {name: time / total if total else 0.0 for name, time in found.items()}


def measure(work: Callable[[], Any]) -> dict[str, Any]:
    """Do the work twice and profile the second time: shares by kind, and seconds in all."""
    work()
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        work()
    operations = [(event.key, event.self_cpu_time_total) for event in profiler.key_averages()]
    return {"shares": shares(operations), "seconds": sum(time for _, time in operations) / 1e6}


def measure_all(args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """By phase and contestant, what :func:`measure` says of one batch of middling length."""
    device, entries = torch.device("cpu"), workload.vocabulary(VOCABULARY[args.size])
    decoded = workload.make_equal_batches(entries, 1, args.sentences, args.seed, device)
    trained = workload.make_batches(entries, 1, args.max_frames, args.seed, device)
    found: dict[str, dict[str, Any]] = {phase: {} for phase in args.only}
    for name in NAMES:
        for phase in args.only:
            say(f"{phase}: {name}")
            system = build(name, args.size, entries, args.beam, device, "conv1d")
            if phase == "decode":
                system.end_training()
            samples = system.samples(decoded if phase == "decode" else trained)
            run = system.decode if phase == "decode" else system.train
            found[phase][name] = measure(lambda run=run, samples=samples: run(samples))
    return found


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    logging.getLogger("fairseq").setLevel(logging.WARNING)
    machine = timing.describe_machine(torch.device("cpu"), timing.set_threads(args.threads))
    result: dict[str, Any] = measure_all(args) | {"machine": machine}
    for phase in args.only:
        found = result[phase]
        rows = [
            [one, *(f"{100 * found[name]['shares'][one]:.1f} %" for name in NAMES)] for one in [*KINDS, OTHER]
        ]
        rows.append(["in all, s", *(number(found[name]["seconds"]) for name in NAMES)])
        show_table(f"Where the time goes: {phase}, size {args.size}", [phase, *NAMES], rows)
    say(timing.machine_in_words(machine))
    write_result(args.json, result | {"size": args.size})
    return 0


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.profile",
        description="Shares of the time in torch's operations by kind of work, interactive and stock E2E.",
    )
    add = parser.add_argument
    add_shared(parser, "size", default="s")
    add_shared(parser, "threads", "json", "beam", "seed")
    add("--only", choices=PHASES, nargs="+", default=list(PHASES), help="profile only these")
    add("--sentences", type=int, default=8, help="in the batch of decoding (default: 8)")
    add("--max-frames", type=int, default=6000, help="in the batch of training (default: 6000)")
    args = parser.parse_args(argv)
    check_arguments(parser, args)
    return args


if __name__ == "__main__":
    sys.exit(run_command(main))
