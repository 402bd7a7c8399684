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

_PACKAGES = (
    "interactive_st", "torch", "fairseq-fixed", "numpy", "sentencepiece", "kaldi-native-fbank",
    "soundfile", "soxr", "sacrebleu", "jiwer",
)  # fmt: skip
_PAIRS_SHOWN = 8
_LONGEST_SHOWN = 160  # characters; a model that has learnt nothing yet repeats itself without end
_SCORES = ("sentences", "wer", "cer", "bleu", "chrf")


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

    ``sets`` maps the names of test sets to what ``recipe.score`` returned; the scores of
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
    for column in ("speaker", "", "transcript", "translation"):
        table.add_column(column, overflow="fold")
    for pair in spread(pairs, _PAIRS_SHOWN):
        kinds = (("written", ""), ("reference", "reference_"))
        for number, (label, prefix) in enumerate(kinds):
            texts = (pair.get(f"{prefix}{stream}") for stream in ("transcript", "translation"))
            speaker = "" if number else pair.get("speaker") or ""
            last = number == len(kinds) - 1
            table.add_row(speaker, label, *(_cropped(t or "–") for t in texts), end_section=last)
    Console(markup=False).print(table)


def show_scores(report: Mapping[str, Any]) -> None:
    """Print the scores of every test set, each speaker below the whole, and the times."""
    table = Table()
    table.add_column("test set")
    for column in ("sentences", "WER %", "BLEU", "chrF"):
        table.add_column(column, justify="right")
    for name, scores in report["sets"].items():
        table.add_row(name, *_cells(scores))
        for speaker, own in scores.get("speakers", {}).items():
            table.add_row(f"  {speaker}", *_cells(own))
    console = Console(markup=False, highlight=False)
    console.print(table)
    console.print(
        f"training {report['train_seconds'] / 60:.1f} min, {report['updates']} updates; everything "
        f"{report['total_seconds'] / 60:.1f} min; checkpoint {report['checkpoint']}",
        soft_wrap=True,
    )


def spread(items: Sequence[Any], count: int) -> list[Any]:
    """``count`` items at even distances, the first among them; all where there are fewer."""
    if len(items) <= count:
        return list(items)
    return [items[i * len(items) // count] for i in range(count)]


def _cropped(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _cells(scores: Mapping[str, Any]) -> list[str]:
    numbers = ("–" if scores[n] is None else f"{scores[n]:.2f}" for n in ("wer", "bleu", "chrf"))
    return [str(scores["sentences"]), *numbers]


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on, those that are installed."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
