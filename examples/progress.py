"""Shows how far a corpus is, and fairseq-train, from the JSON lines it logs (``--log-format json``)."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tqdm import tqdm

_SHOWN_OF_VALIDATION = ("wer", "bleu", "loss")
_SECONDS_BETWEEN_SAVES = 5.0


class TrainingProgress:
    """One line on the terminal: updates done and wanted, loss, time gone and left.

    Where training is limited by time alone the bar counts seconds. ``before`` are seconds spent in
    earlier attempts; ``save`` is called every few seconds while lines come in.
    """

    def __init__(
        self, max_update: int, max_seconds: float, before: float, save: Callable[[], None]
    ) -> None:
        self._by_time = not max_update
        self._before = before
        self._save = save
        self._started = self._saved = time.monotonic()
        self._dev = ""
        self._bar = tqdm(
            total=round(max_seconds) if self._by_time else max_update,
            unit="s" if self._by_time else "update",
            desc="training",
            dynamic_ncols=sys.stderr.isatty(),
            mininterval=_interval(),
        )
        self._first = True

    def __enter__(self) -> TrainingProgress:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def read(self, line: str) -> None:
        """Take note of one line of the log; lines that are no statistics are passed over."""
        tag, stats = parse(line)
        if (updates := _updates(tag, stats)) is not None:
            self._show(updates, stats)
        elif tag == "dev":
            self._dev = validation_text(stats)
        now = time.monotonic()
        if now - self._saved > _SECONDS_BETWEEN_SAVES:
            self._saved = now
            self._save()

    def _show(self, updates: int, stats: dict[str, object]) -> None:
        seconds = self._before + time.monotonic() - self._started
        done = round(seconds) if self._by_time else updates
        if self._first:  # a resumed training does not start from nothing
            self._bar.initial = done
            self._first = False
        text = f"loss {stats.get('loss', stats.get('train_loss', '?'))}"
        if self._by_time:
            text = f"{updates} updates, {text}"
        self._bar.set_postfix_str(f"{text}{self._dev}", refresh=False)
        self._bar.update(done - self._bar.n)


def watched(utterances: Iterable[Any], what: str, count: int) -> tqdm:
    """The utterances, of which a bar on standard error shows how many were taken."""
    return tqdm(utterances, what, count, unit="utt", mininterval=_interval())


def _interval() -> float:
    """Seconds between two states of a bar: a log file should not fill with them."""
    return 0.5 if sys.stderr.isatty() else 30.0


def parse(line: str) -> tuple[str, dict[str, object]]:
    """(tag, statistics) of a line ``time | level | tag | {…}``; ("", {}) for any other line."""
    parts = line.split(" | ", 3)
    if len(parts) == 4 and parts[3].startswith("{"):
        try:
            return parts[2], json.loads(parts[3])
        except ValueError:
            pass
    return "", {}


def updates_done(log: Path) -> int:
    """Updates that the last one of the trainings in a log had reached; 0 where none logged any."""
    done = 0
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            updates = _updates(*parse(line))
            done = done if updates is None else updates
    return done


def _updates(tag: str, stats: dict[str, object]) -> int | None:
    """Updates that a line of statistics tells of: one in 20, or at the end of an epoch, also of the last."""
    count = stats.get({"train_inner": "num_updates", "train": "train_num_updates"}.get(tag, ""))
    return None if count is None else int(float(str(count)))


def validation_text(stats: dict[str, object]) -> str:
    """The scores to show of a validation on dev, as ", dev wer 5.2, dev loss 1.3"."""
    names = (name for name in _SHOWN_OF_VALIDATION if f"dev_{name}" in stats)
    return "".join(f", dev {name} {stats[f'dev_{name}']}" for name in names)
