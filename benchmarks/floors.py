"""What operations and bytes alone allow on this machine: ``python -m benchmarks.floors --help``.

Counted is what no implementation can leave out, for the batches of :mod:`benchmarks.speed`:

- every matrix times every row that it concerns, two operations a weight, and the products of attention;
- in decoding every weight of the decoder once a step, the keys and values of the encoder once a step and
  those of the hypotheses once each; activations are taken to stay in the cache of the processor.

A part takes at least its operations at the measured matrix rate, and at least its bytes at the measured
bandwidth. Training takes three times the operations of the forward pass. Softmax, dropout, sorting and
everything else count nothing, so that real times lie above; the floors tell which ratio to expect of two
implementations that waste equally little.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmarks import models, speed, timing, workload
from benchmarks.console import number, show_table
from benchmarks.contestants import SUFFIX, VOCABULARY
from interactive_st.models.front_end import KEEP_EVERY

BYTES = 4  # of a number: float32
DESCRIPTION = "Operations and bytes of training and decoding, and the times that they alone take here."


@dataclass(frozen=True)
class Dimensions:
    """Weights of a model's parts, as they are multiplied with rows.

    Args:
        front: weights of each layer of the front end, with the frames that it makes a row of.
        encoder: of all encoder layers.
        cross: that make keys and values of the encoder's output, of all decoder layers.
        decoder: all others of the decoder layers.
        table: of the output projection.
        encoder_layers: their number.
        decoder_layers: their number.
        width: of a state.
        streams: texts that are written.
    """

    front: tuple[tuple[int, int], ...]
    encoder: int
    cross: int
    decoder: int
    table: int
    encoder_layers: int
    decoder_layers: int
    width: int
    streams: int

    @property
    def frames_a_row(self) -> int:
        """Frames that the front end makes one row of."""
        return self.front[-1][1]


@dataclass(frozen=True)
class Cost:
    """Operations and bytes."""

    operations: float = 0.0
    bytes: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.operations + other.operations, self.bytes + other.bytes)

    def seconds(self, operations_per_s: float, bytes_per_s: float) -> float:
        """The longer of what the operations and the bytes take."""
        return max(self.operations / operations_per_s, self.bytes / bytes_per_s)


def dimensions(model: nn.Module, streams: int) -> Dimensions:
    """Read the dimensions off a model with fairseq's names of parts."""
    front: list[tuple[int, int]] = []
    frames = 1
    for layer in model.encoder.subsample.modules():
        if isinstance(layer, nn.Conv1d):
            frames *= layer.stride[0]
            front.append((layer.weight.numel(), frames))
        elif isinstance(layer, nn.Linear):
            front.append((layer.weight.numel(), KEEP_EVERY))
    layers = model.decoder.layers
    cross = sum(
        getattr(layer.encoder_attn, name).weight.numel() for layer in layers for name in ("k_proj", "v_proj")
    )
    table = model.decoder.embed_tokens.weight
    return Dimensions(
        front=tuple(front),
        encoder=_matrices(model.encoder.transformer_layers),
        cross=cross,
        decoder=_matrices(layers) - cross,
        table=table.numel(),
        encoder_layers=len(model.encoder.transformer_layers),
        decoder_layers=len(layers),
        width=table.size(1),
        streams=streams,
    )


def _matrices(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters() if parameter.dim() == 2)


def encoding(model: Dimensions, frames: Sequence[int]) -> Cost:
    """The encoder and the keys and values of its output, for utterances of that many frames."""
    operations = 0.0
    for count in frames:
        operations += sum(2 * weights * count / every for weights, every in model.front)
        rows = count / model.frames_a_row
        operations += 2 * (model.encoder + model.cross) * rows
        operations += model.encoder_layers * 4 * model.width * rows**2
    weights = model.encoder + model.cross + sum(weights for weights, _ in model.front)
    return Cost(operations, BYTES * weights)


def decoding(model: Dimensions, frames: Sequence[int], beam: int, length: int) -> list[Cost]:
    """Each step of a beam search that writes ``length`` tokens and ``</s>`` of every text."""
    rows = len(frames) * beam * model.streams
    encoded = sum(frames) / model.frames_a_row  # rows of the encoder
    steps = []
    for step in range(length + 1):
        # own history, and in a model of two streams that of the other one
        history = (step + 1) * model.streams
        attended = history + encoded / len(frames)
        operations = rows * (
            2 * (model.decoder + model.table) + model.decoder_layers * 4 * model.width * attended
        )
        cache = 2 * model.decoder_layers * model.width * (rows * (step + 1) + encoded)
        steps.append(Cost(operations, BYTES * (model.decoder + model.table + cache)))
    return steps


