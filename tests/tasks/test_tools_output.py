"""What fairseq-generate and fairseq-interactive get from the task."""

import numpy as np
import pytest
import torch
from fairseq.dataclass.configs import GenerationConfig

from interactive_st.conventions import TRANSCRIPT
from interactive_st.errors import DataError
from tests.fake_decoding import FakeModel, four, generate, heard, interactive, read, setup
from tests.joint_corpus import FEATURES, ROWS, write_config, write_split


@pytest.mark.parametrize("half", [False, True])
def test_transcripts_are_printed_beside_the_references(folder, half):
    task = setup(folder)
    source, target, generator = generate(task, half=half)
    assert source == {i: heard(row[1], four(task, row[6])) for i, row in enumerate(ROWS)}
    assert target == {i: row[2] for i, row in enumerate(ROWS)}
    assert set(generator.dtypes) == {torch.float16 if half else torch.float32}


def test_one_to_many_rows_get_their_own_transcripts(folder):
    rows = [(name, 30, "elf", "one", "", "en", lang) for name, lang in (("a", "de"), ("b", "fr"))]
    write_split(folder, "test", rows)
    task = setup(folder)
    source, _, _ = generate(task)
    assert source == {0: heard(30, four(task, "de")), 1: heard(30, four(task, "fr"))}
    assert source[0] != source[1]


def test_a_corpus_without_translations_has_no_references_to_print(folder):
    write_split(folder, "test", [row for row in ROWS if not row[2]])
    source, target, _ = generate(setup(folder))
    assert len(source) == 1
    assert target == {}


def test_references_of_a_recogniser_are_transcripts(folder):
    write_split(folder, "test", [row for row in ROWS if not row[2]])
    task = setup(folder)
    task._streams = (TRANSCRIPT,)
    task.load_dataset("test")
    iterator = task.get_batch_iterator(task.dataset("test"), max_sentences=4)
    sample = next(iterator.next_epoch_itr(shuffle=False))
    task.inference_step(task.build_generator([FakeModel()], GenerationConfig()), [FakeModel()], sample)
    assert torch.equal(sample["target"], sample["targets"][TRANSCRIPT])


def test_transcripts_are_found_where_a_feature_is_like_padding(folder):
    write_config(folder, feature_transforms=None)
    features = np.load(folder / "test_a.npy")
    features[3, 2] = 1.0  # the index of padding, which the tools take off
    np.save(folder / "test_a.npy", features)
    source, _, _ = generate(setup(folder))
    assert source[0] == heard(30, source[0].count("four"))


def test_pairs_file_is_complete_and_in_corpus_order(folder, tmp_path):
    path = tmp_path / "pairs.jsonl"
    task = setup(folder, pairs_path=str(path))
    generate(task, nbest=2)
    pairs = read(path)
    assert [pair["id"] for pair in pairs] == [row[0] for row in ROWS]
    best = {"transcript": heard(30, four(task, "de")), "translation": "elf elf elf"}
    scores = {"transcript_score": -1.0, "translation_score": -1.0, "score": -2.0}
    second = dict.fromkeys(("transcript_score", "translation_score"), -2.0) | {"score": -3.0}
    assert pairs[0] == best | scores | {
        "id": "a",
        "reference_transcript": "four two",
        "reference_translation": "zweiundvierzig",
        "speaker": "theo",
        "src_lang": "en",
        "tgt_lang": "de",
        "nbest": [
            best | scores,
            best | {"transcript": best["transcript"] + " one"} | second,
        ],
    }
    assert pairs[1]["reference_transcript"] is None
    assert pairs[2]["reference_translation"] is None
    assert pairs[3]["speaker"] is None


def test_pairs_of_several_subsets_and_of_shards(folder, tmp_path):
    write_split(folder, "test_b", [("x", 10, "elf", "one", "", "en", "de")])
    path = tmp_path / "pairs.jsonl"
    generate(setup(folder, pairs_path=str(path)), "test,test_b")
    assert [pair["id"] for pair in read(path)] == ["a", "b", "c", "d", "x"]
    path.unlink()
    for shard in (0, 1):
        generate(setup(folder, pairs_path=str(path)), shards=(2, shard))
    parts = [[pair["id"] for pair in read(tmp_path / f"pairs.jsonl.{shard}")] for shard in (0, 1)]
    assert sorted(parts) == [["a", "d"], ["b", "c"]]
    assert not path.exists()


def test_pieces_that_no_tokeniser_made_are_joined_everywhere(folder, tmp_path):
    """By --post-process, which fairseq-generate applies to what it prints of translations."""
    write_config(folder, bpe_tokenizer=None)
    write_split(folder, "test", [("a", 30, "▁elf ▁vier zig", "▁four ▁two", "", "en", "de")])
    path = tmp_path / "pairs.jsonl"
    task = setup(folder, path="model.pt", post_process="sentencepiece", pairs_path=str(path))
    task.load_dataset("test")
    iterator = task.get_batch_iterator(task.dataset("test"), max_sentences=1)
    sample = next(iterator.next_epoch_itr(shuffle=False))
    task.inference_step(task.build_generator([FakeModel()], GenerationConfig()), [FakeModel()], sample)
    (pair,) = read(path)
    assert (pair["reference_transcript"], pair["reference_translation"]) == ("four two", "elf vierzig")
    assert (pair["transcript"], pair["translation"]) == (heard(30, four(task, "de")), "elf elf elf")
    features = sample["net_input"]["src_tokens"][0]
    assert task.source_dictionary.string(features, "sentencepiece") == pair["transcript"]


def test_interactive_input_is_numbered_over_buffers(folder, tmp_path, monkeypatch):
    at_exit = []
    monkeypatch.setattr("atexit.register", at_exit.append)
    path = tmp_path / "pairs.jsonl"
    task = setup(folder, pairs_path=str(path))
    files = [str(folder / f"test_{name}.npy") for name in "abcda"]
    lines = interactive(task, [files[:3], files[3:]])
    frames = [30, 50, 40, 20, 30]
    assert lines == {i: heard(n, four(task, "de")) for i, n in enumerate(frames)}
    assert not path.exists()
    for write in at_exit:
        write()
    pairs = read(path)
    assert [pair["id"] for pair in pairs] == ["0", "1", "2", "3", "4"]
    assert [pair["transcript"] for pair in pairs] == list(lines.values())
    assert pairs[0]["reference_translation"] is None
    assert (pairs[0]["src_lang"], pairs[0]["tgt_lang"]) == ("en", "de")


def test_interactive_features_are_those_of_the_corpus(folder):
    task = setup(folder)
    task.load_dataset("test")
    path = str(folder / "test_a.npy")
    features, lengths = task.get_interactive_tokens_and_lengths([path], None)
    dataset = task.build_dataset_for_inference(features, lengths)
    assert torch.equal(dataset[0].source, task.dataset("test")[0].source)
    with pytest.raises(DataError, match=r"gone\.npy"):
        task.get_interactive_tokens_and_lengths([str(folder / "gone.npy")], None)


def test_interactive_input_needs_languages(folder):
    task = setup(folder, target_lang="xx")
    features = [np.zeros((5, FEATURES), dtype=np.float32)]
    with pytest.raises(DataError, match="in 'xx', but <lang:xx> is not in the dictionary"):
        task.build_dataset_for_inference(features, [5])
