"""The command line itself: finding commands, help, errors, and what it must not import."""

import argparse
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from interactive_st import __version__
from interactive_st.cli import main, user_errors
from interactive_st.errors import DataError, UserError


def run(*words, **options):
    """Run `interactive-st` as its own process, as the console script does."""
    command = [sys.executable, "-m", "interactive_st_cli", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


@pytest.fixture
def command(monkeypatch):
    """A function that makes `greet` the only command, to do what the function is given."""

    def install(action, help_text="say hello"):
        def add_arguments(parser: argparse.ArgumentParser) -> None:
            parser.add_argument("--name", default="you")

        module = SimpleNamespace(HELP=help_text, add_arguments=add_arguments, main=action)
        monkeypatch.setattr(main, "find_commands", lambda: {"greet": module})

    return install


def raising(error):
    def action(args):
        raise error

    return action


def test_commands_are_the_modules_of_the_package():
    commands = main.find_commands()
    assert "user-dir" in commands
    assert "main" not in commands
    assert tuple(commands)[: len(main.ORDER)] == main.ORDER
    assert tuple(commands)[len(main.ORDER) :] == ("user-dir",)


@pytest.mark.parametrize("name", sorted(main.find_commands()))
def test_every_command_has_the_three_parts(name):
    module = main.find_commands()[name]
    assert module.HELP
    assert "\n" not in module.HELP
    assert callable(module.add_arguments)
    assert callable(module.main)


def test_no_command_prints_the_help(capsys):
    assert main.main([]) == 0
    output = capsys.readouterr().out
    assert "usage: interactive-st" in output
    assert all(name in output for name in main.find_commands())


def test_version(capsys):
    with pytest.raises(SystemExit) as exit_:
        main.main(["--version"])
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"interactive-st {__version__}\n"


def test_unknown_command(capsys):
    with pytest.raises(SystemExit) as exit_:
        main.main(["no-such-command"])
    assert exit_.value.code == 2
    assert "no-such-command" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--output_format", "srt"], "unrecognized arguments: --output_format srt; did you mean --format?"),
        (["--output_dir=x"], "--output_dir=x; did you mean --out?"),
        (["--language", "en"], "did you mean --source-lang?"),
        (["--waitk", "3", "--beam_size", "4"], "did you mean --wait-k or --beam?"),
        (["--colour", "red"], "unrecognized arguments: --colour red; interactive-st translate --help lists"),
    ],
)
def test_an_unknown_option_is_answered_by_its_command(words, message, capsys):
    with pytest.raises(SystemExit) as exit_:
        main.main(["translate", "a.wav", "--model", "m", *words])
    assert exit_.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("usage: interactive-st translate ")
    assert message in error


def test_an_unknown_option_without_a_command(capsys):
    with pytest.raises(SystemExit):
        main.main(["--verison"])
    assert "unrecognized arguments: --verison; did you mean --version?" in capsys.readouterr().err


def test_arguments_and_status_pass_through(command):
    seen = []

    def action(args):
        seen.append(args.name)
        return 7

    command(action)
    assert main.main(["greet", "--name", "Ada"]) == 7
    assert seen == ["Ada"]


def test_percent_sign_in_help(command, capsys):
    command(lambda args: 0, help_text="keep 15 % of them")
    main.main([])
    assert "keep 15 % of them" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main.main(["greet", "--help"])
    assert "keep 15 % of them" in capsys.readouterr().out


def test_user_error(command, capsys):
    command(raising(UserError("a.tsv:3: no audio; name it")))
    assert main.main(["greet"]) == 2
    captured = capsys.readouterr()
    assert captured.err == "interactive-st greet: error: a.tsv:3: no audio; name it\n"
    assert captured.out == ""


def test_what_the_library_says_of_data_is_the_users_error(command, capsys):
    command(raising(DataError("a.tsv: cannot be read")))
    assert main.main(["greet"]) == 2
    assert capsys.readouterr().err == "interactive-st greet: error: a.tsv: cannot be read\n"


def test_which_errors_of_a_block_are_the_users():
    with pytest.raises(UserError, match="gone"), user_errors():
        raise FileNotFoundError("gone")
    with pytest.raises(DataError, match=r"a\.tsv"), user_errors():
        raise DataError("a.tsv: cannot be read")
    with pytest.raises(ValueError, match="a mistake") as raised, user_errors():
        raise ValueError("a mistake")
    assert not isinstance(raised.value, UserError)


def test_error_of_the_program_is_not_hidden(command):
    command(raising(ValueError("a mistake in the code")))
    with pytest.raises(ValueError, match="a mistake in the code"):
        main.main(["greet"])


def test_interruption(command, capsys):
    command(raising(KeyboardInterrupt()))
    assert main.main(["greet"]) == 130
    assert capsys.readouterr().err == "interactive-st greet: interrupted\n"


