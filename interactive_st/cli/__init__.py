"""The command line `interactive-st`: one module a command, imported without torch or fairseq.

A command module `interactive_st/cli/<name>.py` has `HELP` (one line), `add_arguments(parser)` and
`main(args) -> int`, and imports heavy things inside its functions only.
"""

import argparse


class UserError(Exception):
    """Something the user can mend; the message says what is wrong, where, and how to fix it.

    It is shown as ``interactive-st COMMAND: error: MESSAGE`` without a traceback; the exit
    status is 2.
    """


def names(text: str) -> list[str]:
    """Return the names in the value of an option, which has commas between them; a type for argparse.

    Raises:
        argparse.ArgumentTypeError: there is none.
    """
    found = [name for name in text.split(",") if name]
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} names nothing; write names with commas between")
    return found


def whole_number(text: str) -> int:
    """Return the value of an option that counts something; a type for argparse.

    Raises:
        argparse.ArgumentTypeError: it is not a whole number of at least 1.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)
