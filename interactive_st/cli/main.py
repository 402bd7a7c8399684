"""Reads the command line of `interactive-st` and runs the command it names."""

import argparse
import difflib
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import NoReturn

from interactive_st import cli
from interactive_st.errors import UserError
from interactive_st.standard_output import (
    drop_output,
    is_of_standard_output,
    mark_errors,
    replace_closed_errors,
    why_not_written,
)
from interactive_st.version import __version__
from interactive_st.wording import shown_on

PROGRAM = "interactive-st"
#: Exit statuses as a shell reports them for a program ended by SIGINT and SIGPIPE.
INTERRUPTED = 130
BROKEN_PIPE = 141
#: The commands as the help lists them, by how often they are used.
ORDER = ("translate", "prepare", "average", "export", "score", "compare", "report", "plot", "cascade", "join")
#: What Whisper's command line calls options of ours.
WHISPER_OPTIONS = {
    "--language": "--source-lang",
    "--output_dir": "--out",
    "--fp16": "--half",
    "--task": "--show",
}
#: How alike an unknown option and a known one have to be for the latter to be named, from 0 to 1.
ALIKE = 0.68
CLOSED = "standard output is closed; send it to a file, or to /dev/null"


def find_commands() -> dict[str, ModuleType]:
    """Return the command modules by name, in the order of `ORDER`; those not in it come last.

    Every module and package in `interactive_st.cli` but this module is a command; ``_`` in the name
    of a file is ``-`` in the name of its command.
    """
    names = sorted((module.name for module in pkgutil.iter_modules(cli.__path__)), key=_rank)
    return {
        name.replace("_", "-"): importlib.import_module(f"{cli.__name__}.{name}")
        for name in names
        if name != "main"
    }


def _rank(name: str) -> tuple[int, str]:
    return ORDER.index(name) if name in ORDER else len(ORDER), name


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line.

    It sets ``command``, ``run`` and ``parser``; ``parser`` is the subcommand's own parser.
    """
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description=(
            "Transcribe and translate speech at the same time: data, scores and tools around "
            "fairseq-train and fairseq-generate."
        ),
        epilog=(
            "The usual order: prepare, fairseq-train, average, fairseq-generate, score; then export and "
            f"translate. {PROGRAM} COMMAND --help describes a command."
        ),
    )
    parser.add_argument(
        "--version", action="version", version=f"{PROGRAM} {__version__}"
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for name, module in find_commands().items():
        epilog = getattr(module, "EPILOG", None)
        # argparse formats `help` with %, which a plain sentence should not have to know
        command = commands.add_parser(
            name,
            help=module.HELP.replace("%", "%%"),
            description=getattr(module, "DESCRIPTION", module.HELP),
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter if epilog else argparse.HelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.main, parser=command)
    return parser


def refuse_unknown(parser: argparse.ArgumentParser, words: Sequence[str]) -> NoReturn:
    """Exit with status 2, naming the words that a command does not know and the options like them.

    argparse would show the usage of the whole program, which lists no option of the command.
    """
    known = sorted(name for name in parser._option_string_actions if name.startswith("--"))
    hints = dict.fromkeys(hint for word in words for hint in _like(word, known))
    advice = f"did you mean {' or '.join(hints)}?" if hints else f"{parser.prog} --help lists what there is"
    parser.error(shown_on(sys.stderr, f"unrecognized arguments: {' '.join(words)}; {advice}"))


def _like(word: str, known: Sequence[str]) -> list[str]:
    """The option that a word is like, which may be written as in Python or as Whisper has it."""
    if not word.startswith("--"):
        return []
    name = word.partition("=")[0]
    renamed = [option for option in [WHISPER_OPTIONS.get(name)] if option in known]
    return renamed or difflib.get_close_matches(name.replace("_", "-"), known, 1, ALIKE)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: the words after the program's name; those of the process if not given.

    Returns:
        the exit status: the command's own, 2 for an error the user can mend, 130 after Ctrl-C,
        141 when whoever read the output went away.

    Raises:
        SystemExit: by argparse, after ``--help``, ``--version`` or for a wrong option.
    """
    if sys.stdout is not None:  # else it would take that one's place
        replace_closed_errors()
    parser = build_parser()
    mark_errors()
    try:
        args, unknown = parser.parse_known_args(argv)
    except UnicodeEncodeError as error:  # of the help
        print(f"{PROGRAM}: error: {why_not_written(error)}", file=sys.stderr)
        return 2
    if unknown:
        refuse_unknown(getattr(args, "parser", parser), unknown)
    if args.command is None:
        parser.print_help()
        return 0
    if sys.stdout is None:  # what is opened next would take its place, and be written to
        print(f"{PROGRAM} {args.command}: error: {CLOSED}", file=sys.stderr)
        return 2
    try:
        status = args.run(args)
        sys.stdout.flush()  # here, where a closed pipe is still caught
        return status
    except UserError as error:
        cli.say(f"{PROGRAM} {args.command}: error: {error}", sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"{PROGRAM} {args.command}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except (OSError, UnicodeEncodeError) as error:
        if not is_of_standard_output(error):  # a mistake of the program: commands say themselves what failed
            raise
        drop_output()
        if isinstance(error, BrokenPipeError):
            return BROKEN_PIPE
        print(f"{PROGRAM} {args.command}: error: {why_not_written(error)}", file=sys.stderr)
        return 2
