"""Files of results: refused before anything is measured, and written with their folder."""

import json
import os
from importlib import import_module

import pytest

from benchmarks.console import write_result

#: Benchmarks with --json, and the arguments that they need.
BENCHMARKS = {
    "floors": [],
    "growth": [],
    "profile": [],
    "silence": ["model", "test.tsv"],
    "speed": [],
    "startup": [],
    "systems": [],
}


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_file_that_cannot_be_written_is_refused_at_once(name, tmp_path, capsys):
    (tmp_path / "file").touch()
    words = [*BENCHMARKS[name], "--json", str(tmp_path / "file" / "x.json")]
    with pytest.raises(SystemExit) as exit:
        import_module(f"benchmarks.{name}").parse(words)
    assert exit.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith(f"error: --json {tmp_path}/file/x.json: {tmp_path}/file is a file; give a folder")


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_new_folder_is_allowed_and_not_made_before_there_are_results(name, tmp_path):
    path = tmp_path / "new" / "x.json"
    assert import_module(f"benchmarks.{name}").parse([*BENCHMARKS[name], "--json", str(path)]).json == path
    assert list(tmp_path.iterdir()) == []


def test_results_are_written_whole_with_their_folder(tmp_path):
    write_result(tmp_path / "new" / "x.json", {"one": "ü"})
    assert json.loads((tmp_path / "new" / "x.json").read_text(encoding="utf-8")) == {"one": "ü"}
    assert os.listdir(tmp_path / "new") == ["x.json"]
    write_result(None, {})
