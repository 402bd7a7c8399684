"""What runs have left: their reports below ``--out``, and those that came with the results of earlier
calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.quality import corpora
from benchmarks.quality.corpora import Prepared
from benchmarks.quality.runs import DataSet, Run

REPORT = "report.json"
RESULTS_FILE = "quality.json"


def read_report(run: Run, out: Path, prepared: Prepared | None = None) -> dict[str, Any] | None:
    """What the run wrote when it was done here; None if it was not, or with another definition or other data.

    Without ``prepared`` the data are taken to be the same.
    """
    try:
        report = json.loads((run.folder(out) / REPORT).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return report if _is_of(report, run, prepared) else None


class Reports:
    """The reports of all runs that are done, here or elsewhere.

    A run that was done on another machine, and whose results are all that is left of it, need not be done
    again; only what others build on has to be here with its checkpoints.

    Args:
        out: folder of the runs.
        results: folder of the results, in which ``quality.json`` holds the reports of runs done before.
    """

    def __init__(self, out: Path, results: Path) -> None:
        self.out = out
        content = _read_results(results / RESULTS_FILE)
        self._kept = {run["run"]: run for run in content.get("runs", [])}
        self._data: dict[str, dict[str, Any]] = content.get("data", {})

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

    def missing(self, run: Run, prepared: Prepared | None = None) -> list[Run]:
        """What is to be done for the run, first things first; nothing where it is done."""
        if self.read(run, prepared) is not None:
            return []
        needed = [each for need in run.needs.values() for each in self._missing_here(need, prepared)]
        return [*needed, run]

    def _missing_here(self, run: Run, prepared: Prepared | None) -> list[Run]:
        if read_report(run, self.out, prepared) is not None:
            return []
        needed = [each for need in run.needs.values() for each in self._missing_here(need, prepared)]
        return [*needed, run]


def _is_of(report: Any, run: Run, prepared: Prepared | None) -> bool:
    """Whether ``report`` is of a run so defined, on these data."""
    if not isinstance(report, Mapping) or report.get("definition") != run.definition():
        return False
    return prepared is None or report.get("data_digest") == prepared.digest


def _read_results(path: Path) -> dict[str, Any]:
    """What the file of results holds; nothing where there is none yet."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
