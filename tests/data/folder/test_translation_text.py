"""What stock fairseq's task `translation` is given."""

import tracemalloc

from fairseq import tasks
from fairseq.tasks.translation import TranslationConfig

from interactive_st.data.folder.translation_text import write_translation_text
from interactive_st.data.manifest import write_manifest
from tests.joint_corpus import ROWS, write_corpus

COLUMNS = ("id", "src_text", "tgt_text", "src_lang", "tgt_lang")


def test_rows_with_both_texts_by_language_pair(tmp_path):
    folder = write_corpus(tmp_path, {"train": ROWS, "test": ROWS[:1]})
    write_translation_text(folder, ["train", "test"])
    names = {path.name for path in (folder / "mt").iterdir()}
    assert names == {
        *("dict.de.txt", "dict.en.txt", "dict.fr.txt"),
        *("train.en-de.en", "train.en-de.de", "train.en-fr.en", "train.en-fr.fr"),
        *("test.en-de.en", "test.en-de.de"),
    }
    for language in ("de", "en", "fr"):
        assert (folder / f"mt/dict.{language}.txt").read_bytes() == (folder / "dict.txt").read_bytes()


def test_the_stock_task_reads_the_sentences_back(tmp_path):
    folder = write_corpus(tmp_path, {"train": ROWS})
    write_translation_text(folder, ["train"])
    options = TranslationConfig(data=str(folder / "mt"), source_lang="en", target_lang="de")
    options.dataset_impl, options.train_subset = "raw", "train"
    task = tasks.get_task("translation").setup_task(options)
    task.load_dataset("train")
    item = task.dataset("train")[0]
    assert len(task.dataset("train")) == 1
    read = [task.source_dictionary.string(item["source"], "sentencepiece")]
    read.append(task.target_dictionary.string(item["target"], "sentencepiece"))
    assert read == ["four two", "zweiundvierzig"]


def test_without_a_complete_row_there_is_no_folder(tmp_path):
    folder = write_corpus(tmp_path)
    rows = [
        dict(zip(COLUMNS, values, strict=True))
        for values in (
            ("a", "one", "", "en", "de"),
            ("b", "", "eins", "en", "de"),
            ("c", "one", "two", "en", "en"),
        )
    ]
    write_manifest(folder / "train.tsv", rows)
    write_translation_text(folder, ["train"])
    assert not (folder / "mt").exists()


def test_large_splits_are_written_row_by_row(tmp_path):
    folder = write_corpus(tmp_path, {"train": ROWS})
    texts = ("four two " * 9, "zwei " * 20, "en", "de")
    rows = [dict(zip(COLUMNS, (i, *texts), strict=True)) for i in range(2000)]
    write_manifest(folder / "train.tsv", rows, COLUMNS)
    write_translation_text(folder, ["train"])  # what is made once is made before
    tracemalloc.start()
    write_translation_text(folder, ["train"])
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < (folder / "train.tsv").stat().st_size / 2
    assert len((folder / "mt/train.en-de.de").read_text(encoding="utf-8").splitlines()) == 2000
