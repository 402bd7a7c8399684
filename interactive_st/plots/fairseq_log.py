"""What the logs of ``fairseq-train`` say: metrics over updates and time, options, sizes.

Both formats that end up in files are read, ``--log-format json`` and ``simple`` (in ``tqdm`` only the
summaries are logged): the output of the tool, and its ``--log-file``, whose lines say neither when nor by
whom they were written. A log may hold several starts of one training: what a resumed run repeats
replaces what came before, and the time between the runs is not counted.
"""

import ast
import json
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from interactive_st.errors import DataError
from interactive_st.wording import counted

LINE = re.compile(r"^(?:(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)[^|]*\| )?INFO \| (\S+) \| (.*)$")
#: Where a line begins within another one, to which the end was never written.
WITHIN = re.compile(r"(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \| INFO \| )")
#: What a line of ``simple`` begins with that says no more than this.
VALID = re.compile(r"epoch \d+ \| valid on '(.+?)' subset \|")
SUMMARY = re.compile(r"epoch \d+ \|")
#: Where logs are in the folder of a run.
LOGS = ("logs/*.log", "*.log")
#: Larger numbers, as of a training that diverged, cannot be drawn, nor infinite ones.
LARGEST = 1e100
PARAMETERS = re.compile(r"num\. shared model params: (\d[\d,]*)")
SAMPLES = re.compile(r'split="([^"]+)", n_samples=(\d[\d_,]*)')
#: The summary of an epoch, and the running averages between summaries.
TRAINING, RUNNING = "train", "train_inner"
#: Who prints the configuration.
MAIN = "fairseq_cli.train"
HOUR = 3600.0


class LogError(DataError):
    """A log cannot be read, or says nothing of a training; the message says which and how to fix it."""


class NoTraining(LogError):
    """A folder holds no log of a training."""


@dataclass(frozen=True)
class Point:
    """Metrics at one moment: ``updates`` done, ``hours`` of running time so far (None if unknown)."""

    updates: int
    hours: float | None
    metrics: dict[str, float]


