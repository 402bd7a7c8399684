"""Points are measured once, kept at once and taken up again; curves run through them."""

import json
from dataclasses import replace

import pytest

from benchmarks import footprint, growth, growth_pictures, growth_points, memory
from benchmarks.growth_points import CENTRE, CONTESTANTS, curve, key_of
from interactive_st.errors import DataError


@pytest.fixture
def measured(monkeypatch):
    """Jobs asked for, and whose turn it was; the measuring itself is left out."""

    class Process:
        jobs, turns = [], []

        def __init__(self, begin, name, device, threads):
            self.name, self.job, self.weight = name, begin.__self__, 1 if name == "interactive" else 2
            self.jobs.append((self.job, name))
            self.result = {"peak_mib": self.weight * 10.0 * self.job.sentences}

        def again(self):
            self.turns.append(self.name)
            return self.weight * (self.job.seconds + len(self.turns) % 3) / 10

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.turns.append("end")

    monkeypatch.setattr(memory, "OwnProcess", Process)
    return Process


def test_each_point_once_and_only_one_factor_at_a_time(tmp_path, measured, capsys):
    path = tmp_path / "growth_s.json"
    words = ["--quick", "--threads", "1", "--json", str(path)]
    assert growth.main(words) == 0
    decoding = {job for job, _ in measured.jobs if isinstance(job, footprint.Decoding)}
    training = {job for job, _ in measured.jobs if isinstance(job, footprint.UniformTraining)}
    # three values of each factor, of which the middle one is the centre; no beam in training
    assert (len(decoding), len(training)) == (5 * 2 + 1, 4 * 2 + 1)
    assert len(measured.jobs) == len(set(measured.jobs)) == 2 * (len(decoding) + len(training))
    centre = footprint.Decoding("s", 5, 8, 10.0, "conv1d", 24, 10_000)
    assert centre in decoding
    changed = ("beam", "sentences", "seconds", "tokens", "vocabulary")
    assert max(sum(getattr(job, n) != getattr(centre, n) for n in changed) for job in decoding) == 1
    for phase in growth.PHASES:
        assert growth.picture_path(path, phase).read_bytes().startswith(b"\x89PNG")
    assert "vocabulary 33000" in capsys.readouterr().out


def test_a_stopped_run_goes_on(tmp_path, measured, monkeypatch):
    monkeypatch.setattr(growth, "draw", lambda results, phase, path: path)
    path = tmp_path / "growth.json"
    words = ["--quick", "--threads", "1", "--only", "train", "--json", str(path)]
    growth.main(words)
    results = json.loads(path.read_text(encoding="utf-8"))
    lost = key_of("train", CENTRE, "stock_e2e")
    del results["points"][lost]
    path.write_text(json.dumps(results), encoding="utf-8")
    measured.jobs.clear()
    growth.main(words)
    assert [name for _, name in measured.jobs] == list(CONTESTANTS)  # a ratio needs both, in turns
    assert lost in json.loads(path.read_text(encoding="utf-8"))["points"]
    assert [file.name for file in tmp_path.iterdir()] == ["growth.json"]
    with pytest.raises(SystemExit, match="was measured with another rounds"):
        growth.main([*words, "--rounds", "5"])
    results["machine"]["threads"] = 7
    path.write_text(json.dumps(results), encoding="utf-8")
    with pytest.raises(SystemExit, match=r"was measured with another threads \(7\)"):
        growth.main(words)
    for text in ("{", "[]", '{"decode": {}}', '{"settings": {}, "machine": {}, "points": 3}'):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=r"growth\.json: no results of this benchmark"):
            growth.main(words)


def test_points_that_are_added_have_their_own_commit_and_date(tmp_path, measured, monkeypatch):
    monkeypatch.setattr(growth, "draw", lambda results, phase, path: path)
    machine = {"device": "cpu", "cpu": "A", "threads": 1, "torch": "2.1", "commit": "first", "date": "Monday"}
    monkeypatch.setattr(growth.timing, "describe_machine", lambda device, threads: dict(machine))
    path = tmp_path / "growth.json"
    words = ["--quick", "--threads", "1", "--only", "train", "--json", str(path)]
    growth.main(words)
    results = json.loads(path.read_text(encoding="utf-8"))
    assert results["machine"] == machine
    assert {(one["commit"], one["date"]) for one in results["points"].values()} == {("first", "Monday")}
    old, lost = (key_of("train", replace(CENTRE, batch=batch), "interactive") for batch in (1, 32))
    del results["points"][lost], results["points"][old]["commit"], results["points"][old]["date"]
    path.write_text(json.dumps(results), encoding="utf-8")

    machine |= {"commit": "second", "date": "Tuesday"}
    growth.main(words)
    after = json.loads(path.read_text(encoding="utf-8"))
    assert after["machine"] == results["machine"]
    assert (after["points"][lost]["commit"], after["points"][lost]["date"]) == ("second", "Tuesday")
    assert "commit" not in after["points"][old]  # of files from before: the machine's

    machine |= {"cpu": "B", "torch": "2.2"}
    with pytest.raises(SystemExit, match=r"was measured with another cpu \(A\), torch \(2\.1\);"):
        growth.main(words)
    assert json.loads(path.read_text(encoding="utf-8")) == after


@pytest.mark.parametrize("name", ["growth_s_cpu.json", "growth_s_cpu_intel.json"])
def test_the_published_files_can_be_drawn(repository, tmp_path, name):
    path = repository / "benchmarks" / "results" / name
    results = json.loads(path.read_text(encoding="utf-8"))
    assert growth.read(path, results["settings"], results["machine"]) == results
    for phase in growth.PHASES:
        growth.show(results["points"], phase)
        assert growth_pictures.draw(results, phase, tmp_path / f"{phase}.png").stat().st_size > 500


def test_in_turns(measured):
    found = growth.measure(growth.job_of("train", CENTRE, "s"), "cpu", 1, 3)
    ours, stock = CONTESTANTS
    assert measured.turns == [ours, stock, stock, ours, ours, stock, "end", "end"]
    assert found[ours]["all_seconds"] == pytest.approx([1.1, 1.1, 1.2])
    assert found[ours]["seconds"] == pytest.approx(1.1)


def test_curves_run_through_the_centre():
    points = {}
    for beam in (16, 5, 1):
        points[key_of("decode", replace(CENTRE, beam=beam), "interactive")] = {"seconds": float(beam)}
    points[key_of("decode", replace(CENTRE, beam=5, batch=1), "interactive")] = {"seconds": 9.0}
    assert curve(points, "decode", "beam", "interactive") == [(b, {"seconds": float(b)}) for b in (1, 5, 16)]
    assert [value for value, _ in curve(points, "decode", "batch", "interactive")] == [1, 8]
    assert curve(points, "decode", "beam", "stock_e2e") == []


def test_labels_for_everything():
    assert list(growth_pictures.LABELS) == list(growth_points.VALUES) == list(growth_points.QUICK)
    assert list(growth_pictures.NAMES) == list(CONTESTANTS)
    assert all(getattr(CENTRE, name) in growth_points.VALUES[name] for name in growth_points.VALUES)
