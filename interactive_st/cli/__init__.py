"""The command line `interactive-st`: one module a command, imported without torch or fairseq.

A command module `interactive_st/cli/<name>.py` has `HELP` (one line), `add_arguments(parser)` and
`main(args) -> int`, and imports heavy things inside its functions only.
"""


class UserError(Exception):
    """Something the user can mend; the message says what is wrong, where, and the way out.

    It is shown as ``interactive-st COMMAND: error: MESSAGE`` without a traceback; the exit
    status is 2.
    """