@dataclass
class TrainingLog:
    """One training.

    ``points`` are by subset: `RUNNING`, `TRAINING` and the names of the validation sets.
    ``options`` are the model's and the task's, as fairseq logs them; ``samples`` utterances by split.
    """

    name: str
    points: dict[str, list[Point]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    parameters: int | None = None
    samples: dict[str, int] = field(default_factory=dict)

    @property
    def valid_subsets(self) -> list[str]:
        """Names of the validation sets, in the order of the log."""
        return [name for name in self.points if name not in (TRAINING, RUNNING)]

    @property
    def training_points(self) -> list[Point]:
        """Running averages, or the epochs' summaries where they are more."""
        return max((self.points.get(subset, []) for subset in (RUNNING, TRAINING)), key=len)

    @property
    def last_update(self) -> int:
        """The number of updates the training got to."""
        return max((points[-1].updates for points in self.points.values() if points), default=0)

    def best(self, subset: str, metric: str, largest: bool) -> Point | None:
        """The point of ``subset`` at which ``metric`` is best; None where it was never logged as a number."""
        points = [
            point
            for point in self.points.get(subset, [])
            if not math.isnan(point.metrics.get(metric, math.nan))
        ]
        choose = max if largest else min
        return choose(points, key=lambda point: point.metrics[metric], default=None)


def read_run(path: Path) -> list[TrainingLog]:
    """Read one log, or all trainings of a folder (its ``logs/*.log`` and ``*.log``).

    Trainings of a folder with several are named ``folder/log``.

    Raises:
        NoTraining: there is none in the folder.
        LogError: a log cannot be read, or the one is of no training.
    """
    if not path.is_dir():
        return [read_log(path, path.stem)]
    name = path.resolve().name
    files = [file for pattern in LOGS for file in sorted(path.glob(pattern))]
    texts = {file: _lines(file) for file in files}
    trainings = {file: log for file, lines in texts.items() if (log := parse_log(lines, name)).points}
    # the --log-file of a training may be beside its output, which says more
    found = [each for each in trainings.items() if _has_names(texts[each[0]])] or list(trainings.items())
    if not found:
        seen = f"no training in its {counted(len(files), 'log')}" if files else "there is no log in it"
        raise NoTraining(
            f"{path}: {seen} ({', '.join(LOGS)}); give the folder of a run of the examples, or the file that "
            "fairseq-train's output was written to"
        )
    if len(found) > 1:
        for file, log in found:
            log.name = f"{name}/{file.stem}"
    return [log for _, log in found]


def read_log(path: Path, name: str) -> TrainingLog:
    """Read one log file.

    Raises:
        LogError: it cannot be read, or no metrics are in it.
    """
    log = parse_log(_lines(path), name)
    if not log.points:
        raise LogError(
            f"{path}: no metrics of a training in it; give the output of fairseq-train with "
            f"--log-format json or simple, or its --log-file"
        )
    return log


def parse_log(lines: Iterable[str], name: str) -> TrainingLog:
    """Read the lines of one log; lines that are not news of a training are passed over."""
    log, clock = TrainingLog(name), _Clock()
    for stamp, source, text in _messages(list(lines)):
        begins = source == MAIN and text.startswith("{")
        if begins or not clock.runs:
            clock.start(stamp)
        if begins:
            log.options = _options(text) or log.options
        elif found := PARAMETERS.match(text):
            log.parameters = int(found[1].replace(",", ""))
        elif found := SAMPLES.search(text):
            log.samples[found[1]] = int(re.sub(r"\D", "", found[2]))
        elif "num_updates" in text and (metrics := _metrics(text, source)):
            updates = int(metrics.pop("num_updates"))
            if (hours := clock.hours(stamp)) is None:
                hours = clock.hours_of_wall(metrics.get("wall"))
            points = log.points.setdefault(source, [])
            while points and points[-1].updates >= updates:  # a resumed run repeats what was lost
                points.pop()
            points.append(Point(updates, hours, metrics))
    return log


def _messages(lines: list[str]) -> Iterator[tuple[str | None, str, str]]:
    """When, by whom and what, of the lines that are news; all of a ``--log-file``, by what they say."""
    if _has_names(lines):
        yield from (match.groups() for line in lines if (match := LINE.match(line.rstrip())))
    else:
        yield from ((None, _source(line), line.rstrip()) for line in lines)


def _has_names(lines: Iterable[str]) -> bool:
    """Whether lines say by whom they were written, which those of a ``--log-file`` do not."""
    return any(LINE.match(line.rstrip()) for line in lines)


def _source(text: str) -> str:
    """Who wrote a line of a ``--log-file``."""
    if "num_updates" not in text or text.startswith("{'"):
        return MAIN
    if text.startswith("{"):
        found = re.search(r'"(?:([^"]+)_)?num_updates"', text)
        return found[1] or RUNNING if found else MAIN
    if found := VALID.match(text):
        return found[1]
    return TRAINING if SUMMARY.match(text) else RUNNING


class _Clock:
    """Running time from time stamps, without the gaps between a stop and the next start.

    It is told the time of starts and of metrics alone: a start says other things before its configuration,
    as which libraries are lacking, and what is there by then of the gap would count.
    """

    def __init__(self) -> None:
        self._last: datetime | None = None
        self._elapsed = 0.0
        self._starts = True
        self._wall: float | None = None

    @property
    def runs(self) -> bool:
        return self._last is not None

    def start(self, stamp: str | None) -> None:
        self._starts = True
        self.hours(stamp)

    def hours(self, stamp: str | None) -> float | None:
        if stamp is None:
            return None
        try:
            now = datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S")
        except ValueError:  # of a line that is damaged
            return None
        if self._last is not None and not self._starts:
            self._elapsed += max(0.0, (now - self._last).total_seconds())
        self._last, self._starts = now, False
        return self._elapsed / HOUR

    def hours_of_wall(self, seconds: float | None) -> float | None:
        """Without time stamps: by fairseq's own clock, or what it last said (validation does not have it)."""
        self._wall = self._wall if seconds is None else seconds / HOUR
        return self._wall


def _metrics(text: str, subset: str) -> dict[str, float]:
    if text.startswith("{"):
        try:
            pairs = [(key.removeprefix(f"{subset}_"), value) for key, value in json.loads(text).items()]
        except (ValueError, RecursionError):  # damaged, also by a number of too many digits or many brackets
            return {}
    else:
        pairs = re.findall(r"(\w+)[= ]([^\s,|]+)(?=,|\s*\||\s*$)", text)
    metrics = {}
    for key, value in pairs:
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            continue  # metrics of other tasks may be text, or too large
        metrics[key] = math.nan if abs(number) > LARGEST else number
    return metrics if metrics.get("num_updates", math.nan).is_integer() else {}


def _options(text: str) -> dict[str, Any]:
    """The ``Namespace(…)`` of the model in a printed configuration, values that are plain Python."""
    try:
        tree = ast.parse(text, mode="eval")
    except (SyntaxError, ValueError, RecursionError):
        return {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Namespace":
            return {word.arg: value for word in node.keywords if (value := _value(word.value)) is not _NONE}
    return {}


_NONE = object()


def _value(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return _NONE


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text("utf-8", errors="replace").splitlines(keepends=True)
    except OSError as error:
        raise LogError(f"{path}: cannot be read ({error.strerror}); is the name right?") from error
    # a line that was cut off may end within a number, which is then another one; JSON tells by its end
    pieces = (piece for line in lines for piece in WITHIN.split(line) if piece)
    return [piece.rstrip() for piece in pieces if _has_its_end(piece)]


def _has_its_end(line: str) -> bool:
    return line.splitlines()[0] != line or line.rstrip().endswith("}")
