import shutil

import numpy as np
import pytest
from fairseq.data.audio.audio_utils import get_features_or_waveform
from fairseq_prep import edit, write_archive

from interactive_st.data.joining.fairseq_manifest import Archives
from interactive_st.data.joining.manifests import join_manifests
from interactive_st.data.manifest import read_manifest, write_manifest
from interactive_st.errors import DataError


def of(folder, split="dev"):
    return join_manifests(folder / f"{split}_asr.tsv", folder / f"{split}_st.tsv")


def test_manifests_of_two_archives_whose_entries_have_other_names(folder):
    """Then nothing says which of two places is right."""
    rows = read_manifest(folder / "dev_asr.tsv")
    features = {f"x{row['id']}": get_features_or_waveform(row["audio"]) for row in rows}
    places = write_archive(folder / "fbank80.zip", features, seed=1)
    for task in ("asr", "st"):
        table = read_manifest(folder / f"dev_{task}.tsv")
        write_manifest(
            folder / f"dev_{task}.tsv", [row | {"audio": places[f"x{row['id']}"]} for row in table]
        )
    assert len(of(folder).rows) == len(rows)
    other = [
        row | {"audio": places[f"x{rows[-1 - i]['id']}"]}
        for i, row in enumerate(read_manifest(folder / "dev_asr.tsv"))
    ]
    write_manifest(folder / "dev_asr.tsv", other)
    with pytest.raises(DataError, match="is at two places; prepare both again"):
        of(folder)


def test_places_of_entries_whose_names_are_not_ascii(folder):
    rows = read_manifest(folder / "dev_asr.tsv")
    for task in ("asr", "st"):
        edit(folder / f"dev_{task}.tsv", lambda text: text.replace("ted_", "tédé_"))
    features = {row["id"].replace("ted_", "tédé_"): get_features_or_waveform(row["audio"]) for row in rows}
    write_archive(folder / "fbank80.zip", features, seed=1)
    for row in of(folder).rows:
        np.testing.assert_array_equal(get_features_or_waveform(row["audio"]), features[row["id"]])


def test_an_archive_that_is_where_the_manifest_says_is_taken(folder, tmp_path):
    """And not one of the same name beside the manifest, as of another language."""
    shutil.copytree(folder, tmp_path / "copy")
    assert of(tmp_path / "copy").archives == {(folder / "fbank80.zip").resolve()}


def test_the_languages_of_a_data_folder_are_those_of_its_name_or_the_options(folder, tmp_path):
    from interactive_st.data.datasets.config import JointDataConfig
    from interactive_st.data.joining.folders import join_folders

    for given, expected in (({}, ("en", "de")), ({"source_lang": "fr", "target_lang": "nl"}, ("fr", "nl"))):
        out = tmp_path / "-".join(expected)
        join_folders([folder], out, vocab_size=80, **given)
        config = JointDataConfig(out / "config_joint.yaml")
        assert (config.source_lang, config.target_lang) == expected
        rows = read_manifest(out / "dev.tsv")
        assert {(row["src_lang"], row["tgt_lang"]) for row in rows} == {expected}


@pytest.mark.parametrize("option", ["source_lang", "target_lang"])
def test_one_language_alone_does_not_contradict_the_name_of_the_folder(folder, tmp_path, option):
    """German was marked as French."""
    from interactive_st.data.joining.folders import join_folders

    message = f"en-de: --{option.replace('_', '-')} fr is not in the pair that the folder is named after"
    with pytest.raises(DataError, match=message):
        join_folders([folder], tmp_path / "data", vocab_size=80, **{option: "fr"})
    assert not (tmp_path / "data").exists()


def test_a_region_may_be_added_to_the_name_of_the_folder(folder, tmp_path):
    from interactive_st.data.joining.folders import join_folders

    join_folders([folder], tmp_path / "data", vocab_size=80, target_lang="de-AT")
    assert {row["tgt_lang"] for row in read_manifest(tmp_path / "data" / "dev.tsv")} == {"de-AT"}


@pytest.mark.parametrize("name", ["zh-CN", "sv-SE", "my-data", "en-de-clean"])
def test_a_name_that_is_no_pair_of_languages(folder, tmp_path, name):
    """prep_covost_data.py fills a folder of the language spoken: zh-CN was taken for zh into CN."""
    from interactive_st.data.joining.folders import join_folders

    moved = folder.rename(tmp_path / name)
    with pytest.raises(DataError, match=f"{name}: its name is not a language pair"):
        join_folders([moved], tmp_path / "data", vocab_size=80)
    options = {"source_lang": "zh-CN", "target_lang": "en", "vocab_size": 80}
    join_folders([moved], tmp_path / "data", **options)
    assert {row["src_lang"] for row in read_manifest(tmp_path / "data" / "dev.tsv")} == {"zh-CN"}
    with pytest.raises(DataError, match="its name is not a language pair"):
        join_folders([tmp_path], tmp_path / "more", vocab_size=80)


