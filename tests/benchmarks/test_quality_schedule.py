"""In what order runs are done, several at once, and what becomes of those that fail."""

import logging
import multiprocessing
import os
import signal
import sys
import time

import pytest

from benchmarks.quality.runs import DataSet, Run, Variant
from benchmarks.quality.schedule import Schedule, do_all

DATA = DataSet("digits", "spoken_digits", "recordings", 10)


def make_run(name, *needs):
    return Run(DATA, Variant(name, "asr"), 1, {f"need{i}": need for i, need in enumerate(needs)})


@pytest.fixture
def runs():
    asr, other = make_run("asr"), make_run("other")
    return [make_run("pipeline", asr), asr, other, make_run("again", asr)]


@pytest.fixture
def said():
    return []


def names(runs):
    return [run.variant.name for run in runs]


def test_a_run_begins_when_what_it_needs_has_ended(runs, said):
    schedule = Schedule(runs, said.append)
    first, second = schedule.next(), schedule.next()
    assert names([first, second]) == ["asr", "other"]
    assert schedule.next() is None
    schedule.end(first, "fine")
    assert names([schedule.next(), schedule.next()]) == ["pipeline", "again"]
    assert schedule.next() is None
    assert said[0] == "digits/asr/1 … (1 of 4)"
    assert "digits/asr/1: fine" in said


def test_what_needs_a_run_that_failed_is_not_begun(runs, said):
    schedule = Schedule(runs, said.append)
    schedule.end(schedule.next(), "broken", failed=True)
    assert names([schedule.next()]) == ["other"]
    assert schedule.next() is None
    assert schedule.failed == {
        "digits/asr/1": "broken",
        "digits/pipeline/1": "needs digits/asr/1, which failed",
        "digits/again/1": "needs digits/asr/1, which failed",
    }


def log_of(folder):
    return lambda run: folder / run.name / "run.log"


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_that_fails_does_not_stop_the_others(runs, said, tmp_path, jobs):
    def work(run):
        print(f"working on {run.variant.name}")
        if run.variant.name == "other":
            raise ValueError("no data\nsecond line")
        (tmp_path / run.variant.name).touch()
        return "done well"

    failed = do_all(runs, work, log_of(tmp_path), jobs, said.append)
    assert failed == {"digits/other/1": "no data\nsecond line"}
    assert {"asr", "pipeline", "again"} < {path.name for path in tmp_path.iterdir()}
    assert sum("done well" in line for line in said) == 3
    assert (tmp_path / "digits/asr/1/run.log").read_text() == "working on asr\n"
    assert "error: no data" in (tmp_path / "digits/other/1/run.log").read_text()


def test_logging_set_up_by_a_run_ends_with_its_log(runs, said, tmp_path):
    """As fairseq does where it is imported; what is logged later would meet a closed file."""
    root = logging.getLogger()
    before = list(root.handlers)

    def work(run):
        root.addHandler(logging.StreamHandler(sys.stderr))
        logging.getLogger("fairseq").warning("working on %s", run.variant.name)
        return "done"

    do_all(runs, work, log_of(tmp_path), 1, said.append)
    assert root.handlers == before
    assert (tmp_path / "digits/asr/1/run.log").read_text() == "working on asr\n"


def test_a_process_that_dies_is_a_run_that_failed(said, tmp_path):
    failed = do_all([make_run("asr")], lambda run: os._exit(3), log_of(tmp_path), 2, said.append)
    assert failed == {"digits/asr/1": "its process ended with status 3"}


def test_several_run_at_once(said, tmp_path):
    """Each waits until the other has begun."""

    def work(run):
        (tmp_path / run.variant.name).touch()
        deadline = time.monotonic() + 60
        while not all((tmp_path / name).exists() for name in ("one", "two")):
            if time.monotonic() > deadline:
                raise RuntimeError("alone")
            time.sleep(0.01)
        return "met"

    assert do_all([make_run("one"), make_run("two")], work, log_of(tmp_path), 2, said.append) == {}


def test_an_interruption_ends_the_processes_in_order(said, tmp_path):
    """As `Recipe.command` does, a run that is told to end cleans up behind itself first."""

    def work(run):
        try:
            (tmp_path / f"begun {run.variant.name}").touch()  # once it is seen, the signal may come
            for _ in range(1200):  # a signal just before a long sleep would be heard after it
                time.sleep(0.05)
        finally:
            (tmp_path / f"cleaned {run.variant.name}").touch()
        return "too late"

    def interrupted():
        def stop(number, frame):
            raise SystemExit(128 + number)

        signal.signal(signal.SIGTERM, stop)
        do_all([make_run("one"), make_run("two")], work, log_of(tmp_path), 2, said.append)

    process = multiprocessing.get_context("fork").Process(target=interrupted)
    process.start()
    while len(list(tmp_path.glob("begun *"))) < 2:
        assert process.is_alive()
        time.sleep(0.01)
    process.terminate()
    process.join(60)
    assert process.exitcode == 128 + signal.SIGTERM
    assert len(list(tmp_path.glob("cleaned *"))) == 2
