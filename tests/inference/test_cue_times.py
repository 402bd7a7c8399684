"""When parts of what is said begin and end, and how long they are to be shown."""

import pytest

from interactive_st.inference.cue_times import (
    LONG_PAUSE,
    LONGEST_CUE,
    SHORTEST_CUE,
    reading_time,
    share_time,
    stretches,
)
from interactive_st.inference.text_parts import LINE


def test_long_pauses_part_stretches():
    first, second, third = (0.0, 1.0), (1.0 + LONG_PAUSE, 4.0), (4.0 + LONG_PAUSE - 0.1, 7.0)
    assert stretches([first, second, third]) == [[first], [second, third]]


def test_parts_share_the_time_of_speech_by_their_weights():
    assert share_time([(1.0, 5.0)], [1, 3]) == [(1.0, 2.0), (2.0, 5.0)]
    # two seconds each, of which the second part has one on either side of the pause
    assert share_time([(1.0, 4.0), (9.0, 10.0)], [5, 5]) == [(1.0, 3.0), (3.0, 10.0)]


def test_a_boundary_goes_to_a_pause_that_is_near_for_the_shorter_part():
    speech = [(0.0, 3.0), (3.5, 5.5)]
    assert share_time(speech, [32, 18]) == speech
    assert share_time(speech, [40, 10]) == [(0.0, 4.5), (4.5, 5.5)]


def test_of_several_pauses_the_nearest_counts():
    """Pauses are behind 2, 5 and 6 seconds of speech; the boundary would be at 4.6 of 10."""
    speech = [(0.0, 2.0), (3.0, 6.0), (7.0, 8.0), (9.0, 13.0)]
    assert share_time(speech, [46, 54]) == [(0.0, 6.0), (7.0, 13.0)]
    assert share_time(speech, [26, 74]) == [(0.0, 2.0), (3.0, 13.0)]
    # of ten seconds the last part has one, and no pause within 0.4 of it
    first, second = share_time(speech, [90, 10])
    assert (first, second) == (pytest.approx((0.0, 12.0)), pytest.approx((12.0, 13.0)))


@pytest.mark.parametrize("length", [0.1, 0.3, 0.7])
def test_parts_that_are_between_pauses_have_their_ends(length):
    speech = [(1.1 * i, 1.1 * i + length) for i in range(9)]
    found = share_time(speech, [1] * len(speech))
    assert [time for part in found for time in part] == pytest.approx([t for part in speech for t in part])


def test_reading_time():
    assert reading_time(1, LINE) == SHORTEST_CUE
    assert reading_time(34, LINE) == 2.0
    assert reading_time(34, LINE // 2) == 4.0, "wide characters say more"
    assert reading_time(500, LINE) == LONGEST_CUE
