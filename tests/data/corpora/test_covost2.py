"""CoVoST 2: what is a row of which split, and what is said of tables that do not fit."""

import zipfile

import numpy as np
import pytest
import soundfile
from fairseq_prep import edit
from mini_corpora import ENGLISH, TRANSLATIONS, check_relative_root, make_covost2

from interactive_st.cli.main import main
from interactive_st.data.corpora.by_name import read_corpus
from interactive_st.data.manifest import read_manifest
from interactive_st.errors import DataError

#: Numbers of the sentences of each split: train and train_covost are trained on.
SPLITS = {"train": range(7), "dev": (8, 9), "test": (10, 11)}


def read(root, langs=("de",), **options):
    return read_corpus("covost2", root, langs, progress=False, **options)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_covost2(tmp_path_factory.mktemp("covost2"), ("de", "fr"))


def test_splits_and_texts(corpus):
    splits = read(corpus)
    assert list(splits) == ["train", "dev", "test"]
    for name, sentences in SPLITS.items():
        rows = splits[name].utterances
        assert [u.id for u in rows] == [f"common_voice_en_{100 + i}" for i in sentences]
        assert [u.src_text for u in rows] == [ENGLISH[i] for i in sentences]
        assert [u.tgt_text for u in rows] == [TRANSLATIONS["de"][i] for i in sentences]
        assert [u.speaker for u in rows] == [f"client{i % 3}" for i in sentences]
    clip = corpus / "en" / "clips" / "common_voice_en_108.mp3"
    assert splits["dev"].utterances[0].segment == (str(clip), 0.0, None)
    assert splits["dev"].utterances[0].line == 9


def test_a_relative_root(corpus, monkeypatch):
    check_relative_root(read, corpus, monkeypatch)


def test_prepare_reads_the_clips(corpus, tmp_path, capsys):
    out = tmp_path / "data"
    arguments = ["--lang", "de,fr", "--vocab-size", "90", "--num-mel-bins", "8"]
    assert main(["prepare", "--covost2", str(corpus), *arguments, "--out", str(out)]) == 0
    assert "train_de: 7 rows" in capsys.readouterr().out
    german, french = (read_manifest(out / f"test_{lang}.tsv") for lang in ("de", "fr"))
    assert [row["audio"] for row in german] == [row["audio"] for row in french]
    assert french[1]["tgt_text"] == TRANSLATIONS["fr"][11]


@pytest.mark.parametrize("langs", ["de", "de,fr"])
def test_clips_that_are_too_long_are_left_out_of_training(tmp_path, capsys, langs):
    root = make_covost2(tmp_path / "corpus", ("de", "fr"))
    clips = root / "en" / "clips"
    for number, seconds in ((102, 6.02), (103, 6.0), (108, 8.0)):  # 108 is of dev
        (clips / f"common_voice_en_{number}.mp3").unlink()
        noise = np.random.default_rng(number).normal(0, 0.1, round(48000 * seconds))
        soundfile.write(clips / f"common_voice_en_{number}.wav", noise, 48000)
    edit(root / "en" / "validated.tsv", lambda text: text.replace(ENGLISH[2], "Ω Ω Ω Ω"))
    arguments = ["prepare", "--covost2", str(root), "--lang", langs, "--max-seconds", "6"]
    options = ["--vocab-size", "90", "--num-mel-bins", "8", "--cmvn", "global"]
    names = ["train_de", "train_fr"] if "," in langs else ["train"]
    for out, more in (("data", options), ("again", ["--like", str(tmp_path / "data")])):
        assert main([*arguments, *more, "--out", str(tmp_path / out)]) == 0
        printed = capsys.readouterr()
        for name in names:
            assert f"note: {name}: 1 segment of more than 6 s left out (--max-seconds)" in printed.err
            assert f"{name}: 6 rows" in printed.out
            ids = [row["id"] for row in read_manifest(tmp_path / out / f"{name}.tsv")]
            assert ids == [f"common_voice_en_{number}" for number in (100, 101, 103, 104, 105, 106)]
        assert printed.err.count("left out") == len(names)
        assert printed.out.count(": 2 rows") == 2 * len(names)
        with zipfile.ZipFile(tmp_path / out / "train.zip") as archive:
            assert len(archive.namelist()) == 6
    assert "Ω" not in (tmp_path / "data" / "dict.txt").read_text("utf-8")


def test_backslash_escapes_are_read_as_fairseq_reads_them(tmp_path):
    root = make_covost2(tmp_path)
    edit(root / "en" / "covost_v2.en_de.tsv", lambda text: text.replace('"nein"', '\\"nein\\"'))
    assert read(root)["train"].utterances[1].tgt_text == TRANSLATIONS["de"][1]


def test_rows_without_a_clip_in_common_voice_are_counted(tmp_path):
    root = make_covost2(tmp_path)
    edit(root / "en" / "validated.tsv", lambda text: text.replace("_en_108.mp3", "_en_999.mp3"))
    split = read(root)["dev"]
    assert [u.id for u in split.utterances] == ["common_voice_en_109"]
    assert split.notes == ("dev: 1 of 2 rows left out, their clips are not in validated.tsv",)


