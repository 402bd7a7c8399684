"""Training curves as SVG inside a page; ink takes the colour of the page's text."""

import re
from collections.abc import Sequence
from io import StringIO

from interactive_st.conventions import TRANSCRIPT, TRANSLATION
from interactive_st.plots.fairseq_log import TrainingLog
from interactive_st.plots.style import GREY, STREAM_COLOURS, PlotError, drawing, require_matplotlib
from interactive_st.plots.training import draw_panel, legend_entries, panels_of
from interactive_st.report.html import escape

#: Colours to draw with that are then replaced, so that one picture fits light and dark pages.
THEMED = {
    "#010101": "currentColor",
    "#020202": "var(--line)",
    GREY: "var(--soft)",
    STREAM_COLOURS[TRANSCRIPT]: "var(--transcript)",
    STREAM_COLOURS[TRANSLATION]: "var(--translation)",
}
SIZE = (4.2, 2.9)  # inches; read at the width of a phone


def curves_html(logs: Sequence[TrainingLog]) -> str:
    """All panels of all trainings, each a ``<figure>``; a training without any is passed over beside others.

    Raises:
        PlotError: matplotlib is missing, or there is nothing to draw.
    """
    require_matplotlib()
    panels_of(logs)  # raises where none has any
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    ink = dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "axes.titlecolor"), "#010101")
    ink |= {"xtick.color": "#010101", "ytick.color": "#010101", "grid.color": "#020202"}
    figures = []
    for log in logs:
        try:
            panels = panels_of([log])
        except PlotError:
            continue
        for panel in panels:
            with drawing(base_size=10.0), rc_context({**ink, "svg.fonttype": "path"}):
                figure = Figure(SIZE, layout="constrained")
                figure.patch.set_visible(False)
                axes = figure.subplots()
                axes.patch.set_visible(False)
                draw_panel(axes, panel, [log])
                entries = legend_entries([log], [panel])
                figure.legend(handles=entries, loc="outside lower center", ncols=2)
                out = StringIO()
                figure.savefig(out, format="svg", metadata={"Date": None})
            label = f"{panel.title}, {log.name}"
            figures.append(f"<figure>{_themed(out.getvalue(), label, len(figures))}</figure>")
    return f'<div class="curves">{"".join(figures)}</div>'


def _themed(svg: str, label: str, number: int) -> str:
    """An SVG file made part of a page: themed, with a name, its ids unlike those of other numbers."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    for colour, themed in THEMED.items():
        svg = re.sub(colour, themed, svg, flags=re.IGNORECASE)
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>c{number}-", svg)
    svg = re.sub(r'\s(width|height)="[\d.]+pt"', "", svg, count=2)
    return svg.replace("<svg", f'<svg role="img" aria-label="{escape(label)}"', 1)
