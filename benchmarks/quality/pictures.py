"""Pictures of the results: the systems with all their seeds, and the scores over each varied setting."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.quality.summary import Table
from interactive_st.plots.sweep import SCORES

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_all(tables: Sequence[Table], folder: Path) -> list[str]:
    """Draw ``<group>.png`` for every group; returns the names of the files.

    Raises:
        PlotError: matplotlib is not installed, or a file cannot be written.
    """
    from interactive_st.plots.style import drawing, require_matplotlib, save

    require_matplotlib()
    names = []
    for name in dict.fromkeys(table.group.name for table in tables):
        own = [table for table in tables if table.group.name == name and table.rows]
        with drawing():
            save(_sweep(own) if own[0].group.parameter else _systems(own), folder / f"{name}.png")
        names.append(f"{name}.png")
    return names


def _sweep(tables: Sequence[Table]) -> Figure:
    from interactive_st.plots.sweep import draw_sweep, make_sweep

    sweeps = []
    for table in tables:
        scores: dict[str, dict[str, list[float]]] = {}
        for row in table.rows:
            scores[row.value] = {score: [*row.scores[score].values.values()] for score in SCORES}
        sweeps.append(make_sweep(table.group.parameter, scores))
    figure = draw_sweep(sweeps)
    for place, table in enumerate(tables):
        for axes, title in zip(figure.axes[2 * place : 2 * place + 2], SCORES.values(), strict=True):
            axes.set_title(f"{title}, {_title(table)}", loc="left")
    return figure


def _systems(tables: Sequence[Table]) -> Figure:
    from matplotlib.figure import Figure

    rows = max(len(table.rows) for table in tables)
    figure = Figure((9.0, (0.8 + 0.32 * rows) * len(tables) + 0.3), layout="constrained")
    grid = figure.subplots(len(tables), len(SCORES), squeeze=False)
    for table, line in zip(tables, grid, strict=True):
        for axes, (score, title) in zip(line, SCORES.items(), strict=True):
            _draw_systems(axes, table, score)
            axes.set_title(f"{title}, {_title(table)}", loc="left")
    note = "strokes: each seed; points: mean of the seeds; bars: standard deviation"
    figure.supxlabel(note, fontsize="small")
    return figure


def _draw_systems(axes: Any, table: Table, score: str) -> None:
    """A line a system, the first on top; systems without the score have an empty line."""
    from interactive_st.plots.style import OKABE_ITO

    for place, row in enumerate(table.rows):
        cell = row.scores[score]
        if cell.mean is None:
            axes.annotate("writes no such text", (0.5, place), xycoords=("axes fraction", "data"),
                          ha="center", va="center", color="#777777", fontsize="small",
                          bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip
            continue
        colour = OKABE_ITO[2 if row.variant.name == table.group.reference else 1]
        values = list(cell.values.values())
        axes.errorbar(cell.mean, place, xerr=cell.deviation, color=colour, marker="o", capsize=3)
        if len(values) > 1:
            axes.plot(values, [place] * len(values), "|", color=colour, markersize=9, alpha=0.6)
    axes.set_yticks(range(len(table.rows)), [row.value for row in table.rows])
    axes.set_ylim(len(table.rows) - 0.5, -0.5)
    axes.margins(x=0.08)


def _title(table: Table) -> str:
    return f"{table.data.name}, {table.test}"
