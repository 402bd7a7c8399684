"""Words of messages."""

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import TextIO

#: Control characters but tab and newline: a terminal takes them as commands, such as one to clear the screen.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def counted(number: int, thing: str, form: str = "") -> str:
    """``1 row``, ``2 rows``: of things whose plural has an s more; the number as ``form`` says, as ``,``."""
    return f"{number:{form}} {thing}" if number == 1 else f"{number:{form}} {thing}s"


def listed(names: Sequence[str], most: int = 3) -> str:
    """``a, b, c, …``: the first names of a list, and whether there are more."""
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``did you mean NAME?``, by the known name that is most like this one; empty where none is like it."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else ""


def for_terminal(text: str) -> str:
    """A text with its control characters as JSON escapes them, ``\\u001b``; in JSON the meaning stays."""
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def shown_on(stream: TextIO | None, text: str) -> str:
    """The text `for_terminal` where the stream is one; else, as in a pipe or a file, the text itself."""
    return for_terminal(text) if stream is not None and stream.isatty() else text
