"""Scores over a setting that was varied, such as k or λ, with the spread over seeds."""

import csv
import itertools
import json
import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interactive_st.plots.style import STREAM_COLOURS, STREAM_MARKERS, PlotError
from interactive_st.scoring.metrics import METRICS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Column of the varied setting → how it is labelled.
PARAMETERS = {
    **dict.fromkeys(("k", "wait_k"), "k (tokens by which the transcript leads)"),
    **dict.fromkeys(("lambda", "fusion_lambda", "λ"), "λ (weight of what is read in the other stream)"),
}
#: The scores that are drawn, from left to right, and their titles.
SCORES = {"bleu": "BLEU", "wer": "WER (%)"}
#: Numbers above are none of these scores or settings, and cannot be drawn beside them.
LARGEST = 1e9
#: Characters of a number that a message shows.
SHOWN = 20


@dataclass(frozen=True)
class Setting:
    """One value of the varied setting and the scores of all its seeds, ``{"wer": […], "bleu": […]}``."""

    value: str
    scores: dict[str, list[float]]

    @property
    def number(self) -> float | None:
        """The value as a number (inf included); None for a word such as ``learned``."""
        try:
            return float(self.value)
        except ValueError:
            return None


@dataclass(frozen=True)
class Sweep:
    """A table: the varied setting's column and its values, numbers in order, inf, then words."""

    parameter: str
    settings: list[Setting]


def read_sweep(path: Path, parameter: str | None = None) -> Sweep:
    """Read a table, one row a run.

    Columns (TSV with a header line) or keys (JSON, a list of objects, or ``{"rows": […]}``): the varied
    setting, ``wer`` and/or ``bleu``, and ``seed`` or anything else, which is passed over. A JSON value
    may be a list, the scores of several seeds.

    Args:
        path: the table; a name that ends in ``.json`` is read as JSON, any other as TSV.
        parameter: the column of the setting; found by itself if it is one of `PARAMETERS`.

    Raises:
        PlotError: the table cannot be read; the message names file and row and says how to fix it.
    """
    rows = _rows(path, [*([parameter] if parameter else PARAMETERS), *SCORES])
    columns = list(dict.fromkeys(key for row in rows for key in row))
    name = parameter or next((key for key in columns if key in PARAMETERS), None)
    if name is None or name not in columns:
        advice = "name the varied setting with --parameter"
        if len(columns) == 1 and path.suffix.lower() != ".json":
            advice = "columns are separated by tabs"
        raise PlotError(
            f"{path}: no column {name or 'k or lambda'}; there are {', '.join(columns)}: {advice}"
        )
    found: dict[str, dict[str, list[float]]] = {}
    for number, row in enumerate(rows, 1):
        where = f"{path}: row {number}"
        scores = found.setdefault(_value(row.get(name), name, where), {score: [] for score in SCORES})
        for score in SCORES:
            scores[score] += _numbers(row.get(score), f"{where}, {score}")
    if not any(any(scores.values()) for scores in found.values()):
        raise PlotError(f"{path}: no column wer or bleu with numbers; there are {', '.join(columns)}")
    return make_sweep(name, found)


def make_sweep(parameter: str, scores: Mapping[str, dict[str, list[float]]]) -> Sweep:
    """The sweep of a setting, from ``{"wer": […], "bleu": […]}``, of all seeds, by value."""
    settings = [Setting(value, found) for value, found in scores.items()]
    return Sweep(parameter, sorted(settings, key=_order))


def draw_sweep(sweeps: Sequence[Sweep]) -> "Figure":
    """Draw each sweep as a row: BLEU and WER, mean over seeds with bars of one standard deviation.

    k = inf stands at the right end, apart from the numbers, and so do words.
    """
    from matplotlib.figure import Figure

    figure = Figure((9.0, 3.2 * len(sweeps)), layout="constrained")
    grid = figure.subplots(len(sweeps), 2, squeeze=False)
    for sweep, row in zip(sweeps, grid, strict=True):
        places, split = _places(sweep.settings)
        for axes, (score, title) in zip(row, SCORES.items(), strict=True):
            _draw_score(axes, sweep, places, split, score)
            axes.set_title(title, loc="left")
            axes.set_xlabel(PARAMETERS.get(sweep.parameter, sweep.parameter))
    runs = " / ".join(dict.fromkeys(seeds_of(sweep) for sweep in sweeps))
    figure.supxlabel(f"mean of the runs of each setting ({runs}); bars: standard deviation", fontsize="small")
    return figure


def seeds_of(sweep: Sweep) -> str:
    """How many runs a point stands for, as ``3`` or ``1 to 3``."""
    counts = {len(values) for setting in sweep.settings for values in setting.scores.values() if values}
    return str(min(counts)) if len(counts) == 1 else f"{min(counts)} to {max(counts)}"


