"""MuST-C: rows, ids, shared recordings, and what is said of a damaged copy."""

from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from fairseq.data.audio.audio_utils import get_features_or_waveform
from mini_corpora import ENGLISH, TALKS, TRANSLATIONS, check_relative_root, make_mustc, write_lines

from interactive_st.cli.main import main
from interactive_st.data.corpora import mustc
from interactive_st.data.corpora.by_name import read_corpus
from interactive_st.data.features.compute import features_from_file
from interactive_st.data.manifest import read_manifest
from interactive_st.errors import DataError


def read(root, langs=("de",), **options):
    return read_corpus("mustc", root, langs, progress=False, **options)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_mustc(tmp_path_factory.mktemp("mustc"), ("de", "fr"))


def texts_of(folder, split, lang):
    return (folder / "data" / split / "txt" / f"{split}.{lang}").read_text("utf-8").splitlines()


def fairseq_ids(folder, split):
    """The ids that fairseq's prep_mustc_data.py gives, by text of the offset within each recording."""
    with (folder / "data" / split / "txt" / f"{split}.yaml").open() as file:
        segments = yaml.load(file, Loader=yaml.BaseLoader)
    ids = {}
    for wav, group in groupby(segments, lambda segment: segment["wav"]):
        for i, segment in enumerate(sorted(group, key=lambda segment: segment["offset"])):
            ids[wav, segment["offset"]] = f"{wav.removesuffix('.wav')}_{i}"
    return [ids[segment["wav"], segment["offset"]] for segment in segments]


def test_every_split_in_the_order_of_its_files(corpus):
    splits = read(corpus)
    assert list(splits) == ["train", "dev", "tst-COMMON", "tst-HE"]
    for name, split in splits.items():
        folder = corpus / "en-de"
        assert not split.bad
        assert [u.src_text for u in split.utterances] == texts_of(folder, name, "en")
        assert [u.tgt_text for u in split.utterances] == texts_of(folder, name, "de")
        assert [u.id for u in split.utterances] == fairseq_ids(folder, name)
    first = splits["train"].utterances[0]
    assert (first.src_lang, first.tgt_lang, first.speaker) == ("en", "de", "spk.1")
    assert first.segment.path == str(corpus / "en-de/data/train/wav/ted_1.wav")
    assert first.segment.offset == 8.5
    assert (first.file, first.line) == (str(corpus / "en-de/data/train/txt/train.yaml"), 1)


def test_a_relative_root(corpus, monkeypatch):
    check_relative_root(read, corpus, monkeypatch)


def test_ids_differ_from_the_order_of_time_as_fairseqs_do(corpus):
    ids = [u.id for u in read(corpus)["train"].utterances[:4]]
    assert sorted(ids) == ["ted_1_0", "ted_1_1", "ted_1_2", "ted_1_3"]
    assert ids != sorted(ids)  # "11.2" is before "8.5"


def test_several_languages_share_their_recordings(corpus):
    splits = read(corpus, ("de", "fr"))
    assert list(splits)[:4] == ["train_de", "train_fr", "dev_de", "dev_fr"]
    assert list(read(corpus, ("de", "de"))) == list(read(corpus))
    for split in TALKS:
        one, other = splits[f"{split}_de"], splits[f"{split}_fr"]
        assert one.archive == other.archive == split
        assert [u.segment for u in one.utterances] == [u.segment for u in other.utterances]
        assert {u.tgt_lang for u in other.utterances} == {"fr"}
        assert [u.tgt_text for u in other.utterances] == texts_of(corpus / "en-fr", split, "fr")


