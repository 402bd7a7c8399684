"""Alternation, medians and ratios; nothing here depends on how fast anything is."""

import pytest
import torch

from benchmarks import timing

CPU = torch.device("cpu")


def test_everyone_has_a_turn_a_round_in_changing_order():
    turns = []
    works = {name: (lambda name=name: turns.append(name)) for name in "abc"}
    told = []
    seconds = timing.alternate(works, 3, CPU, told.append)
    assert "".join(turns) == "abc" + "cba" + "bca" + "acb"
    assert {name: len(times) for name, times in seconds.items()} == {"a": 3, "b": 3, "c": 3}
    assert all(time >= 0 for times in seconds.values() for time in times)
    assert told == ["warming up", "round 1 of 3", "round 2 of 3", "round 3 of 3"]


def test_nobody_to_time():
    assert timing.alternate({}, 2, CPU) == {}


def test_medians_and_ratios():
    assert timing.rate(6, [3.0, 2.0, 100.0]) == 2.0
    # round by round 2, 1/2 and 4 times as fast: a slow round slows down both
    assert timing.speed_ratio([1.0, 20.0, 1.0], [2.0, 10.0, 4.0]) == 2.0
    with pytest.raises(ValueError, match="zip"):
        timing.speed_ratio([1.0], [1.0, 2.0])


@pytest.mark.parametrize("there", [True, False])
def test_fairseq_works_on_a_gpu_where_there_is_one(monkeypatch, there):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert timing.fairseq_device().type == ("cuda" if there else "cpu")


def test_results_are_checked_every_time():
    checked = []
    works = {name: (lambda name=name: name * 2) for name in "ab"}
    timing.alternate(works, 1, CPU, check=lambda *found: checked.append(found))
    assert checked == [("a", "aa"), ("b", "bb"), ("b", "bb"), ("a", "aa")]


def test_spread():
    found = timing.spread([4.0, 1.0, 2.0, 3.0, 10.0])
    assert (found["median"], found["min"], found["max"], found["quartiles"]) == (3.0, 1.0, 10.0, [2.0, 4.0])
    assert found["rounds"] == [4.0, 1.0, 2.0, 3.0, 10.0]
    assert timing.spread([2.0])["quartiles"] == [2.0, 2.0]


def test_threads():
    before = torch.get_num_threads()
    assert timing.set_threads(None) == before
    assert timing.set_threads(1) == 1
    torch.set_num_threads(before)


def test_the_machine_is_described():
    machine = timing.describe_machine(CPU, 3)
    assert (machine["device"], machine["threads"], machine["torch"]) == ("cpu", 3, torch.__version__)
    assert machine["cpu"]
