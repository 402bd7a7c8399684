"""A data folder is there as a whole or not at all, whatever ends the run."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from full_disk import largest_file
from small_corpus import contents, leftovers, make_rows, run

from interactive_st import atomic
from interactive_st.data.manifest import write_manifest
from interactive_st.data.preparation.prepare import prepare
from interactive_st.errors import DataError


class Crash(Exception):
    pass


@pytest.mark.parametrize("moment", ["add", "write_config", "rename"])
def test_a_crash_leaves_nothing_behind(tmp_path, monkeypatch, moment):
    def crash(*_, **__):
        raise Crash

    target = {
        "add": "interactive_st.data.features.archive.FeatureArchive.add",
        "write_config": "interactive_st.data.preparation.prepare.write_config",
        "rename": "pathlib.Path.rename",
    }[moment]
    monkeypatch.setattr(target, crash)
    with pytest.raises(Crash):
        run(tmp_path, make_rows(tmp_path))
    assert not (tmp_path / "out").exists()
    assert leftovers(tmp_path) == []


def test_a_crash_while_overwriting_keeps_the_old_folder(tmp_path, monkeypatch):
    rows = make_rows(tmp_path)
    run(tmp_path, rows)
    before = contents(tmp_path / "out")
    rename = Path.rename

    def fail(self, target):
        if self.name.startswith(".out.preparing"):
            raise OSError("no space")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(OSError, match="no space"):
        run(tmp_path, rows[:4], overwrite=True)
    assert contents(tmp_path / "out") == before
    assert leftovers(tmp_path) == []


KILLED = """
    import os, signal, sys
    sys.modules.setdefault("interactive_st_cli", sys)  # without torch and fairseq
    from interactive_st.data.preparation import prepare as module

    def stop(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGKILL)

    module._write_settings = stop
    manifest, out = sys.argv[1:]
    module.prepare({"train": manifest}, out, vocab_size=40, workers=1, progress=False)
