"""Pieces of self-contained HTML pages: nothing is loaded from anywhere, and nothing can be.

Colours follow the reader's light or dark setting; widths follow the window, down to a phone.
"""

import base64
import html
import re
from collections.abc import Container, Iterable, Sequence

#: Forbids the browser to load anything that is not inside the page.
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data:; media-src data:"
)
CSS = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1b1b; --soft: #595959; --line: #d0d0d0;
  --panel: #f5f5f5; --replaced: #a84300; --missing: #005a8e; --added: #8b3a6a;
  --transcript: #0072b2; --translation: #c15400; }
@media (prefers-color-scheme: dark) { :root { --paper: #161616; --ink: #ececec; --soft: #a8a8a8;
  --line: #454545; --panel: #222222; --replaced: #ff9a4d; --missing: #67bdf5; --added: #eaa2cb;
  --transcript: #56b4e9; --translation: #ff9a4d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 64rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
p { margin: .4rem 0; } .soft, .legend, figcaption { color: var(--soft); font-size: .875rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .75rem .25rem 0; text-align: left; vertical-align: top; }
th { font-weight: 600; } thead th { border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; white-space: nowrap; } td.inner { padding-left: 1rem; }
td.text { overflow-wrap: anywhere; }
code, pre { font: .8125rem/1.5 ui-monospace, monospace; }
pre { background: var(--panel); padding: .75rem; overflow-x: auto; white-space: pre-wrap;
  overflow-wrap: anywhere; }
code { overflow-wrap: anywhere; } summary { cursor: pointer; }
.curves { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr)); }
figure { margin: 0; } figure svg { width: 100%; height: auto; color: var(--ink); }
.utterance { border: 1px solid var(--line); border-radius: .4rem; padding: .75rem; margin: .75rem 0; }
.utterance header { display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: baseline; }
.utterance h3 { margin: 0; overflow-wrap: anywhere; }
audio { width: 100%; max-width: 28rem; margin-top: .4rem; }
.said { display: grid; grid-template-columns: 11.5rem 1fr; gap: .15rem .75rem; margin: .5rem 0 0;
  align-items: baseline; }
.said dt { color: var(--soft); font-size: .875rem; overflow-wrap: anywhere; }
.said dd { margin: 0; min-width: 0; unicode-bidi: plaintext; }
.said .system { grid-column: 1 / -1; font-weight: 600; margin-top: .4rem; color: var(--ink);
  font-size: 1rem; }
@media (max-width: 34rem) { .said { grid-template-columns: 1fr; gap: 0; }
  .said dd { margin-bottom: .35rem; } }
mark.replaced { background: none; color: var(--replaced); font-weight: 600; text-decoration: underline wavy;
  text-underline-offset: .2em; text-decoration-skip-ink: none; }
del.missing { color: var(--missing); text-decoration: line-through; }
del.missing::before { content: "["; } del.missing::after { content: "]"; }
ins.added { color: var(--added); font-weight: 600; text-decoration: underline double;
  text-underline-offset: .2em; }
ins.added::before { content: "+"; }
@media (max-width: 34rem) { .wide { font-size: .8125rem; } .wide th, .wide td { padding-right: .5rem; }
  .facts { table-layout: fixed; width: 100%; } .facts th { overflow-wrap: anywhere; }
  .wide td:first-child { overflow-wrap: anywhere; } ul { padding-left: 1.25rem; } }
select { font: inherit; max-width: 100%; }
"""
#: Control characters but tab and ends of lines.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def escape(text: str) -> str:
    """Plain text as HTML, for attributes too; U+FFFD stands for control characters."""
    return html.escape(_CONTROL.sub("\ufffd", text))


def page(title: str, body: str, script: str = "") -> str:
    """A whole document; ``title`` is plain text, ``body`` HTML."""
    script = f"<script>{script}</script>\n" if script else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{CSS}</style>\n</head>\n"
        f"<body>\n{body}\n{script}</body>\n</html>\n"
    )


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    numbers_from: int = 1,
    rows_inside: Container[int] = (),
) -> str:
    """A table of plain text that scrolls by itself where the window is narrow.

    Args:
        head: titles of the columns.
        rows: cells.
        numbers_from: the first column of numbers, which are aligned at the right.
        rows_inside: numbers of rows that belong to the row before them.
    """

    def cell(tag: str, number: int, text: str, inner: bool = False) -> str:
        kind = "number" if number >= numbers_from else "inner" if inner else ""
        attribute = f' class="{kind}"' if kind else ""
        return f"<{tag}{attribute}>{escape(text)}</{tag}>"

    titles = "".join(cell("th", n, text) for n, text in enumerate(head))
    body = (
        "".join(cell("td", n, text, row_number in rows_inside) for n, text in enumerate(row))
        for row_number, row in enumerate(rows)
    )
    lines = "\n".join(f"<tr>{row}</tr>" for row in body)
    return (
        f'<div class="wide"><table><thead><tr>{titles}</tr></thead>\n<tbody>{lines}</tbody></table></div>'
    )


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """A table of names and values, both plain text."""
    rows = "\n".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="text">{escape(value)}</td></tr>'
        for name, value in pairs
    )
    return f'<table class="facts"><tbody>{rows}</tbody></table>'


def codes(texts: Iterable[str]) -> str:
    """A list of plain texts such as signatures, in small print."""
    items = "".join(f"<li><code>{escape(text)}</code></li>" for text in texts)
    return f'<ul class="soft">{items}</ul>'


def folded(summary: str, content: str) -> str:
    """HTML that is shown on a click."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def data_url(kind: str, content: bytes) -> str:
    """Content as part of the page, such as ``audio/flac``."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def text_or_dash(text: str | None) -> str:
    """What a system wrote, as HTML: a dash where it writes no such text."""
    return "–" if text is None else escape(text) or "(nothing)"


def line(label: str, html: str, language: str) -> str:
    """A line of an :func:`article`: what a text is called, and the text as HTML.

    Args:
        label: HTML.
        html: the text.
        language: its code; empty where unknown.
    """
    lang = f' lang="{escape(language)}"' if language else ""
    return f"<dt>{label}</dt><dd{lang}>{html}</dd>"


def article(name: str, about: str, lines: Iterable[str], *, data: str = "", player: str = "") -> str:
    """An utterance and what was written of it.

    Args:
        name: plain text.
        about: plain text beside the name; may be empty.
        lines: HTML, see :func:`line`.
        data: HTML attributes, each after a space.
        player: HTML above the lines.
    """
    soft = f'<span class="soft">{escape(about)}</span>' if about else ""
    return (
        f'<article class="utterance"{data}><header><h3>{escape(name)}</h3>{soft}</header>'
        f'{player}<dl class="said">{"".join(lines)}</dl></article>'
    )
