"""`interactive-st report`: one HTML page of a run."""

import argparse
import math
from pathlib import Path

from interactive_st.cli import named_file, path_name, print_notes, say, user_errors
from interactive_st.errors import UserError

HELP = "write one self-contained HTML page of a run: curves, scores, examples to listen to"
DESCRIPTION = """\
Writes what was trained, curves, scores with their signatures, and examples with audio players and
marked errors into one HTML file that loads nothing from anywhere else.

RUN is a folder filled by the examples (report.json, logs/, pairs/, data/, corpus/), or any folder,
such as the --save-dir of fairseq-train, with --log and --pairs.
"""
EPILOG = """\
Curves need matplotlib: pip install 'interactive_st[plots]'. Without it they are left out, with a note.

examples:
  interactive-st report runs/digits
  interactive-st report checkpoints --log train.log --pairs test=test.jsonl --audio test.tsv
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    add = parser.add_argument
    add("folder", type=path_name, metavar="RUN", help="folder of the run")
    add("--out", type=path_name, metavar="FILE", help="the page (default: RUN/report.html)")
    add("--title", metavar="TEXT", help="title of the page (default: the folder's name)")
    add(
        "--log",
        action="append",
        type=path_name,
        default=[],
        metavar="FILE",
        help="log of fairseq-train; repeatable",
    )
    add(
        "--pairs",
        action="append",
        default=[],
        metavar="[SET=]FILE",
        help="pairs file of a test set, written by --pairs-path; repeatable (default: RUN/pairs/*.jsonl)",
    )
    add(
        "--audio",
        action="append",
        type=path_name,
        default=[],
        metavar="FILE.tsv",
        help="table with id and audio, as it was given to prepare, to find recordings by; repeatable "
        "(default: RUN/corpus/*.tsv and RUN/data/*.tsv)",
    )
    add("--examples", type=int, default=12, metavar="N", help="utterances of each test set (default: 12)")
    add(
        "--choose",
        choices=("spread", "worst"),
        default="spread",
        help="examples evenly over the set, or those with the most errors (default: spread)",
    )
    add("--clip-seconds", type=float, default=15.0, metavar="S", help="longest clip of audio (default: 15)")


def main(args: argparse.Namespace) -> int:
    """Write the page.

    Raises:
        UserError: something cannot be read or written.
    """
    from interactive_st.report.page import build_page
    from interactive_st.report.run_contents import files_of_run, read_contents
    from interactive_st.writing import check_file, explained, write_whole

    if args.examples < 0 or not 0 < args.clip_seconds < math.inf:
        raise UserError("--examples is 0 or more, --clip-seconds more than 0")
    out = args.out or args.folder / "report.html"
    with user_errors():
        sets = _sets(args.pairs)
        if args.out is not None:
            inputs = [*args.log, *sets.values(), *args.audio, *files_of_run(args.folder)]
            check_file(args.out, "--out", inputs=inputs)
        contents = read_contents(args.folder, args.log, sets or None, args.audio)
        html, notes = build_page(
            contents,
            args.title or contents.name,
            examples=args.examples,
            choose=args.choose,
            clip_seconds=args.clip_seconds,
        )
        check_file(out, "--out")
        with explained(out):
            write_whole(out, html)
    print_notes(notes)
    say(out)
    return 0


def _sets(arguments: list[str]) -> dict[str, Path]:
    """Pairs files by the names of their test sets."""
    sets: dict[str, Path] = {}
    for given, path in map(named_file, arguments):
        name = path.stem if given is None else given
        if name in sets:
            raise UserError(
                f"--pairs {sets[name]} and --pairs {path}: two sets are called {name}; give them other "
                "names, as --pairs SET=FILE"
            )
        sets[name] = path
    return sets