def test_a_converted_clip_serves_as_well(tmp_path):
    root = make_covost2(tmp_path)
    clip = root / "en" / "clips" / "common_voice_en_108.mp3"
    converted = clip.with_suffix(".wav")
    clip.rename(converted)
    assert read(root)["dev"].utterances[0].segment.path == str(converted)


def test_a_missing_clip_is_a_bad_row(tmp_path, capsys):
    root = make_covost2(tmp_path / "corpus")
    clip = root / "en" / "clips" / "common_voice_en_108.mp3"
    clip.unlink()
    arguments = ["prepare", "--covost2", str(root), "--lang", "de", "--out", str(tmp_path / "data")]
    assert main([*arguments, "--vocab-size", "60"]) == 2
    message = f"covost_v2.en_de.tsv:9 (common_voice_en_108): {clip}: no such audio file"
    assert message in capsys.readouterr().err


def test_a_split_without_rows_is_left_out_unless_it_was_asked_for(tmp_path):
    root = make_covost2(tmp_path, ("de", "fr"))
    edit(root / "en" / "covost_v2.en_de.tsv", lambda text: text.replace("\tdev\n", "\tno\n"))
    assert list(read(root)) == ["train", "test"]
    assert list(read(root, ("de", "fr"))) == ["train_de", "train_fr", "dev_fr", "test_de", "test_fr"]
    with pytest.raises(DataError, match=r"covost_v2\.en_de\.tsv: no split dev; --splits names those to read"):
        read(root, splits=["train", "dev"])
    edit(root / "en" / "covost_v2.en_de.tsv", lambda text: text.split("\n")[0] + "\n")
    with pytest.raises(DataError, match=r"covost_v2\.en_de\.tsv: none of the splits train, dev, test"):
        read(root)


def test_a_wrong_name_of_a_split_is_found_before_the_sentences_are_read(tmp_path):
    root = make_covost2(tmp_path, ("de", "fr"))
    (root / "en" / "validated.tsv").unlink()  # the largest of the files
    edit(root / "en" / "covost_v2.en_fr.tsv", lambda text: text.replace("\tdev\n", "\tno\n"))
    hint = "; --splits names those to read"
    for splits, table, end in (
        (["train", "tst"], "en_de", f"{hint}, such as train, dev, test$"),
        (["train", "dev"], "en_fr", f"{hint}$"),
    ):
        with pytest.raises(DataError, match=rf"covost_v2\.{table}\.tsv: no split {splits[1]}{end}"):
            read(root, ("de", "fr"), splits=splits)


def test_a_line_that_is_not_utf8_is_named(tmp_path):
    root = make_covost2(tmp_path)
    table = root / "en" / "covost_v2.en_de.tsv"
    table.write_bytes(table.read_bytes().replace("weiß".encode(), "weiß".encode("latin-1")))
    with pytest.raises(DataError, match=r"covost_v2\.en_de\.tsv:8: not UTF-8 text"):
        read(root)


def test_tables_that_do_not_fit(tmp_path):
    root = make_covost2(tmp_path)
    table = root / "en" / "covost_v2.en_de.tsv"
    with pytest.raises(DataError, match=r"covost_v2\.en_ja\.tsv: no such file; the folder has de; "):
        read(root, ("ja",))
    (root / "en" / "covost_v2.en_ja.tsv.tar.gz").touch()
    with pytest.raises(DataError, match=r"unpack covost_v2\.en_ja\.tsv\.tar\.gz there"):
        read(root, ("ja",))
    with pytest.raises(DataError, match="unpack Common Voice of fr"):
        read(root, ("en",), source_lang="fr")
    with pytest.raises(DataError, match="no split tst-COMMON"):
        read(root, splits=["tst-COMMON"])
    edit(table, lambda text: text.replace("path\ttranslation", "path\ttext"))
    with pytest.raises(DataError, match=r"covost_v2\.en_de\.tsv:1: no column translation"):
        read(root)
    edit(table, lambda text: text.replace("path\ttext", "path\ttranslation") + "short\n")
    with pytest.raises(DataError, match=r"covost_v2\.en_de\.tsv:13: 1 field where"):
        read(root)
    edit(table, lambda text: text.removesuffix("short\n"))
    edit(table, lambda text: text + "x" * 200_000 + "\n")
    with pytest.raises(DataError, match=r"covost_v2\.en_de\.tsv:13: cannot be read"):
        read(root)
    edit(table, lambda text: text.removesuffix("x" * 200_000 + "\n").replace("\t", ";"))
    with pytest.raises(DataError, match=r"covost_v2\.en_de\.tsv:1: columns are separated by tabs, not semi"):
        read(root)
    edit(table, lambda text: text.replace(";", "\t").replace("voice_en", "voice_xx"))
    with pytest.raises(DataError, match="release 4 of Common Voice"):
        read(root)


def test_the_folder_of_a_language_in_place_of_the_one_above(tmp_path, monkeypatch):
    root = make_covost2(tmp_path)
    monkeypatch.chdir(root / "en")
    for path in (root / "en", "."):
        with pytest.raises(DataError, match=rf"give the folder above, {root}, which holds en$"):
            read(path)
