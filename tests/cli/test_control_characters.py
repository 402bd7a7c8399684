"""Control characters in texts and names: a terminal, which obeys them, is shown them escaped."""

import io
import json
import re
import sys

import pytest
from rich.console import Console

from interactive_st.atomic import atomic_folder
from interactive_st.cli.main import main
from interactive_st.report.compare_terminal import show
from interactive_st.report.comparison import match
from interactive_st.scoring.pairs_file import write_pairs
from tests import speech_model
from tests.speech_model import bursts

#: Clears the screen; and begins a colour as some terminals know it from one character.
CLEAR, COLOUR = "\x1b[2J", "\x9b31m"
#: The two as they are shown.
SHOWN = "\\u001b[2J", "\\u009b31m"


@pytest.fixture(params=[True, False], ids=["terminal", "pipe"])
def is_terminal(request, monkeypatch, capsys):
    """Whether standard output and error are terminals, of which there are both."""
    # of the class, as pytest has a stream for each phase of a test
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda stream: request.param)
    return request.param


def pair(name):
    texts = {"transcript": f"a {name}", "translation": name}
    return {"id": name, **texts, "reference_transcript": f"a b {CLEAR}", "speaker": name}


@pytest.mark.parametrize("name", ["missing", "--unknown"])
def test_of_messages(is_terminal, name, tmp_path, capsys):
    path = str(tmp_path / "pairs.jsonl")
    write_pairs(path, [pair("a")])
    try:
        status = main(["score", path, name + CLEAR + COLOUR])
    except SystemExit as end:
        status = end.code
    assert status == 2
    assert name + ("".join(SHOWN) if is_terminal else CLEAR + COLOUR) in capsys.readouterr().err


def test_of_notes_and_of_json(is_terminal, tmp_path, capsys):
    write_pairs(tmp_path / "pairs.jsonl", [pair(COLOUR), pair(COLOUR)])
    assert main(["score", str(tmp_path / "pairs.jsonl"), "--json", "--per-speaker"]) == 0
    output = capsys.readouterr()
    for text in output:
        assert (SHOWN[1] if is_terminal else COLOUR) in text
    assert set(json.loads(output.out)["speakers"]) == {COLOUR}


def test_of_folders_that_are_left(is_terminal, tmp_path, caplog):
    out = tmp_path / f"out{CLEAR}"
    left = tmp_path / f".{out.name}.preparing-0-x"
    left.mkdir()
    with atomic_folder(out):
        pass
    (message,) = caplog.messages
    shown = str(left).replace(CLEAR, SHOWN[0]) if is_terminal else str(left)
    assert message.startswith(f"{shown}: unfinished")


def test_of_tables(tmp_path, capsys):
    write_pairs(tmp_path / "pairs.jsonl", [pair(CLEAR)])
    assert main(["score", str(tmp_path / "pairs.jsonl"), "--per-speaker"]) == 0
    out = capsys.readouterr().out
    assert SHOWN[0] in out
    assert "\x1b" not in out


@pytest.mark.parametrize("colour", [True, False])
def test_of_comparisons(colour):
    out = io.StringIO()
    comparison = match({f"one{CLEAR}": [pair(f"u{CLEAR}")], "two": [pair(f"u{CLEAR}")]})
    console = Console(file=out, force_terminal=True, width=200, color_system="truecolor", no_color=not colour)
    show(comparison, comparison.utterances, console)
    assert CLEAR not in out.getvalue()
    plain = re.sub("\x1b\\[[0-9;]*m", "", out.getvalue())
    assert "\x1b" not in plain
    for text in ("one", "u", "a b "):
        assert text + SHOWN[0] in plain


@pytest.mark.usefixtures("hears_noise")
def test_of_translations(is_terminal, translate, tmp_path, capsys):
    """The names of the recordings, which stand above their texts, and in what failed."""
    for name in ("a", "b"):
        speech_model.write(tmp_path / f"{name}{CLEAR}.wav", bursts([(0.1, 0.9)], 1.0))
    (tmp_path / f"c{CLEAR}.wav").write_bytes(b"none")
    assert translate(tmp_path) == 1
    output = capsys.readouterr()
    shown = SHOWN[0] if is_terminal else CLEAR
    assert f"a{shown}.wav\n\n" in output.out
    assert f"c{shown}.wav: " in output.err
    assert (CLEAR in output.out + output.err) is not is_terminal