def test_of_several_folders_the_names_alone_say_the_languages(folder, tmp_path):
    """--target-lang, which is for one folder, was given as a way out."""
    from interactive_st.data.joining.folders import join_folders

    for name in ("eng-deu", "eng-fra", "en-it-clean"):
        shutil.copytree(folder, tmp_path / name)
    deu, fra, clean = (tmp_path / name for name in ("eng-deu", "eng-fra", "en-it-clean"))
    with pytest.raises(DataError, match=r"-lang en is not in .*, eng-deu; leave it out, or rename"):
        join_folders([deu, fra], tmp_path / "data", vocab_size=80, source_lang="en")
    with pytest.raises(DataError, match=r"en-it-clean: its name is not a language pair .*; rename it$"):
        join_folders([deu, clean], tmp_path / "data", vocab_size=80)
    join_folders([deu, fra], tmp_path / "data", vocab_size=80)
    moved = [deu.rename(tmp_path / "en-de-AT"), clean.rename(tmp_path / "en-it")]
    join_folders(moved, tmp_path / "more", vocab_size=80, source_lang="en")
    assert {path.stem for path in (tmp_path / "more").glob("dev*.tsv")} == {"dev_de-AT", "dev_it"}


def test_the_name_of_a_link_counts_where_that_of_its_folder_says_nothing(folder, tmp_path):
    from interactive_st.data.joining.folders import join_folders

    link = tmp_path / "en-fr"
    for name, language in (("prepared", "fr"), ("en-de", "de")):
        folder = folder.rename(tmp_path / name)
        link.unlink(missing_ok=True)
        link.symlink_to(folder)
        join_folders([link], tmp_path / "data", vocab_size=80, overwrite=True)
        assert read_manifest(tmp_path / "data" / "dev.tsv")[0]["tgt_lang"] == language


@pytest.mark.parametrize("language", ["zh-CN", "sr-Latn", "pt-br"])
def test_a_pair_with_a_region(folder, tmp_path, language):
    from interactive_st.data.joining.folders import join_folders

    join_folders([folder.rename(tmp_path / f"en-{language}")], tmp_path / "data", vocab_size=80)
    row = read_manifest(tmp_path / "data" / "dev.tsv")[0]
    assert (row["src_lang"], row["tgt_lang"]) == ("en", language)


def test_the_vocabulary_is_that_of_the_training_texts(folder, tmp_path):
    from interactive_st.data.joining.folders import join_folders

    for task in ("asr", "st"):
        edit(
            folder / f"dev_{task}.tsv",
            lambda text: text.replace("\t", "\t", 1).replace("it works", "ŵŷ works").replace("Es", "Ŵŷ"),
        )
    assert "ŵ" in (folder / "dev_asr.tsv").read_text("utf-8")
    join_folders([folder], tmp_path / "data", vocab_size=80)
    assert "ŵ" not in (tmp_path / "data" / "dict.txt").read_text("utf-8")


def test_channels_of_features_are_taken_over(folder, tmp_path):
    import yaml

    from interactive_st.data.joining.folders import join_folders

    edit(folder / "config_st.yaml", lambda text: text.replace("input_channels: 1", "input_channels: 2"))
    join_folders([folder], tmp_path / "data", vocab_size=80)
    assert yaml.safe_load((tmp_path / "data" / "config_joint.yaml").read_text())["input_channels"] == 2


def test_each_of_several_moved_folders_has_its_own_archive(tmp_path):
    archives, folders = Archives(), [tmp_path / "en-de", tmp_path / "en-nl"]
    for folder in folders:
        folder.mkdir()
        (folder / "fbank80.zip").touch()
    found = [archives.resolve(folder / "dev_st.tsv", "/gone/fbank80.zip:0:1")[0] for folder in folders]
    assert found == [(folder / "fbank80.zip").resolve() for folder in folders]


def test_an_archive_beside_what_a_linked_manifest_leads_to(tmp_path):
    (tmp_path / "en-de").mkdir()
    for name in ("dev_st.tsv", "fbank80.zip"):
        (tmp_path / "en-de" / name).touch()
    (tmp_path / "joint.tsv").symlink_to(tmp_path / "en-de" / "dev_st.tsv")
    found, _ = Archives().resolve(tmp_path / "joint.tsv", "/gone/fbank80.zip:0:1")
    assert found == (tmp_path / "en-de" / "fbank80.zip").resolve()


def test_a_place_ends_with_its_archive_at_the_latest(tmp_path):
    (tmp_path / "fbank80.zip").write_bytes(bytes(100))
    places = ("90:10", "90:11", "101:0")
    assert [Archives().holds(tmp_path / "fbank80.zip", place) for place in places] == [True, False, False]
