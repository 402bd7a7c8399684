"""Mean and spread over seeds of each variant, and how probable its difference from the reference is."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.quality.counts import unpack
from benchmarks.quality.reports import Reports
from benchmarks.quality.run_list import RunList
from benchmarks.quality.runs import PART_OF_THE_COST, SCORES, DataSet, Group, Run, Variant
from interactive_st.scoring.metrics import METRICS


@dataclass
class Cell:
    """One score of a variant: of each seed, the p-value of its difference from the reference's, and of the
    seeds that both have those with which the reference is better, and all."""

    values: dict[int, float] = field(default_factory=dict)
    p: float | None = None
    reference_better: tuple[int, int] | None = None

    @property
    def mean(self) -> float | None:
        return statistics.fmean(self.values.values()) if self.values else None

    @property
    def deviation(self) -> float | None:
        """Standard deviation over seeds (n − 1); None for fewer than two."""
        return statistics.stdev(self.values.values()) if len(self.values) > 1 else None


@dataclass
class Row:
    """A variant on a test set; ``value`` is that of the group's parameter, or its name."""

    value: str
    variant: Variant
    seeds: tuple[int, ...]
    scores: dict[str, Cell]
    train_seconds: list[float]


@dataclass
class Table:
    """A group on a test set."""

    group: Group
    data: DataSet
    test: str
    rows: list[Row]
    wanted: int  # runs that there are when all is done
    signatures: dict[str, str]


def summarise(runs: RunList, reports: Reports, names: Sequence[str], resamples: int) -> list[Table]:
    """A table for every group, data set and test set of which a run is done."""
    tables = []
    for group in (runs.groups[name] for name in names):
        for data, seeds in group.seeds.items():
            done = {
                value: {s: found for s in seeds if (found := _read(runs.run(data, name, s), reports))}
                for value, name in group.variants.items()
            }
            tests = dict.fromkeys(
                test for found in done.values() for report in found.values() for test in report["sets"]
            )
            wanted = len(seeds) * len(group.variants)
            for test in tests:
                rows = [
                    _row(value, runs.variants[group.variants[value]], test, found)
                    for value, found in done.items()
                    if found
                ]
                table = Table(group, runs.data[data], test, rows, wanted, _signatures(done, test))
                _compare(table, done, resamples)
                tables.append(table)
    return tables


def _read(run: Run, reports: Reports) -> dict[str, Any] | None:
    report = reports.read(run)
    if report is None:
        return None
    needed = [reports.read(need) or {} for role, need in run.needs.items() if role in PART_OF_THE_COST]
    seconds = report["train_seconds"] + sum(need.get("train_seconds", 0.0) for need in needed)
    return report | {"train_seconds": seconds}


def _row(value: str, variant: Variant, test: str, reports: Mapping[int, Mapping[str, Any]]) -> Row:
    cells = {}
    for score in SCORES:
        values = {seed: report["sets"][test].get(score) for seed, report in reports.items()}
        cells[score] = Cell({seed: value for seed, value in values.items() if value is not None})
    seconds = [report["train_seconds"] for report in reports.values() if report["train_seconds"]]
    return Row(value, variant, tuple(reports), cells, seconds)


def _signatures(done: Mapping[str, Mapping[int, Mapping[str, Any]]], test: str) -> dict[str, str]:
    keys = ("wer_normalisation", "bleu_signature", "chrf_signature")
    return {
        key: text
        for reports in done.values()
        for report in reports.values()
        for key in keys
        if (text := report["sets"].get(test, {}).get(key))
    }


def _compare(table: Table, done: Mapping[str, Mapping[int, Mapping[str, Any]]], resamples: int) -> None:
    """Fill in the p-values, over the seeds that both have; ``done`` are reports by value and seed."""
    from benchmarks.quality.significance import compare

    reference = next((row for row in table.rows if row.variant.name == table.group.reference), None)
    if reference is None or not resamples:
        return
    for row in table.rows:
        for score, cell in row.scores.items():
            seeds = [s for s in row.seeds if s in cell.values and s in reference.scores[score].values]
            if row is reference or not seeds:
                continue
            ours, theirs = (
                [unpack(done[each.value][s]["counts"][table.test][score]) for s in seeds]
                for each in (reference, row)
            )
            cell.p = compare(score, ours, theirs, resamples).p
            sign = 1 if METRICS[score].higher_is_better else -1
            gains = [sign * (reference.scores[score].values[s] - cell.values[s]) for s in seeds]
            cell.reference_better = (sum(gain > 0 for gain in gains), len(seeds))
