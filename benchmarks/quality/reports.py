"""What runs have left: their reports below ``--out``, and those that came with the results of earlier
calls."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any

from benchmarks.quality import corpora
from benchmarks.quality.corpora import Prepared
from benchmarks.quality.runs import SCORES, DataSet, Run
from interactive_st.errors import DataError

REPORT = "report.json"
RESULTS_FILE = "quality.json"
#: What a report has beside its scores: what the tables are made of, and what tells whether a run has to be
#: done again.
OF_A_RUN = (
    *("definition", "data_digest", "seed", "updates", "train_seconds", "total_seconds", "step_seconds"),
    *("counts", "commands", "versions", "machine"),
)


def read_report(run: Run, out: Path, prepared: Prepared | None = None) -> dict[str, Any] | None:
    """What the run wrote when it was done here; None if it was not, or with another definition or other data,
    or if its report is damaged: it can be made again.

    Without ``prepared`` the data are taken to be the same.
    """
    try:
        report = json.loads((run.folder(out) / REPORT).read_text("utf-8"))
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    return report if _is_of(report, run, prepared) else None


class Reports:
    """The reports of all runs that are done, here or elsewhere.

    A run that was done on another machine, and whose results are all that is left of it, need not be done
    again; only what others build on has to be here with its checkpoints.

    Args:
        out: folder of the runs.
        results: folder of the results, in which ``quality.json`` holds the reports of runs done before.

    Raises:
        DataError: ``quality.json`` is damaged, or cannot be read.
    """

    def __init__(self, out: Path, results: Path) -> None:
        self.out = out
        content = _read_results(results / RESULTS_FILE)
        self._kept = {run["run"]: run for run in content["runs"]}
        self._data: dict[str, dict[str, Any]] = content["data"]

    def read(self, run: Run, prepared: Prepared | None = None) -> dict[str, Any] | None:
        """The run's report, wherever it was done; as :func:`read_report`."""
        here = read_report(run, self.out, prepared)
        if here is not None:
            return here
        kept = self._kept.get(run.name)
        return kept if _is_of(kept, run, prepared) else None

    def data_commands(self, data: DataSet) -> list[str]:
        """What made a data set, here or elsewhere, as one would type it."""
        kept = self._data.get(data.name, {})
        alike = all(kept.get(key) == value for key, value in data.description().items())
        return corpora.commands(data, self.out) or (kept["commands"] if alike else [])

    def others(
        self, data: Container[str], listed: Container[str]
    ) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
        """Data sets and runs of ``quality.json`` other than those: of other lists, which it is not for this
        one to delete."""
        runs = [run for name, run in self._kept.items() if name not in listed]
        of_runs = {run["run"].partition("/")[0] for run in runs}
        return {name: each for name, each in self._data.items() if name in of_runs and name not in data}, runs

    def missing(self, run: Run, prepared: Prepared | None = None) -> list[Run]:
        """What is to be done for the run, first things first; nothing where it is done."""
        return [] if self.read(run, prepared) is not None else self._missing_here(run, prepared)

    def _missing_here(self, run: Run, prepared: Prepared | None) -> list[Run]:
        if read_report(run, self.out, prepared) is not None:
            return []
        needed = [each for need in run.needs.values() for each in self._missing_here(need, prepared)]
        return [*needed, run]


def _is_of(report: Any, run: Run, prepared: Prepared | None) -> bool:
    """Whether ``report`` is of a run so defined, on these data."""
    if not _is_whole(report) or report["definition"] != run.definition():
        return False
    return prepared is None or report["data_digest"] == prepared.digest


def _is_whole(report: Any) -> bool:
    """Whether all is there that is read of a report."""
    if not isinstance(report, Mapping) or any(key not in report for key in OF_A_RUN):
        return False
    seconds = (report["train_seconds"], report["total_seconds"])
    sets = report.get("sets")
    if not isinstance(sets, Mapping) or not all(isinstance(each, int | float) for each in seconds):
        return False
    return isinstance(report["counts"], Mapping) and all(
        isinstance(scores, Mapping)
        and all(isinstance(scores.get(name, ""), int | float | None) for name in SCORES)
        for scores in sets.values()
    )


def _read_results(path: Path) -> dict[str, Any]:
    """What the file of results holds; nothing where there is none yet.

    One that is damaged is an error: it may be all that is left of runs, and is written anew after each call.
    """
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {"data": {}, "runs": []}
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path, getattr(error, "strerror", None) or str(error)) from error
    if not isinstance(content, Mapping):
        raise _damaged(path, f"a JSON object is needed, found {type(content).__name__}")
    data, runs = content.get("data"), content.get("runs")
    if not isinstance(data, Mapping) or not all(
        isinstance(each, Mapping) and isinstance(each.get("commands"), list) for each in data.values()
    ):
        raise _damaged(path, '"data" has to hold the data sets with their commands')
    if not isinstance(runs, list):
        raise _damaged(path, '"runs" has to be a list')
    for number, run in enumerate(runs, 1):
        if not _is_whole(run) or not isinstance(run.get("run"), str):
            raise _damaged(path, f'number {number} of "runs" is no whole report of a run')
    return content


def _damaged(path: Path, why: str) -> DataError:
    return DataError(
        f"{path}: cannot be read ({why}); restore it, such as by git checkout, or name another --results"
    )