@pytest.mark.parametrize("words", [["user-dir"], ["score", "pairs.jsonl"], ["compare", "pairs.jsonl"]])
def test_reader_that_goes_away(tmp_path, words):
    (tmp_path / "pairs.jsonl").write_text('{"id": "u", "transcript": "a", "translation": "b"}\n')
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        command = [sys.executable, "-m", "interactive_st_cli", *words]
        result = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, timeout=60, cwd=tmp_path)
    assert result.returncode == 141
    assert result.stderr == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_output_that_cannot_be_written():
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "interactive_st_cli", "user-dir"]
        result = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert result.returncode == 2
    assert result.stderr == (
        "interactive-st user-dir: error: standard output cannot be written (No space left on device); "
        "send it elsewhere\n"
    )


def test_output_that_is_closed():
    command = [sys.executable, "-m", "interactive_st_cli", "user-dir"]
    closing = ["sh", "-c", '"$@" >&-', "sh", *command]
    result = subprocess.run(closing, capture_output=True, text=True, timeout=60)
    assert result.returncode == 2
    assert "error: standard output is closed; send it to a file" in result.stderr
    assert "Traceback" not in result.stderr


def test_errors_that_are_closed(command, monkeypatch):
    """Progress bars need a place to be written to."""
    monkeypatch.setattr(sys, "stderr", None)
    command(lambda args: 3 * sys.stderr.write("!"))
    assert main.main(["greet"]) == 3
    sys.stderr.close()


def test_missing_files_are_mistakes_of_the_program(command):
    command(raising(FileNotFoundError(2, "No such file or directory", "gone")))
    with pytest.raises(FileNotFoundError):
        main.main(["greet"])


@pytest.mark.parametrize(
    "error",
    [OSError("no network"), OSError(28, "No space left on device"), BrokenPipeError(32, "Broken pipe")],
)
def test_other_errors_are_not_taken_for_those_of_standard_output(command, error):
    command(raising(error))
    with pytest.raises(OSError, match=str(error.args[-1])):
        main.main(["greet"])


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_output_larger_than_every_buffer_that_cannot_be_written(command, monkeypatch, capsys):
    command(lambda args: print("x" * 10**6))
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main.main(["greet"]) == 2
    assert "standard output cannot be written (No space left on device)" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["--help"], ["translate", "--help"]])
def test_help_in_an_encoding_that_lacks_a_character(words):
    result = run(*words, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert result.returncode == 2
    assert result.stderr.startswith("interactive-st: error: standard output is ascii text, without '\\u")
    assert result.stderr.endswith("; set PYTHONIOENCODING=utf-8:replace\n")


def test_output_in_an_encoding_that_lacks_a_character(command, monkeypatch, capsys):
    command(lambda args: print("f\xfcnf"))
    with open(os.devnull, "w", encoding="ascii") as ascii_only:
        monkeypatch.setattr(sys, "stdout", ascii_only)
        assert main.main(["greet"]) == 2
    expected = "interactive-st greet: error: standard output is ascii text, without '\\xfc'; set"
    assert expected in capsys.readouterr().err


def test_other_texts_that_cannot_be_encoded_are_mistakes_of_the_program(command):
    command(lambda args: "f\xfcnf".encode("ascii"))
    with pytest.raises(UnicodeEncodeError):
        main.main(["greet"])


def test_help_imports_nothing_heavy():
    """The help of the program and of each command appears without torch, fairseq and the like."""
    script = """
import io, sys
from contextlib import redirect_stdout
import interactive_st_cli
from interactive_st.cli import main
names = list(main.find_commands())
for words in [[], ["--help"], *([name, "--help"] for name in names)]:
    with redirect_stdout(io.StringIO()) as output:
        try:
            main.main(words)
        except SystemExit as done:
            assert not done.code, words
    assert "usage: interactive-st" in output.getvalue(), words
heavy = {"torch", "fairseq", "numpy", "matplotlib", "sacrebleu", "soundfile"} & set(sys.modules)
print(len(names), sorted(heavy))
"""
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60
    )
    assert result.stderr == ""
    assert result.stdout == f"{len(main.find_commands())} []\n"


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "None")],
)
def test_threads_that_wait_leave_their_core(given, expected):
    script = """
import os, sys
sys.argv = ["interactive-st", "user-dir"]
import interactive_st_cli
interactive_st_cli.main()
assert "torch" not in sys.modules  # which reads it when it is imported
print(os.environ.get("GOMP_SPINCOUNT"))
"""
    env = {name: v for name, v in os.environ.items() if name not in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")}
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, env=env | given
    )
    assert result.stdout.splitlines()[-1:] == [expected], result.stderr


def test_user_dir_is_the_package(repository, tmp_path):
    result = run("user-dir", cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(repository)})
    assert result.returncode == 0
    assert result.stdout == f"{repository / 'interactive_st'}\n"
