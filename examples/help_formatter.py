"""How `--help` of examples and benchmarks shows defaults."""

from __future__ import annotations

import argparse


class HelpFormatter(argparse.ArgumentDefaultsHelpFormatter):
    """Shows defaults, but for those that say nothing or are in the text."""

    def _get_help_string(self, action: argparse.Action) -> str:
        if action.default is False or action.default in (None, []) or "default:" in action.help:
            return action.help
        return super()._get_help_string(action)
