from pathlib import Path, PurePath

from interactive_st.file_names import numbered, unique_names


def test_names_that_tell_files_apart():
    paths = [Path("/a/x/test.log"), Path("/a/y/test.log")]
    assert unique_names(paths) == ["x/test.log", "y/test.log"]
    assert unique_names(paths[:1]) == ["test.log"]
    assert unique_names([paths[0], paths[0]]) == ["test.log (1)", "test.log (2)"]


def test_thousands_of_alike_names_are_not_compared_with_each_other(monkeypatch):
    done = []
    for name in ("with_name", "__eq__"):
        real = getattr(PurePath, name)
        monkeypatch.setattr(PurePath, name, lambda *args, real=real: done.append(1) or real(*args))
    names = [Path("audio.wav")] * 200 + [Path(f"{i % 200}.wav") for i in range(400)]
    unique = numbered(names)
    assert unique[:2] == [Path("audio.wav"), Path("audio.wav-2")]
    assert unique[199] == Path("audio.wav-200")
    assert len(set(unique)) == len(names)
    assert len(done) < 10 * len(names)
