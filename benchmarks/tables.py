"""Writes the measured numbers into a page: ``python -m benchmarks.tables --help``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.arguments import check_there
from benchmarks.console import markdown_table, run_command
from interactive_st.wording import counted
from interactive_st.writing import write_whole

HERE = Path(__file__).resolve().parent
BEGIN, END = "<!-- tables: begin (python -m benchmarks.tables) -->", "<!-- tables: end -->"
#: Rows of the table of speeds: the ratio, in words, and the paper's.
SPEED_ROWS = {
    ("decode", "interactive_over_stock_e2e"): ("decoding, interactive / stock fairseq E2E", "0.74"),
    ("decode", "interactive_over_stock_pipeline"): ("decoding, interactive / stock fairseq pipeline", "1.10"),
    ("decode", "interactive_over_two_stage"): ("decoding, interactive / our two-stage", "1.61"),
    ("decode", "joint_over_rank_cost"): ("decoding, cost of `joint` search / of `rank`", "–"),
    ("decode", "half_over_float"): ("decoding, interactive by `--half` / in float32", "–"),
    ("decode", "half_over_stock_e2e_half"): ("decoding, both in half precision / stock fairseq E2E", "–"),
    ("decode", "graphs_over_launches"): ("decoding, with CUDA graphs / without", "–"),
    ("train", "interactive_over_stock_e2e"): ("training, interactive / stock fairseq E2E", "0.894"),
    ("train", "ctc_over_stock_e2e_ctc"): ("training, both with CTC / stock fairseq E2E", "–"),
    ("train", "amp_over_stock_e2e_amp"): ("training, both in bfloat16 (autocast) / stock fairseq E2E", "–"),
    ("memory", "decode_over_stock_e2e"): ("memory of decoding, / stock fairseq E2E", "–"),
    ("memory", "train_over_stock_e2e"): ("memory of training, / stock fairseq E2E", "–"),
    ("memory", "train_ctc_over_stock_e2e_ctc"): ("memory of training, both with CTC / stock E2E", "–"),
}
SYSTEM_COLUMNS = {
    "params": "parameters",
    "train_steps_per_s": "training steps/s",
    "train_ratio": "× E2E",
    "sentences_per_s": "sentences/s",
    "decode_ratio": "× E2E",
    "peak_memory_mib": "peak MiB",
}
FLOOR_SYSTEMS = {
    "interactive": "interactive",
    "stock_e2e": "stock E2E",
    "stock_pipeline": "stock pipeline",
    "two_stage": "our two-stage",
}
DESCRIPTION = """\
Renders the JSON files that the benchmarks wrote (speed_*, systems_*, floors_*, startup*) as tables, between
the marks in a page. Growth has pictures of its own.
"""


class PageError(ValueError):
    """The page has no place for the tables."""


class ResultError(ValueError):
    """A file of results is no JSON."""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=DESCRIPTION)
    add = parser.add_argument
    add("--results", type=Path, default=HERE / "results", help="folder of the JSON files")
    add("--page", type=Path, default=HERE / "README.md", help="Markdown file with the marks")
    args = parser.parse_args(argv)
    check_there(parser, args.page, "page; name one by --page")
    try:
        found = render(args.results)
    except ResultError as error:
        parser.error(str(error))
    if not found:  # or all tables of the page would go
        parser.error(f"--results {args.results}: no {', '.join(RENDERERS)} in it; name the folder of results")
    try:
        text = insert(args.page.read_text(encoding="utf-8"), found)
    except PageError as error:
        parser.error(f"{args.page}: {error}")
    write_whole(args.page, text)
    return 0


def insert(page: str, tables: str) -> str:
    """Put ``tables`` between the marks in ``page``.

    Raises:
        PageError: the marks are not there, once each and in order.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest:
        raise PageError(f"one line has to be {BEGIN!r}, and a later one {END!r}")
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def render(folder: Path) -> str:
    """All tables of a folder of results, as Markdown; empty where there are none.

    Raises:
        ResultError: a file of it is no JSON.
    """
    found = [
        (render_one, path, _read(path))
        for pattern, render_one in RENDERERS.items()
        for path in sorted(folder.glob(pattern))
    ]
    return "\n\n".join(
        f"{render_one(result)}\n\nSource: `results/{path.name}`." for render_one, path, result in found
    )


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ResultError(f"{path}: is no JSON ({error}); measure it again") from error