def test_a_talk_that_differs_is_read_from_its_own_copy(tmp_path):
    root = make_mustc(tmp_path, ("de", "fr"))
    other = root / "en-fr/data/train/wav/ted_2.wav"
    samples, rate = soundfile.read(other, dtype="int16")
    samples[len(samples) // 2] += 7
    soundfile.write(other, samples, rate)
    paths = {u.segment.path for u in read(root, ("de", "fr"))["train_fr"].utterances}
    assert paths == {str(root / "en-de/data/train/wav/ted_1.wav"), str(other)}


def test_prepare_one_to_many(corpus, tmp_path, capsys):
    out = tmp_path / "data"
    arguments = ["prepare", "--mustc", str(corpus), "--lang", "de,fr", "--splits", "train,dev"]
    assert main([*arguments, "--out", str(out), "--vocab-size", "90", "--num-mel-bins", "8"]) == 0
    assert "train_fr: 8 rows" in capsys.readouterr().out
    assert sorted(path.name for path in out.glob("*.zip")) == ["dev.zip", "train.zip"]
    tables = {lang: read_manifest(out / f"train_{lang}.tsv") for lang in ("de", "fr")}
    for sentence, (german, french) in enumerate(zip(tables["de"], tables["fr"], strict=True)):
        assert german["audio"] == french["audio"]
        assert (german["src_text"], german["src_lang"]) == (ENGLISH[sentence], "en")
        for lang, row in (("de", german), ("fr", french)):
            assert (row["tgt_text"], row["tgt_lang"]) == (TRANSLATIONS[lang][sentence], lang)
    segment = read(corpus)["train"].utterances[5].segment
    expected = features_from_file(
        segment.path, {"type": "fbank", "num_mel_bins": 8, "sample_rate": 16000}, *segment[1:]
    )
    written = get_features_or_waveform(str(out / tables["fr"][5]["audio"]))
    np.testing.assert_array_equal(written, expected)
    dictionary = (out / "dict.txt").read_text("utf-8")
    assert all(f"<lang:{lang}>" in dictionary for lang in ("en", "de", "fr"))


def test_parsing_in_pieces_gives_the_same(corpus, monkeypatch):
    whole = read(corpus)
    monkeypatch.setattr(mustc, "CHUNK", 3)
    assert read(corpus) == whole


def test_block_style_and_comments_are_yaml_too(corpus, tmp_path):
    root = make_mustc(tmp_path)
    path = root / "en-de/data/dev/txt/dev.yaml"
    segments = yaml.safe_load(path.read_text())
    path.write_text("# segments\n---\n" + yaml.safe_dump(segments, default_flow_style=False))
    here, there = read(root)["dev"].utterances, read(corpus)["dev"].utterances
    assert [u.segment[1:] for u in here] == [u.segment[1:] for u in there]
    assert here[1].line == 3 + len(segments[0])


def test_a_file_may_lack_its_last_line_end(tmp_path):
    root = make_mustc(tmp_path)
    before = read(root)["dev"].utterances
    path = root / "en-de/data/dev/txt/dev.yaml"
    path.write_text(path.read_text().rstrip("\n"))
    assert read(root)["dev"].utterances == before


def test_the_line_that_is_not_yaml_is_named(tmp_path):
    root = make_mustc(tmp_path)
    path = root / "en-de/data/dev/txt/dev.yaml"
    first, second, *rest = path.read_text().splitlines(keepends=True)
    path.write_text("".join([first, second.replace("offset: ", "offset: ]"), *rest]))
    with pytest.raises(DataError, match=r"dev\.yaml:2: not YAML"):
        read(root)


def test_segments_need_not_name_a_speaker(corpus, tmp_path):
    root = make_mustc(tmp_path)
    path = root / "en-de/data/dev/txt/dev.yaml"
    path.write_text(path.read_text().replace("speaker_id: spk.3, ", "", 1))
    utterances = read(root)["dev"].utterances
    assert [u.speaker for u in utterances] == ["", "spk.3"]
    assert [u.id for u in utterances] == [u.id for u in read(corpus)["dev"].utterances]
    path.write_text(path.read_text().replace("speaker_id: spk.3", "speaker_id: [a]"))
    with pytest.raises(DataError, match=r"dev\.yaml:2: speaker_id is \['a'\], where one value is needed"):
        read(root)


def test_flac_in_place_of_wav(tmp_path):
    root = make_mustc(tmp_path)
    wav = root / "en-de/data/dev/wav/ted_3.wav"
    samples, rate = soundfile.read(wav, dtype="int16")
    soundfile.write(wav.with_suffix(".flac"), samples, rate)
    wav.unlink()
    assert {u.segment.path for u in read(root)["dev"].utterances} == {str(wav.with_suffix(".flac"))}


def test_long_training_segments_are_left_out_and_counted(corpus):
    durations = [u.segment.duration for u in read(corpus)["train"].utterances]
    limit = sorted(durations)[4]
    split = read(corpus, max_seconds=limit)["train"]
    count = sum(duration > limit for duration in durations)
    assert len(split.utterances) == len(durations) - count
    assert split.notes == (f"train: {count} segments of more than {limit:g} s left out (--max-seconds)",)
    assert len(read(corpus, max_seconds=0.01, splits=["dev"])["dev"].utterances) == 2


@pytest.mark.parametrize("duration", ["-", "nan, was: "])
def test_rows_that_cannot_be_used_are_named_by_their_line(duration, tmp_path):
    root = make_mustc(tmp_path)
    folder = root / "en-de/data/dev/txt"
    yaml_lines = (folder / "dev.yaml").read_text().splitlines(keepends=True)
    changed = yaml_lines[1].replace("duration: ", f"duration: {duration}")
    write_lines(folder / "dev.yaml", [yaml_lines[0], changed])
    (split,) = read(root, splits=["dev"]).values()
    assert len(split.utterances) == 1
    assert split.bad[0].line == 2
    assert "must be a number of seconds > 0" in split.bad[0].reason


def test_a_recording_with_an_impossible_name_is_a_bad_row_later(tmp_path):
    root = make_mustc(tmp_path)
    name = f"{'x' * 300}.wav"
    damage(root / "en-de/data/dev/txt", "dev.yaml", lambda text: text.replace("ted_3.wav", name, 1))
    paths = [Path(u.segment.path).name for u in read(root, splits=["dev"])["dev"].utterances]
    assert paths == [name, "ted_3.wav"]


def damage(folder, name, change):
    path = folder / name
    path.write_text(change(path.read_text("utf-8")), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("dev.de", lambda text: text.split("\n")[0] + "\n", r"dev\.de: 1 line where dev\.yaml has 2"),
        ("dev.de", lambda text: "\0" + text, r"dev\.de: is UTF-16 text"),
        ("dev.yaml", lambda text: "", r"dev\.yaml: no list of segments"),
        ("dev.yaml", lambda text: "wav: ted_1.wav\n" + text, r"dev\.yaml: no list of segments"),
        ("dev.yaml", lambda text: text.replace("offset", "start"), r"dev\.yaml:1: a segment without offset"),
        ("dev.yaml", lambda text: text.replace("ted_3.wav", "[a]", 1), r"yaml:1: wav is \['a'\], where one"),
        ("dev.yaml", lambda text: text.replace("offset: ", "offset: {a: 1}, x: "), "yaml:1: offset is .*'a'"),
        ("dev.yaml", lambda text: text + "-\n  wav: ted_3.wav\n", r"dev\.yaml:1: no list of segments"),
        ("dev.yaml", lambda text: text[::-1].replace("}", "", 1)[::-1], r"dev\.yaml:\d: not YAML"),
    ],
)
def test_damaged_files_are_named(tmp_path, file, change, message):
    root = make_mustc(tmp_path)
    damage(root / "en-de/data/dev/txt", file, change)
    with pytest.raises(DataError, match=message):
        read(root)


