"""Files that are named on the command line."""

import os
from pathlib import Path

import pytest

from interactive_st.cli import named_file
from interactive_st.cli.main import main
from interactive_st.errors import UserError


def test_a_file_behind_a_name_that_is_not_there_is_not_cut(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a=b.jsonl").touch()
    assert named_file("x=a=b.jsonl") == ("x", Path("a=b.jsonl"))
    assert named_file("x=gone.jsonl") == ("x", Path("gone.jsonl"))
    os.mkfifo("pipe")
    assert named_file("lr=0.1=pipe") == ("lr=0.1", Path("pipe"))
    with pytest.raises(UserError, match=r"^dev=lr=0\.1/t\.jsonl: there is no file behind any = of it"):
        named_file("dev=lr=0.1/t.jsonl")


@pytest.mark.parametrize(
    "command",
    [
        "export LONG.pt model",
        "average LONG.pt --output a.pt",
        "join LONG.tsv b.tsv --out c.tsv",
        "translate a.wav --model m --format srt --out LONG/below",
        "translate a.wav --model m --format srt --out LONG.srt",
    ],
)
def test_a_name_at_which_the_system_refuses_to_look(tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    assert main(command.replace("LONG", 300 * "a").split()) == 2
    assert "name too long" in (error := capsys.readouterr().err.lower()) or "longer than the 255" in error


@pytest.mark.parametrize(
    "command",
    [
        "average EMPTY --output a.pt",
        "average a.pt --inputs EMPTY --output a.pt",
        "cascade EMPTY --asr a.pt --mt b.pt",
        "cascade data --asr EMPTY --mt b.pt",
        "cascade data --asr a.pt --mt EMPTY",
        "cascade data --asr a.pt --mt b.pt --mt-data EMPTY",
        "cascade data --asr a.pt --mt b.pt --pairs-path EMPTY",
        "compare a.jsonl --html EMPTY",
        "export EMPTY model",
        "export a.pt EMPTY",
        "join EMPTY --out data",
        "plot training EMPTY",
        "prepare --manifest train=a.tsv --out EMPTY",
        "prepare --manifest train=a.tsv --audio-root EMPTY --out data",
        "report EMPTY",
        "translate a.wav --model EMPTY",
        "translate a.wav --model model --out EMPTY",
    ],
)
def test_an_empty_name_is_not_the_folder_that_one_is_in(tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["" if word == "EMPTY" else word for word in command.split()])
    assert "an empty name; is a variable of the shell unset?" in capsys.readouterr().err