def _draw_score(axes: Any, sweep: Sweep, places: list[float], split: int, score: str) -> None:
    stream = METRICS[score].stream
    style = {"color": STREAM_COLOURS[stream], "marker": STREAM_MARKERS[stream], "capsize": 3}
    points = [(x, s.scores[score]) for x, s in zip(places, sweep.settings, strict=True)]
    for part, line in ((points[:split], "-"), (points[split:], "none")):
        part = [(x, values) for x, values in part if values]
        if not part:
            continue
        x = [place for place, _ in part]
        mean = [statistics.fmean(values) for _, values in part]
        spread = [statistics.stdev(values) if len(values) > 1 else 0.0 for _, values in part]
        bars = spread if any(spread) else None
        axes.errorbar(x, mean, yerr=bars, linestyle=line, **style)
    axes.set_xticks(places, [_label(setting) for setting in sweep.settings])
    margin = 0.06 * ((max(places) - min(places)) or 1.0)
    axes.set_xlim(min(places) - margin, max(places) + margin)
    if 0 < split < len(places):
        axes.axvline((places[split - 1] + places[split]) / 2, color="#999999", linewidth=0.8, linestyle=":")
    if not any(values for _, values in points):
        axes.text(0.5, 0.5, "no values", ha="center", va="center", transform=axes.transAxes)


def _places(settings: Sequence[Setting]) -> tuple[list[float], int]:
    """Positions on the x axis, and how many of them are finite numbers.

    To scale where labels then keep apart, else at equal distances (λ = 0, 0.1, 0.3, 1, 10).
    """
    finite = [s.number for s in settings if s.number is not None and math.isfinite(s.number)]
    places = list(finite)
    width = (finite[-1] - finite[0]) if len(finite) > 1 else 0.0
    gaps = [b - a for a, b in itertools.pairwise(finite)]
    if len(finite) > 1 and min(gaps) < width / 14:
        places, width, gaps = [float(i) for i in range(len(finite))], len(finite) - 1.0, [1.0]
    step = max(statistics.fmean(gaps), width / 6) if gaps else 1.0
    start = places[-1] if places else -step
    places += [start + step * i for i in range(1, len(settings) - len(finite) + 1)]
    return places, len(finite)


def _order(setting: Setting) -> tuple[bool, float, str]:
    number = setting.number
    return (number is None, number if number is not None else 0.0, setting.value)


def _label(setting: Setting) -> str:
    number = setting.number
    if number is None:
        return setting.value
    return "∞" if math.isinf(number) else f"{number:.9g}"


def _value(given: Any, name: str, where: str) -> str:
    """A value of the setting, the same number always written alike."""
    text = "" if given is None else str(given).strip()
    try:
        number = float(given) + 0.0  # which makes -0 a 0
    except (TypeError, ValueError):
        number = None
    except OverflowError:
        number = math.inf
    if not text or (number is not None and math.isnan(number)):
        raise PlotError(f"{where} has no {name}; fill it in or remove the row")
    if number is None:
        return text
    word = text.lower().lstrip("+").startswith("inf")  # rather than digits or -inf, which have no place
    if LARGEST < abs(number) < math.inf or (math.isinf(number) and not word):
        shown = text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
        raise PlotError(f"{where}, {name}: {shown} is too large to be drawn; correct it")
    return f"{number:.15g}"


def _numbers(value: Any, where: str) -> list[float]:
    if value is None or not str(value).strip():
        return []
    try:
        numbers = [float(v) for v in (value if isinstance(value, list) else [value])]
    except (TypeError, ValueError, OverflowError) as error:
        raise PlotError(f"{where}: {value!r} is not a number") from error
    for number in numbers:
        if abs(number) > LARGEST:
            raise PlotError(f"{where}: {number:g} is no score in percent; correct it, or leave it empty")
    return [number for number in numbers if not math.isnan(number)]


def _rows(path: Path, read: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of a table; of columns that are not ``read`` there may be two of one name."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PlotError(f"{path}: cannot be read ({error}); give a JSON or TSV table in UTF-8") from error
    if path.suffix.lower() == ".json":
        try:
            table = json.loads(text, parse_float=str)  # else 1e400 is infinite, which only the word means
        except json.JSONDecodeError as error:
            raise PlotError(f"{path}:{error.lineno}: not JSON ({error.msg})") from error
        except (ValueError, RecursionError) as error:  # a number of thousands of digits, or as many brackets
            raise PlotError(f"{path}: not readable as JSON ({error})") from error
        rows = table.get("rows") if isinstance(table, dict) else table
    else:
        try:
            reader = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
            rows = list(reader)
        except csv.Error as error:  # a field of more than 100,000 characters
            raise PlotError(f"{path}: cannot be read as TSV ({error}); give a JSON or TSV table") from error
        counts = Counter(reader.fieldnames)
        if twice := [name for name in read if counts[name] > 1]:
            raise PlotError(f"{path}: two columns are called {twice[0]}; rename or remove one")
        for number, row in enumerate(rows, 1):
            if any(row.pop(None, ())):  # empty ones are of tabs at the end of the line
                raise PlotError(f"{path}: row {number} has more fields than the header; correct it")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise PlotError(
            f'{path}: no rows; a list of objects, {{"rows": […]}} or a TSV with a header is needed'
        )
    return rows
