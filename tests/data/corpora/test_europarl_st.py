"""Europarl-ST: segments, speakers, recordings as they are or converted, damaged lists."""

import sys

import pytest
from mini_corpora import ENGLISH, SPEECHES, TRANSLATIONS, check_relative_root, make_europarl_st

from interactive_st.cli.main import main
from interactive_st.data.corpora.by_name import read_corpus
from interactive_st.data.manifest import read_manifest
from interactive_st.errors import DataError


def read(root, langs=("de",), **options):
    return read_corpus("europarl_st", root, langs, progress=False, **options)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_europarl_st(tmp_path_factory.mktemp("europarl"), ("de", "fr"), ".flac")


def test_splits_texts_and_speakers(corpus):
    splits = read(corpus)
    assert list(splits) == ["train", "dev", "test"]
    for name, speeches in SPEECHES.items():
        rows = splits[name].utterances
        sentences = [i for own in speeches.values() for i in own]
        assert [u.src_text for u in rows] == [ENGLISH[i] for i in sentences]
        assert [u.tgt_text for u in rows] == [TRANSLATIONS["de"][i] for i in sentences]
        assert [u.id for u in rows] == [f"{s}_{i}" for s, own in speeches.items() for i in range(len(own))]
        speakers = [f"MEP_{n}" for n, own in enumerate(speeches.values()) for _ in own]
        assert [u.speaker for u in rows] == speakers
    first = splits["train"].utterances[0].segment
    assert first.path == str(corpus / "en/audios/en.20081117.22.1-114.flac")
    assert first.offset == 0.37
    end = float((corpus / "en/de/train/segments.lst").read_text().split()[2])
    assert first.offset + first.duration == pytest.approx(end, abs=1e-6)


def test_splits_of_several_languages_come_by_split(corpus):
    assert list(read(corpus, ("de", "fr"))) == [f"{s}_{lang}" for s in SPEECHES for lang in ("de", "fr")]


def test_a_relative_root(corpus, monkeypatch):
    check_relative_root(read, corpus, monkeypatch)


def test_prepare_one_to_many(corpus, tmp_path, capsys):
    out = tmp_path / "data"
    arguments = ["--lang", "fr,de", "--vocab-size", "90", "--num-mel-bins", "8", "--splits", "train"]
    assert main(["prepare", "--europarl-st", str(corpus), *arguments, "--out", str(out)]) == 0
    assert "train_fr: 8 rows" in capsys.readouterr().out
    german, french = (read_manifest(out / f"train_{lang}.tsv") for lang in ("de", "fr"))
    assert [row["audio"] for row in german] == [row["audio"] for row in french]


def test_recordings_in_m4a_are_read_as_they_are(tmp_path):
    root = make_europarl_st(tmp_path / "corpus")
    for suffix in (".m4a", ".flac"):  # one that was converted is read faster
        path = root / "en" / "audios" / f"en.20110912.3.1-064{suffix}"
        path.touch()
        assert {u.segment.path for u in read(root)["test"].utterances} == {str(path)}


def test_recordings_in_m4a_need_pyav(tmp_path, monkeypatch, capsys):
    root = make_europarl_st(tmp_path / "corpus")
    monkeypatch.setitem(sys.modules, "av", None)
    arguments = ["prepare", "--europarl-st", str(root), "--lang", "de", "--out", str(tmp_path / "data")]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.count("m4a: files of this kind are read by PyAV") == 1


def test_noisy_training_data_where_asked_for(tmp_path):
    root = make_europarl_st(tmp_path, suffix=".flac")
    (root / "en/de/train").rename(root / "en/de/train-noisy")
    assert list(read(root)) == ["dev", "test"]
    assert list(read(root, splits=["train-noisy", "dev"])) == ["train-noisy", "dev"]


def test_without_the_lists_of_speakers(tmp_path):
    root = make_europarl_st(tmp_path, suffix=".flac")
    (root / "en/de/dev/speakers.lst").unlink()
    assert {u.speaker for u in read(root)["dev"].utterances} == {""}


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("segments.lst", "a 0 1\n", r"segments\.en: 2 lines where segments\.lst has 1 segment;"),
        ("segments.lst", "a 0 1\nb 0\n", r"segments\.lst:2: 'b 0' must be a recording"),
        ("segments.lst", "a 0 1 2\n", r"segments\.lst:1: .* must be a recording"),
        ("segments.lst", "a 0 nan\n", r"segments\.lst:1: .* must be a recording"),
        ("segments.de", "eins\n", r"segments\.de: 1 line where"),
        ("speakers.lst", "x\ny\n", r"speakers\.lst: 2 lines where speeches\.lst has 1"),
    ],
)
def test_damaged_lists_are_named(tmp_path, file, content, message):
    root = make_europarl_st(tmp_path, suffix=".flac")
    (root / "en/de/dev" / file).write_text(content)
    with pytest.raises(DataError, match=message):
        read(root)


def test_the_folder_of_a_language_in_place_of_the_one_above(corpus):
    with pytest.raises(DataError, match=rf"give the folder above, {corpus}, which holds en$"):
        read(corpus / "en")


def test_a_language_that_nobody_speaks_or_a_folder_above_the_corpus(corpus):
    with pytest.raises(DataError, match=r"de: no such folder; --source-lang names the speech, .* is en$"):
        read(corpus, ("en",), source_lang="de")
    with pytest.raises(DataError, match=r"en: no such folder; give the folder v1\.1 of the corpus"):
        read(corpus.parent)


def test_unknown_language_and_missing_recording(tmp_path):
    root = make_europarl_st(tmp_path, suffix=".flac")
    with pytest.raises(DataError, match=r"en/it: no such folder; .* has de"):
        read(root, ("it",))
    recording = root / "en/audios/en.20100419.14.1-100.flac"
    recording.unlink()
    assert read(root)["dev"].utterances[0].segment.path == str(recording.with_suffix(".wav"))
