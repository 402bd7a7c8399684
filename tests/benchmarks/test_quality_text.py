"""Variants that learn from the texts of the corpus once more, without their speech."""

from pathlib import Path

import pytest
from tiny_runs import LIST

from benchmarks.quality import corpora, run
from benchmarks.quality.corpora import Prepared
from benchmarks.quality.run_list import ListError, read_list
from interactive_st.data.manifest import read_manifest, write_manifest

VARIANT = "  with_text: {like: interactive, text_of: train, train: --lr 7}\n"


def read(tmp_path, variant=VARIANT):
    path = tmp_path / "runs.yaml"
    path.write_text(LIST.replace("groups:\n", f"{variant}groups:\n"), encoding="utf-8")
    return read_list(path)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    row = {"id": "a", "audio": "train.zip:0:9", "n_frames": "9", "tgt_text": "elf", "src_text": "one one"}
    write_manifest(folder / "train.tsv", [row])
    (folder / "train.zip").write_bytes(b"features")
    return folder


def test_options(tmp_path):
    words = read(tmp_path).run("digits", "with_text", 1).train_words()
    assert words[-4:] == ["--train-subset", "train,train_text", "--lr", "7"]
    assert "--train-subset" not in read(tmp_path).run("digits", "interactive", 1).train_words()


@pytest.mark.parametrize("variant", ["{like: pipeline, text_of: train}", "{like: joint, text_of: train}"])
def test_what_is_not_trained_on_speech_is_refused(tmp_path, variant):
    with pytest.raises(ListError, match="text_of is for speech models that are trained; leave it out"):
        read(tmp_path, f"  x: {variant}\n")


def test_the_folder(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for _ in range(2):  # as when a run is continued
        made = corpora.with_text(folder, "train")
    assert {path.name for path in made.iterdir()} == {"train.tsv", "train.zip", "train_text.tsv"}
    assert (made / "train.zip").read_bytes() == b"features"
    [row] = read_manifest(made / "train_text.tsv")
    assert (row["audio"], row["n_frames"], row["src_text"]) == ("", "0", "one one")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_two_runs_may_make_the_folder_at_once(folder, monkeypatch):
    """The other one makes each link just before this one does."""
    link = Path.symlink_to

    def late(self, target):
        there = folder.with_name("data_text_of_train") / target.name
        there.unlink(missing_ok=True)
        link(there, target)
        link(self, target)

    monkeypatch.setattr(Path, "symlink_to", late)
    made = corpora.with_text(folder, "train")
    assert (made / "train.zip").read_bytes() == b"features"
    assert {path.name for path in folder.parent.iterdir()} == {"data", made.name}


def test_links_that_are_right_are_kept_and_others_replaced(folder):
    made = corpora.with_text(folder, "train")
    (made / "train.zip").unlink()
    (made / "train.zip").symlink_to("elsewhere")
    kept = (made / "train.tsv").lstat()
    corpora.with_text(folder, "train")
    assert (made / "train.tsv").lstat().st_ino == kept.st_ino
    assert (made / "train.tsv").lstat().st_ctime_ns == kept.st_ctime_ns
    assert (made / "train.zip").read_bytes() == b"features"


def test_training_reads_that_folder(tmp_path, folder, monkeypatch):
    class StoppedError(Exception):
        pass

    def train(recipe, data, save_dir, words, **others):
        assert read_manifest(data / "train_text.tsv")
        raise StoppedError

    monkeypatch.setattr(run.steps, "train", train)
    wanted = read(tmp_path, VARIANT.replace("like: interactive", "system: interactive"))
    one = wanted.run("digits", "with_text", 1)
    with pytest.raises(StoppedError):
        run.execute(one, tmp_path / "runs", Prepared(folder, ("test",), "1"), 1)
