"""Ours against stock fairseq, in turns: ``python -m benchmarks.speed --help``.

The interactive model writes transcript and translation. What one would run instead is stock fairseq:
``s2t_transformer`` with its ``SequenceGenerator`` for the translation alone (``stock_e2e``), or followed by a
``transformer`` when the transcript is wanted too (``stock_pipeline``).

All contestants decode the same batches to texts of the same forced lengths, with the same beam, and what each
has written is counted after every pass: one that writes less ends the run. In training all do the same
updates with the same optimiser. Models are prepared for decoding by ``prepare_for_inference_``, as
``fairseq-generate`` does.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from fairseq.data import Dictionary

from benchmarks import footprint, memory, timing, workload
from benchmarks.arguments import add_shared, check_arguments
from benchmarks.console import number, run_command, say, show_table, write_result
from benchmarks.contestants import build
from benchmarks.models import VOCABULARY
from benchmarks.work import check_written
from interactive_st.modules.fast.onednn_linear import has_fast_bfloat16

OURS, STOCK = "interactive", "stock_e2e"
DECODED = (OURS, "interactive_joint", "interactive_half", "two_stage", STOCK, "stock_pipeline")
TRAINED = (OURS, STOCK, "interactive_ctc", "stock_e2e_ctc")
#: On a GPU, on which users of stock fairseq have half precision too, and ours has CUDA graphs.
DECODED_ON_GPU = ("interactive_launched", "stock_e2e_half")
TRAINED_ON_GPU = ("interactive_amp", "stock_e2e_amp")
#: Ratios of speeds as (whose, over whose); of joint search the cost, which is the other way round.
DECODE_RATIOS = {
    "interactive_over_stock_e2e": (OURS, STOCK),
    "interactive_over_stock_pipeline": (OURS, "stock_pipeline"),
    "interactive_over_two_stage": (OURS, "two_stage"),
    "joint_over_rank_cost": (OURS, "interactive_joint"),
    "half_over_float": ("interactive_half", OURS),
    "half_over_stock_e2e_half": ("interactive_half", "stock_e2e_half"),
    "graphs_over_launches": (OURS, "interactive_launched"),
}
TRAIN_RATIOS = {
    "interactive_over_stock_e2e": (OURS, STOCK),
    "ctc_over_stock_e2e_ctc": ("interactive_ctc", "stock_e2e_ctc"),
    "amp_over_stock_e2e_amp": ("interactive_amp", "stock_e2e_amp"),
}
MEMORY_RATIOS = {
    "decode_over_stock_e2e": ("decode", OURS, STOCK),
    "train_over_stock_e2e": ("train", OURS, STOCK),
    "train_ctc_over_stock_e2e_ctc": ("train", "interactive_ctc", "stock_e2e_ctc"),
}
PHASES = ("decode", "train", "memory")
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
MEMORY_BEAM, MEMORY_SENTENCES, MEMORY_SECONDS = 8, 8, 30.0
#: Where nothing else is asked for, on a CPU and on a GPU.
DEFAULTS = {
    "cpu": {"sentences": 8, "max_frames": 6_000, "rounds": 5, "decode_batches": 6, "train_batches": 3},
    "cuda": {"sentences": 64, "max_frames": 40_000, "rounds": 9, "decode_batches": 8, "train_batches": 8},
}
QUICK = {"rounds": 7, "decode_batches": 2, "train_batches": 1}
DESCRIPTION = """\
Speed and peak memory of the interactive model, which writes both texts, against stock fairseq. The
contestants take turns, every ratio is of the same round, and what each has written is counted.
"""


@dataclass(frozen=True)
class Inputs:
    """What the contestants are given."""

    entries: Dictionary
    decoded: list[workload.Sample]
    trained: list[workload.Sample]


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    logging.getLogger("fairseq").setLevel(logging.WARNING)
    device, threads = torch.device(args.device), timing.set_threads(args.threads)
    machine = timing.describe_machine(device, threads)
    details: dict[str, Any] = {"machine": machine, "workload": describe_workload(args)}
    result: dict[str, Any] = {}
    measures = {"decode": measure_decoding, "train": measure_training, "memory": measure_memory}
    inputs = make_inputs(args, device)
    for phase in args.only:
        result[phase], details[phase] = measures[phase](args, device, inputs)
    result["details"] = details
    show(result)
    write_result(args.json, result)
    return 0


def describe_workload(args: argparse.Namespace) -> dict[str, Any]:
    """What is measured, in numbers and in words."""
    names = ("size", "quick", "rounds", "beam", "sentences", "decode_batches", "train_batches", "max_frames")
    return {name: getattr(args, name) for name in (*names, "front_end", "seed", "clock")} | {
        "vocabulary": VOCABULARY[args.size],
        "lengths": workload.DESCRIPTION,
        "decode": f"{args.decode_batches} batches of {args.sentences} sentences of like length, from short "
        f"to long; beam {args.beam}; in each batch all texts are forced to one length",
        "train": f"{args.train_batches} updates a round, batches of at most {args.max_frames} frames with "
        "padding: forward, loss, backward, clipping, torch's Adam for all; float32, amp: bfloat16 by "
        "torch.autocast; cross entropies alone, ctc: with CTC on the encoder in both (0.3, as in the "
        "recipes; stock fairseq by its label_smoothed_cross_entropy_with_ctc) and corrupted prefixes in ours",
        "memory": f"decoding: {MEMORY_SENTENCES} utterances of {MEMORY_SECONDS:g} s, beam {MEMORY_BEAM}; "
        "training: two updates on the largest batch; a process of its own for each, peak above what the "
        "loaded model takes",
        "front_ends": f"ours: {args.front_end}; stock fairseq: conv1d",
    }


def make_inputs(args: argparse.Namespace, device: torch.device) -> Inputs:
    """The batches of all phases, made before anything is measured: where there are not enough, nothing is."""
    entries = workload.vocabulary(VOCABULARY[args.size])
    decoded, trained = [], []
    if "decode" in args.only:
        decoded = workload.make_equal_batches(
            entries, args.decode_batches, args.sentences, args.seed, device
        )
    if {"train", "memory"} & set(args.only):
        trained = workload.make_batches(entries, args.train_batches, args.max_frames, args.seed, device)
    return Inputs(entries, decoded, trained)


def measure_decoding(
    args: argparse.Namespace, device: torch.device, inputs: Inputs
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Ratios of sentences a second, and what they come from."""
    entries, batches = inputs.entries, inputs.decoded
    systems, runs = {}, {}
    for name in decoded_on(device):
        say(f"decode: building {name}")
        systems[name] = build(name, args.size, entries, args.beam, device, args.front_end)
        systems[name].end_training()
        samples = systems[name].samples(batches)
        runs[name] = lambda system=systems[name], samples=samples: system.decode(samples)
    tokens: dict[str, dict[str, int]] = {}

    def check(name: str, written: Any) -> None:
        tokens[name] = check_written(name, systems[name].texts, written, batches, args.beam)

    seconds = timing.alternate(
        runs, args.rounds, device, lambda text: say(f"decode: {text}"), check, CLOCKS[args.clock]
    )
    sentences = sum(batch["nsentences"] for batch in batches)
    details = _describe_speeds(seconds, sentences, "sentences_per_s", DECODE_RATIOS)
    details |= {"tokens": tokens, "forced_lengths": [batch["forced_length"] for batch in batches]}
    details["parameters"] = {name: system.parameters for name, system in systems.items()}
    return _medians(details["ratios"]), details


