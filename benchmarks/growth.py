"""How time and peak memory grow: ``python -m benchmarks.growth --help``.

One factor is varied at a time around a centre, for the interactive model and for stock fairseq's
translation-only model. At every point each of both is a process of its own: the peak of the first pass above
what the loaded model takes, then the time of further passes, which both make in turns. What each decoded is
counted (:mod:`benchmarks.work`).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from benchmarks import footprint, memory, timing
from benchmarks.arguments import add_shared, check_arguments
from benchmarks.console import number, run_command, say, show_table, write_result
from benchmarks.growth_pictures import draw
from benchmarks.growth_points import CENTRE, CONTESTANTS, QUICK, VALUES, Point, concerns, curve, key_of
from interactive_st.errors import DataError

PHASES = ("decode", "train")
#: What points of one file have in common of the machine, besides what the settings say.
SAME = ("device", "cpu", "threads", "torch")
DESCRIPTION = """\
Curves of time and peak memory against the length of utterances, beam, batch, vocabulary and length of texts,
one varied at a time: the interactive model, which writes both texts, and stock fairseq's translation-only
model. At each point both take turns; a ratio is the median of those of the rounds. Every point is kept as
soon as it is measured; the same command goes on where it was stopped. A full run takes some twenty minutes
at size s on two cores.
"""


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    machine = timing.describe_machine(torch.device(args.device), timing.set_threads(args.threads))
    settings = {name: getattr(args, name) for name in ("size", "device", "threads", "rounds")}
    settings |= {"centre": asdict(CENTRE), "front_end": "conv1d"}
    results = read(args.json, settings, machine)
    # the machine's own are those of the first call, and of points that have none
    when = {name: machine[name] for name in ("commit", "date")}
    known = results["points"].keys()
    todo = [at for at in jobs(args) if not known >= {key_of(*at, name) for name in CONTESTANTS}]
    for index, (phase, point) in enumerate(todo, start=1):
        say(f"{index} of {len(todo)}: {phase} {point}")
        found = measure(job_of(phase, point, args.size), args.device, args.threads, args.rounds)
        results["points"] |= {key_of(phase, point, name): one | when for name, one in found.items()}
        write_result(args.json, results)
    for phase in args.only:
        show(results["points"], phase)
        say(f"picture: {draw(results, phase, picture_path(args.json, phase))}")
    return 0


def jobs(args: argparse.Namespace) -> Iterator[tuple[str, Point]]:
    """Phase and point of everything to measure, each once."""
    seen = set()
    for phase in args.only:
        for factor, values in (QUICK if args.quick else VALUES).items():
            for value in values if concerns(phase, factor) else ():
                if (job := (phase, replace(CENTRE, **{factor: value}))) not in seen:
                    seen.add(job)
                    yield job


def job_of(phase: str, point: Point, size: str) -> footprint.Decoding | footprint.UniformTraining:
    """What measures a point."""
    rest = (point.batch, point.seconds, "conv1d", point.tokens, point.vocabulary)
    if phase == "decode":
        return footprint.Decoding(size, point.beam, *rest)
    return footprint.UniformTraining(size, *rest)


def measure(
    job: footprint.Decoding | footprint.UniformTraining, device: str, threads: int | None, rounds: int
) -> dict[str, dict[str, Any]]:
    """What is found of each contestant, and the seconds of its passes; who begins changes with the round."""
    with ExitStack() as stack:
        processes = {
            name: stack.enter_context(memory.OwnProcess(job.begin, name, device, threads))
            for name in CONTESTANTS
        }
        seconds: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
        for number_of_round in range(rounds):
            for name in CONTESTANTS[:: 1 if number_of_round % 2 == 0 else -1]:
                seconds[name].append(processes[name].again())
    return {
        name: process.result | {"seconds": statistics.median(seconds[name]), "all_seconds": seconds[name]}
        for name, process in processes.items()
    }


def read(path: Path, settings: dict[str, Any], machine: dict[str, Any]) -> dict[str, Any]:
    """What an earlier run left in the file, or an empty beginning.

    Raises:
        SystemExit: it was measured with other settings, or on another machine.
        DataError: it holds something else.
    """
    if not path.exists():
        return {"settings": settings, "machine": machine, "points": {}}
    try:
        results = json.loads(path.read_text(encoding="utf-8"))
        found, there = dict(results["settings"]), dict(results["machine"])
        dict(results["points"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(
            f"{path}: no results of this benchmark ({error!r}); remove it, or name another file by --json"
        ) from error
    different = [name for name in settings if found.get(name) != settings[name]]
    different += [f"{name} ({there.get(name)})" for name in SAME if there.get(name) != machine[name]]
    if different:
        raise SystemExit(
            f"python -m benchmarks.growth: error: {path} was measured with another {', '.join(different)}; "
            "name another file by --json, or remove this one"
        )
    return results


def picture_path(path: Path, phase: str) -> Path:
    """The picture beside the file: ``growth_s.json`` and ``growth_s_decode.png``."""
    return path.with_name(f"{path.stem}_{phase}.png")


def show(points: dict[str, Any], phase: str) -> None:
    """Print every curve: both contestants' time and memory, and the ratio ours to stock fairseq's."""
    rows = []
    for factor in VALUES:
        ours, stock = (dict(curve(points, phase, factor, name)) for name in CONTESTANTS)
        for value in sorted(ours.keys() & stock.keys()):
            mine, theirs = ours[value], stock[value]
            cells = [f"{factor} {value:g}"]
            cells += [number(one["seconds"], 3) for one in (mine, theirs)]
            rounds = zip(mine["all_seconds"], theirs["all_seconds"], strict=True)
            cells.append(number(statistics.median(a / b for a, b in rounds), 2))
            cells += [number(one["peak_mib"], 0) for one in (mine, theirs)]
            cells.append(number(mine["peak_mib"] / theirs["peak_mib"], 2))
            rows.append(cells)
    columns = ["one varied", "interactive s", "stock s", "ratio", "interactive MiB", "stock MiB", "ratio"]
    show_table(phase, columns, rows)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=DESCRIPTION)
    add = parser.add_argument
    add_shared(parser, "size", default="s")
    add_shared(parser, "device", "threads")
    add("--rounds", type=int, default=3, help="passes of each that are timed at a point (default: 3)")
    add("--only", choices=PHASES, nargs="+", default=list(PHASES), help="measure only these")
    add("--quick", action="store_true", help="three values of each factor")
    add_shared(parser, "json", help="results, taken up again; the pictures lie beside it "
        "(default: benchmarks/results/growth_SIZE_DEVICE.json)")  # fmt: skip
    args = parser.parse_args(argv)
    if args.json is None:
        args.json = Path("benchmarks/results") / f"growth_{args.size}_{args.device.partition(':')[0]}.json"
    check_arguments(parser, args)
    return args


if __name__ == "__main__":
    sys.exit(run_command(main))
