"""Texts without speech in a data folder."""

import pytest
import yaml
from small_corpus import contents, make_rows

from interactive_st.data.manifest import read_manifest, write_manifest
from interactive_st.data.preparation import prepare as module
from interactive_st.data.preparation.prepare import prepare
from interactive_st.errors import BadRowsError, DataError


@pytest.fixture
def speech(tmp_path):
    write_manifest(tmp_path / "train.in.tsv", make_rows(tmp_path))
    return {"train": tmp_path / "train.in.tsv"}


def write_text(folder, rows, columns="src_text\ttgt_text"):
    path = folder / "text.tsv"
    path.write_text("\n".join([columns, *rows]) + "\n", encoding="utf-8")
    return path


def run(folder, speech, path, **options):
    sizes = {"vocab_size": 80, "num_mel_bins": 8}
    return prepare(speech, folder / "out", texts={"train_text": path}, progress=False, **sizes, **options)


def test_a_split_of_text(tmp_path, speech):
    rows = ["xylophone quartz\tXylophon Quarz", "only english\t", "\tnur Deutsch"]
    report = run(tmp_path, speech, write_text(tmp_path, rows))
    table = read_manifest(tmp_path / "out/train_text.tsv")
    assert [(row["id"], row["audio"], row["n_frames"]) for row in table] == [
        ("2", "", "0"), ("3", "", "0"), ("4", "", "0"),
    ]  # fmt: skip
    assert ["\t".join([row["src_text"], row["tgt_text"]]) for row in table] == rows
    assert {(row["src_lang"], row["tgt_lang"]) for row in table} == {("en", "de")}
    assert (report.rows["train_text"], report.frames["train_text"]) == (3, 0)
    assert not (tmp_path / "out/train_text.zip").exists()
    # its words are in the vocabulary, and its sentences in the texts of a pipeline's second model
    assert "x" in (tmp_path / "out/dict.txt").read_text(encoding="utf-8")
    written = (tmp_path / "out/mt/train_text.en-de.en").read_text(encoding="utf-8")
    assert written.replace(" ", "").replace("▁", "") == "xylophonequartz\n"


def test_names_languages_and_unknown_columns(tmp_path, speech):
    path = write_text(tmp_path, ["a1\tun\tone\tfr\tx"], "id\ttgt_text\tsrc_text\ttgt_lang\taudio")
    report = run(tmp_path, speech, path)
    [row] = read_manifest(tmp_path / "out/train_text.tsv")
    assert (row["id"], row["audio"], row["tgt_lang"]) == ("a1", "", "fr")
    assert "train_text: unknown columns ignored: audio" in report.notes


def of_languages(folder, *pairs):
    rows = [row | {"src_lang": source, "tgt_lang": target}
            for row, (source, target) in zip(make_rows(folder), pairs * 3, strict=False)]  # fmt: skip
    write_manifest(folder / "train.in.tsv", rows)
    return {"train": folder / "train.in.tsv"}


def languages(folder):
    config = yaml.safe_load((folder / "out/config_joint.yaml").read_text(encoding="utf-8"))
    rows = read_manifest(folder / "out/train_text.tsv")
    pairs = {(row["src_lang"], row["tgt_lang"]) for row in rows}
    return (config["source_lang"], config["target_lang"]), pairs


def test_texts_are_in_the_languages_of_the_speech(tmp_path):
    speech = of_languages(tmp_path, ("fr", "en"), ("fr", "en"))
    run(tmp_path, speech, write_text(tmp_path, ["un\tone", "deux\ttwo"]))
    assert languages(tmp_path) == (("fr", "en"), {("fr", "en")})
    assert "<lang:de>" not in (tmp_path / "out/dict.txt").read_text(encoding="utf-8")


def test_many_texts_do_not_change_the_languages_of_decoding(tmp_path, speech):
    rows = [f"one\tun {number}\tfr" for number in range(20)]
    run(tmp_path, speech, write_text(tmp_path, rows, "src_text\ttgt_text\ttgt_lang"))
    assert languages(tmp_path) == (("en", "de"), {("en", "fr")})


def test_beside_speech_of_several_languages_a_text_has_to_name_its_own(tmp_path):
    speech = of_languages(tmp_path, ("en", "de"), ("en", "fr"))
    with pytest.raises(DataError, match="no column tgt_lang, and there is speech in de, fr; say"):
        run(tmp_path, speech, write_text(tmp_path, ["one\tun"]))
    path = write_text(tmp_path, ["one\tun\tfr", "two\tzwei\t"], "src_text\ttgt_text\ttgt_lang")
    with pytest.raises(BadRowsError, match="tgt_lang is empty"):
        run(tmp_path, speech, path)
    run(tmp_path, speech, path, target_lang="de")
    assert languages(tmp_path)[1] == {("en", "fr"), ("en", "de")}


def test_columns_of_speech_are_ignored_and_an_id_may_be_empty(tmp_path, speech):
    columns = "id\tsrc_text\ttgt_text\tspeaker\toffset"
    path = write_text(tmp_path, ["\ta\tb\tann\tsoon", "k\tc\td\t\t"], columns)
    report = run(tmp_path, speech, path)
    assert "train_text: unknown columns ignored: speaker, offset" in report.notes
    rows = read_manifest(tmp_path / "out/train_text.tsv")
    assert [(row["id"], row["speaker"]) for row in rows] == [("2", ""), ("k", "")]


