import os
from pathlib import Path

import pytest

from interactive_st.errors import DataError
from interactive_st.inference.outputs import check_names, output_names


def names(*places):
    return [str(name) for name in output_names(map(Path, places))]


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
