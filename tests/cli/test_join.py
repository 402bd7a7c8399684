"""The command `interactive-st join`."""

import re

import pytest
from fairseq_prep import edit, prepare_as_fairseq
from mini_corpora import make_mustc

from interactive_st.cli.main import main
from interactive_st.data.manifest import read_manifest


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = prepare_as_fairseq(make_mustc(tmp_path_factory.mktemp("mustc")))
    lines = (folder / "train_asr.tsv").read_text("utf-8").splitlines(keepends=True)
    (folder / "train_asr.tsv").write_text("".join(lines[:-1]), encoding="utf-8")
    return folder


def test_folder(folder, tmp_path, capsys):
    out = tmp_path / "data"
    arguments = ["join", str(folder), "--splits", "train,dev", "--vocab-size", "80", "--out", str(out)]
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "train: 7 rows from train_asr.tsv and train_st.tsv"
    assert lines[1].startswith("train: 1 only in train_st.tsv (first: ted_2_")
    assert lines[2] == "dev: 2 rows from dev_asr.tsv and dev_st.tsv"
    assert lines[3] == f"features: {folder / 'fbank80.zip'}"
    assert lines[4] == "audio of these features: 16000 Hz (--sample-rate)"
    assert lines[5].startswith("vocabulary: ")
    assert lines[6] == f"ready: {out}"
    assert main(arguments) == 2
    assert "pass --overwrite" in capsys.readouterr().err
    assert main([*arguments, "--overwrite", "--keep-unmatched"]) == 0
    assert len(read_manifest(out / "train.tsv")) == 8
    assert main([*arguments, "--overwrite", "--sample-rate", "48000"]) == 0
    assert "audio of these features: 48000 Hz (--sample-rate)" in capsys.readouterr().out.splitlines()


def test_texts_that_their_own_vocabulary_does_not_know_are_counted(tmp_path, capsys):
    folder = prepare_as_fairseq(make_mustc(tmp_path / "mustc"))
    edit(folder / "train_asr.tsv", lambda text: text.replace("we are here", "we ▅ here"))
    assert main(["join", str(folder), "--vocab-size", "80", "--out", str(tmp_path / "data")]) == 0
    error = capsys.readouterr().err
    assert re.fullmatch(r"note: 1 of \d+ pieces of the texts are unknown to the vocabulary\n", error)


def test_two_files(folder, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    out = tmp_path / "train.tsv"
    assert main(["join", "train_asr.tsv", "train_st.tsv", "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"ready: {out}"
    assert len(read_manifest(out)) == 7


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent"], "absent: no such file or folder"),
        (["train_asr.tsv"], "two manifests"),
        (["train_asr.tsv", "."], "two manifests"),
        (["train_asr.tsv", "train_st.tsv", "dev_st.tsv"], "two manifests"),
        (["train_asr.tsv", "train_st.tsv", "--vocab-size", "9"], "--vocab-size: for folders only"),
        (["train_asr.tsv", "train_st.tsv", "--sample-rate", "9"], "--sample-rate: for folders only"),
        (["train_asr.tsv", "dev_st.tsv"], "no id in common"),
        (["."], "pass --overwrite"),
    ],
)
def test_wrong_inputs_are_explained(folder, tmp_path, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(folder)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "other").touch()
    out = ["--out", str(tmp_path / "out")] if arguments == ["."] else ["--out", str(tmp_path / "new")]
    assert main(["join", *arguments, *out]) == 2
    assert message in capsys.readouterr().err
