"""Joining: rows that cannot be trained on, other features, settings that are none, nothing overwritten."""

import re

import pytest
from fairseq_prep import edit

from interactive_st.data.joining.folders import join_folders
from interactive_st.data.joining.manifests import join_files, join_manifests
from interactive_st.data.manifest import read_manifest, write_manifest
from interactive_st.errors import DataError


def blank(path, *numbers):
    """Leave nothing but white space of the texts of rows; 1 is the first row."""
    rows = read_manifest(path)
    for number in numbers:
        rows[number - 1]["tgt_text"] = " "
    write_manifest(path, rows)


@pytest.mark.parametrize("frames", ["abc", "0", "", "-3", "1.5"])
def test_rows_without_a_number_of_frames_are_named(folder, frames):
    number = read_manifest(folder / "dev_asr.tsv")[1]["n_frames"]
    for task in ("asr", "st"):
        edit(folder / f"dev_{task}.tsv", lambda text: text.replace(f"\t{number}\t", f"\t{frames}\t"))
    with pytest.raises(DataError, match=rf"dev_st\.tsv:3 \(ted_3_\d\): n_frames is '{frames}'; a whole"):
        join_manifests(folder / "dev_asr.tsv", folder / "dev_st.tsv")


@pytest.mark.parametrize("place", ["abc:def", "5", "5:", "0:99999999", "-5:9", "5:6:7"])
def test_places_that_are_not_in_the_archive_are_named(folder, place):
    """The archive does not know the ids, so that it cannot correct them."""
    rows = read_manifest(folder / "dev_asr.tsv")
    old = rows[1]["audio"].partition(":")[2]
    for task in ("asr", "st"):
        edit(folder / f"dev_{task}.tsv", lambda text: text.replace(old, place).replace("ted_3_", "talk_"))
    message = rf"dev_st\.tsv:3 \(talk_\d\): '{place}' is not a valid offset:length in .*fbank80"
    with pytest.raises(DataError, match=message):
        join_manifests(folder / "dev_asr.tsv", folder / "dev_st.tsv")


def test_rows_with_one_text_are_counted_and_those_with_none_left_out(folder):
    ids = [row["id"] for row in read_manifest(folder / "train_st.tsv")]
    blank(folder / "train_asr.tsv", 1, 3)
    blank(folder / "train_st.tsv", 1, 4)
    joined = join_manifests(folder / "train_asr.tsv", folder / "train_st.tsv")
    assert [row["id"] for row in joined.rows] == ids[1:]
    assert joined.describe() == [
        "7 rows from train_asr.tsv and train_st.tsv",
        f"1 without a transcript (first: {ids[2]})",
        f"1 without a translation (first: {ids[3]})",
        f"1 with neither text, which were left out (first: {ids[0]})",
    ]
    blank(folder / "train_asr.tsv", *range(1, 9))
    blank(folder / "train_st.tsv", *range(1, 9))
    with pytest.raises(DataError, match="no row has a text"):
        join_manifests(folder / "train_asr.tsv", folder / "train_st.tsv")


def test_overwriting_deletes_no_features_that_are_joined(folder, tmp_path):
    out = tmp_path / "data"
    join_folders([folder], out, vocab_size=80)
    inside = out / "en-de"
    folder.rename(inside)
    with pytest.raises(DataError, match=r"en-de: is input, and inside"):
        join_folders([inside], out, vocab_size=80, overwrite=True)
    inside.rename(folder)
    (folder / "fbank80.zip").rename(out / "fbank80.zip")
    (folder / "fbank80.zip").symlink_to(out / "fbank80.zip")
    with pytest.raises(DataError, match=r"fbank80\.zip: is input, and inside"):
        join_folders([folder], out, vocab_size=80, overwrite=True)
    assert (out / "fbank80.zip").is_file()


def test_a_manifest_does_not_replace_its_archive(folder):
    archive = folder / "fbank80.zip"
    before = archive.read_bytes()
    with pytest.raises(DataError, match="holds the features of the rows"):
        join_files(folder / "train_asr.tsv", folder / "train_st.tsv", archive, overwrite=True)
    assert archive.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1, 2]", "config_st.yaml: no keys and values"),
        ("global_cmvn: abc", "config_st.yaml: global_cmvn is 'abc', where keys and values are needed"),
        ("transforms: [utterance_cmvn]", "config_st.yaml: transforms is .'utterance_cmvn'."),
        ("global_cmvn: {stats_npz_path: [a]}", "stats_npz_path of global_cmvn is .'a'.; name one file"),
    ],
)
def test_configurations_that_are_no_settings(folder, tmp_path, content, message):
    (folder / "config_st.yaml").write_text(content)
    with pytest.raises(DataError, match=message):
        join_folders([folder], tmp_path / "data", vocab_size=80)
    assert not (tmp_path / "data").exists()


def test_a_manifest_is_joined_in_known_languages_only(folder):
    with pytest.raises(DataError, match="--target-lang 'd>e' is not a language code"):
        join_manifests(folder / "dev_asr.tsv", folder / "dev_st.tsv", "en", "d>e")


def test_other_features_are_refused(folder):
    rows = read_manifest(folder / "dev_asr.tsv")
    edit(folder / "dev_asr.tsv", lambda text: text.replace(f"\t{rows[1]['n_frames']}\t", "\t7\t"))
    with pytest.raises(DataError, match=f"1 id with other numbers of frames .first: {rows[1]['id']}"):
        join_manifests(folder / "dev_asr.tsv", folder / "dev_st.tsv")


def test_of_many_ids_with_other_features_the_first_are_named(folder):
    edit(folder / "train_asr.tsv", lambda text: re.sub(r"\t\d+\t", "\t7\t", text))
    with pytest.raises(DataError, match=r"frames \(first: ted_\w+, ted_\w+, ted_\w+, …\); they are not"):
        join_manifests(folder / "train_asr.tsv", folder / "train_st.tsv")


def test_manifests_of_audio_are_refused(folder, tmp_path):
    for task in ("asr", "st"):
        for path in folder.glob(f"*_{task}.tsv"):
            edit(path, lambda text: text.replace("fbank80.zip", "flac.zip"))
    (folder / "fbank80.zip").rename(folder / "flac.zip")
    content = (folder / "flac.zip").read_bytes()
    (folder / "flac.zip").write_bytes(content.replace(b"\x93NUMPY", b"fLaC\x00\x00"))
    with pytest.raises(DataError, match="--use-audio-input"):
        join_folders([folder], tmp_path / "data", vocab_size=80)
