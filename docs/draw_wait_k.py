"""Draws docs/images/wait_k.svg: who sees whom, as the project's own visibility code says it.

Run it from the checkout: ``python -m docs.draw_wait_k``.
"""

import math
from pathlib import Path

import torch

from interactive_st.conventions import TRANSCRIPT, TRANSLATION
from interactive_st.modules.wait_k import WaitK, partner_visibility

PICTURE = Path(__file__).parent / "images" / "wait_k.svg"
DELAYS: tuple[WaitK, ...] = (0, 1, 3, math.inf)
ROWS = 6  # the language tag and five tokens

CELL, BETWEEN = 24, 52
LEFT, TOP, GAP_BELOW = 96, 92, 92
SIDE = ROWS * CELL
WIDTH = LEFT + len(DELAYS) * SIDE + (len(DELAYS) - 1) * BETWEEN + 36
HEIGHT = TOP + 2 * SIDE + GAP_BELOW + 66
#: Of the stream that looks: what it may see, and the name of its rows and of the partner's.
STREAMS = {
    TRANSLATION: ("#d55e00", "translation", "y", "transcript", "x"),
    TRANSCRIPT: ("#0072b2", "transcript", "x", "translation", "y"),
}
HIDDEN, INK, SOFT = "#eceff1", "#1f2933", "#52606d"


def text(x: float, y: float, words: str, size: int = 13, anchor: str = "middle", **more: str) -> str:
    """A line of text."""
    options = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in more.items())
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}"{options}>{words}</text>'


def name(row: int, letter: str) -> str:
    """What stands in a row: the language tag, then the tokens."""
    return "tag" if row == 0 else f"{letter}{row}"


def grid(left: float, top: float, k: WaitK, stream: int) -> list[str]:
    """The rows of one stream (downwards) and the partner's rows that they see (across)."""
    colour, _, own, _, other = STREAMS[stream]
    visible = partner_visibility(k, ROWS, torch.device("cpu"))[stream]
    parts = []
    for row in range(ROWS):
        for column in range(ROWS):
            fill = colour if visible[row, column] else HIDDEN
            x, y = left + column * CELL, top + row * CELL
            parts.append(
                f'<rect x="{x:g}" y="{y:g}" width="{CELL - 2}" height="{CELL - 2}" rx="3" fill="{fill}"/>'
            )
    for row in range(ROWS):
        middle = row * CELL + CELL / 2 - 1
        parts.append(text(left - 6, top + middle + 4, name(row, own), 11, "end"))
        parts.append(text(left + middle, top - 6, name(row, other), 11))
    return parts


def draw() -> str:
    """The whole picture, as SVG with a background of its own."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-family="Helvetica, Arial, sans-serif" fill="{INK}">',
        "<title>Wait-k visibility for k = 0, 1, 3 and inf</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#ffffff"/>',
    ]
    for line, stream in enumerate((TRANSLATION, TRANSCRIPT)):
        _, looks, _, seen, _ = STREAMS[stream]
        top = TOP + line * (SIDE + GAP_BELOW)
        middle = top + SIDE / 2
        parts.append(
            text(34, middle, f"rows of the {looks}", 13, transform=f"rotate(-90 34 {middle:g})", fill=SOFT)
        )
        for column, k in enumerate(DELAYS):
            left = LEFT + column * (SIDE + BETWEEN)
            if line == 0:
                label = "k = inf" if math.isinf(k) else f"k = {k}"
                parts.append(text(left + SIDE / 2, 28, label, 17, font_weight="bold"))
            parts.append(text(left + SIDE / 2, top - 26, f"sees of the {seen}", 12, fill=SOFT))
            parts += grid(left, top, k, stream)
    bottom = HEIGHT - 24
    for x, colour, words in (
        (LEFT, STREAMS[TRANSLATION][0], "seen by the translation"),
        (LEFT + 210, STREAMS[TRANSCRIPT][0], "seen by the transcript"),
        (LEFT + 420, HIDDEN, "not seen"),
    ):
        parts.append(f'<rect x="{x}" y="{bottom - 12}" width="16" height="16" rx="3" fill="{colour}"/>')
        parts.append(text(x + 24, bottom + 1, words, 13, "start"))
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
    print(PICTURE)
