"""Whole data folders: what is in them, and which requests cannot work."""

import re
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from fairseq.data.audio.audio_utils import get_features_or_waveform
from fairseq.data.audio.data_cfg import S2TDataConfig
from fairseq.data.audio.feature_transforms import CompositeAudioFeatureTransform
from small_corpus import RATE, contents, make_rows, run

from interactive_st.data.audio.waveform import load_audio
from interactive_st.data.features.compute import fbank
from interactive_st.data.folder.settings import make_config
from interactive_st.data.manifest import read_manifest, write_manifest
from interactive_st.data.preparation.prepare import prepare
from interactive_st.errors import BadRowsError, DataError

FILES = {
    "config_joint.yaml",
    "dict.txt",
    "mt",
    "spm_joint.model",
    "spm_joint.vocab",
    "train.tsv",
    "train.zip",
}


def test_a_whole_folder(tmp_path):
    rows = make_rows(tmp_path)
    rows[1]["src_text"] = ""
    rows[2]["tgt_text"] = ""
    rows[3] = {**rows[3], "speaker": "anna", "src_lang": "fr", "tgt_lang": "nl"}
    rows[4] = {**rows[4], "offset": 0.1, "duration": 0.2}
    report = run(tmp_path, rows)
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == FILES
    table = read_manifest(out / "train.tsv")
    assert list(table[0]) == [
        *("id", "audio", "n_frames", "tgt_text", "src_text", "speaker", "src_lang", "tgt_lang")
    ]
    for row, written in zip(rows, table, strict=True):
        assert written["id"] == row["id"]
        assert written["src_text"] == row["src_text"]
        assert written["tgt_text"] == row["tgt_text"]
        assert written["speaker"] == row.get("speaker", "")
        assert written["src_lang"] == row.get("src_lang", "en")
        assert written["tgt_lang"] == row.get("tgt_lang", "de")
        features = get_features_or_waveform(str(out / written["audio"]))
        waveform, _ = load_audio(
            tmp_path / row["audio"], RATE, row.get("offset", 0.0), row.get("duration")
        )
        np.testing.assert_array_equal(features, fbank(waveform, RATE))
        assert int(written["n_frames"]) == len(features)
    assert report.rows == {"train": 6}
    assert report.frames == {"train": sum(int(row["n_frames"]) for row in table)}
    dictionary = (out / "dict.txt").read_text(encoding="utf-8").split("\n")
    assert [line.split(" ")[0] for line in dictionary[:4]] == [
        *("<lang:de>", "<lang:en>", "<lang:fr>", "<lang:nl>")
    ]
    config = yaml.safe_load((out / "config_joint.yaml").read_text(encoding="utf-8"))
    assert config == {
        "vocab_filename": "dict.txt",
        "bpe_tokenizer": {"bpe": "sentencepiece", "sentencepiece_model": "spm_joint.model"},
        "input_feat_per_channel": 80,
        "input_channels": 1,
        "shuffle": True,
        "feature_transforms": {
            "*": ["utterance_cmvn"],
            "_train": ["utterance_cmvn", "specaugment"],
        },
        "specaugment": {
            "time_warp_W": 0,
            "freq_mask_N": 1,
            "freq_mask_F": 27,
            "time_mask_N": 1,
            "time_mask_T": 100,
            "time_mask_p": 1.0,
        },
        "source_lang": "en",
        "target_lang": "de",
        "features": {"type": "fbank", "num_mel_bins": 80, "sample_rate": 16000},
    }


def test_masks_of_more_bins_than_the_policies_are_for_are_as_wide():
    languages = {"source_lang": "en", "target_lang": "de"}
    config = make_config({}, 160, **languages, cmvn="none", specaugment="sm")
    policy = {"freq_mask_N": 2, "freq_mask_F": 15, "time_mask_N": 2, "time_mask_T": 70}
    assert config["specaugment"] == {"time_warp_W": 0, **policy, "time_mask_p": 0.2}


