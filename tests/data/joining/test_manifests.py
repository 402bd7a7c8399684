"""Joining fairseq's manifests: texts, features, what does not match, what is stale."""

from argparse import Namespace

import numpy as np
import pytest
import yaml
from fairseq.data.audio.audio_utils import get_features_or_waveform
from fairseq_prep import FBANK, edit, prepare_as_fairseq, prepare_covost_as_fairseq, write_archive
from mini_corpora import make_covost2, make_mustc

from interactive_st.data.corpora.by_name import read_corpus
from interactive_st.data.datasets.config import JointDataConfig
from interactive_st.data.features.compute import features_from_file
from interactive_st.data.joining import manifests
from interactive_st.data.joining.fairseq_manifest import Archives, read_fairseq_manifest
from interactive_st.data.joining.folders import join_folders
from interactive_st.data.joining.manifests import join_files, join_manifests
from interactive_st.data.manifest import read_manifest, write_manifest
from interactive_st.data.preparation.prepare import prepare
from interactive_st.errors import DataError


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A corpus as fairseq prepared it; not to be changed."""
    root = make_mustc(tmp_path_factory.mktemp("mustc"), ("de", "fr"))
    return Namespace(root=root, **{lang: prepare_as_fairseq(root, lang) for lang in ("de", "fr")})


def drop(path, *numbers):
    """Remove lines; 1 is the first row."""
    lines = path.read_text("utf-8").splitlines(keepends=True)
    path.write_text("".join(line for i, line in enumerate(lines) if i not in numbers), encoding="utf-8")


def utterances(root, lang="de"):
    return {split: s.utterances for split, s in read_corpus("mustc", root, [lang], progress=False).items()}


def test_a_data_folder_on_top_of_the_same_archive(made, tmp_path):
    before = (made.de / "fbank80.zip").read_bytes()
    joined, size, notes = join_folders([made.de], tmp_path / "data", vocab_size=80)
    out = tmp_path / "data"
    assert list(joined) == ["train", "dev", "tst-COMMON", "tst-HE"]
    assert (made.de / "fbank80.zip").read_bytes() == before
    assert not list(out.glob("*.zip"))
    assert len((out / "mt" / "train.en-de.de").read_text("utf-8").splitlines()) == 8
    config = JointDataConfig(out / "config_joint.yaml")
    assert (config.source_lang, config.target_lang) == ("en", "de")
    for split, expected in utterances(made.root).items():
        rows = read_manifest(out / f"{split}.tsv")
        for row, utterance in zip(rows, expected, strict=True):
            assert row["id"] == utterance.id
            assert row["src_text"] == utterance.src_text  # with its quotation marks, without backslashes
            assert row["tgt_text"] == utterance.tgt_text
            assert (row["src_lang"], row["tgt_lang"], row["speaker"]) == ("en", "de", utterance.speaker)
            features = get_features_or_waveform(f"{config.audio_root}/{row['audio']}")
            assert int(row["n_frames"]) == len(features)
            np.testing.assert_array_equal(
                features, features_from_file(utterance.segment.path, FBANK, *utterance.segment[1:])
            )
    settings = yaml.safe_load((out / "config_joint.yaml").read_text())
    theirs = yaml.safe_load((made.de / "config_st.yaml").read_text())
    assert settings["feature_transforms"] == theirs["transforms"]
    assert settings["specaugment"] == theirs["specaugment"]
    assert settings["input_feat_per_channel"] == 80
    assert notes == []
    assert size == len((out / "spm_joint.vocab").read_text("utf-8").splitlines())


def test_several_languages(made, tmp_path):
    joined, *_ = join_folders([made.de, made.fr], tmp_path / "data", splits=["dev", "train"], vocab_size=100)
    assert list(joined) == ["train_de", "train_fr", "dev_de", "dev_fr"]
    rows = read_manifest(tmp_path / "data" / "dev_fr.tsv")
    assert {row["tgt_lang"] for row in rows} == {"fr"}
    assert {row["audio"].split(":")[0] for row in rows} == {"en-fr/fbank80.zip"}
    dictionary = (tmp_path / "data" / "dict.txt").read_text("utf-8")
    assert all(f"<lang:{lang}>" in dictionary for lang in ("de", "en", "fr"))


def test_what_does_not_match_is_reported_and_left_out(folder, tmp_path):
    drop(folder / "train_asr.tsv", 1, 2, 3, 4, 5)
    drop(folder / "train_st.tsv", 8)
    whole = [u.id for u in utterances(folder.parent)["train"]]
    joined = join_manifests(folder / "train_asr.tsv", folder / "train_st.tsv")
    assert [row["id"] for row in joined.rows] == whole[5:7]
    assert (joined.only_asr, joined.only_st) == ([whole[7]], whole[:5])
    assert joined.describe() == [
        "2 rows from train_asr.tsv and train_st.tsv",
        f"1 only in train_asr.tsv (first: {whole[7]})",
        f"5 only in train_st.tsv (first: {', '.join(whole[:3])}, …)",
    ]


def test_unmatched_rows_are_kept_with_one_text_if_asked(folder):
    drop(folder / "train_asr.tsv", 1)
    drop(folder / "train_st.tsv", 8)
    speakers = [u.speaker for u in utterances(folder.parent)["train"]]
    rows = join_manifests(
        folder / "train_asr.tsv", folder / "train_st.tsv", "en", "de", keep_unmatched=True
    ).rows
    assert len(rows) == 8
    assert (rows[0]["src_text"], rows[0]["tgt_text"]) == ("", "Guten Morgen")
    assert (rows[-1]["src_text"], rows[-1]["tgt_text"]) == ("look at the moon", "")
    assert {row["src_lang"] for row in rows} == {"en"}
    assert [row["speaker"] for row in rows] == speakers
    assert speakers[-1]  # whom the manifest of transcripts alone names


def test_rows_are_not_kept_beside_what_is_made_of_them(folder, monkeypatch):
    kept = []

    class Watched(Archives):
        def holds(self, *args):  # asked of each row, last
            kept.append(sum(map(len, tables)))
            return super().holds(*args)

    def read(path):
        tables.append(read_fairseq_manifest(path))
        assert not any(hasattr(row, "__dict__") for row in tables[-1].values())
        return tables[-1]

    tables = []
    monkeypatch.setattr(manifests, "read_fairseq_manifest", read)
    joined = join_manifests(folder / "train_asr.tsv", folder / "train_st.tsv", archives=Watched())
    assert kept == list(range(2 * len(joined.rows) - 2, -1, -2))


@pytest.mark.parametrize("stale", [("asr", "st"), ("asr",), ("st",)])
def test_places_of_an_older_archive_are_corrected(folder, stale):
    """The archive was written again, in another order: manifests of before point to other features."""
    expected = {u.id: features_from_file(u.segment.path, FBANK, *u.segment[1:])
                for split in utterances(folder.parent).values() for u in split}  # fmt: skip
    before = read_manifest(folder / "train_asr.tsv")
    places = write_archive(folder / "fbank80.zip", expected, seed=1)
    for task in {"asr", "st"} - set(stale):
        rows = [row | {"audio": places[row["id"]]} for row in read_manifest(folder / f"train_{task}.tsv")]
        write_manifest(folder / f"train_{task}.tsv", rows)
    joined = join_manifests(folder / "train_asr.tsv", folder / "train_st.tsv")
    assert joined.corrected
    assert [row["audio"] for row in before] != [row["audio"] for row in joined.rows]
    for row in joined.rows:
        np.testing.assert_array_equal(get_features_or_waveform(row["audio"]), expected[row["id"]])


def test_frames_of_what_is_corrected_are_counted_again(folder):
    """As where the recordings had been cut otherwise."""
    longer = {u.id: np.repeat(features_from_file(u.segment.path, FBANK, *u.segment[1:]), 2, axis=0)
              for split in utterances(folder.parent).values() for u in split}  # fmt: skip
    write_archive(folder / "fbank80.zip", longer, seed=1)
    joined = join_manifests(folder / "train_asr.tsv", folder / "train_st.tsv")
    assert len(joined.corrected) == len(joined.rows)
    assert [int(row["n_frames"]) for row in joined.rows] == [len(longer[row["id"]]) for row in joined.rows]


def test_a_folder_that_was_moved(folder, tmp_path):
    moved = folder.rename(tmp_path / "en-de")
    joined = join_manifests(moved / "dev_asr.tsv", moved / "dev_st.tsv")
    assert joined.archives == {moved / "fbank80.zip"}
    assert get_features_or_waveform(joined.rows[0]["audio"]).shape[1] == 80


def test_one_manifest_of_two(folder, tmp_path):
    out = tmp_path / "train.tsv"
    join_files(folder / "train_asr.tsv", folder / "train_st.tsv", out, source_lang="en", target_lang="de")
    rows = read_manifest(out)
    assert [row["tgt_text"] for row in rows] == [u.tgt_text for u in utterances(folder.parent)["train"]]
    assert get_features_or_waveform(rows[3]["audio"]).shape == (int(rows[3]["n_frames"]), 80)
    with pytest.raises(DataError, match="exists; choose another name"):
        join_files(folder / "train_asr.tsv", folder / "train_st.tsv", out)
    with pytest.raises(DataError, match=r"train\.tsv/x: cannot be made, as \S+/train\.tsv is a file"):
        join_files(folder / "train_asr.tsv", folder / "train_st.tsv", out / "x")
    with pytest.raises(DataError, match="is input"):
        join_files(
            folder / "train_asr.tsv", folder / "train_st.tsv", folder / "train_st.tsv", overwrite=True
        )


def test_global_cmvn_is_taken_over(folder, tmp_path):
    statistics = {"mean": np.ones(80, np.float32), "std": np.full(80, 2, np.float32)}
    np.savez(folder / "gcmvn.npz", **statistics)
    config = yaml.safe_load((folder / "config_st.yaml").read_text())
    config["transforms"] = {"*": ["global_cmvn"], "_train": ["global_cmvn", "specaugment"]}
    config["global_cmvn"] = {"stats_npz_path": "/elsewhere/gcmvn.npz"}
    (folder / "config_st.yaml").write_text(yaml.safe_dump(config))
    join_folders([folder], tmp_path / "data", vocab_size=80)
    with np.load(tmp_path / "data" / "gcmvn.npz") as copied:
        np.testing.assert_array_equal(copied["std"], statistics["std"])
    made = JointDataConfig(tmp_path / "data" / "config_joint.yaml")
    assert made.get_feature_transforms("dev", False)["feature_transforms"] == ["global_cmvn"]
    (folder / "gcmvn.npz").unlink()
    with pytest.raises(DataError, match=r"gcmvn\.npz is not there"):
        join_folders([folder], tmp_path / "more", vocab_size=80)
    assert not (tmp_path / "more").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("ted_3_", "talk_"), "no id in common"),
        (lambda text: text.replace("n_frames\t", "frames\t"), "no column n_frames"),
        (lambda text: text.replace("ted_3_1", "ted_3_0"), r"the id ted_3_0 is that of line 2 already"),
        (lambda text: text + "short\n", r"dev_asr\.tsv:4: 1 field where"),
        (lambda text: text.split("\n")[0] + "\n", r"dev_asr\.tsv: no rows"),
        (lambda text: text.replace("fbank80.zip", "other.zip"), r"other\.zip: no such archive"),
        (lambda text: text.replace("it works", "it <lang:de> works"), "stands for a language"),
    ],
)
def test_manifests_that_cannot_be_joined(folder, change, message):
    edit(folder / "dev_asr.tsv", change)
    with pytest.raises(DataError, match=message):
        join_manifests(folder / "dev_asr.tsv", folder / "dev_st.tsv")


def test_a_folder_that_is_joined_already(made, tmp_path):
    out = tmp_path / "data"
    join_folders([made.de], out)
    with pytest.raises(DataError, match=r"data: is joined already \(it holds config_joint\.yaml\)"):
        join_folders([out], tmp_path / "again", source_lang="en", target_lang="de")


def test_folders_that_cannot_be_joined(made, tmp_path):
    out = tmp_path / "data"
    with pytest.raises(DataError, match=r"no SPLIT_asr\.tsv and SPLIT_st\.tsv of test"):
        join_folders([made.de], out, splits=["train", "test"])
    with pytest.raises(DataError, match="of any split"):
        join_folders([made.de], out, st_suffix="mt")
    with pytest.raises(DataError, match="no split is named train"):
        join_folders([made.de], out, splits=["dev"])
    with pytest.raises(DataError, match="two folders of one target language"):
        join_folders([made.de, made.de], out)
    with pytest.raises(DataError, match="is for one folder"):
        join_folders([made.de, made.fr], out, target_lang="de")
    with pytest.raises(DataError, match="its name is not a language pair"):
        join_folders([tmp_path], out)
    with pytest.raises(DataError, match=rf"{made.root}: holds en-de, en-fr; give those, such as .*en-de"):
        join_folders([made.root], out)
    assert not out.exists()


def test_names_of_other_recipes(folder, tmp_path):
    """As prep_covost_data.py leaves them: other suffixes, in a folder of the source language."""
    for path in folder.glob("*_asr.tsv"):
        path.rename(path.with_name(path.name.replace("_asr", "_asr_en")))
    for path in folder.glob("*_st.tsv"):
        path.rename(path.with_name(path.name.replace("_st", "_st_en_de")))
    moved = folder.rename(tmp_path / "en")
    suffixes = {"asr_suffix": "asr_en", "st_suffix": "st_en_de", "vocab_size": 80}
    with pytest.raises(DataError, match="pass --source-lang and --target-lang"):
        join_folders([moved], tmp_path / "data", target_lang="de", **suffixes)
    joined, *_ = join_folders([moved], tmp_path / "data", source_lang="en", target_lang="de", **suffixes)
    assert list(joined) == ["train", "dev", "tst-COMMON", "tst-HE"]
    assert read_manifest(tmp_path / "data" / "dev.tsv")[0]["tgt_lang"] == "de"


def test_new_recordings_at_the_rate_of_features_of_48_khz(tmp_path):
    """prep_covost_data.py does not resample, so neither `join` nor what is computed later may."""
    root = make_covost2(tmp_path)
    options = {"asr_suffix": "asr_en", "st_suffix": "st_en_de", "source_lang": "en", "target_lang": "de"}
    options |= {"vocab_size": 80, "sample_rate": 48000}
    join_folders([prepare_covost_as_fairseq(root)], tmp_path / "data", **options)
    config = JointDataConfig(tmp_path / "data" / "config_joint.yaml")
    assert config.features == {"type": "fbank", "num_mel_bins": 80, "sample_rate": 48000}
    splits = read_corpus("covost2", root, ["de"], progress=False)
    prepare(splits, tmp_path / "new", like=tmp_path / "data", workers=1, progress=False)
    for name, split in splits.items():
        theirs, ours = (read_manifest(tmp_path / folder / f"{name}.tsv") for folder in ("data", "new"))
        for utterance, their, our in zip(split.utterances, theirs, ours, strict=True):
            stored = get_features_or_waveform(f"{config.audio_root}/{their['audio']}")
            new = get_features_or_waveform(f"{tmp_path}/new/{our['audio']}")
            np.testing.assert_array_equal(new, stored)
            np.testing.assert_array_equal(features_from_file(utterance.segment.path, config.features), stored)


def test_one_manifest_named_twice(folder, tmp_path):
    manifest = folder / "train_asr.tsv"
    (tmp_path / "link.tsv").symlink_to(manifest)
    for other in (manifest, tmp_path / "link.tsv"):
        with pytest.raises(DataError, match=r"train_asr\.tsv: is named twice; name the"):
            join_manifests(manifest, other)


def test_a_vocabulary_of_nothing(folder, tmp_path):
    with pytest.raises(DataError, match="--vocab-size must be positive, got 0"):
        join_folders([folder], tmp_path / "data", vocab_size=0)


@pytest.mark.parametrize(
    ("rate", "message"),
    [(0, "--sample-rate must be positive, got 0"), (48, "no filterbank of 80 mel bins at 48 Hz")],
)
def test_rates_that_cannot_be(folder, tmp_path, rate, message):
    with pytest.raises(DataError, match=message):
        join_folders([folder], tmp_path / "data", vocab_size=80, sample_rate=rate)
    assert not (tmp_path / "data").exists()
