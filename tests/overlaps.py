"""Whether the text of a figure can be read: nothing over something else, nothing beyond the edge."""

from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text


def problems(figure) -> list[str]:
    """Texts that touch each other or leave the picture, after it was laid out."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    boxes, hidden = [], _not_drawn(figure)
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden:
            boxes.append((text.get_text(), text.get_window_extent(renderer)))
    found = [
        f"{a!r} over {b!r}"
        for (a, box), (b, other) in combinations(boxes, 2)
        if min(box.x1, other.x1) - max(box.x0, other.x0) > 1
        and min(box.y1, other.y1) - max(box.y0, other.y0) > 1
    ]
    width, height = canvas.get_width_height()
    found += [
        f"{name!r} beyond the edge"
        for name, box in boxes
        if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1
    ]
    return found


def _not_drawn(figure) -> set[int]:
    """Labels of ticks beyond the limits of their axes exist, but are not drawn."""
    hidden = set()
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        drawn = {id(tick) for tick in axis._update_ticks()}
        for tick in (*axis.majorTicks, *axis.minorTicks):
            if id(tick) not in drawn:
                hidden |= {id(tick.label1), id(tick.label2)}
    return hidden
