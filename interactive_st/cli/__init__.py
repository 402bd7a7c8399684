"""The command line `interactive-st`: one module or package a command, imported without torch or fairseq.

A command, the module or package `interactive_st/cli/<name>`, has `HELP` (one line), maybe `DESCRIPTION` and
`EPILOG` (lines as they are shown), `add_arguments(parser)` and `main(args) -> int`, and imports heavy things
inside its functions only.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from interactive_st.errors import UserError
from interactive_st.standard_output import is_of_standard_output
from interactive_st.wording import shown_on


@contextmanager
def user_errors() -> Iterator[None]:
    """Show what the system says of files in the block as the user's error, except of standard output.

    Raises:
        UserError: with the message of an ``OSError``.
    """
    try:
        yield
    except OSError as error:
        if is_of_standard_output(error):
            raise
        raise UserError(str(error)) from error


def require_there(paths: Iterable[Path]) -> None:
    """Raise `UserError` where some of these files and folders are not there."""
    if missing := [str(path) for path in paths if not path.exists()]:
        raise UserError(f"{', '.join(missing)}: no such file or folder")


def say(text: object, stream: TextIO | None = None) -> None:
    """Print a line that holds names or texts of files; on standard output if not said otherwise."""
    stream = stream or sys.stdout
    print(shown_on(stream, str(text)), file=stream)


def print_notes(notes: Iterable[str]) -> None:
    """Say on standard error what the user should know of a work that is done."""
    for note in notes:
        say(f"note: {note}", sys.stderr)


def named_file(text: str) -> tuple[str | None, Path]:
    """Split ``NAME=FILE``; the name, which may hold ``=`` itself, is None where none is given.

    A text that is itself the name of a file that is there is that file. Where the path holds ``=`` too, it is
    the longest one that is there.

    Raises:
        UserError: there are several ``=``, and no file behind any of them.
    """
    if Path(text).exists():
        return None, Path(text)
    places = [place for place, letter in enumerate(text) if letter == "=" and place > 0]
    for place in places:
        path = Path(text[place + 1 :])
        if path.exists() and not path.is_dir():  # a pipe too
            return text[:place], path
    if len(places) > 1:
        raise UserError(f"{text}: there is no file behind any = of it, and none of this name")
    return (text[: places[0]], Path(text[places[0] + 1 :])) if places else (None, Path(text))


def names(text: str) -> list[str]:
    """Return the names in the value of an option, which has commas between them; a type for argparse.

    Raises:
        argparse.ArgumentTypeError: there is none.
    """
    found = [name for name in text.split(",") if name]
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} names nothing; write names with commas between")
    return found


def path_name(text: str) -> Path:
    """Return the value of an option that names a file or a folder; a type for argparse.

    Raises:
        argparse.ArgumentTypeError: it is empty, which pathlib takes for the folder that one is in.
    """
    if not text:
        raise argparse.ArgumentTypeError("an empty name; is a variable of the shell unset?")
    return Path(text)


def whole_number(text: str) -> int:
    """Return the value of an option that counts something; a type for argparse.

    Raises:
        argparse.ArgumentTypeError: it is not a whole number of at least 1.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)
