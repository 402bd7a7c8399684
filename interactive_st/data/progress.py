"""How far long work on data is, on standard error."""

import sys

from tqdm import tqdm

#: Seconds between two states of a bar: on a terminal, and in a log, which should not fill with them.
ON_TERMINAL, IN_LOG = 0.2, 30.0


def progress_bar(total: int, what: str, unit: str, *, shown: bool, scaled: bool = False) -> tqdm:
    """A bar to be updated and closed.

    Args:
        total: units of work.
        what: stands before it.
        unit: what is counted.
        shown: whether it is seen at all.
        scaled: write large numbers with k, M and the like.
    """
    return tqdm(
        total=total,
        desc=what,
        unit=unit,
        unit_scale=scaled,
        disable=not shown,
        file=sys.stderr,
        mininterval=ON_TERMINAL if sys.stderr.isatty() else IN_LOG,
    )
