"""Systems side by side as one HTML page, put in another order by its reader."""

from collections.abc import Sequence

from interactive_st.conventions import STREAM_NAMES
from interactive_st.report.comparison import Comparison, Utterance
from interactive_st.report.html import article, codes, escape, line, page, table, text_or_dash
from interactive_st.report.orders import ORDERS, in_order
from interactive_st.report.word_diff import HTML_LEGEND, to_html
from interactive_st.scoring.columns import COLUMNS, all_signatures, cells
from interactive_st.scoring.pairs_file import LANGUAGE_KEYS
from interactive_st.wording import counted

#: Puts the utterances in the order that is chosen; places are computed here, not in the browser.
SCRIPT = """
const chooser = document.getElementById("order"), list = document.getElementById("utterances");
chooser.addEventListener("change", () => {
  const place = (one) => Number(one.dataset[chooser.value]);
  list.append(...[...list.children].sort((a, b) => place(a) - place(b)));
});
"""
MISSING_SHOWN = 20


def build_page(comparison: Comparison, title: str, order: str, limit: int | None = None) -> str:
    """Return the HTML; at first in ``order``, the first ``limit`` utterances of it."""
    shown = in_order(comparison.utterances, order)[:limit]
    places = {name: {u.id: n for n, u in enumerate(in_order(shown, name))} for name in ORDERS}
    options = "".join(
        f'<option value="{name}"{" selected" if name == order else ""}>{each.title}</option>'
        for name, each in ORDERS.items()
    )
    articles = (_article(u, comparison.systems, {name: places[name][u.id] for name in ORDERS}) for u in shown)
    count = f"{len(shown)} of {counted(len(comparison.utterances), 'utterance')} that all systems have"
    body = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="soft">{count}</p>',
        _scores(comparison),
        *(f"<p>{escape(note)}</p>" for note in [*missing_notes(comparison), *comparison.notes]),
        f"<h2>Utterances</h2>{HTML_LEGEND}",
        f'<p><label>order: <select id="order">{options}</select></label></p>',
        f'<div id="utterances">{"".join(articles)}</div>',
    ]
    return page(title, "\n".join(body), SCRIPT)


def missing_notes(comparison: Comparison) -> list[str]:
    """One line for each system that lacks utterances."""
    notes = []
    for system, ids in comparison.missing.items():
        more = f" and {len(ids) - MISSING_SHOWN} more" if len(ids) > MISSING_SHOWN else ""
        notes.append(f"not in {system}, left out: {', '.join(ids[:MISSING_SHOWN])}{more}")
    return notes


def _scores(comparison: Comparison) -> str:
    rows = [(system, *cells(scores)) for system, scores in comparison.scores.items()]
    return table(("system", *COLUMNS.values()), rows) + codes(all_signatures(comparison.scores.values()))


def _article(utterance: Utterance, systems: Sequence[str], places: dict[str, int]) -> str:
    data = "".join(f' data-{name}="{place}"' for name, place in places.items())
    lines = []
    languages = {s: utterance.field(key) for s, key in zip(STREAM_NAMES, LANGUAGE_KEYS, strict=True)}
    for stream in STREAM_NAMES:
        if reference := utterance.reference(stream):
            lines.append(line(f"reference {stream}", escape(reference), languages[stream]))
    for system in systems:
        scores = " · ".join(f"{name} {score}" for name, score in utterance.shown_scores(system))
        lines.append(
            f'<dt class="system">{escape(system)} <span class="soft">{scores}</span></dt><dd hidden></dd>'
        )
        for stream in STREAM_NAMES:
            marked = utterance.marked(system, stream)
            text = text_or_dash(utterance.pairs[system][stream]) if marked is None else to_html(marked)
            lines.append(line(stream, text, languages[stream]))
    return article(utterance.id, utterance.about, lines, data=data) + "\n"
