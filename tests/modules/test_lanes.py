"""Lanes: which entries are read and written, whether all take part or some."""

import pytest
import torch

from interactive_st.modules.lanes import Lanes

CPU = torch.device("cpu")
ROW = torch.tensor([[3, 1, 4], [1, 5, 9]])
ALL, SOME = torch.ones(2, 3, dtype=torch.bool), torch.tensor([[True, False, True], [False, True, True]])
SECOND = torch.tensor([[False, False, False], [True, True, True]])


@pytest.mark.parametrize("active", [ALL, SOME, SECOND], ids=["all", "some", "second"])
def test_they_are_sorted_and_read_and_write_their_own_entries(active):
    lanes = Lanes.of(active, ROW, CPU)
    assert lanes.are_all == (active is not SOME)
    assert torch.equal(lanes.take(ROW), ROW[active])  # by stream, then by sentence
    assert torch.equal(lanes.take(ROW), lanes.row)
    for write in (lanes.put, lanes.update):
        x = torch.zeros_like(ROW)
        write(x, lanes.row)
        assert torch.equal(x, ROW * active)


@pytest.mark.parametrize("active", [ALL, SOME], ids=["all", "some"])
def test_of_lanes_that_are_all_listed_only_those_that_advance_are_updated(active):
    lanes = Lanes.every(3, CPU).advancing(active, ROW)
    x, y = torch.full((2, 3), -1), torch.full((2, 3), -1)
    lanes.update(x, lanes.take(ROW))
    lanes.put(y, lanes.take(ROW))
    assert torch.equal(x, ROW.where(active, torch.tensor(-1)))
    assert torch.equal(y, ROW)


@pytest.mark.parametrize("active", [ALL, SOME], ids=["all", "some"])
def test_every_lane_writes_at_its_own_index(active):
    lanes = Lanes.of(active, ROW, CPU)
    x = torch.zeros(2, 3, 2, 10, dtype=torch.long)
    lanes.put_at(x, torch.stack([lanes.row, -lanes.row], dim=1), lanes.row)
    places = torch.nn.functional.one_hot(ROW, 10) * (ROW * active).unsqueeze(2)
    assert torch.equal(x, torch.stack([places, -places], dim=2))


def test_they_are_spread_and_collected():
    whole = Lanes.every(2, CPU)
    x = torch.randn(4, 2, 4, generator=torch.Generator().manual_seed(1))
    assert torch.equal(whole.collect(whole.spread(x)), x)
    some = Lanes(torch.tensor([0, 1, 1]), torch.tensor([1, 0, 1]), torch.zeros(3).long(), (0, 1), 2)
    dense = some.spread(x[:3])
    assert torch.equal(dense[0], torch.stack([torch.zeros_like(x[0]), x[0]]))
    assert torch.equal(dense[1], x[1:3])
    assert torch.equal(some.collect(dense), x[:3])
    alone = Lanes(torch.tensor([1]), torch.tensor([1]), torch.zeros(1).long(), (1,), 2)
    assert torch.equal(alone.spread(x[:1]), torch.stack([torch.zeros_like(x[0]), x[0]]).unsqueeze(0))
