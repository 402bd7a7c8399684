"""Trains and compares the systems: ``python -m benchmarks.quality --help``.

Every run is a folder below ``--out``. The same command continues where it was stopped, and does again only
what the list of runs or the data say otherwise than before.
"""

from __future__ import annotations

import argparse
import fnmatch
import shlex
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from benchmarks.arguments import check_arguments
from benchmarks.quality import corpora
from benchmarks.quality.reports import Reports
from benchmarks.quality.run import execute
from benchmarks.quality.run_list import DEFAULT, RunList, read_list
from benchmarks.quality.runs import SCORES, DataSet, Run
from benchmarks.quality.schedule import LOG, do_all
from examples.help_formatter import HelpFormatter
from examples.runner import RecipeError, run_to_the_end

RESULTS = Path("benchmarks/results")
DESCRIPTION = """\
Trains the systems on the same data, updates and subword model, several seeds each, decodes and scores the
test sets, and writes tables and pictures. Continues what was stopped and skips what is done.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line asks for; returns how the runs ended, 1 where one failed."""
    args = parse(argv)
    runs = read_list(args.runs)
    groups = _known(args.group or list(runs.groups), runs.groups, "group")
    sources = {name: Path(path) for name, path in (_split(word) for word in args.data)}
    _known(sources, runs.data, "data set")
    wanted = [run for run in runs.runs(groups) if not args.only or _matches(run, args.only)]
    if not wanted and not args.only:
        raise RecipeError(f"{args.runs}: no seeds in {', '.join(groups)}; write them, as in digits: [1, 2]")
    if not wanted:
        raise RecipeError(f"--only {' '.join(args.only)}: there is no such run; --list shows their names")
    if args.list:
        _list(wanted, Reports(args.out, args.results))
        return 0
    failed = {} if args.table else _run(wanted, sources, args)
    _write(runs, groups, args)
    for name, message in failed.items():
        log = args.out / name / LOG  # data have none, nor what was not begun
        say(f"FAILED {name}: {message.splitlines()[0]}" + (f" (log: {log})" if log.exists() else ""))
    return 1 if failed else 0


def _run(wanted: Sequence[Run], sources: dict[str, Path], args: argparse.Namespace) -> dict[str, str]:
    """Do the runs that can be done and are not; returns what went wrong, by name."""
    reports = Reports(args.out, args.results)  # first: results that are damaged end the call here
    failed: dict[str, str] = {}
    prepared: dict[str, corpora.Prepared] = {}
    for data in {run.data.name: run.data for run in wanted}.values():
        if data.name not in sources:
            say(f"{data.name}: skipped; name its source by --data {data.name}=PATH ({data.source})")
            continue
        try:
            prepared[data.name] = _prepare(data, sources[data.name], args)
        except (RuntimeError, OSError, ValueError) as error:
            failed[f"{corpora.FOLDER}/{data.name}"] = str(error)
    todo: dict[str, Run] = {}
    for run in wanted:
        if run.data.name in prepared:
            todo |= {each.name: each for each in reports.missing(run, prepared[run.data.name])}
    say(f"{len(todo)} runs to do, {len(wanted)} asked for")

    def work(run: Run) -> str:
        return _result(execute(run, args.out, prepared[run.data.name], args.threads))

    return failed | do_all(list(todo.values()), work, lambda run: run.folder(args.out) / LOG, args.jobs, say)


def _prepare(data: DataSet, source: Path, args: argparse.Namespace) -> corpora.Prepared:
    say(f"{data.name}: data …")
    return corpora.prepare(data, source, args.out, args.threads)


