"""Curves of trainings: loss, accuracy, BLEU and WER of both streams."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from interactive_st.conventions import STREAM_NAMES
from interactive_st.plots.fairseq_log import Point, TrainingLog
from interactive_st.plots.style import GREY, OKABE_ITO, STREAM_COLOURS, STREAM_MARKERS, PlotError, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

X_AXES = {"updates": "updates", "hours": "training time (hours)"}
#: What a curve is of: one of the streams, or both together.
TEXTS = (*STREAM_NAMES, "both")
LINES = dict(zip(TEXTS, ("-", (0, (4, 1.5)), (0, (1, 1))), strict=True))
MARKERS = dict(zip(TEXTS, (*STREAM_MARKERS, "D"), strict=True))
COLOURS = dict(zip(TEXTS, (*STREAM_COLOURS, OKABE_ITO[3]), strict=True))
MOST_RUNS = len(OKABE_ITO)
PANEL_SIZE = (4.7, 3.1)  # inches


@dataclass(frozen=True)
class Panel:
    """One pair of axes: the metric of each stream; ``decoded`` = only of validation sets."""

    title: str
    metrics: dict[str, str]
    decoded: bool = False


PANELS = (
    Panel("Loss (bits per token)", {"transcript": "asr_loss", "translation": "st_loss"}),
    Panel("Accuracy (%)", {"transcript": "asr_accuracy", "translation": "st_accuracy"}),
    Panel("BLEU of the translation", {"translation": "bleu"}, decoded=True),
    Panel("WER of the transcript (%)", {"transcript": "wer"}, decoded=True),
)
#: Where a log has no losses of the streams (stock fairseq).
TOTAL_LOSS = Panel("Loss (bits per token)", {"both": "loss"})


def panels_of(logs: Sequence[TrainingLog]) -> list[Panel]:
    """The panels for which at least one of the logs has something.

    Raises:
        PlotError: nothing to draw.
    """
    panels = [panel for panel in PANELS if any(_has(log, panel) for log in logs)]
    if not panels or panels[0].title != TOTAL_LOSS.title:
        panels = [panel for panel in (TOTAL_LOSS, *panels) if any(_has(log, panel) for log in logs)]
    if not panels:
        raise PlotError("the logs hold neither loss nor scores; are they of a training?")
    return panels


def draw_training(logs: Sequence[TrainingLog], x_axis: str = "updates") -> "Figure":
    """Draw all panels of all trainings, to be called and saved under :func:`style.drawing`.

    With one training, colours tell the streams apart, with several the trainings; the dashes and the
    shape of the points always tell the streams apart.

    Raises:
        PlotError: too many trainings for one picture, or times that the logs do not have.
    """
    from matplotlib.figure import Figure

    if len(logs) > MOST_RUNS:
        raise PlotError(
            f"{len(logs)} trainings in one picture cannot be told apart; give {MOST_RUNS} at most"
        )
    panels = panels_of(logs)
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    entries = legend_entries(logs, panels)
    legend_columns = 3 if columns == 2 else 2
    legend_height = 0.22 * -(-len(entries) // legend_columns) + 0.1
    figure = Figure((PANEL_SIZE[0] * columns, PANEL_SIZE[1] * rows + legend_height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).flatten()
    for panel, panel_axes in zip(panels, axes, strict=False):
        draw_panel(panel_axes, panel, logs, x_axis)
    for unused in axes[len(panels) :]:
        unused.remove()
    figure.legend(handles=entries, loc="outside lower center", ncols=legend_columns)
    return figure


def draw_panel(axes: "Axes", panel: Panel, logs: Sequence[TrainingLog], x_axis: str = "updates") -> None:
    """Draw one panel: training as thin lines without points, validation with points."""
    last = 0.0
    for number, log in enumerate(logs):
        for stream, metric in panel.metrics.items():
            colour = _colour(number, stream, len(logs))
            style = {"color": colour, "linestyle": LINES[stream]}
            if not panel.decoded:
                x, y = _series(log.training_points, metric, x_axis, log.name)
                axes.plot(x, y, alpha=0.5, linewidth=1.0, **style)
            for subset in log.valid_subsets:
                x, y = _series(log.points[subset], metric, x_axis, log.name)
                axes.plot(x, y, marker=MARKERS[stream], **style)
        moments = (_moment(points[-1], x_axis, log.name) for points in log.points.values() if points)
        last = max(last, *moments)
    axes.set_title(panel.title, loc="left")
    axes.set_xlabel(X_AXES[x_axis])
    axes.set_xlim(0, 1.04 * last or 1.0)  # the same in every panel
    if panel.decoded or "Accuracy" in panel.title:
        axes.set_ylim(bottom=0)


def legend_entries(logs: Sequence[TrainingLog], panels: Sequence[Panel]) -> list["Line2D"]:
    """Proxies for a legend of the whole picture."""
    from matplotlib.lines import Line2D

    streams = [s for s in TEXTS if any(s in panel.metrics for panel in panels)]
    subsets = ", ".join(dict.fromkeys(subset for log in logs for subset in log.valid_subsets))
    several = len(logs) > 1
    entries = []
    if several:
        entries += [
            Line2D([], [], color=_colour(i, "", len(logs)), linewidth=3, label=shorten(log.name))
            for i, log in enumerate(logs)
        ]
    for stream in streams:
        style = {"linestyle": LINES[stream], "marker": MARKERS[stream]}
        colour = GREY if several else COLOURS[stream]
        label = "both streams" if stream == "both" else stream
        entries.append(Line2D([], [], color=colour, label=label, **style))
    if any(log.training_points for log in logs) and not all(panel.decoded for panel in panels):
        entries.append(Line2D([], [], color=GREY, alpha=0.5, linewidth=1.0, label="thin: training"))
    if subsets:
        entries.append(Line2D([], [], color=GREY, marker="o", label=f"points: {shorten(subsets)}"))
    return entries


def _has(log: TrainingLog, panel: Panel) -> bool:
    subsets = log.valid_subsets if panel.decoded else list(log.points)
    points = (point for subset in subsets for point in log.points[subset])
    return any(metric in point.metrics for point in points for metric in panel.metrics.values())


def _series(points: Sequence[Point], metric: str, x_axis: str, name: str) -> tuple[list[float], list[float]]:
    points = [point for point in points if metric in point.metrics]
    return [_moment(point, x_axis, name) for point in points], [point.metrics[metric] for point in points]


def _moment(point: Point, x_axis: str, name: str) -> float:
    if x_axis == "updates":
        return point.updates
    if point.hours is None:
        raise PlotError(f"{name}: the log has no times; draw over updates instead (--x updates)")
    return point.hours


def _colour(number: int, stream: str, runs: int) -> str:
    return OKABE_ITO[(number + 1) % MOST_RUNS] if runs > 1 else COLOURS[stream]
