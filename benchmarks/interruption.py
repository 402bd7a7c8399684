"""Imported first by the server of measuring processes, which an interruption reaches as it does the command:
it and they then end without a word; the command has one."""

import signal

signal.signal(signal.SIGINT, signal.SIG_DFL)
