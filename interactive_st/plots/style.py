"""How all pictures look: colours that colour-blind people tell apart, fonts, files."""

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from interactive_st.errors import DataError
from interactive_st.writing import check_file, not_unicode, not_written, replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Okabe and Ito, "Color Universal Design", 2008; black first, the pale yellow left out.
OKABE_ITO = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
#: Of the transcript and the translation.
STREAM_COLOURS, STREAM_MARKERS = OKABE_ITO[1:3], ("o", "s")
#: Of what is said beside the curves.
GREY = "#555555"
SUFFIXES = (".png", ".svg", ".pdf")
LONGEST_LABEL = 40  # characters
DOTS_PER_INCH = 200
LATIN_FONT = "DejaVu Sans"  # comes with matplotlib
#: Families to prefer where the Latin font lacks a character; any other installed one will do as well.
PREFERRED_FONTS = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans CJK TC", "Noto Sans CJK KR", "Source Han Sans",
    "Hiragino Sans", "PingFang SC", "Microsoft YaHei", "Malgun Gothic", "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei", "IPAGothic", "Droid Sans Fallback", "Arial Unicode MS",
)  # fmt: skip


class PlotError(DataError):
    """A picture cannot be drawn; the message says why and how to fix it."""


def require_matplotlib() -> None:
    """Import matplotlib.

    Raises:
        PlotError: it is not installed; the message names the extra.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise PlotError(
            f"pictures need matplotlib, which cannot be imported ({error}); install the extra: "
            f"pip install 'interactive_st[plots]'"
        ) from error


def check_out(path: Path) -> None:
    """Refuse a file that :func:`save` could not write, before the work is done.

    Raises:
        PlotError: the suffix names no format of pictures.
        DataError: nothing can be written there.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise PlotError(f"--out {path}: the name has to end in {', '.join(SUFFIXES)}")
    check_file(path, "--out")


def save(figure: "Figure", path: Path) -> None:
    """Write the picture in the format that the suffix names; the same picture gives the same file.

    Raises:
        PlotError: the disk is full, or the suffix names no format; a picture that was there still is.
        DataError: nothing can be written there.
    """
    check_out(path)
    suffix = path.suffix.lower()
    metadata = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(suffix)
    # in memory first: matplotlib's writer of PDF breaks down in other ways where a disk is full
    picture = io.BytesIO()
    figure.savefig(picture, dpi=DOTS_PER_INCH, metadata=metadata, format=suffix.removeprefix("."))
    try:
        with replacing(path) as unfinished:
            unfinished.write_bytes(picture.getvalue())
    except OSError as error:
        raise PlotError(not_written(f"--out {path}", error)) from error


@contextmanager
def drawing(texts: Iterable[str] = (), base_size: float = 9.0) -> Iterator[list[str]]:
    """Settings under which a figure is made *and* saved.

    Args:
        texts: all text of the data that the picture will show; fonts are looked for that have its
            characters.
        base_size: of the letters, in points.

    Yields:
        Notes for the user, such as characters that no installed font has.

    Raises:
        PlotError: one of the texts is not Unicode, such as the name of a file in another encoding.
    """
    import logging
    import warnings

    import matplotlib

    texts = list(texts)
    for text in texts:
        if wrong := not_unicode(text):
            raise PlotError(
                f"{text!a}: holds {wrong}, which is no character; rename the file, or correct it"
            )
    logger = logging.getLogger("matplotlib")  # fairseq lets everything through
    level = logger.level
    logger.setLevel(logging.ERROR)
    families, notes = fonts_for(texts)
    settings = {
        "font.family": families,
        "font.size": base_size,
        "axes.titlesize": base_size + 1,
        "axes.labelsize": base_size,
        "legend.fontsize": base_size - 1,
        "xtick.labelsize": base_size - 1,
        "ytick.labelsize": base_size - 1,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#DDDDDD",
        "grid.linewidth": 0.6,
        "lines.linewidth": 1.6,
        "lines.markersize": 4.5,
        "legend.frameon": False,
        "legend.handlelength": 3.2,  # room for the dashes beside the point
        "svg.hashsalt": "interactive_st",
        "axes.unicode_minus": True,
        "text.parse_math": False,  # a dollar sign in a transcript is a dollar sign
    }
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # the note says it once, for all characters together
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        try:
            yield notes
        finally:
            logger.setLevel(level)


def fonts_for(texts: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return font families that together have the characters of ``texts``, and notes on what is lacking."""
    from matplotlib import font_manager

    wanted = {ord(c) for text in texts for c in text if c.isprintable() and not c.isspace()}
    families = [LATIN_FONT]
    wanted -= _characters(font_manager.findfont(LATIN_FONT))
    if wanted:
        fonts = {font.name: font.fname for font in font_manager.fontManager.ttflist}
        order = [name for name in PREFERRED_FONTS if name in fonts]
        order += sorted(set(fonts) - {*order, LATIN_FONT})
        for name in order:
            if found := wanted & _characters(fonts[name]):
                families.append(name)
                wanted -= found
            if not wanted:
                break
    if not wanted:
        return families, []
    shown = "".join(chr(code) for code in sorted(wanted)[:10])
    return families, [
        f"no installed font has {len(wanted)} of the characters ({shown}); they are drawn as boxes. "
        f"Install one, for Chinese, Japanese and Korean for instance Debian's fonts-noto-cjk"
    ]


def shorten(text: str) -> str:
    """Cut out the middle of a text that is longer than `LONGEST_LABEL`."""
    if len(text) <= LONGEST_LABEL:
        return text
    head = (LONGEST_LABEL - 1) // 2
    return f"{text[:head]}…{text[len(text) - (LONGEST_LABEL - 1 - head) :]}"


def _characters(font_file: str) -> set[int]:
    from matplotlib.ft2font import FT2Font

    try:
        return set(FT2Font(font_file).get_charmap())
    except (RuntimeError, OSError):  # a broken font file is no reason to draw nothing
        return set()
