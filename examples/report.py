"""What a run shows at its end and keeps in report.json."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from examples.runner import Recipe
from examples.stamps import write_json
from interactive_st.conventions import STREAM_NAMES
from interactive_st.report.page import spread
from interactive_st.scoring.columns import number
from interactive_st.scoring.metrics import METRICS

_PACKAGES = (
    "interactive_st", "torch", "fairseq-fixed", "numpy", "sentencepiece", "kaldi-native-fbank",
    "soundfile", "soxr", "sacrebleu", "jiwer",
)  # fmt: skip
_PAIRS_SHOWN = 8
_LONGEST_SHOWN = 160  # characters; a model that has learnt nothing yet repeats itself without end
_SCORES = ("sentences", *METRICS)


def write_report(
    path: Path,
    recipe: Recipe,
    *,
    checkpoint: Path,
    train_seconds: float,
    sets: Mapping[str, Mapping[str, Any]],
    main_set: str,
    details: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write report.json and return what it holds.

    ``sets`` maps the names of test sets to what ``steps.score`` returned; the scores of
    ``main_set`` are also the report's own ``sentences``, ``wer``, ``bleu``, ``chrf``. ``details``
    are added as they are.

    Raises ``ValueError`` where ``main_set`` was not scored or is without a score.
    """
    if main_set not in sets:
        raise ValueError(f"no scores of {main_set!r}: scored were {', '.join(sets) or 'no sets'}")
    main = {name: sets[main_set].get(name) for name in _SCORES}
    absent = [name for name, value in main.items() if value is None]
    if absent:
        raise ValueError(f"{main_set}: no {', '.join(absent)} among its scores")
    report = {
        **main,
        "set": main_set,
        "train_seconds": round(train_seconds, 1),
        "total_seconds": round(recipe.total_seconds, 1),
        "step_seconds": {name: round(value, 1) for name, value in recipe.seconds.items()},
        "checkpoint": str(checkpoint),
        "seed": recipe.seed,
        "threads": recipe.threads,
        "sets": {name: dict(scores) for name, scores in sets.items()},
        "commands": recipe.commands,
        "versions": versions(),
        **(details or {}),
    }
    write_json(path, report)
    return report


def show_pairs(pairs_path: Path) -> None:
    """Print some decoded pairs beside their references, spread evenly over the file."""
    pairs = [json.loads(line) for line in pairs_path.read_text("utf-8").splitlines() if line]
    title = f"{pairs_path.stem}: {min(_PAIRS_SHOWN, len(pairs))} of {len(pairs)} utterances"
    table = Table(title=title)
    for column in ("speaker", "", *STREAM_NAMES):
        table.add_column(column, overflow="fold")
    for pair in spread(pairs, _PAIRS_SHOWN):
        kinds = (("written", ""), ("reference", "reference_"))
        for row, (label, prefix) in enumerate(kinds):
            texts = (pair.get(f"{prefix}{stream}") for stream in STREAM_NAMES)
            speaker = "" if row else pair.get("speaker") or ""
            last = row == len(kinds) - 1
            table.add_row(speaker, label, *(_cropped(t or "–") for t in texts), end_section=last)
    Console(markup=False).print(table)


def show_scores(report: Mapping[str, Any]) -> None:
    """Print the scores of every test set, each speaker below the whole, and the times."""
    print_scores(
        "test set",
        report["sets"],
        ("wer", "bleu", "chrf"),
        f"training {report['train_seconds'] / 60:.1f} min, {report['updates']} updates; everything "
        f"{report['total_seconds'] / 60:.1f} min; checkpoint {report['checkpoint']}",
    )


def print_scores(
    head: str, sets: Mapping[str, Mapping[str, Any]], metrics: Sequence[str], note: str
) -> None:
    """Print some scores of every test set, each speaker below the whole, and a note under them."""
    table = Table()
    table.add_column(head)
    for column in ("sentences", *(METRICS[metric].title for metric in metrics)):
        table.add_column(column, justify="right")
    for name, scores in sets.items():
        speakers = scores.get("speakers", {}).items()
        for label, own in ((name, scores), *((f"  {who}", each) for who, each in speakers)):
            table.add_row(label, str(own["sentences"]), *(number(own[metric]) for metric in metrics))
    console = Console(markup=False, highlight=False)
    console.print(table)
    console.print(note, soft_wrap=True)


def _cropped(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on, those that are installed."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
