import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from interactive_st.conventions import TRANSCRIPT, TRANSLATION
from interactive_st.modules.wait_k import parse_train_wait_k, parse_wait_k, partner_visibility, start_delay


@pytest.mark.parametrize(
    ("text", "expected"),
    [("3", 3), (" -2 ", -2), (0, 0), ("inf", math.inf), (math.inf, math.inf), ("INF", math.inf)],
)
def test_parse(text, expected):
    assert parse_wait_k(text) == expected


@pytest.mark.parametrize("beyond", [2**30, 2**63, 99999999999999999999999])
def test_a_k_beyond_every_text_is_as_none_at_all(beyond):
    assert parse_wait_k(beyond) == math.inf
    assert parse_wait_k(str(2**30 - 1)) == 2**30 - 1
    seen = partner_visibility(parse_wait_k(-beyond), 5, torch.device("cpu"))
    assert seen[TRANSCRIPT].all()
    assert not seen[TRANSLATION].any()


@pytest.mark.parametrize("text", ["", "three", "1.5", "-inf", None])
def test_parse_refuses_with_the_way_out(text):
    with pytest.raises(ValueError, match=r"--wait-k must be a whole number .* or 'inf'"):
        parse_wait_k(text)


@pytest.mark.parametrize(
    ("text", "expected"), [(None, ()), ("1,3,inf", (1, 3, math.inf)), (" 0 , -2 ", (0, -2)), (5, (5,))]
)
def test_parse_those_of_training(text, expected):
    assert parse_train_wait_k(text) == expected


@pytest.mark.parametrize("text", ["", "1,", "1 3", "[1, 3]", "1-5"])
def test_parse_those_of_training_refuses_with_the_way_out(text):
    with pytest.raises(ValueError, match=r"--train-wait-k must be values of --wait-k .* such as 1,3,inf"):
        parse_train_wait_k(text)


@given(k=st.one_of(st.integers(-6, 6), st.just(math.inf)), length=st.integers(1, 9))
def test_visibility_is_the_definition(k, length):
    visible = partner_visibility(k, length, torch.device("cpu"))
    for i in range(length):
        for j in range(length):
            assert bool(visible[TRANSCRIPT, i, j]) == (not math.isinf(k) and j <= i - k)
            assert bool(visible[TRANSLATION, j, i]) == (i <= j + k)


@given(k=st.integers(-6, 6))
def test_a_row_sees_only_what_is_written_when_it_is_computed(k):
    """In lockstep the row computed in step t of stream s is t − delay(s)."""
    length, delay = 12, [start_delay(k, s) for s in (TRANSCRIPT, TRANSLATION)]
    visible = partner_visibility(k, length, torch.device("cpu"))
    for stream in (TRANSCRIPT, TRANSLATION):
        for row in range(length):
            step = row + delay[stream]
            written = step - delay[1 - stream]  # the partner's row of the same step
            seen = visible[stream, row].nonzero().flatten()
            assert seen.tolist() == [j for j in range(length) if j <= written]


def test_delays():
    assert [start_delay(3, s) for s in (0, 1)] == [0, 3]
    assert [start_delay(-2, s) for s in (0, 1)] == [2, 0]
    assert [start_delay(math.inf, s) for s in (0, 1)] == [0, math.inf]