def decoded_on(device: torch.device) -> tuple[str, ...]:
    """Who decodes there: half precision only where there are instructions for it."""
    if device.type == "cuda":
        return DECODED + DECODED_ON_GPU
    return tuple(name for name in DECODED if "half" not in name or has_fast_bfloat16())


def measure_training(
    args: argparse.Namespace, device: torch.device, inputs: Inputs
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Ratio of updates a second, and what it comes from."""
    entries, batches = inputs.entries, inputs.trained
    runs, parameters = {}, {}
    for name in TRAINED + (TRAINED_ON_GPU if device.type == "cuda" else ()):
        say(f"train: building {name}")
        system = build(name, args.size, entries, args.beam, device, args.front_end)
        samples = system.samples(batches)
        runs[name] = lambda system=system, samples=samples: system.train(samples)
        parameters[name] = system.parameters
    seconds = timing.alternate(
        runs, args.rounds, device, lambda text: say(f"train: {text}"), None, CLOCKS[args.clock]
    )
    details = _describe_speeds(seconds, len(batches), "updates_per_s", TRAIN_RATIOS)
    details["parameters"] = parameters  # with CTC stock fairseq has a table more, which is tied to none
    details["sentences"] = [batch["nsentences"] for batch in batches]
    details["target_tokens"] = {
        OURS: [batch["ntokens"] for batch in batches],
        STOCK: [batch["ntokens_by_stream"][1] for batch in batches],
    }
    return _medians(details["ratios"]), details


def measure_memory(
    args: argparse.Namespace, device: torch.device, _: Inputs
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Ratios of peak memory, and what they come from, in processes that make their own batches."""
    details: dict[str, Any] = {}
    speech = footprint.Decoding(args.size, MEMORY_BEAM, MEMORY_SENTENCES, MEMORY_SECONDS, args.front_end)
    updates = footprint.Training(args.size, args.train_batches, args.max_frames, args.seed, args.front_end)
    for phase, job, names in (("decode", speech, (OURS, STOCK)), ("train", updates, TRAINED)):
        details[phase] = {}
        for name in names:
            say(f"memory: {phase} {name}")
            details[phase][name] = memory.in_own_process(job, name, str(device), args.threads)
    ratios = {
        key: details[phase][mine]["peak_mib"] / details[phase][other]["peak_mib"]
        for key, (phase, mine, other) in MEMORY_RATIOS.items()
    }
    return ratios, details


def _describe_speeds(
    seconds: dict[str, list[float]], work: int, unit: str, pairs: dict[str, tuple[str, str]]
) -> dict[str, Any]:
    details = {
        name: {unit: timing.rate(work, times), "seconds": timing.spread(times)}
        for name, times in seconds.items()
    }
    ratios = {}
    for key, (mine, theirs) in pairs.items():
        if not {mine, theirs} <= seconds.keys():
            continue  # see `decoded_on`
        ratios[key] = timing.spread(timing.ratios(seconds[theirs], seconds[mine]))
    return {"contestants": details, "ratios": ratios}


def _medians(ratios: dict[str, dict[str, Any]]) -> dict[str, float]:
    return {key: found["median"] for key, found in ratios.items()}


def show(result: dict[str, Any]) -> None:
    """Print the ratios with their spread, and under them what was measured."""
    details, rows = result["details"], []
    for phase in ("decode", "train"):
        for key, found in details.get(phase, {}).get("ratios", {}).items():
            spread = f"{number(found['min'], 3)}–{number(found['max'], 3)}"
            rows.append([f"{phase} {key}", number(found["median"], 3), spread])
    rows += [[f"memory {key}", number(value, 3), "–"] for key, value in result.get("memory", {}).items()]
    found = details["workload"]
    note = "\n".join(
        [
            timing.machine_in_words(details["machine"]),
            *(f"{phase}: {found[phase]}" for phase in PHASES if phase in result),
            f"{found['lengths']}; front ends: {found['front_ends']}; vocabulary {found['vocabulary']}; "
            f"{found['rounds']} rounds; clock: {found['clock']}"
            + ("; --quick: rough" if found["quick"] else ""),
        ]
    )
    title = f"Interactive against the others, size {found['size']}"
    show_table(title, ["ratio", "median", "least–greatest of the rounds"], rows, note)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed",
        description=DESCRIPTION,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    add = parser.add_argument
    add_shared(parser, "size", help="of all models (default: paper, with --quick s)")
    add_shared(parser, "device", "threads", "json", "beam", "seed")
    add("--rounds", type=int, help="alternated rounds that count (default: 5, GPU 9, --quick 7)")
    add(
        "--quick",
        action="store_true",
        help="a rougher answer in under five minutes: rounds of less work",
    )
    add("--only", choices=PHASES, nargs="+", default=list(PHASES), help="measure only these")
    add("--sentences", type=int, help="in a batch of decoding (default: 8, GPU 64)")
    add("--decode-batches", type=int, metavar="N", help="in a round (default: 6, GPU 8, --quick 2)")
    add("--train-batches", type=int, metavar="N", help="updates in a round (default: 3, GPU 8, --quick 1)")
    add("--max-frames", type=int, help="in a batch of training (default: 6000, GPU 40000)")
    add("--front-end", choices=("conv1d", "stack"), default="conv1d", help="of our models: conv1d (default), "
        "which stock fairseq has, or the paper's stack")  # fmt: skip
    add("--clock", choices=list(CLOCKS), default="wall", help="wall (default), or cpu: the process's "
        "own time, for a machine that others use; with --threads 1")  # fmt: skip
    args = parser.parse_args(argv)
    defaults = DEFAULTS["cpu" if args.device == "cpu" else "cuda"] | (QUICK if args.quick else {})
    defaults["size"] = "s" if args.quick else "paper"
    for name, value in defaults.items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    if args.clock == "cpu" and (args.device != "cpu" or args.threads != 1):
        parser.error("--clock cpu counts all threads and no GPU: it needs --device cpu --threads 1")
    check_arguments(parser, args)
    return args


if __name__ == "__main__":
    sys.exit(run_command(main))
