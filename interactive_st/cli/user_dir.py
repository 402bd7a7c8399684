"""`interactive-st user-dir`: where the package is, for fairseq's ``--user-dir``."""

import argparse
from pathlib import Path

HELP = 'print the folder for --user-dir "$(interactive-st user-dir)"'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command takes no arguments."""


def main(args: argparse.Namespace) -> int:
    """Print the folder of the installed package.

    It is the path by which Python imports the package: fairseq compares the two to see that
    the package has been imported already.
    """
    import interactive_st

    print(Path(interactive_st.__file__).parent)
    return 0
