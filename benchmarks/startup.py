"""How long commands take to start: ``python -m benchmarks.startup --help``."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks import timing
from benchmarks.arguments import add_shared, check_arguments
from benchmarks.console import number, run_command, say, show_table, write_result

ROOT = Path(__file__).resolve().parent.parent
USER_DIR = str(ROOT / "interactive_st")
#: What is started, by the arguments of Python.
COMMANDS: dict[str, list[str]] = {
    "python": ["-c", ""],
    "interactive-st --help": ["-m", "interactive_st_cli", "--help"],
    "interactive-st score --help": ["-m", "interactive_st_cli", "score", "--help"],
    "import torch": ["-c", "import torch"],
    "fairseq-generate --help": ["-m", "fairseq_cli.generate", "--help"],
    "fairseq-generate --user-dir interactive_st --help": [
        "-m", "fairseq_cli.generate", "--user-dir", USER_DIR, "--help",
    ],
}  # fmt: skip
STOCK, OURS = list(COMMANDS)[-2:]
#: Everything that fairseq-generate imports, a mark, and then the package.
SPLIT = "import sys, fairseq_cli.generate; print('import of ours:', file=sys.stderr); import interactive_st"
LINE = re.compile(r"import time: +(\d+) \| +\d+ \| +(\S+)")
DESCRIPTION = """\
Times whole processes in turns and shows medians; the difference of the last two is what this package adds
to fairseq's own start. Then imports the package behind fairseq-generate's own imports and lists what that
adds, by package: time within its modules.
"""


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    cpu = torch.device("cpu")
    machine = timing.describe_machine(cpu, torch.get_num_threads())
    runs = {name: lambda words=words: run(words) for name, words in COMMANDS.items()}
    seconds = timing.alternate(runs, args.rounds, cpu, say)
    adds = timing.spread([ours - stock for ours, stock in zip(seconds[OURS], seconds[STOCK], strict=True)])
    result: dict[str, Any] = {
        "seconds": {name: timing.spread(times) for name, times in seconds.items()},
        "added_to_fairseq": adds,
        "imports_ms": imports_of_ours(),
        "machine": machine,
    }
    show(result, args.rounds)
    write_result(args.json, result)
    return 0


def run(words: Sequence[str]) -> str:
    """Run Python with these arguments in the checkout; returns what it wrote on standard error."""
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stderr


def imports_of_ours() -> dict[str, float]:
    """Milliseconds within modules that the package imports and fairseq-generate does not, by package."""
    return by_package(run(["-X", "importtime", "-c", SPLIT]))


def by_package(report: str) -> dict[str, float]:
    """Sum the report of ``-X importtime`` after the mark of ``SPLIT`` by package, longest first."""
    spent: Counter[str] = Counter()
    for microseconds, module in LINE.findall(report.partition("import of ours:")[2]):
        parts = module.split(".")
        ours = parts[0] == "interactive_st"
        spent[".".join(parts[: 2 if ours else 1])] += int(microseconds)
    return {name: spent_on / 1000 for name, spent_on in spent.most_common()}


def show(result: dict[str, Any], rounds: int) -> None:
    """Print medians and what the package's import is made of."""
    rows = [
        [name, number(found["median"]), f"{number(found['min'])}–{number(found['max'])}"]
        for name, found in result["seconds"].items()
    ]
    added = result["added_to_fairseq"]
    rows.append(
        ["what --user-dir adds", number(added["median"]), f"{number(added['min'])}–{number(added['max'])}"]
    )
    note = f"{timing.machine_in_words(result['machine'])}; {rounds} rounds, files in the cache"
    show_table("Start of a process", ["command", "median, s", "least–greatest"], rows, note)
    longest = list(result["imports_ms"].items())[:12]
    rows = [[name, number(time, 1)] for name, time in longest]
    rows.append(["all", number(sum(result["imports_ms"].values()), 1)])
    show_table("Import of interactive_st after fairseq-generate's own", ["package", "ms"], rows)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=DESCRIPTION)
    parser.add_argument("--rounds", type=int, default=5, help="processes of each that count (default: 5)")
    add_shared(parser, "json")
    args = parser.parse_args(argv)
    check_arguments(parser, args)
    return args


if __name__ == "__main__":
    sys.exit(run_command(main))
