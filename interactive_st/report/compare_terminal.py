"""Systems side by side on a terminal: errors in colour, or with marks where there is none."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from interactive_st.conventions import STREAM_NAMES
from interactive_st.report.comparison import Comparison, Utterance
from interactive_st.report.word_diff import legend_for_terminal, to_plain, to_terminal
from interactive_st.scoring.columns import COLUMNS, all_signatures, cells
from interactive_st.terminal import print_whole, score_table
from interactive_st.wording import for_terminal

#: Characters that names, scores and texts need to stand beside each other.
NARROW = 60


def show(comparison: Comparison, utterances: Sequence[Utterance], console: Console) -> None:
    """Print corpus scores and these utterances; without colour where the console has none."""
    plain = console.color_system is None or console.no_color  # a terminal may have no styles, as of Emacs
    print_whole(console, _scores(comparison))
    for signature in all_signatures(comparison.scores.values()):
        console.print(Text(signature, "dim"), soft_wrap=True)
    console.print(legend_for_terminal(plain))
    for utterance in utterances:
        console.print()
        about = f"  {for_terminal(utterance.about)}".rstrip()
        console.print(Text.assemble((for_terminal(utterance.id), "bold"), (about, "dim")))
        rows = _rows(utterance, comparison.systems, plain)
        if console.width >= NARROW:
            console.print(_grid(rows))
            continue
        for name, label, text in rows:
            for part in (name, Text(label, "dim"), text):
                if part:
                    console.print(part)


def _scores(comparison: Comparison) -> Table:
    table = score_table("system", COLUMNS.values())
    for system, scores in comparison.scores.items():
        table.add_row(_text(system), *cells(scores))
    return table


def _grid(rows: Iterator[tuple[Text, str, Text]]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(overflow="fold", max_width=28)
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold", ratio=1)
    for row in rows:
        grid.add_row(*row)
    return grid


def _rows(utterance: Utterance, systems: Sequence[str], plain: bool) -> Iterator[tuple[Text, str, Text]]:
    """Whose text it is, of the first of each; what it is; and the text."""
    for row, stream in enumerate(STREAM_NAMES):
        reference = utterance.reference(stream)
        yield _text("" if row else "reference"), stream, _text(reference or "–")
    for system in systems:
        scores = zip(STREAM_NAMES, utterance.shown_scores(system), strict=True)
        for row, (stream, (metric, score)) in enumerate(scores):
            label = f"{stream}  {metric} {score}"
            yield _text("" if row else system), label, _marked(utterance, system, stream, plain)


def _marked(utterance: Utterance, system: str, stream: str, plain: bool) -> Text:
    difference = utterance.marked(system, stream)
    if difference is None:
        return _text(utterance.pairs[system][stream] or "–")
    return _text(to_plain(difference)) if plain else to_terminal(difference)


def _text(text: str) -> Text:
    return Text(for_terminal(text))
