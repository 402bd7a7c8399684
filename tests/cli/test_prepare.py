"""The command `interactive-st prepare`."""

import os
import shlex
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from interactive_st.cli.main import main
from interactive_st.data.manifest import read_manifest, write_manifest
from interactive_st.errors import SHOWN
from tests.mini_corpora import make_mustc


@pytest.fixture
def corpus(tmp_path):
    """A folder with a manifest ``train.in.tsv`` of four rows and their audio."""
    rows = []
    for i in range(4):
        samples = np.random.default_rng(i).normal(0, 0.1, 4000 + 400 * i)
        soundfile.write(tmp_path / f"{i}.flac", samples, 16000)
        rows.append(
            {"id": i, "audio": f"{i}.flac", "src_text": "good day", "tgt_text": "guten Tag"}
        )
    write_manifest(tmp_path / "train.in.tsv", rows)
    return tmp_path


def test_makes_a_folder_and_says_what_is_in_it(corpus, capsys, monkeypatch):
    monkeypatch.chdir(corpus)
    status = main(
        shlex.split(
            "prepare --manifest train=train.in.tsv --manifest dev=train.in.tsv --out data "
            "--num-mel-bins 40 --specaugment sm --source-lang en --target-lang de"
        )
    )
    assert status == 0
    output = capsys.readouterr()
    assert "train: 4 rows" in output.out
    assert "dev: 4 rows" in output.out
    assert "frames of 40 features" in output.out
    assert "ready: data" in output.out
    assert "note: the vocabulary has" in output.err
    assert len(read_manifest("data/dev.tsv")) == 4
    assert main(shlex.split("prepare --manifest test=train.in.tsv --like data --out more")) == 0
    assert (corpus / "more/dict.txt").read_bytes() == (corpus / "data/dict.txt").read_bytes()


def test_bad_rows_stop_it_with_status_2(corpus, capsys):
    (corpus / "2.flac").unlink()
    arguments = ["prepare", "--manifest", f"train={corpus}/train.in.tsv", "--out", f"{corpus}/out"]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert "interactive-st prepare: error: 1 bad row; nothing was written" in error
    assert f"{corpus}/train.in.tsv:4 (2): {corpus}/2.flac: no such audio file" in error
    assert "--skip-bad" in error
    assert not (corpus / "out").exists()
    assert main([*arguments, "--skip-bad"]) == 0
    assert "1 bad row left out, see skipped.tsv" in capsys.readouterr().err
    assert [row["id"] for row in read_manifest(corpus / "out/skipped.tsv")] == ["2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--manifest", "train.tsv"], "is not SPLIT=FILE"),
        (["--manifest", "train="], "is not SPLIT=FILE"),
        (["--manifest", "train=a", "--cmvn", "some"], "invalid choice: 'some'"),
    ],
)
def test_wrong_options_are_explained(arguments, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["prepare", "--out", "out", *arguments])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "given", ["--manifest train=a --manifest train=b", "--text t=a --text t=b --like data"]
)
def test_a_split_given_twice_is_refused(given, capsys):
    assert main(shlex.split(f"prepare {given} --out out")) == 2
    assert "names a split twice" in capsys.readouterr().err


def test_text_beside_a_corpus_is_in_its_language(tmp_path, capsys):
    root = make_mustc(tmp_path, ("de", "fr"))
    (tmp_path / "text.tsv").write_text("src_text\ttgt_text\nfour\tquatre\n", encoding="utf-8")
    given = f"prepare --mustc {root} --text train_text={tmp_path}/text.tsv --vocab-size 120 --num-mel-bins 8"
    assert main(shlex.split(f"{given} --lang fr --out {tmp_path}/fr")) == 0
    assert read_manifest(tmp_path / "fr/train_text.tsv")[0]["tgt_lang"] == "fr"
    assert main(shlex.split(f"{given} --lang de,fr --out {tmp_path}/both")) == 2
    message = "text.tsv: no column tgt_lang, and there is speech in de, fr; say by --target-lang in which"
    assert message in capsys.readouterr().err
    assert main(shlex.split(f"{given} --lang de,fr --target-lang fr --out {tmp_path}/both")) == 0
    assert read_manifest(tmp_path / "both/train_text.tsv")[0]["tgt_lang"] == "fr"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--vocab-size 0", "--vocab-size must be positive"),
        ("", "is not empty"),
        ("--num-mel-bins 5000", "no filterbank of 5000 mel bins at 16000 Hz"),
        ("--out a:b", "fairseq cannot read archives in a path with ':'"),
    ],
)
def test_options_are_looked_at_before_a_corpus_is_read(option, message, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/notes.txt").touch()
    given = f"prepare --mustc {tmp_path}/nowhere --lang de --out {tmp_path}/out {option}"
    assert main(shlex.split(given)) == 2
    assert message in capsys.readouterr().err


def test_something_has_to_be_prepared(capsys):
    assert main(["prepare", "--out", "out"]) == 2
    assert "name what to prepare: --manifest, --mustc" in capsys.readouterr().err


def test_text_alone(corpus, capsys):
    (corpus / "text.tsv").write_text("src_text\ttgt_text\nfour\tvier\n", encoding="utf-8")
    given = f"--manifest train={corpus}/train.in.tsv --text train_text={corpus}/text.tsv"
    assert main(shlex.split(f"prepare {given} --out {corpus}/out")) == 0
    assert "train_text: 1 row, text alone\n" in capsys.readouterr().out
    only = f"prepare --text more={corpus}/text.tsv --like {corpus}/out --out {corpus}/text"
    assert main(shlex.split(only)) == 0
    assert "more: 1 row, text alone\n" in capsys.readouterr().out


LIGHT = """
import sys
import interactive_st_cli
status = interactive_st_cli.main()
heavy = [name for name in ("torch", "fairseq") if name in sys.modules]
sys.exit(f"imported {heavy}" if heavy else status)
"""


def test_needs_neither_torch_nor_fairseq(corpus, repository):
    arguments = ["prepare", "--manifest", "train=train.in.tsv", "--out", "out"]
    subprocess.run(
        [sys.executable, "-c", LIGHT, *arguments],
        cwd=corpus,
        env={**os.environ, "PYTHONPATH": str(repository)},
        check=True,
    )
    assert (corpus / "out/train.zip").exists()


def test_the_entry_point_may_be_run_as_a_script(corpus, repository):
    arguments = ["prepare", "--manifest", "train=train.in.tsv", "--out", "out", "--workers", "2"]
    subprocess.run([sys.executable, repository / "interactive_st_cli.py", *arguments], cwd=corpus, check=True)
    assert (corpus / "out/train.zip").exists()


def test_help_says_how_many_bad_rows_are_listed(corpus, capsys):
    rows = SHOWN + 3
    table = "".join(f"b{n}\tnone.flac\tgood day\tguten Tag\n" for n in range(rows))
    (corpus / "bad.tsv").write_text(f"id\taudio\tsrc_text\ttgt_text\n{table}")
    command = ["prepare", "--manifest", f"train={corpus / 'bad.tsv'}", "--out", str(corpus / "data")]
    assert main(command) == 2
    last = f"bad.tsv:{SHOWN + 1} (b{SHOWN - 1}): {corpus / 'none.flac'}: no such audio file"
    assert capsys.readouterr().err.endswith(f"{last}\n  and 3 more\n")
    with pytest.raises(SystemExit):
        main(["prepare", "--help"])
    assert f"The first {SHOWN} are listed" in capsys.readouterr().out