def test_a_unicode_line_separator_does_not_shift_the_translations(tmp_path):
    root = make_mustc(tmp_path)
    damage(root / "en-de/data/dev/txt", "dev.de", lambda text: text.replace(" ", "\u2028", 1))
    assert len(read(root)["dev"].utterances) == 2


def test_a_byte_order_mark_is_left_out(corpus, tmp_path):
    root = make_mustc(tmp_path)
    for name in ("dev.yaml", "dev.en", "dev.de"):
        damage(root / "en-de/data/dev/txt", name, lambda text: "\ufeff" + text)
    here, there = read(root)["dev"].utterances, read(corpus)["dev"].utterances
    assert [(u.id, u.src_text, u.tgt_text, u.line) for u in here] == [
        (u.id, u.src_text, u.tgt_text, u.line) for u in there
    ]


def test_wrong_requests(corpus, tmp_path):
    with pytest.raises(DataError, match=r"give the folder above"):
        read(corpus / "en-de")
    with pytest.raises(DataError, match=r"holds en-de, en-fr"):
        read(corpus, ("es",))
    with pytest.raises(DataError, match=r"no split tst-XX"):
        read(corpus, splits=["train", "tst-XX"])
    with pytest.raises(DataError, match="leave out --source-lang"):
        read(corpus, source_lang="it")
    with pytest.raises(DataError, match="no such folder"):
        read(tmp_path / "absent")
    with pytest.raises(DataError, match="is the language that is spoken"):
        read(corpus, ("en",))
    for seconds in (float("nan"), -1.0, 0.0):
        with pytest.raises(DataError, match="--max-seconds must be above 0 seconds"):
            read(corpus, max_seconds=seconds)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mustc", "."], "needs --lang"),
        (["--mustc", ".", "--lang", "de", "--audio-root", "."], "are for manifests"),
        (["--mustc", ".", "--lang", "de", "--target-lang", "fr"], "not among --lang de"),
        (["--manifest", "train=t.tsv", "--lang", "de"], "--lang: for corpora only"),
    ],
)
def test_options_that_contradict_each_other(arguments, message, capsys):
    assert main(["prepare", "--out", "out", *arguments]) == 2
    assert message in capsys.readouterr().err
