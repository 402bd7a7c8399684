"""What wait-k hides from a decoding step, also where the other text is further than it may be read.

The search advances both texts in step, so that there is nothing to hide; a decoder does not rely on that.
"""

import math

import pytest
import torch

from interactive_st.models.decoder import _visible_partner_slots
from interactive_st.modules.lanes import Histories, Lanes

SEEN, HIDDEN = 0, -1
ALL, BUT_THE_LAST, NOTHING = [SEEN] * 3, [SEEN, SEEN, HIDDEN], [HIDDEN] * 3
CASES = [(0, ALL, ALL), (1, BUT_THE_LAST, ALL), (-1, ALL, BUT_THE_LAST), (math.inf, NOTHING, ALL)]


def visible(streams: tuple[int, ...], wait_k: float) -> list[list[int]]:
    """Slots that row 2 of these streams sees of the three rows of the other; −1: none."""
    stream = torch.tensor(streams)
    where = (stream, torch.zeros_like(stream), torch.full_like(stream, 2))
    lanes = Lanes(*where, streams, 1, control=where)
    slots = torch.zeros(2, 1, 1, 3, dtype=torch.int32)
    histories = Histories(slots, slots, torch.arange(3).expand(2, 1, 3), (3, 3))
    return _visible_partner_slots(lanes, histories, wait_k).flatten(1).tolist()


@pytest.mark.parametrize(("wait_k", "of_transcript", "of_translation"), CASES)
def test_a_step_sees_no_further_than_wait_k(wait_k, of_transcript, of_translation):
    assert visible((0, 1), wait_k) == [of_transcript, of_translation]
    assert visible((0,), wait_k) == [of_transcript]
    assert visible((1,), wait_k) == [of_translation]