def training(model: Dimensions, frames: Sequence[int], tokens: Sequence[Sequence[int]]) -> Cost:
    """An update on utterances of that many frames; ``tokens`` of each text by stream, with ``</s>``."""
    forward = encoding(model, frames)
    width, layers = model.width, model.decoder_layers
    for text in tokens:
        for count, length in zip(frames, text, strict=True):
            attended = model.streams * length / 2 + count / model.frames_a_row  # causal: half of a text
            operations = length * (2 * (model.decoder + model.table) + layers * 4 * width * attended)
            forward += Cost(operations)
    weights = model.encoder + model.cross + model.decoder + model.table
    # read forward and backward, gradients written and read, Adam: weights and two moments read and written
    return Cost(3 * forward.operations, BYTES * weights * (2 + 2 + 6))


def measure_machine(device: torch.device, rows: int = 2048, repeats: int = 5) -> dict[str, float]:
    """Matrix rate in operations a second (square matrices, float32) and bandwidth in bytes a second."""
    left = torch.randn(rows, rows, device=device)
    block = torch.ones(rows * rows * 16, device=device)  # far larger than caches
    other = torch.empty_like(block)
    return {
        "operations_per_s": 2 * rows**3 / _seconds(lambda: left @ left, repeats, device),
        "bytes_per_s": 2 * block.numel() * BYTES / _seconds(lambda: other.copy_(block), repeats, device),
    }


def _seconds(work: Callable[[], Any], repeats: int, device: torch.device) -> float:
    times = []
    for _ in range(repeats + 1):
        timing.synchronise(device)
        started = time.perf_counter()
        work()
        timing.synchronise(device)
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])


def floors(args: argparse.Namespace, machine: dict[str, float]) -> dict[str, Any]:
    """Operations, bytes and least seconds of the workload of :mod:`benchmarks.speed`, by contestant."""
    entries, cpu = workload.vocabulary(VOCABULARY[args.size]), torch.device("cpu")
    contestants = {
        "interactive": dimensions(models.our_model("interactive", args.size, entries, args.front_end), 2),
        "stock_e2e": dimensions(models.stock_speech_model(args.size, entries), 1),
    }
    decoded = workload.make_equal_batches(entries, args.decode_batches, args.sentences, args.seed, cpu)
    trained = workload.make_batches(entries, args.train_batches, args.max_frames, args.seed, cpu)
    result: dict[str, Any] = {}
    for name, model in contestants.items():
        parts: dict[str, list[Cost]] = {"encoder": [], "decoder": [], "update": []}
        for batch in decoded:
            frames = batch["net_input"]["src_lengths"].tolist()
            parts["encoder"].append(encoding(model, frames))
            parts["decoder"] += decoding(model, frames, args.beam, batch["forced_length"])
        for batch in trained:
            frames = batch["net_input"]["src_lengths"].tolist()
            tokens = batch["targets"].ne(entries.pad()).sum(dim=2).tolist()
            parts["update"].append(training(model, frames, tokens[-model.streams :]))
        result[name] = {part: _sum(costs, machine) for part, costs in parts.items()}
    return result


def _sum(costs: Sequence[Cost], machine: dict[str, float]) -> dict[str, float]:
    total = sum(costs, Cost())
    seconds = sum(cost.seconds(**machine) for cost in costs)
    return {"operations": total.operations, "bytes": total.bytes, "seconds": seconds}


def ratios(found: dict[str, Any]) -> dict[str, float]:
    """Speed of the interactive model over stock fairseq's E2E that the floors allow."""
    seconds = {name: {part: cost["seconds"] for part, cost in parts.items()} for name, parts in found.items()}
    ours, stock = seconds["interactive"], seconds["stock_e2e"]
    decode = (stock["encoder"] + stock["decoder"]) / (ours["encoder"] + ours["decoder"])
    return {"decode": decode, "train": stock["update"] / ours["update"]}


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
        f"GFLOP/s, bandwidth {machine['bytes_per_s'] / 1e9:.1f} GB/s\ninteractive over stock E2E, by the "
        f"floors alone: decoding {allowed['decode']:.2f}, training {allowed['train']:.2f}"
    )
    columns = ["size " + args.size, "10⁹ operations", "10⁹ bytes", "at least, s"]
    show_table("Floors of a round", columns, rows, note)
    if args.json:
        text = json.dumps(result | {"workload": speed.describe_workload(args)}, indent=2, ensure_ascii=False)
        args.json.write_text(text + "\n", encoding="utf-8")
    return 0


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The options of :mod:`benchmarks.speed` that concern the workload."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.floors", description=DESCRIPTION)
    add = parser.add_argument
    add("--size", choices=list(SUFFIX), default="paper", help="of both models (default: paper)")
    add("--device", default="cpu", help="whose rates are measured (default: cpu)")
    add("--threads", type=int, help="CPU threads (default: torch's choice)")
    add("--json", type=Path, metavar="FILE", help="write the numbers here as well")
    args = parser.parse_args(argv)
    words = ["--size", args.size, "--device", args.device]
    args_of_speed = speed.parse(words)
    args_of_speed.threads, args_of_speed.json = args.threads, args.json
    return args_of_speed


if __name__ == "__main__":
    sys.exit(main())
