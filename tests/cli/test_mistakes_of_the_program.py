"""An error of the program itself is shown as one, with its traceback, and never as the user's."""

import pytest
from training_log import json_lines, write_log

from interactive_st.cli.main import main
from interactive_st.errors import SettingError
from interactive_st.scoring.pairs_file import write_pairs

PAIR = {"id": "u", "transcript": "a", "translation": "b", "reference_transcript": "a"}


def fail(*words, **options):
    raise ValueError("a mistake in the code")


def refuse(*words, **options):
    raise SettingError("--min-len 9 is larger than the longest output allowed")


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A folder with all that the commands read."""
    monkeypatch.chdir(tmp_path)
    write_log(tmp_path / "train.log", json_lines())
    write_pairs(tmp_path / "test.jsonl", [PAIR])
    (tmp_path / "sweep.tsv").write_text("k\twer\n1\t2\n")
    for name in ("checkpoint1.pt", "checkpoint2.pt"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("command", "broken"),
    [
        ("report .", "report.page.build_page"),
        ("compare test.jsonl --html a.html", "report.compare_page.build_page"),
        ("plot training train.log", "plots.training.draw_training"),
        ("plot sweep sweep.tsv", "plots.sweep.draw_sweep"),
        ("average . --last 2", "checkpoint_averaging.average_checkpoints"),
        ("export checkpoint1.pt model", "inference.stored_model.load_checkpoint"),
        ("translate a.wav --model checkpoint1.pt", "inference.hub.read_model"),
        ("cascade . --asr checkpoint1.pt --mt checkpoint2.pt", "cli.cascade._check_models"),
        ("prepare --manifest train=a.tsv --out data", "data.preparation.prepare.prepare"),
        ("join test.jsonl train.log --out a.tsv", "data.joining.manifests.join_files"),
    ],
)
def test_a_value_error_of_the_code_is_not_hidden(request, run, monkeypatch, command, broken):
    if command.startswith("plot"):
        request.getfixturevalue("matplotlib")
    monkeypatch.setattr(f"interactive_st.{broken}", fail)
    with pytest.raises(ValueError, match=r"^a mistake in the code$") as raised:
        main(command.split())
    assert type(raised.value) is ValueError


@pytest.mark.usefixtures("hears_noise")
@pytest.mark.parametrize("command", ["translate", "plot attention"])
def test_a_value_error_of_the_search_is_not_hidden(
    request, made, audio, tmp_path, monkeypatch, capsys, command
):
    if command.startswith("plot"):
        request.getfixturevalue("matplotlib")
    out = tmp_path / "a.png"
    words = [*command.split(), str(audio / "a.wav"), "--model", str(made.checkpoint), "--out", str(out)]
    monkeypatch.setattr("interactive_st.search.generator.DualBeamGenerator.start", fail)
    with pytest.raises(ValueError, match=r"^a mistake in the code$") as raised:
        main(words)
    assert type(raised.value) is ValueError
    monkeypatch.setattr("interactive_st.search.generator.DualBeamGenerator.start", refuse)
    assert main(words) == 2
    assert "error: --min-len 9 is larger" in capsys.readouterr().err