def speed_table(result: dict[str, Any]) -> str:
    """Ratios with their spread over the rounds, and what was measured."""
    details, rows = result["details"], []
    for (phase, key), (words, paper) in SPEED_ROWS.items():
        if key not in result.get(phase, {}):
            continue
        spread = details[phase].get("ratios", {}).get(key)
        rounds = f"{spread['min']:.2f}–{spread['max']:.2f}" if spread else "–"
        rows.append([words, f"**{result[phase][key]:.2f}**", rounds, paper])
    work, machine = details["workload"], details["machine"]
    title = f"**Speed and memory, size `{work['size']}`**, {_machine(machine)}"
    measured = [phase for phase in ("decode", "train", "memory") if phase in result]
    note = " ".join(f"{phase.capitalize()}: {work[phase]}." for phase in measured)
    table = markdown_table(["ratio", "median", "rounds", "paper"], rows)
    return f"{title}\n\n{table}\n\n{note} {work['rounds']} rounds. Front ends: {work['front_ends']}."


def systems_table(result: dict[str, Any]) -> str:
    """Table 4 of the paper."""
    settings = result["settings"]
    rows = [
        [f"`{name}`", *(_cell(found.get(column)) for column in SYSTEM_COLUMNS)]
        for name, found in result["systems"].items()
    ]
    title = f"**All systems, size `{settings['size']}`**, {_machine(settings)}"
    return f"{title}\n\n{markdown_table(['system', *SYSTEM_COLUMNS.values()], rows)}"


def floors_table(result: dict[str, Any]) -> str:
    """Operations, bytes and the least times of each system, and the ratios that follow."""
    rows = []
    for name, words in FLOOR_SYSTEMS.items():
        parts = result["floors"][name]
        encoder, decoder, update = (parts.get(part) for part in ("encoder", "decoder", "update"))
        giga = [f"{part['operations'] / 1e9:,.0f}" for part in (encoder, decoder)]
        moved = f"{(encoder['bytes'] + decoder['bytes']) / 1e9:,.1f}"
        cells = [words, *giga, moved, f"{encoder['seconds'] + decoder['seconds']:.2f}"]
        trained = [f"{update['operations'] / 1e9:,.0f}", f"{update['seconds']:.2f}"] if update else ["–", "–"]
        rows.append(cells + trained)
    columns = ["system", "encoder, GFLOP", "decoder, GFLOP", "both, GB", "decoding at least, s"]
    columns += ["training, GFLOP", "training at least, s"]
    rates, ratios = result["rates"], result["ratios"]
    title = f"**Floors, size `{result['workload']['size']}`**, {_machine(result['machine'])}"
    note = (
        f"Measured: {rates['operations_per_s'] / 1e9:.0f} GFLOP/s, {rates['bytes_per_s'] / 1e9:.1f} GB/s. "
        f"By the floors alone, interactive decodes at {ratios['decode']:.2f} of the speed of stock E2E, "
        f"{ratios['decode_over_pipeline']:.2f} of that of its pipeline and "
        f"{ratios['decode_over_two_stage']:.2f} of that of our two-stage model, and trains at "
        f"{ratios['train']:.2f} of that of stock E2E."
    )
    return f"{title}\n\n{markdown_table(columns, rows)}\n\n{note}"


def startup_table(result: dict[str, Any]) -> str:
    """Medians of whole processes, and what the package adds."""
    rows = [[f"`{name}`", f"{found['median']:.2f}"] for name, found in result["seconds"].items()]
    rows.append(["what `--user-dir` adds", f"{result['added_to_fairseq']['median']:.2f}"])
    imports = sum(result["imports_ms"].values())
    title = f"**Start of a process**, {_machine(result['machine'])}"
    note = f"Import of the package behind fairseq's own imports: {imports:.0f} ms."
    return f"{title}\n\n{markdown_table(['command', 'seconds'], rows)}\n\n{note}"


RENDERERS = {
    "speed_*.json": speed_table,
    "systems_*.json": systems_table,
    "floors_*.json": floors_table,
    "startup*.json": startup_table,
}


def _cell(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.0f}" if value >= 100 else f"{value:.2f}"


def _machine(machine: dict[str, Any]) -> str:
    device = "" if machine["device"] == "cpu" else f"{machine['device']}, "
    return (
        f"{device}{machine['cpu']}, {counted(machine['threads'], 'thread')}, torch {machine['torch']}, "
        f"{machine['date']}, commit `{machine['commit']}`"
    )


if __name__ == "__main__":
    sys.exit(run_command(main))