def test_the_number_of_a_line_is_no_second_row_of_that_name(tmp_path, speech):
    rows = ["\ta\tb", "2\tc\td", "5\te\tf", "\tg\th", "2_\ti\tj"]
    report = run(tmp_path, speech, write_text(tmp_path, rows, "id\tsrc_text\ttgt_text"))
    assert report.rows["train_text"] == 5
    rows = read_manifest(tmp_path / "out/train_text.tsv")
    assert [(row["id"], row["src_text"]) for row in rows] == [
        ("2__", "a"), ("2", "c"), ("5", "e"), ("5_", "g"), ("2_", "i"),
    ]  # fmt: skip


def test_bad_rows_of_text(tmp_path, speech):
    path = write_text(tmp_path, ["one\teins", "\t", "two\tzwei\tdrei", "<lang:de>\tvier"])
    with pytest.raises(BadRowsError) as found:
        run(tmp_path, speech, path)
    assert [(row.split, row.line) for row in found.value.rows] == [
        ("train_text", 3), ("train_text", 4), ("train_text", 5),
    ]  # fmt: skip
    assert not (tmp_path / "out").exists()
    report = run(tmp_path, speech, path, skip_bad=True)
    assert report.rows == {"train": 6, "train_text": 1}


def test_text_for_a_folder_that_is_there(tmp_path, speech):
    path = write_text(tmp_path, ["one\teins"])
    run(tmp_path, speech, path)
    before = contents(tmp_path / "out")
    prepare({}, tmp_path / "more", texts={"train_more": path}, like=tmp_path / "out", progress=False)
    assert contents(tmp_path / "out") == before
    assert read_manifest(tmp_path / "more/train_more.tsv") == read_manifest(tmp_path / "out/train_text.tsv")
    assert (tmp_path / "more/dict.txt").read_bytes() == (tmp_path / "out/dict.txt").read_bytes()


def test_with_like_texts_are_in_the_languages_of_the_speech_beside_them(tmp_path):
    """And not in those that the folder decodes into: Spanish was marked as German."""
    first = of_languages(tmp_path, ("en", "de"), ("en", "de"), ("en", "es"))
    run(tmp_path, first, write_text(tmp_path, ["one\teins"]), target_lang="de")
    text = write_text(tmp_path, ["one\tuno"])
    speech, like = of_languages(tmp_path, ("en", "es"), ("en", "es")), tmp_path / "out"
    prepare(speech, tmp_path / "more", texts={"train_text": text}, like=like, progress=False)
    assert read_manifest(tmp_path / "more/train_text.tsv")[0]["tgt_lang"] == "es"


def test_texts_for_a_folder_of_several_languages_have_to_name_theirs(tmp_path):
    speech = of_languages(tmp_path, ("en", "de"), ("en", "fr"))
    run(tmp_path, speech, write_text(tmp_path, ["one\teins"]), target_lang="de")
    text, like = write_text(tmp_path, ["one\tun"]), tmp_path / "out"
    options = {"texts": {"train_text": text}, "like": like, "progress": False}
    with pytest.raises(DataError, match="no column src_lang, and there is speech in de, en, fr; say by --so"):
        prepare({}, tmp_path / "more", **options)
    with pytest.raises(DataError, match="no column tgt_lang, and there is speech in de, en, fr; say by --ta"):
        prepare({}, tmp_path / "more", source_lang="en", **options)
    prepare({}, tmp_path / "more", source_lang="en", target_lang="fr", **options)
    [row] = read_manifest(tmp_path / "more/train_text.tsv")
    assert (row["src_lang"], row["tgt_lang"]) == ("en", "fr")


@pytest.mark.parametrize(
    ("manifests", "texts", "message"),
    [
        ({}, {"train": "text.tsv"}, "for --text alone name a data folder by --like"),
        ({"train": "train.in.tsv"}, {"train": "text.tsv"}, "split train is named twice"),
        ({"dev": "train.in.tsv"}, {"train": "text.tsv"}, "no split of speech is named train"),
        ({"train": "train.in.tsv"}, {"a b": "text.tsv"}, "split name 'a b'"),
        ({"train": "train.in.tsv"}, {"train_text": "none.tsv"}, "none.tsv: cannot be read"),
        ({"train": "train.in.tsv"}, {"train_text": "train.in.tsv"}, None),
    ],
)
def test_requests_that_cannot_work(tmp_path, speech, manifests, texts, message):
    write_text(tmp_path, ["one\teins"])
    manifests, texts = ({k: tmp_path / v for k, v in given.items()} for given in (manifests, texts))
    if message is None:  # a table of speech is one of texts as well
        assert prepare(manifests, tmp_path / "out", texts=texts, num_mel_bins=8, progress=False).rows == {
            "train": 6, "train_text": 6,
        }  # fmt: skip
        return
    with pytest.raises(DataError, match=message):
        prepare(manifests, tmp_path / "out", texts=texts, progress=False)


def test_a_large_vocabulary_is_announced(tmp_path, speech, monkeypatch, capsys):
    monkeypatch.setattr(module, "MANY_ROWS", 7)
    path = write_text(tmp_path, ["one\teins"])
    sizes = {"vocab_size": 80, "num_mel_bins": 8}
    prepare(speech, tmp_path / "out", texts={"train_text": path}, **sizes)
    assert "vocabulary: of the texts of 7 rows …\n" in capsys.readouterr().err
    prepare(speech, tmp_path / "few", **sizes)
    assert "vocabulary" not in capsys.readouterr().err
