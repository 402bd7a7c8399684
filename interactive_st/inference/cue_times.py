"""When cues are shown: while their words are said, and long enough to be read."""

import itertools
from collections.abc import Sequence

from interactive_st.inference.text_parts import LINE

Times = Sequence[tuple[float, float]]

LONGEST_CUE = 7.0
#: A cue is not made shorter than this to get less text into it, and is shown that long if there is time.
SHORTEST_CUE = 1.0
#: Nothing is shown in a pause of speech of this length, in seconds.
LONG_PAUSE = 1.5
#: A cue boundary moves to a pause no farther away than this fraction of the shorter neighbouring cue.
PAUSE_REACH = 0.4
#: Characters that are read in a second, of a line of `LINE`; fewer of wide ones.
READ_A_SECOND = 17.0
#: What stays free before the next cue where a cue is shown for longer than its words take.
GAP = 0.08


def stretches(speech: Times) -> list[list[tuple[float, float]]]:
    """Return where somebody speaks, parted at long pauses."""
    found = [[speech[0]]]
    for before, after in itertools.pairwise(speech):
        if after[0] - before[1] >= LONG_PAUSE:
            found.append([])
        found[-1].append(after)
    return found


def spoken(speech: Times) -> float:
    """Return for how many seconds somebody speaks."""
    return sum(end - start for start, end in speech)


def share_time(speech: Times, weights: Sequence[float]) -> list[tuple[float, float]]:
    """Return when each part of what is said begins and ends, by its weight.

    A boundary goes to a pause that is near, so that no part begins right before or after one.
    """
    seconds = spoken(speech)
    each = [seconds * weight / sum(weights) for weight in weights]
    pauses = list(itertools.accumulate(end - start for start, end in speech))[:-1]
    boundaries = [0.0]
    for before, after in itertools.pairwise(each):
        exact = sum(each[: len(boundaries)])
        near = min(pauses, key=lambda pause: abs(pause - exact), default=exact)
        boundaries.append(near if abs(near - exact) <= PAUSE_REACH * min(before, after) else exact)
    boundaries.append(seconds)
    return [
        (_at(speech, first, after=True), _at(speech, last, after=False))
        for first, last in itertools.pairwise(boundaries)
    ]


def reading_time(length: int, line: int) -> float:
    """Return how long a text is to be shown, by its length and that of a full line of its language."""
    return min(max(SHORTEST_CUE, length / (READ_A_SECOND * line / LINE)), LONGEST_CUE)


def _at(speech: Times, seconds: float, after: bool) -> float:
    """Return the time by which somebody has spoken for `seconds`.

    Where that is at a pause, `after` says which end of the pause is meant.
    """
    for start, end in speech:
        length = end - start
        if seconds < length - 1e-6 or (not after and seconds <= length + 1e-6):
            return start + min(seconds, length)
        seconds -= length
    return speech[-1][1]
