"""Pictures of how time and memory grow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.growth_points import CENTRE, CONTESTANTS, VALUES, concerns, curve
from interactive_st.plots.style import OKABE_ITO, drawing, require_matplotlib, save

LABELS = {
    "seconds": "utterance, s",
    "beam": "beam",
    "batch": "sentences in a batch",
    "vocabulary": "vocabulary, thousands",
    "tokens": "tokens of each text",
}
NAMES = {"interactive": "interactive (both texts)", "stock_e2e": "stock fairseq E2E (translation)"}
QUANTITIES = {"seconds": "time of {}, s", "peak_mib": "peak memory, MiB"}
WORK = {"decode": "a batch", "train": "an update"}
TITLES = {"decode": "Decoding", "train": "Training"}


def draw(results: dict[str, Any], phase: str, path: Path) -> Path:
    """Draw the curves of a phase, time above memory, a column for each factor; returns ``path``."""
    require_matplotlib()
    from matplotlib.figure import Figure

    points, settings = results["points"], results["settings"]
    factors = [
        factor for factor in VALUES if concerns(phase, factor) and curve(points, phase, factor, "interactive")
    ]
    with drawing():
        figure = Figure(figsize=(2.5 * len(factors) + 0.6, 5.4), layout="constrained")
        grid = figure.subplots(len(QUANTITIES), len(factors), squeeze=False, sharex="col")
        for row, (quantity, label) in zip(grid, QUANTITIES.items(), strict=True):
            for axes, factor in zip(row, factors, strict=True):
                _draw_curves(axes, points, phase, factor, quantity)
            row[0].set_ylabel(label.format(WORK[phase]))
        for axes, factor in zip(grid[-1], factors, strict=True):
            axes.set_xlabel(LABELS[factor])
        handles, labels = grid[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
        centre = ", ".join(
            _value(factor, value) for factor, value in settings["centre"].items() if concerns(phase, factor)
        )
        figure.suptitle(
            f"{TITLES[phase]}, size {settings['size']}, {results['machine']['device']}: one factor varied "
            f"at a time, the others at the dotted line\n({centre})",
            fontsize=9,
        )
        save(figure, path)
    return path


def _draw_curves(axes: Any, points: dict[str, Any], phase: str, factor: str, quantity: str) -> None:
    scale = 1000 if factor == "vocabulary" else 1
    axes.axvline(getattr(CENTRE, factor) / scale, color="#888888", linestyle=":", linewidth=1)
    highest = 0.0
    for name, colour, marker in zip(CONTESTANTS, OKABE_ITO[1:3], "os", strict=True):
        measured = curve(points, phase, factor, name)
        x, y = [value / scale for value, _ in measured], [point[quantity] for _, point in measured]
        highest = max([highest, *y])
        axes.plot(x, y, color=colour, marker=marker, label=NAMES[name])
    axes.set_xlim(left=0)
    axes.set_ylim(0, 1.08 * highest)
    axes.xaxis.get_major_locator().set_params(integer=True)


def _value(factor: str, value: float) -> str:
    words = {"seconds": "{:g} s", "beam": "beam {:g}", "batch": "{:g} sentences"}
    words |= {"vocabulary": "vocabulary {:,.0f}", "tokens": "{:g} tokens"}
    return words[factor].format(value)
