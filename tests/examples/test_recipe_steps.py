"""A recipe's steps: what is skipped, what is done again, and the stamps that tell."""

import pytest

from examples import stamps
from examples.runner import Recipe, RecipeError


def test_step_is_done_once(run, tmp_path):
    output, calls = tmp_path / "made.txt", []

    def action():
        calls.append(1)
        output.write_text("made")

    assert run.step("make", {"size": 1}, [output], action)
    assert not run.step("make", {"size": 1}, [output], action)
    assert calls == [1]


def test_step_is_skipped_by_a_later_run_and_its_time_kept(tmp_path):
    output = tmp_path / "made.txt"
    first = Recipe(tmp_path / "run")
    first.step("make", 1, [output], lambda: output.write_text("made"))
    first._lock.close()
    later = Recipe(tmp_path / "run")
    assert not later.step("make", 1, [output], pytest.fail)
    assert later.total_seconds == first.total_seconds > 0


@pytest.mark.parametrize("change", ["options", "output edited", "output gone"])
def test_step_is_done_again_when_something_changed(run, tmp_path, change):
    output = tmp_path / "made"

    def action():
        output.mkdir(exist_ok=True)
        (output / "a.txt").write_text("made")

    run.step("make", 1, [output], action)
    if change == "output edited":
        (output / "a.txt").write_text("edited")
    elif change == "output gone":
        (output / "a.txt").unlink()
        output.rmdir()
    assert run.step("make", 2 if change == "options" else 1, [output], action)
    assert (output / "a.txt").read_text() == "made"


def test_a_step_that_failed_is_not_remembered(run, tmp_path):
    output = tmp_path / "made.txt"
    output.write_text("half")

    def fail():
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        run.step("make", 1, [output], fail)
    assert run.step("make", 1, [output], lambda: output.write_text("made"))


def test_a_step_without_its_output_is_an_error(run, tmp_path):
    with pytest.raises(RecipeError, match=r"made\.txt"):
        run.step("make", 1, [tmp_path / "made.txt"], lambda: None)


def test_fingerprint_is_of_contents_not_of_place_or_date(tmp_path):
    for place in ("here", "there"):
        (tmp_path / place / "data").mkdir(parents=True)
        (tmp_path / place / "data" / "a").write_text("same")
    here, there = (stamps.fingerprint([tmp_path / p / "data"]) for p in ("here", "there"))
    assert here == there
    (tmp_path / "there" / "data" / "a").write_text("sane")
    assert stamps.fingerprint([tmp_path / "there" / "data"]) != here
    (tmp_path / "here" / "data" / "sub").mkdir()
    (tmp_path / "here" / "data" / "a").rename(tmp_path / "here" / "data" / "sub" / "a")
    assert stamps.fingerprint([tmp_path / "here" / "data"]) != here


def test_digest_is_of_contents_not_of_their_order():
    assert stamps.digest({"a": 1, "b": [2]}) == stamps.digest({"b": [2], "a": 1}) != stamps.digest({"a": 1})


def test_fingerprint_of_a_large_file_sees_its_ends_and_size(tmp_path, monkeypatch):
    monkeypatch.setattr(stamps, "_WHOLE", 10)
    monkeypatch.setattr(stamps, "_PART", 4)
    path, prints = tmp_path / "large", set()
    for content in (b"head........tail", b"HEAD........tail", b"head........Tail", b"head.tail.."):
        path.write_bytes(content)
        prints.add(str(stamps.fingerprint([path])))
    assert len(prints) == 4


def test_an_unreadable_stamp_counts_as_none(tmp_path):
    path = tmp_path / "stamp.json"
    for text in ("", "{", '{"other": 1}'):
        path.write_text(text)
        assert stamps.Stamp.read(path) == stamps.Stamp()
