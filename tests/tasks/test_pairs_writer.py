import json
import subprocess
import sys

import pytest

from interactive_st.tasks.pairs_writer import PairsWriter


def pair(number):
    return {"id": str(number), "transcript": "a", "translation": "b"}


def ids(path):
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


def test_the_file_appears_in_corpus_order_with_the_last_sentence(tmp_path):
    path = tmp_path / "new" / "pairs.jsonl"
    writer = PairsWriter(path)
    writer.expect([0, 1, 2])
    for number in (2, 0):
        writer.add(number, pair(number))
        assert not path.exists()
    writer.add(1, pair(1))
    assert ids(path) == ["0", "1", "2"]
    writer.expect([5])  # another run
    writer.add(5, pair(5))
    assert ids(path) == ["5"]
    assert [file.name for file in path.parent.iterdir()] == ["pairs.jsonl"]


def test_each_shard_has_its_own_file(tmp_path):
    writer = PairsWriter(tmp_path / "pairs.jsonl")
    writer.expect([3], shard=1)
    writer.add(3, pair(3))
    writer.expect([], shard=2)
    assert ids(tmp_path / "pairs.jsonl.1") == ["3"]
    assert ids(tmp_path / "pairs.jsonl.2") == []
    assert not (tmp_path / "pairs.jsonl").exists()


def test_where_nothing_can_be_written_is_said_before_decoding(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"--pairs-path .*its folder cannot be made"):
        PairsWriter(tmp_path / "file" / "pairs.jsonl")
    with pytest.raises(ValueError, match=r"--pairs-path .*is a folder; name a file"):
        PairsWriter(tmp_path)
    with pytest.raises(ValueError, match=r"--pairs-path /proc/a: nothing can be written"):  # root neither
        PairsWriter("/proc/a")


def test_a_run_of_unknown_length_is_written_at_exit(tmp_path, monkeypatch):
    registered = []
    monkeypatch.setattr("atexit.register", registered.append)
    writer = PairsWriter(tmp_path / "pairs.jsonl")
    for number in (1, 0):
        writer.write_at_exit()
        writer.add(number, pair(number))
    assert list(tmp_path.iterdir()) == []
    assert len(registered) == 1
    registered[0]()
    assert ids(tmp_path / "pairs.jsonl") == ["0", "1"]


@pytest.mark.parametrize("ending", ["raise ValueError('no audio')", "raise KeyboardInterrupt"])
def test_a_run_of_unknown_length_that_failed_leaves_the_file_as_it_was(tmp_path, ending):
    path = tmp_path / "pairs.jsonl"
    path.write_text("of an earlier run")
    script = f"""
from interactive_st.tasks.pairs_writer import PairsWriter
writer = PairsWriter("pairs.jsonl")
writer.write_at_exit()
writer.add(0, {pair(0)})
{ending}
"""
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, timeout=60)
    assert result.returncode != 0
    name = ending.split()[1].partition("(")[0]
    assert f"pairs.jsonl: not written, as {name} ended the run after 1 sentence;" in result.stderr
    assert path.read_text() == "of an earlier run"


def test_an_error_from_before_the_run_does_not_keep_it_from_being_written(tmp_path, monkeypatch):
    registered = []
    monkeypatch.setattr("atexit.register", registered.append)
    monkeypatch.setattr(sys, "last_value", ValueError("of the session"), raising=False)
    writer = PairsWriter(tmp_path / "pairs.jsonl")
    writer.write_at_exit()
    writer.add(0, pair(0))
    registered[0]()
    assert ids(tmp_path / "pairs.jsonl") == ["0"]
