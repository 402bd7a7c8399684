import re

import pytest

from interactive_st.errors import DataError
from interactive_st.inference.finding import find_recordings


def touch(*paths):
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


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
