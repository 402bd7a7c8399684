"""New data for an existing data folder."""

import numpy as np
import pytest
import yaml
from fairseq.data.audio.audio_utils import get_features_or_waveform
from small_corpus import contents, make_rows, run

from interactive_st.data.audio.waveform import load_audio
from interactive_st.data.features.compute import fbank
from interactive_st.data.manifest import read_manifest, write_manifest
from interactive_st.data.preparation.prepare import prepare
from interactive_st.errors import DataError


def test_a_new_test_set_for_an_existing_folder(tmp_path):
    run(tmp_path, make_rows(tmp_path), cmvn="global", num_mel_bins=40, sample_rate=8000)
    new = tmp_path / "elsewhere"
    new.mkdir()
    rows = make_rows(new, 3, "new")
    rows[0]["src_text"] = "quite new"
    write_manifest(new / "x.tsv", rows)
    report = prepare(
        {"test": new / "x.tsv"}, new / "out", like=tmp_path / "out", workers=1, progress=False
    )
    old, made = contents(tmp_path / "out"), contents(new / "out")
    for name in ("spm_joint.model", "spm_joint.vocab", "dict.txt", "gcmvn.npz"):
        assert made[name] == old[name]
    assert made["config_joint.yaml"] == old["config_joint.yaml"]
    assert set(made) == {name.replace("train.", "test.") for name in old}
    assert "unknown to the vocabulary" in report.notes[0]
    entry = read_manifest(new / "out/test.tsv")[0]["audio"]
    waveform, _ = load_audio(new / "new0.wav", 8000)
    np.testing.assert_array_equal(
        get_features_or_waveform(str(new / "out" / entry)), fbank(waveform, 8000, 40)
    )


def test_like_refuses_what_contradicts_it(tmp_path):
    rows = make_rows(tmp_path)
    run(tmp_path, rows)
    like = tmp_path / "out"
    with pytest.raises(DataError, match=r"no tag for ja; .*--target-lang"):
        run(tmp_path, [{**row, "tgt_lang": "ja"} for row in rows], "b", like=like, vocab_size=None)
    with pytest.raises(DataError, match="--vocab-size cannot go with --like"):
        run(tmp_path, rows, "b", like=like)
    with pytest.raises(DataError, match="--num-mel-bins cannot go with --like"):
        run(tmp_path, rows, "b", like=like, vocab_size=None, num_mel_bins=80)
    with pytest.raises(DataError, match="computed from audio"):
        run(tmp_path, rows, "b", like=like, vocab_size=None, features=True)
    with pytest.raises(DataError, match=r"config_joint\.yaml: cannot be read"):
        run(tmp_path, rows, "b", like=tmp_path, vocab_size=None)
    whole = (like / "config_joint.yaml").read_text()
    (like / "config_joint.yaml").write_text(whole.replace("sentencepiece_model:", "model:"))
    with pytest.raises(DataError, match="lacks sentencepiece_model of bpe_tokenizer"):
        run(tmp_path, rows, "b", like=like, vocab_size=None)
    (like / "config_joint.yaml").write_text(whole)
    (like / "dict.txt").unlink()
    with pytest.raises(DataError, match=r"dict\.txt: named by config_joint\.yaml"):
        run(tmp_path, rows, "b", like=like, vocab_size=None)
    assert not (tmp_path / "b").exists()


def test_the_files_of_an_existing_folder_may_have_other_names_and_its_audio_another_place(tmp_path):
    rows = make_rows(tmp_path)
    run(tmp_path, rows, cmvn="global")
    like, usual = tmp_path / "out", (tmp_path / "out/config_joint.yaml").read_text()
    names = {"dict.txt": "words.txt", "spm_joint.model": "pieces.model", "gcmvn.npz": "statistics.npz"}
    other = f"audio_root: {tmp_path}\n{usual}"
    for name, given in names.items():
        (like / name).rename(like / given)
        other = other.replace(name, given)
    (like / "config_joint.yaml").write_text(other)
    run(tmp_path, rows, "b", like=like, vocab_size=None)
    assert (tmp_path / "b/config_joint.yaml").read_text() == usual
    for name, given in names.items():
        assert (tmp_path / "b" / name).read_bytes() == (like / given).read_bytes()


def test_languages_that_like_has_may_be_swapped(tmp_path):
    rows = make_rows(tmp_path)
    run(tmp_path, rows)
    options = {"vocab_size": None, "source_lang": "de", "target_lang": "en"}
    run(tmp_path, rows, "b", like=tmp_path / "out", **options)
    config = yaml.safe_load((tmp_path / "b/config_joint.yaml").read_text())
    assert (config["source_lang"], config["target_lang"]) == ("de", "en")
    assert {row["src_lang"] for row in read_manifest(tmp_path / "b/train.tsv")} == {"de"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": {"type": "fbank", "num_mel_bins": 80}}, "sample_rate of features is None"),
        ({"features": {"type": "mfcc"}}, "features of unknown type 'mfcc'"),
        ({"features": {"type": ["fbank"]}}, r"features of unknown type \['fbank'\]"),
        ({"features": {"dim": 3}}, "lacks type of features"),
        ({"features": "fbank"}, "features is 'fbank', where keys and values are needed"),
        (
            {"features": {"type": "fbank", "num_mel_bins": True, "sample_rate": 16000}},
            "num_mel_bins of features is True, where a whole number",
        ),
        ({"features": {"type": "precomputed", "dim": "8"}}, "dim of features is '8', where a whole number"),
        ({"global_cmvn": {"stats_npz_path": 5}}, "global_cmvn names 5, where a text is needed"),
        ({"input_feat_per_channel": "80"}, "input_feat_per_channel is '80', where a whole number"),
        ({"vocab_filename": 5}, "vocab_filename names 5, where a text is needed"),
        ({"bpe_tokenizer": {"sentencepiece_model": None}}, "bpe_tokenizer names None"),
    ],
)
def test_like_names_what_is_wrong_in_its_configuration_once(tmp_path, changes, message):
    rows = make_rows(tmp_path)
    run(tmp_path, rows)
    path = tmp_path / "out/config_joint.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **changes}))
    with pytest.raises(DataError, match=rf"config_joint\.yaml: {message}") as raised:
        run(tmp_path, rows, "b", like=tmp_path / "out", vocab_size=None)
    assert "bad row" not in str(raised.value)
    path.write_text("just words")
    with pytest.raises(DataError, match="lacks vocab_filename"):
        run(tmp_path, rows, "b", like=tmp_path / "out", vocab_size=None)


def test_like_names_its_own_file_where_one_is_damaged(tmp_path):
    rows = make_rows(tmp_path)
    run(tmp_path, rows)
    for name, message in (("dict.txt", "not UTF-8"), ("spm_joint.model", "not readable as a sentencepiece")):
        (tmp_path / "out" / name).write_bytes(b"\xff damaged")
        with pytest.raises(DataError, match=f"^{tmp_path}/out/{name}: {message}"):
            run(tmp_path, rows, "b", like=tmp_path / "out", vocab_size=None)
