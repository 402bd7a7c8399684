from pathlib import Path

from interactive_st.file_names import unique_names


def test_names_that_tell_files_apart():
    paths = [Path("/a/x/test.log"), Path("/a/y/test.log")]
    assert unique_names(paths) == ["x/test.log", "y/test.log"]
    assert unique_names(paths[:1]) == ["test.log"]
    assert unique_names([paths[0], paths[0]]) == ["test.log (1)", "test.log (2)"]
