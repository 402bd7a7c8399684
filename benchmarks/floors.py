"""What operations and bytes alone allow on this machine: ``python -m benchmarks.floors --help``.

Counted is what :mod:`benchmarks.costs` says, for the batches of :mod:`benchmarks.speed`.

A part takes at least its operations at the measured matrix rate, and at least its bytes at the measured
bandwidth. Real times lie above; the floors tell which ratio to expect of two implementations that waste
equally little.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

import torch

from benchmarks import costs, models, speed, timing, workload
from benchmarks.arguments import add_shared, check_arguments
from benchmarks.console import number, run_command, show_table, write_result
from benchmarks.costs import BYTES, Cost
from benchmarks.models import VOCABULARY
from interactive_st.modules.fast.onednn_linear import is_for_onednn, linear, pack

DESCRIPTION = "Operations and bytes of training and decoding, and the times that they alone take here."


def measure_machine(device: torch.device, rows: int = 2048, repeats: int = 10) -> dict[str, float]:
    """Matrix rate in operations a second (square matrices, float32) and bandwidth in bytes a second, both the
    best that was seen: a floor has to lie below what is reached at any time."""
    left = torch.randn(rows, rows, device=device)
    block = torch.ones(rows * rows * 16, device=device)  # far larger than caches
    other = torch.empty_like(block)
    products = [lambda: left @ left]
    if is_for_onednn(left, left):
        packed = pack(left)
        products.append(lambda: linear(left, packed))
    return {
        "operations_per_s": 2 * rows**3 / min(_seconds(product, repeats, device) for product in products),
        "bytes_per_s": 2 * block.numel() * BYTES / _seconds(lambda: other.copy_(block), repeats, device),
    }


def _seconds(work: Callable[[], Any], repeats: int, device: torch.device) -> float:
    """The least of so many repeats, after one that does not count."""
    return min([timing.seconds_of(work, device) for _ in range(repeats + 1)][1:])


def floors(args: argparse.Namespace, machine: dict[str, float]) -> dict[str, Any]:
    """Operations, bytes and least seconds of the workload of :mod:`benchmarks.speed`, by contestant."""
    entries, cpu = workload.vocabulary(VOCABULARY[args.size]), torch.device("cpu")
    interactive = costs.dimensions(models.our_model("interactive", args.size, entries, args.front_end), 2)
    speech_model = models.stock_speech_model(args.size, entries)
    stock = costs.dimensions(speech_model, 1)
    text = costs.dimensions(models.stock_text_model(entries, speech_model.decoder), 1)
    first, second = costs.stages(models.our_model("two_stage", args.size, entries, args.front_end))
    decoded = workload.make_equal_batches(entries, args.decode_batches, args.sentences, args.seed, cpu)
    trained = workload.make_batches(entries, args.train_batches, args.max_frames, args.seed, cpu)
    counted: dict[str, dict[str, list[Cost]]] = {
        "interactive": {"encoder": [], "decoder": [], "update": []},
        "stock_e2e": {"encoder": [], "decoder": [], "update": []},
        "stock_pipeline": {"encoder": [], "decoder": []},
        "two_stage": {"encoder": [], "decoder": []},
    }
    for batch in decoded:
        frames, length = batch["net_input"]["src_lengths"].tolist(), batch["forced_length"]
        for name, model in (("interactive", interactive), ("stock_e2e", stock)):
            rows = costs.encoded_rows(model, frames)
            counted[name]["encoder"].append(costs.encoding(model, frames))
            counted[name]["decoder"] += costs.decoding(model, rows, args.beam, length)

        rows, heard = costs.encoded_rows(stock, frames), [length + 1] * len(frames)
        found = counted["stock_pipeline"]
        found["encoder"] += [costs.encoding(stock, frames), costs.encoding(text, heard)]
        found["decoder"] += costs.decoding(stock, rows, args.beam, length)
        found["decoder"] += costs.decoding(text, heard, args.beam, length)

        rows, found = costs.encoded_rows(first, frames), counted["two_stage"]
        read = [spoken + length + 1 for spoken in rows]
        found["encoder"] += [costs.encoding(first, frames), costs.rereading(first, second, rows, length)]
        found["decoder"] += costs.decoding(first, rows, args.beam, length)
        found["decoder"] += costs.decoding(second, read, args.beam, length)
    for batch in trained:
        frames = batch["net_input"]["src_lengths"].tolist()
        tokens = batch["targets"].ne(entries.pad()).sum(dim=2).tolist()
        for name, model in (("interactive", interactive), ("stock_e2e", stock)):
            counted[name]["update"].append(costs.training(model, frames, tokens[-model.streams :]))
    return {
        name: {part: _sum(found, machine) for part, found in parts.items()} for name, parts in counted.items()
    }


def _sum(parts: Sequence[Cost], machine: dict[str, float]) -> dict[str, float]:
    total = sum(parts, Cost())
    seconds = sum(cost.seconds(**machine) for cost in parts)
    return {"operations": total.operations, "bytes": total.bytes, "seconds": seconds}


def ratios(found: dict[str, Any]) -> dict[str, float]:
    """Speeds of the interactive model over the others' that the floors allow."""
    decode = {
        name: parts["encoder"]["seconds"] + parts["decoder"]["seconds"] for name, parts in found.items()
    }
    return {
        "decode": decode["stock_e2e"] / decode["interactive"],
        "decode_over_pipeline": decode["stock_pipeline"] / decode["interactive"],
        "decode_over_two_stage": decode["two_stage"] / decode["interactive"],
        "train": found["stock_e2e"]["update"]["seconds"] / found["interactive"]["update"]["seconds"],
    }


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    device, threads = torch.device(args.device), timing.set_threads(args.threads)
    machine = measure_machine(device)
    found = floors(args, machine)
    result = {"floors": found, "ratios": ratios(found), "rates": machine}
    result["machine"] = timing.describe_machine(device, threads)
    rows = [
        [f"{name}, {part}", *(number(cost[key] / 1e9, 1) for key in ("operations", "bytes")),
         number(cost["seconds"], 3)]
        for name, parts in found.items() for part, cost in parts.items()
    ]  # fmt: skip
    allowed = result["ratios"]
    note = (
        f"{timing.machine_in_words(result['machine'])}\nmatrix rate {machine['operations_per_s'] / 1e9:.0f} "
        f"GFLOP/s, bandwidth {machine['bytes_per_s'] / 1e9:.1f} GB/s\ninteractive over others, by the "
        f"floors alone: decoding {allowed['decode']:.2f} of stock E2E, {allowed['decode_over_pipeline']:.2f} "
        f"of its pipeline, {allowed['decode_over_two_stage']:.2f} of our two-stage; training "
        f"{allowed['train']:.2f} of stock E2E"
    )
    columns = ["size " + args.size, "10⁹ operations", "10⁹ bytes", "at least, s"]
    show_table("Floors of a round", columns, rows, note)
    write_result(args.json, result | {"workload": speed.describe_workload(args)})
    return 0


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The options of :mod:`benchmarks.speed` that concern the workload."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.floors", description=DESCRIPTION)
    add_shared(parser, "size", default="paper")
    add_shared(parser, "device", "threads", "json")
    args = parser.parse_args(argv)
    check_arguments(parser, args)
    words = ["--size", args.size, "--device", args.device]
    args_of_speed = speed.parse(words)
    args_of_speed.threads, args_of_speed.json = args.threads, args.json
    return args_of_speed


if __name__ == "__main__":
    sys.exit(run_command(main))
