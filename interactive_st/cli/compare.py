"""`interactive-st compare`: systems side by side, utterance by utterance."""

import argparse
from pathlib import Path

from interactive_st.cli import named_file, path_name, print_notes, say, user_errors
from interactive_st.errors import UserError
from interactive_st.report.orders import ORDERS, in_order

HELP = "print what several systems wrote side by side, with errors marked"
DESCRIPTION = """\
Prints for each utterance the reference and each system's transcript and translation, with the errors
marked: in colour on a terminal, else as [-missing-] {+added+}. Utterances are matched by id; those
that not all files have are named and left out.
"""
TITLE = "Systems side by side"
EPILOG = """\
examples:
  interactive-st compare base/test.jsonl interactive/test.jsonl
  interactive-st compare "λ = 0=base.jsonl" "λ = 0.3=ours.jsonl" --sort wer --limit 20 --html cases.html
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add = parser.add_argument
    add(
        "files",
        nargs="+",
        metavar="[NAME=]PAIRS.jsonl",
        help="file written by --pairs-path, and what the system is to be called (default: the file's name)",
    )
    add(
        "--sort",
        choices=tuple(ORDERS),
        help="where systems differ most first, by id, highest WER first, or lowest sentence BLEU first "
        "(default: difference, with one file id)",
    )
    add("--limit", type=int, metavar="N", help="show the first N utterances of that order (default: all)")
    add("--html", type=path_name, metavar="FILE", help="write a self-contained page instead of printing")
    add("--title", metavar="TEXT", help=f"title of the page (default: {TITLE})")


def main(args: argparse.Namespace) -> int:
    """Compare the files.

    Raises:
        UserError: a file cannot be read or written, or the files have nothing in common.
    """
    from interactive_st.report.compare_page import build_page, missing_notes
    from interactive_st.report.comparison import match
    from interactive_st.scoring.pairs_file import read_pairs
    from interactive_st.writing import check_file, explained, write_whole

    if args.title is not None and args.html is None:
        raise UserError("--title is of the page: give --html FILE as well")
    if args.limit is not None and args.limit < 1:
        raise UserError(f"--limit {args.limit}: give a number from 1")
    order = args.sort or ("difference" if len(args.files) > 1 else "id")
    with user_errors():
        files = _named(args.files)
        if args.html is not None:
            check_file(args.html, "--html", inputs=files.values())
        comparison = match({name: read_pairs(path) for name, path in files.items()})
        if args.html is not None:
            page = build_page(comparison, args.title or TITLE, order, args.limit)
            with explained(args.html):
                write_whole(args.html, page)
    print_notes([*missing_notes(comparison), *comparison.notes])
    if args.html is not None:
        say(args.html)
        return 0
    from interactive_st.report.compare_terminal import show
    from interactive_st.terminal import PipedConsole

    show(comparison, in_order(comparison.utterances, order)[: args.limit], PipedConsole(highlight=False))
    return 0


def _named(arguments: list[str]) -> dict[str, Path]:
    """Files by the names of their systems; files of one name are told apart by their folders."""
    from interactive_st.file_names import unique_names

    given = [named_file(text) for text in arguments]
    free = [path for name, path in given if name is None]
    names = iter(unique_names(free, lambda path: path.name.removesuffix(".jsonl").removesuffix(".pairs")))
    chosen = [name if name is not None else next(names) for name, _ in given]
    twice = sorted({name for name in chosen if chosen.count(name) > 1})
    if twice:
        raise UserError(f"two systems are called {twice[0]}; give them other names, as NAME=FILE")
    return dict(zip(chosen, (path for _, path in given), strict=True))
