"""Mistakes in arguments, refused before anything is measured; results, written with their folder."""

import json
import os
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import torch

from benchmarks.console import run_command, write_result
from interactive_st.errors import DataError

#: Benchmarks with --json, and the arguments that they need.
BENCHMARKS = {
    "floors": [],
    "growth": [],
    "profile": [],
    "silence": [str(Path(__file__).parent), __file__],
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


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("speed", "--max-frames 100", "--max-frames 100 is less than the longest utterance, 3000 frames"),
        ("systems", "--max-frames 100", "--max-frames 100 is less than the longest utterance, 3000 frames"),
        ("speed", "--sentences 5000", "--sentences 5000 has to lie between 1 and 2000"),
        ("profile", "--sentences 5000", "--sentences 5000 has to lie between 1 and 2000"),
        ("speed", "--threads 0", "--threads has to be at least 1"),
        ("growth", "--threads -1", "--threads has to be at least 1"),
        ("floors", "--threads -1", "--threads has to be at least 1"),
        ("systems", "--params-only --beam 0", "--beam has to be at least 1"),
        ("speed", "--seed -1", "--seed has to be at least 0"),
        ("silence", "--utterances 0", "--utterances has to be at least 1"),
        ("quality.__main__", "--resamples -1", "--resamples has to be at least 0"),
        ("quality.__main__", "--jobs 0", "--jobs has to be at least 1"),
        ("growth", "--device foo", "--device foo: there are cpu, cuda, cuda:1, …"),
        ("floors", "--device cuda", "--device cuda: torch finds no GPU, which leaves cpu"),
        ("speed", "--device cuda:1", "--device cuda:1: torch finds no GPU, which leaves cpu"),
    ],
)
def test_arguments_are_refused_at_once(name, words, message, monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(SystemExit) as exit:
        import_module(f"benchmarks.{name}").parse([*BENCHMARKS.get(name, []), *words.split()])
    assert exit.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith(f"error: {message}")


def test_devices_that_are_there(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for device in ("cpu", "cuda", "cuda:1"):
        assert import_module("benchmarks.systems").parse(["--device", device]).device == device
    with pytest.raises(SystemExit):
        import_module("benchmarks.systems").parse(["--device", "cuda:2"])
    assert "--device cuda:2: torch finds 2 GPUs, numbered from 0" in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["model folder or checkpoint", "manifest"])
def test_what_silence_is_to_read_has_to_be_there(missing, tmp_path, capsys):
    words = BENCHMARKS["silence"].copy()
    words[missing == "manifest"] = str(tmp_path / "absent")
    with pytest.raises(SystemExit) as exit:
        import_module("benchmarks.silence").parse(words)
    assert exit.value.code == 2
    assert f"error: {tmp_path}/absent: no such {missing}" in capsys.readouterr().err


def test_wrong_data_are_one_line(capsys):
    def fail():
        raise DataError("a.wav: no such file")

    assert run_command(fail) == 2
    assert capsys.readouterr().err == "error: a.wav: no such file\n"


def test_an_interruption_is_one_line(repository):
    words = ["--size", "tiny", "--sentences", "2", "--decode-batches", "1", "--only", "decode"]
    command = [sys.executable, "-m", "benchmarks.speed", *words, "--threads", "1", "--rounds", "999"]
    with subprocess.Popen(
        command,
        cwd=repository,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job ignores it
    ) as process:
        for line in process.stderr:
            if "round" in line:
                process.send_signal(signal.SIGINT)
                break
        rest = [line for line in process.stderr.read().splitlines() if ": round" not in line]
    assert (rest, process.returncode) == (["stopped"], 130)