@pytest.mark.parametrize("specaugment", ["lb", "ld", "sm", "ss", "none"])
@pytest.mark.parametrize("dim", [2, 4, 13, 80])
def test_fairseq_applies_the_transforms(tmp_path, monkeypatch, specaugment, dim):
    rows = make_rows(tmp_path, 3)
    for i, row in enumerate(rows):
        row["audio"] = f"{i}.npy"
        array = np.random.default_rng(i).normal(i, 2.0, (30 + i, dim)).astype(np.float32)
        np.save(tmp_path / row["audio"], array)
    run(tmp_path, rows, features=True, specaugment=specaugment, cmvn="global")
    monkeypatch.chdir(tmp_path / "out")  # where the relative path of the statistics holds
    config = S2TDataConfig(Path("config_joint.yaml"))
    features = np.concatenate([np.load(tmp_path / row["audio"]) for row in rows])
    plain = CompositeAudioFeatureTransform.from_config_dict(
        config.get_feature_transforms("dev", False)
    )
    normal = plain(features)
    np.testing.assert_allclose(normal.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(normal.std(axis=0), 1, atol=1e-5)
    training = CompositeAudioFeatureTransform.from_config_dict(
        config.get_feature_transforms("train", True)
    )
    np.random.seed(0)  # noqa: NPY002 - fairseq draws from the global generator
    masked = [training(features) for _ in range(20)]
    assert any((one != normal).any() for one in masked) == (specaugment != "none")


def test_without_cmvn(tmp_path):
    run(tmp_path, make_rows(tmp_path), cmvn="none", specaugment="none")
    config = yaml.safe_load((tmp_path / "out/config_joint.yaml").read_text())
    assert config["feature_transforms"] == {"*": []}
    assert "specaugment" not in config


def test_several_splits_and_a_joint_vocabulary_and_statistics_of_training_rows(tmp_path):
    rows = make_rows(tmp_path)
    for name, part in {"train_a": rows[:2], "train_b": rows[2:4], "dev": rows[4:]}.items():
        part[0]["src_text"] = {"train_a": "xx yy", "train_b": "zz", "dev": "qq"}[name]
        write_manifest(tmp_path / f"{name}.in.tsv", part)
    manifests = {name: tmp_path / f"{name}.in.tsv" for name in ("dev", "train_a", "train_b")}
    options = {"vocab_size": 500, "workers": 1, "progress": False, "cmvn": "global"}
    report = prepare(manifests, tmp_path / "out", **options)
    assert report.rows == {"dev": 2, "train_a": 2, "train_b": 2}
    trained = [fbank(load_audio(tmp_path / row["audio"], RATE)[0], RATE) for row in rows[:4]]
    with np.load(tmp_path / "out/gcmvn.npz") as statistics:
        np.testing.assert_allclose(statistics["mean"], np.concatenate(trained).mean(axis=0), rtol=1e-4)
    dictionary = (tmp_path / "out/dict.txt").read_text(encoding="utf-8")
    assert "x" in dictionary
    assert "z" in dictionary
    assert "q" not in dictionary
    assert "not 500" in report.notes[0]


def test_texts_that_their_own_vocabulary_does_not_know_are_counted(tmp_path):
    rows = make_rows(tmp_path)
    assert run(tmp_path, rows, vocab_size=30).notes == []
    rows[0]["src_text"] = "one <unk> two"
    [note] = run(tmp_path, rows, "marked", vocab_size=30).notes
    assert re.fullmatch(r"\d of \d+ pieces of the texts are unknown to the vocabulary", note)


def test_rows_of_one_recording_share_its_features(tmp_path):
    rows = make_rows(tmp_path, 2)
    rows.append({**rows[0], "id": "again", "tgt_text": "une deux", "tgt_lang": "fr"})
    report = run(tmp_path, rows)
    table = read_manifest(tmp_path / "out/train.tsv")
    assert table[2]["audio"] == table[0]["audio"] != table[1]["audio"]
    assert report.frames["train"] == int(table[0]["n_frames"]) + int(table[1]["n_frames"])
    with zipfile.ZipFile(tmp_path / "out/train.zip") as archive:
        assert len(archive.namelist()) == 2


def test_text_is_stripped_and_otherwise_kept(tmp_path):
    rows = make_rows(tmp_path)
    rows[0]["src_text"] = '  "two"  \u00a0 three\u2028four \u00bd '
    run(tmp_path, rows)
    text = read_manifest(tmp_path / "out/train.tsv")[0]["src_text"]
    assert text == '"two"    three four \u00bd'


def test_workers_do_not_change_a_byte(tmp_path):
    rows = make_rows(tmp_path, 40)
    run(tmp_path, rows, "one", cmvn="global")
    run(tmp_path, rows, "two", cmvn="global", workers=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_default_languages_are_those_of_the_rows(tmp_path):
    rows = [{**row, "src_lang": "it", "tgt_lang": "ja"} for row in make_rows(tmp_path)]
    run(tmp_path, rows)
    config = yaml.safe_load((tmp_path / "out/config_joint.yaml").read_text())
    assert (config["source_lang"], config["target_lang"]) == ("it", "ja")
    dictionary = (tmp_path / "out/dict.txt").read_text(encoding="utf-8")
    assert dictionary.startswith("<lang:it> 0\n<lang:ja> 0\n")
    assert "<lang:en>" not in dictionary


def test_existing_features_of_any_dimension(tmp_path):
    rows = make_rows(tmp_path, 4)
    arrays = [np.random.default_rng(i).normal(size=(9 + i, 13)).astype("f4") for i in range(4)]
    for row, array in zip(rows, arrays, strict=True):
        row["audio"] = f"{row['id']}.npy"
        np.save(tmp_path / row["audio"], array)
    run(tmp_path, rows, features=True)
    out = tmp_path / "out"
    config = yaml.safe_load((out / "config_joint.yaml").read_text())
    assert config["features"] == {"type": "precomputed", "dim": 13}
    assert config["input_feat_per_channel"] == 13
    for row, array in zip(read_manifest(out / "train.tsv"), arrays, strict=True):
        np.testing.assert_array_equal(get_features_or_waveform(str(out / row["audio"])), array)
    run(tmp_path, rows, "again", like=out, vocab_size=None)
    assert contents(tmp_path / "again") == contents(out)
    np.save(tmp_path / rows[2]["audio"], arrays[2][:, :12])
    rows[3]["offset"] = "1"
    with pytest.raises(BadRowsError) as raised:
        run(tmp_path, rows, "bad", features=True)
    reasons = {row.id: row.reason for row in raised.value.rows}
    assert set(reasons) == {"u2", "u3"}
    assert "has 12 dimensions, 13 are expected" in reasons["u2"]
    assert "are for audio" in reasons["u3"]
    with pytest.raises(DataError, match="--sample-rate cannot go with --features"):
        run(tmp_path, rows, "bad", features=True, sample_rate=8000)


def test_mfcc_of_an4(tmp_path, shared_data):
    folder = shared_data / "an4"
    names = (folder / "etc/an4_train.fileids").read_text().split()[:8]
    texts = (folder / "etc/an4_train.transcription").read_text().splitlines()[:8]
    rows = []
    for name, text in zip(names, texts, strict=True):
        data = (folder / "feat" / f"{name}.mfc").read_bytes()
        (count,) = struct.unpack(">i", data[:4])
        audio = f"{Path(name).name}.npy"
        np.save(tmp_path / audio, np.frombuffer(data, ">f4", count, 4).reshape(-1, 13))
        rows.append({"id": name, "audio": audio, "src_text": text, "tgt_text": ""})
    report = run(tmp_path, rows, features=True, vocab_size=60)
    assert report.dim == 13
    assert report.rows == {"train": 8}
    assert report.frames["train"] > 1000


@pytest.mark.parametrize(
    ("manifests", "options", "message"),
    [
        ({}, {}, "no manifest"),
        ({"dev": "a.tsv"}, {}, "no split is named train"),
        ({"train/x": "a.tsv"}, {}, "split name 'train/x'"),
        ({"train": "a.tsv"}, {"workers": 0}, "--workers must be at least 1"),
        ({"train": "a.tsv"}, {"vocab_size": 0}, "--vocab-size must be positive"),
        ({"train": "a.tsv"}, {"cmvn": "some"}, "--cmvn must be one of utterance, global, none"),
        ({"train": "a.tsv"}, {}, r"a\.tsv: cannot be read"),
    ],
)
def test_requests_that_cannot_work(tmp_path, monkeypatch, manifests, options, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=message):
        prepare(manifests, "out", progress=False, **options)
    assert list(tmp_path.iterdir()) == []


def test_audio_root_and_a_colon(tmp_path):
    (tmp_path / "audio").mkdir()
    rows = make_rows(tmp_path / "audio")
    run(tmp_path, rows, audio_root=tmp_path / "audio")
    with pytest.raises(DataError, match="cannot read archives in a path with ':'"):
        run(tmp_path, rows, "a:b", audio_root=tmp_path / "audio")
