import os
import re
from pathlib import Path

import pytest

from interactive_st.errors import DataError
from interactive_st.inference.outputs import check_names, find_recordings, output_names


def touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def names(*places):
    return [str(name) for name in output_names(map(Path, places))]


def test_folders_are_searched_below_by_name(tmp_path):
    touch(
        tmp_path / "b.wav",
        tmp_path / "a" / "z.FLAC",
        tmp_path / "a" / "notes.txt",
        tmp_path / ".hidden" / "x.wav",
        tmp_path / ".x.wav",
    )
    found = find_recordings([tmp_path])
    assert [str(each.place) for each in found] == ["b.wav", "a/z.FLAC"]
    assert [each.path for each in found] == [tmp_path / "b.wav", tmp_path / "a" / "z.FLAC"]


def test_linked_folders_are_searched_but_not_in_circles(tmp_path):
    touch(tmp_path / "elsewhere" / "x.wav", tmp_path / "in" / "y.wav")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "in" / "itself").symlink_to(tmp_path / "in")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "in")
    found = find_recordings([tmp_path / "in"])
    assert [str(each.place) for each in found] == ["y.wav", "link/x.wav"]


def test_folders_that_may_not_be_read_are_told(tmp_path, closed_folder):
    touch(tmp_path / "in" / "closed" / "x.wav", tmp_path / "in" / "open" / "y.wav")
    closed = closed_folder(tmp_path / "in" / "closed")
    told = []
    assert [str(each.place) for each in find_recordings([tmp_path / "in"], told.append)] == ["open/y.wav"]
    message = f"{closed}: cannot be read (Permission denied)"
    assert list(map(str, told)) == [message]
    for named in (closed, tmp_path / "in"):
        with pytest.raises(DataError, match=re.escape(message)):
            find_recordings([named])
    with pytest.raises(DataError, match=re.escape(message)):
        find_recordings([closed, tmp_path / "in" / "open"], told.append)


def test_named_files_are_taken_whatever_their_name(tmp_path):
    touch(tmp_path / "recording")
    found = find_recordings([tmp_path / "recording", tmp_path / "missing.wav"])
    assert [str(each.place) for each in found] == ["recording", "missing.wav"]


def test_a_recording_is_taken_once(tmp_path):
    touch(tmp_path / "a" / "x.wav")
    assert len(find_recordings([tmp_path / "a" / "x.wav", tmp_path, tmp_path / "a"])) == 1


def test_a_link_does_not_take_the_place_of_what_it_names(tmp_path):
    touch(tmp_path / "in" / "b" / "talk.wav", tmp_path / "in" / "c" / "x.wav", tmp_path / "far" / "y.wav")
    for link, target in (("a.wav", "b/talk.wav"), ("z.wav", "../far/y.wav"), ("a", "c")):
        (tmp_path / "in" / link).symlink_to(target)

    def places(*named):
        return [str(each.place) for each in find_recordings(named)]

    assert places(tmp_path / "in") == ["z.wav", "b/talk.wav", "c/x.wav"]
    assert places(tmp_path / "in", tmp_path / "far") == ["b/talk.wav", "c/x.wav", "y.wav"]
    assert places(tmp_path / "in" / "a.wav", tmp_path / "in") == ["a.wav", "z.wav", "c/x.wav"]  # as named
    (tmp_path / "link").symlink_to("in")
    assert places(tmp_path / "link") == ["z.wav", "b/talk.wav", "c/x.wav"]
    (tmp_path / "in" / "self.wav").symlink_to("self.wav")
    assert places(tmp_path / "in") == ["self.wav", "z.wav", "b/talk.wav", "c/x.wav"]


def test_names_are_places_and_differ(tmp_path):
    touch(tmp_path / "a" / "k.wav", tmp_path / "a" / "sub" / "k.wav", tmp_path / "a" / "sub" / "k.wav-2.wav")
    assert [each.name for each in find_recordings([tmp_path / "a"])] == [
        "k.wav", "sub/k.wav", "sub/k.wav-2.wav"
    ]  # fmt: skip
    found = find_recordings([tmp_path / "a" / "k.wav", tmp_path / "a" / "sub"])
    assert [each.name for each in found] == ["k.wav", "k.wav-2", "k.wav-2.wav"]


def test_names_lose_their_ending():
    assert names("a.wav", "b/a.wav", "talk.2024.mp3") == ["a", "b/a", "talk.2024"]


def test_same_names_keep_their_ending():
    assert names("a.wav", "a.flac", "b.wav") == ["a.wav", "a.flac", "b"]


def test_names_that_stay_the_same_are_numbered():
    assert names("a.wav", "a.wav", "a.wav") == ["a.wav", "a.wav-2", "a.wav-3"]
    all_different = names("a.wav", "a.wav", "a.wav-2.x", "a.wav-3.ogg")
    assert len(set(all_different)) == 4


def test_a_number_is_none_that_another_recording_has():
    """That one keeps its name, as it would have it alone."""
    names = output_names(map(Path, ["x/a.wav", "x/a.wav", "x/a.wav-2.flac"]))
    assert len(set(names)) == 3
    assert names[2] == Path("x/a.wav-2")


def test_names_have_the_length_that_the_file_system_takes(tmp_path):
    """It counts bytes, in each part of a path."""
    longest = os.pathconf(tmp_path, "PC_NAME_MAX")
    out = tmp_path / "new" / "out"
    check_names(out, [out / ("a" * longest), out / ("b" * longest) / "c.txt"])
    for name in ("a" * longest + "b", "ü" * (longest // 2 + 1), "d" * (longest + 1) + "/c.txt"):
        with pytest.raises(DataError, match=f"a name of {longest + 1} bytes is longer than the {longest}"):
            check_names(out, [out / "a.txt", out / name])
        with pytest.raises(DataError, match="rename the recording or the folder"):
            check_names(tmp_path / name, [])


def test_a_file_system_that_states_no_limit(tmp_path, monkeypatch):
    for none in (0, -1):
        monkeypatch.setattr(os, "pathconf", lambda *_, none=none: none)
        check_names(tmp_path / "out", [tmp_path / "out" / "a.txt"])