def _write(runs: RunList, groups: Sequence[str], args: argparse.Namespace) -> None:
    """Tables and pictures of what is done."""
    from benchmarks import timing
    from benchmarks.quality.pictures import draw_all
    from benchmarks.quality.results import write_results
    from benchmarks.quality.summary import summarise

    reports = Reports(args.out, args.results)
    tables = summarise(runs, reports, groups, args.resamples)
    if not tables:
        say("no run is done yet: no table")
        return
    args.results.mkdir(parents=True, exist_ok=True)
    pictures = draw_all(tables, args.results)
    settings: dict[str, Any] = timing.describe_machine(timing.fairseq_device(), args.threads)
    settings |= {"command": command(args), "resamples": args.resamples, "jobs": args.jobs}
    write_results(args.results, tables, runs, reports, settings, pictures)
    say(f"results: {args.results / 'quality.md'}")


def command(args: argparse.Namespace) -> str:
    """The command as one would type it elsewhere: without the places of data on this machine."""
    words = ["python", "-m", "benchmarks.quality"]
    words += ["--group", *args.group] if args.group else []
    words += ["--only", *args.only] if args.only else []
    words += ["--data", *(f"{_split(word)[0]}=PATH" for word in args.data)] if args.data else []
    return shlex.join([*words, "--threads", str(args.threads), "--jobs", str(args.jobs)])


def _list(runs: Sequence[Run], reports: Reports) -> None:
    """Print every run: done or not, the minutes it took, its scores on the first test set."""
    width = max(len(run.name) for run in runs)
    done = 0
    for run in runs:
        report = reports.read(run)
        done += report is not None
        state = _result(report) if report else "begun" if run.folder(reports.out).exists() else "not begun"
        print(f"{run.name:{width}}  {state}")
    print(f"{done} of {len(runs)} done")


def _result(report: dict[str, Any]) -> str:
    """The minutes a run took and its scores, in a line."""
    found = []
    for name, scores in report["sets"].items():
        known = [f"{score} {scores[score]:.1f}" for score in SCORES if scores[score] is not None]
        found.append(f"{name}: {', '.join(known)}")
    return f"{report['total_seconds'] / 60:.1f} min; " + "; ".join(found)


def _matches(run: Run, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(run.name, pattern) for pattern in patterns)


def _split(word: str) -> tuple[str, str]:
    name, equals, path = word.partition("=")
    if not (name and equals and path):
        raise RecipeError(f"--data {word}: write NAME=PATH, as in digits=recordings")
    return name, path


def _known(names: Collection[str], known: Collection[str], kind: str) -> list[str]:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise RecipeError(f"no {kind} {', '.join(unknown)} in the list; there are {', '.join(known)}")
    return list(names)


def say(text: str) -> None:
    print(text, flush=True)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.quality",
        description=DESCRIPTION,
        formatter_class=HelpFormatter,
    )
    add = parser.add_argument
    add("--data", nargs="+", default=[], metavar="NAME=PATH", help="where data sets are; others are skipped")
    add("--group", nargs="+", default=[], metavar="NAME", help="these groups of the list only")
    add("--only", nargs="+", default=[], metavar="PATTERN",
        help="these runs only, and what they build on, as in 'digits/*/1'")  # fmt: skip
    add("--list", action="store_true", help="show the runs, what is done, and stop")
    add("--table", action="store_true", help="write tables and pictures of what is done; train nothing")
    add("--out", type=Path, default=Path("runs/quality"), help="folder of all runs")
    add("--results", type=Path, default=RESULTS, help="folder of tables and pictures")
    add("--runs", type=Path, metavar="FILE", help="list of runs (default: runs.yaml beside this program)")
    add("--threads", type=int, default=1, help="CPU threads of each run")
    add("--jobs", type=int, default=1, help="runs at once")
    add("--resamples", type=int, default=1000, help="of the test set in significance tests; 0 = no tests")
    args = parser.parse_args(argv)
    check_arguments(parser, args)
    args.runs = args.runs or DEFAULT
    return args


def _end() -> None:
    status = main()
    if status:
        sys.exit(status)


if __name__ == "__main__":
    sys.exit(run_to_the_end(_end))