"""


def test_a_kill_leaves_nothing_at_out_and_the_next_run_cleans_up(tmp_path, repository):
    rows = make_rows(tmp_path)
    write_manifest(tmp_path / "train.in.tsv", rows)
    killed = subprocess.run(
        [
            *(sys.executable, "-c", textwrap.dedent(KILLED)),
            *(tmp_path / "train.in.tsv", tmp_path / "out"),
        ],
        env={**os.environ, "PYTHONPATH": str(repository)},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    (stale,) = leftovers(tmp_path)
    assert stale.startswith(".out.preparing-")
    run(tmp_path, rows)
    assert (tmp_path / "out/train.zip").exists()
    assert leftovers(tmp_path) == []


def test_a_kill_between_the_renames_is_mended_by_the_next_run(tmp_path):
    rows = make_rows(tmp_path)
    run(tmp_path, rows)
    (tmp_path / "out").rename(tmp_path / ".out.replaced")
    before = contents(tmp_path / ".out.replaced")
    with pytest.raises(DataError, match="needs at least"):
        run(tmp_path, rows, vocab_size=8, overwrite=True)
    assert contents(tmp_path / "out") == before
    assert leftovers(tmp_path) == []


def test_a_folder_that_another_run_is_making_is_left_alone(tmp_path):
    with atomic.atomic_folder(tmp_path / "out") as first:
        (first / "a").touch()
        with atomic.atomic_folder(tmp_path / "out") as second:
            assert first.exists()
            assert second != first


def test_a_folder_of_another_machine_is_left_alone(tmp_path, monkeypatch):
    """Whose lock a network file system does not show here."""
    monkeypatch.setattr("platform.node", lambda: "elsewhere")
    with atomic.atomic_folder(tmp_path / "out") as theirs:
        monkeypatch.setattr("platform.node", lambda: "here")
        monkeypatch.setattr(atomic.fcntl, "flock", lambda *_: None)
        with atomic.atomic_folder(tmp_path / "out") as ours:
            assert theirs.exists()
            shutil.rmtree(ours)
            ours.mkdir()


def test_unfinished_folders_that_stay_are_named(tmp_path, caplog):
    theirs = [tmp_path / f".out.preparing-{number}-x" for number in range(2)]
    for folder in (*theirs, tmp_path / ".else.preparing-0-x"):
        folder.mkdir()
    with atomic.atomic_folder(tmp_path / "out"), atomic.atomic_folder(tmp_path / "out"):
        pass
    warning = f"{theirs[0]}, {theirs[1]}: unfinished, of a run of another machine or user; if it has ended, "
    assert [record.getMessage() for record in caplog.records] == [f"{warning}remove that by hand"] * 2
    assert all(folder.exists() for folder in theirs)


def test_an_unfinished_folder_that_may_not_be_removed_is_named(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(atomic.shutil, "rmtree", lambda *_, **__: None)
    with pytest.raises(Crash), atomic.atomic_folder(tmp_path / "out"):
        raise Crash
    with atomic.atomic_folder(tmp_path / "out"):
        pass
    (left,) = leftovers(tmp_path)
    assert f"{tmp_path / left}: unfinished" in caplog.text


def test_what_was_replaced_does_not_come_back_after_a_kill(tmp_path, monkeypatch):
    rows = make_rows(tmp_path)
    run(tmp_path, rows)
    with monkeypatch.context() as patched:
        patched.setattr(atomic.shutil, "rmtree", lambda *_, **__: None)  # as if killed then
        run(tmp_path, rows, overwrite=True)
    assert leftovers(tmp_path)
    shutil.rmtree(tmp_path / "out")
    run(tmp_path, rows)
    assert leftovers(tmp_path) == []


def test_what_is_there_is_not_overwritten_by_accident(tmp_path):
    rows = make_rows(tmp_path)
    other = tmp_path / "out"
    other.mkdir()
    run(tmp_path, rows)  # an empty folder is as good as none
    first = contents(other)
    with pytest.raises(DataError, match=r"out: is not empty; .* --overwrite"):
        run(tmp_path, rows[:4])
    assert contents(other) == first
    run(tmp_path, rows[:4], overwrite=True)
    assert contents(other) != first
    assert leftovers(tmp_path) == []
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("years")
    with pytest.raises(DataError, match="so it is not what --overwrite may replace"):
        run(tmp_path, rows, "mine", overwrite=True)
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="is a file"):
        run(tmp_path, rows, "file", overwrite=True)
    with pytest.raises(DataError, match="is input, and inside"):
        run(tmp_path, rows, ".", overwrite=True)


def test_what_appears_at_out_meanwhile_is_kept(tmp_path):
    def appear():
        (tmp_path / "out").mkdir()
        (tmp_path / "out/thesis.txt").write_text("years")

    with pytest.raises(DataError, match="is not empty"), atomic.atomic_folder(tmp_path / "out"):
        appear()
    assert contents(tmp_path / "out") == {"thesis.txt": b"years"}
    assert leftovers(tmp_path) == []


def test_a_folder_restored_after_a_kill_is_not_replaced_unasked(tmp_path):
    (tmp_path / ".out.replaced").mkdir()
    (tmp_path / ".out.replaced/train.tsv").touch()
    with pytest.raises(DataError, match="is not empty"), atomic.atomic_folder(tmp_path / "out"):
        pass
    assert contents(tmp_path / "out") == {"train.tsv": b""}


def test_overwriting_deletes_no_input(tmp_path):
    rows = make_rows(tmp_path)
    run(tmp_path, rows)
    (tmp_path / "u1.wav").rename(tmp_path / "out/u1.wav")
    (tmp_path / "u1.wav").symlink_to("out/u1.wav")
    before = contents(tmp_path / "out")
    with pytest.raises(DataError, match=r"u1\.wav: is input, and inside .*out, the output"):
        run(tmp_path, rows, overwrite=True)
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize(
    "name", ["checkpoints/best.pt", "mt/checkpoint.pt", "notes.txt", "mine.tsv", "mine.zip", "mt/x.en-de.de"]
)
def test_overwriting_deletes_nothing_that_others_made(tmp_path, name):
    rows = make_rows(tmp_path)
    run(tmp_path, rows, cmvn="global", skip_bad=True)
    run(tmp_path, rows, overwrite=True)
    path = tmp_path / "out" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("weeks of work")
    before = contents(tmp_path / "out")
    shown = name if name.startswith("mt/") else path.relative_to(tmp_path / "out").parts[0]
    with pytest.raises(DataError, match=f"out: holds {shown}, no part of a data folder"):
        run(tmp_path, rows, overwrite=True)
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize("name", ["train.zip", "dict.txt", "mt", "mt/dict.en.txt"])
def test_overwriting_takes_no_link_for_its_own(tmp_path, name):
    rows, path, kept = make_rows(tmp_path), tmp_path / "out" / name, tmp_path / "kept"
    run(tmp_path, rows)
    path.rename(kept)
    path.symlink_to(kept)
    with pytest.raises(DataError, match=f"out: holds {name}, no part of a data folder"):
        run(tmp_path, rows, overwrite=True)
    assert path.is_symlink()


@pytest.mark.parametrize("limit", [100, 3000, 40000])
def test_a_full_disk_is_named_with_the_way_out(tmp_path, limit):
    """In a file that is too large for the user's limit, which is like a disk that is full."""
    rows = make_rows(tmp_path)
    message = r"out: cannot be written \(File too large\); nothing was left; free space or choose another"
    write_manifest(tmp_path / "train.in.tsv", rows)
    options = {"vocab_size": 40, "workers": 1, "progress": False}
    with largest_file(limit), pytest.raises(DataError, match=message):
        prepare({"train": tmp_path / "train.in.tsv"}, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()
    assert leftovers(tmp_path) == []


def test_a_place_where_nothing_can_be_made_is_named(tmp_path):
    rows = make_rows(tmp_path)
    (tmp_path / "file.tsv").touch()
    for out in ("file.tsv/x", "file.tsv/x/y"):
        with pytest.raises(DataError, match=rf"{out}: cannot be made, as \S+/file\.tsv is a file; choose"):
            run(tmp_path, rows, out)
    with pytest.raises(DataError, match=r"x: cannot be written \(File name too long\); nothing was left"):
        run(tmp_path, rows, "x" * 250)  # the temporary folder has a longer name
