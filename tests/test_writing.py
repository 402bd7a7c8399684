import errno
import os
import subprocess
import sys
from contextlib import ExitStack

import pytest

import interactive_st.writing
from interactive_st.errors import DataError
from interactive_st.writing import check_file, check_folder, not_written, replacing, write_whole

KILLED = """
import os, sys, pathlib, interactive_st_cli  # which keeps the next from importing torch
from interactive_st.writing import replacing
with replacing(pathlib.Path(sys.argv[1])) as unfinished:
    unfinished.touch()
    print(unfinished.name, flush=True)
    sys.stdin.read()
    os._exit(1)
"""


def test_files_appear_whole(tmp_path):
    write_whole(tmp_path / "new" / "a.txt", "ü\n")
    assert (tmp_path / "new" / "a.txt").read_bytes() == "ü\n".encode()
    write_whole(tmp_path / "new" / "a.txt", "b")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.txt"]
    (tmp_path / "new" / "c.txt").mkdir()
    with pytest.raises(OSError, match=r"c\.txt"):
        write_whole(tmp_path / "new" / "c.txt", "b")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["a.txt", "c.txt"]


def test_a_folder_that_a_link_names_is_made(tmp_path):
    """As `check_folder` lets it pass, and `translate` asks before hours of work."""
    (tmp_path / "link").symlink_to("disk/texts")
    check_folder(tmp_path / "link", "--out link")
    write_whole(tmp_path / "link" / "a.txt", "text")
    assert (tmp_path / "disk" / "texts" / "a.txt").read_text() == "text"


@pytest.mark.parametrize("character", ["a", "é", "日", "𝄞"])
def test_a_name_may_be_as_long_as_the_system_allows(tmp_path, character):
    path = tmp_path / (character * (251 // len(character.encode())) + ".srt")
    write_whole(path, "text")
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_file_is_not_replaced_by_one(tmp_path):
    """Root would otherwise put a file where /dev/null is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        check_file(pipe, "--out")
        write_whole(pipe, "ü")
        assert os.read(reader, 9) == "ü".encode()
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_link_stays_one(tmp_path):
    (tmp_path / "link").symlink_to("deep/file")  # as /dev/stdout is
    (tmp_path / "deep").mkdir()
    for text in ("new", "newer"):
        write_whole(tmp_path / "link", text)
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "deep" / "file").read_text() == text
    assert len(list(tmp_path.rglob("*"))) == 3


def test_what_killed_runs_left_is_removed(tmp_path):
    """But not what is still written, nor what processes of another machine write."""
    command = [sys.executable, "-c", KILLED]
    with subprocess.Popen(
        [*command, tmp_path / "a.pt"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        name = writer.stdout.readline().strip()
        killed = subprocess.run([*command, tmp_path / "b\n.pt"], stdin=subprocess.DEVNULL, check=False)
        assert killed.returncode == 1
        assert len(list(tmp_path.iterdir())) == 2
        elsewhere = [tmp_path / ".a.pt.01234567-999999999.tmp", tmp_path / ".a.pt.999999999.tmp"]
        for path in elsewhere:
            path.touch()
        write_whole(tmp_path / "c", "text")
        assert sorted(tmp_path.iterdir()) == sorted([*elsewhere, tmp_path / name, tmp_path / "c"])
        writer.communicate()
    (tmp_path / "link").symlink_to("new/a.pt")
    (tmp_path / "new").mkdir()
    (tmp_path / name).rename(tmp_path / "new" / name)
    with replacing(tmp_path / "link") as unfinished:
        unfinished.touch()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.pt"]


@pytest.mark.skipif(sys.platform != "linux", reason="which start it is of a machine, Linux alone tells")
def test_what_a_machine_of_the_same_name_writes_is_left_alone(tmp_path, monkeypatch):
    """Whose processes cannot be seen here: the first namespace has one number on all machines."""
    (tmp_path / "boot").write_text("another")
    with ExitStack() as writing:
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(interactive_st.writing, "BOOT", tmp_path / "boot", raising=False)
            elsewhere.setattr(os, "getpid", lambda: 999999999)
            unfinished = writing.enter_context(replacing(tmp_path / "a.pt"))
        unfinished.touch()
        interactive_st.writing._remove_left.cache_clear()  # as of another process
        write_whole(tmp_path / "b", "text")
        assert unfinished.exists()


def test_files_that_cannot_be_written_are_refused(tmp_path):
    check_file(tmp_path / "a.html", "--out")
    with pytest.raises(DataError, match=r"--out .*a\.html: there is no folder .*none; make it, or"):
        check_file(tmp_path / "none" / "a.html", "--out")
    with pytest.raises(DataError, match="is a folder; name a file"):
        check_file(tmp_path, "--out")
    assert list(tmp_path.iterdir()) == []


def test_folders_in_which_nothing_can_be_written_are_refused(tmp_path, monkeypatch):
    check_folder(tmp_path / "new" / "er", "--out new")
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"--out new: .*file is a file; give a folder"):
        check_folder(tmp_path / "file" / "below", "--out new")

    def refuse(dir):
        raise PermissionError(13, "Permission denied", f"{dir}/tmp123")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(DataError) as error:
        check_folder(tmp_path, "--out new")
    assert str(error.value) == (
        "--out new: nothing can be written there (Permission denied); choose another place"
    )


def test_space_is_named_as_the_way_out_where_it_may_be_what_lacks():
    full, read_only = OSError(errno.ENOSPC, "No space left on device"), OSError(errno.EROFS, "Read-only")
    assert not_written("a", full) == (
        "a: cannot be written (No space left on device); free space or choose another place"
    )
    assert not_written("a", RuntimeError("torch failed\nat …")) == (
        "a: cannot be written (torch failed); free space or choose another place"
    )
    assert not_written("--out a", read_only, "nothing was left") == (
        "--out a: cannot be written (Read-only); nothing was left; choose another place"
    )
