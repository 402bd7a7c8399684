"""What a sample and a batch of speech with two texts hold, and what is refused."""

import numpy as np
import pytest
import torch
from fairseq.data import Dictionary
from fairseq.data.data_utils import numpy_seed

from interactive_st.data.datasets.config import JointDataConfig
from interactive_st.data.datasets.features_dataset import FeaturesDataset
from interactive_st.errors import DataError
from tests.joint_corpus import ROWS, load, write_config, write_split

PAD, EOS = 1, 2


def text_of(dataset, ids):
    return dataset.bpe_tokenizer.decode(dataset.tgt_dict.string(ids))


def test_batch_holds_both_texts_in_the_order_of_the_frames(folder):
    dataset = load(folder)
    batch = dataset.collater([dataset[i] for i in range(4)])
    assert batch["id"].tolist() == [1, 2, 0, 3]
    assert batch["net_input"]["src_lengths"].tolist() == [50, 40, 30, 20]
    assert batch["net_input"]["src_tokens"].shape == (4, 50, 8)
    targets, previous = batch["targets"], batch["net_input"]["prev_output_tokens"]
    tags = batch["lang_tags"]
    en, de, fr = (dataset.tgt_dict.index(f"<lang:{lang}>") for lang in ("en", "de", "fr"))
    assert tags.tolist() == [[en] * 4, [de, de, de, fr]]
    assert targets.shape == previous.shape
    assert targets.dtype == previous.dtype == tags.dtype == torch.long
    for row, number in enumerate(batch["id"].tolist()):
        for stream, text in enumerate((ROWS[number][3], ROWS[number][2])):
            length = batch[("transcript_lengths", "target_lengths")[stream]][row]
            ids = targets[stream, row]
            assert (ids[length:] == PAD).all()
            assert (previous[stream, row, length:] == PAD).all()
            if not text:
                assert length == 0
                continue
            assert ids[length - 1] == EOS
            assert text_of(dataset, ids[: length - 1]) == text
            assert previous[stream, row, 0] == tags[stream, row]
            assert torch.equal(previous[stream, row, 1:length], ids[: length - 1])
    assert torch.equal(batch["target"], targets[1])
    assert torch.equal(batch["transcript"], targets[0])
    assert batch["ntokens"] == int((targets != PAD).sum())
    assert batch["nsentences"] == 4
    assert batch["transcript_lengths"].tolist()[0] == 0
    assert batch["target_lengths"].tolist()[1] == 0
    ordered = dataset.collater([dataset[i] for i in range(4)], return_order=True)
    assert ordered.keys() - batch.keys() == {"order"}
    assert ordered["order"].tolist() == [1, 2, 0, 3]


def test_a_batch_without_any_text_is_padding(folder):
    dataset = load(folder)
    batch = dataset.collater([dataset[1]])  # no transcript
    assert (batch["transcript"] == PAD).all()
    assert dataset.collater([]) == {}


def test_size_is_frames_and_the_longer_text_with_its_end(folder):
    dataset = load(folder)
    batch = dataset.collater([dataset[i] for i in range(4)])
    lengths = torch.maximum(batch["transcript_lengths"], batch["target_lengths"]).tolist()
    sizes = [dataset.size(i) for i in batch["id"].tolist()]
    assert sizes == list(zip([50, 40, 30, 20], lengths, strict=True))


def test_features_are_normalised(folder):
    source = load(folder)[0].source
    assert source.dtype == torch.float32
    assert source.mean(0).abs().max() < 1e-5
    assert (source.std(0, unbiased=False) - 1).abs().max() < 1e-3


def test_specaugment_masks_training_features_only(folder):
    masks = {"freq_mask_N": 2, "freq_mask_F": 3, "time_mask_N": 2, "time_mask_T": 9}
    write_config(
        folder,
        feature_transforms={"*": ["utterance_cmvn"], "_train": ["utterance_cmvn", "specaugment"]},
        specaugment={"time_warp_W": 0, "time_mask_p": 1.0, **masks},
    )
    plain = load(folder, "test")[0].source
    np.testing.assert_array_equal(np.load(folder / "train_a.npy"), np.load(folder / "test_a.npy"))
    with numpy_seed(3):
        masked = load(folder, "train", is_train=True)[0].source
    changed = masked != plain
    assert changed.any()
    assert not changed.all()


def test_features_of_another_size_are_named(folder):
    write_config(folder, input_channels=3)
    with pytest.raises(DataError, match=r"test\.tsv:2 \(a\): .*\(30, 8\), \(frames, 24\)"):
        load(folder)[0]


def test_concat_augment_joins_speech_and_texts_that_both_rows_have(folder):
    write_config(
        folder,
        feature_transforms=None,
        dataset_transforms={"_train": ["concataugment"]},
        concataugment={"rate": 1.0, "max_tokens": 0, "attempts": 1000},
    )
    rows = [("a", 30, "elf", "one one", "", "en", "de"), ("b", 50, "vier", "", "", "en", "de")]
    rows.append(("c", 20, "zwei", "two", "", "en", "de"))
    write_split(folder, "train", rows)
    dataset = load(folder, "train", is_train=True)
    seen = {}
    for seed in range(8):
        with numpy_seed(seed):
            item = dataset[0]
        texts = tuple(text_of(dataset, text) for text in item.texts)
        seen[len(item.source)] = texts
    # joined with b, the transcript of which is unknown, a would lose its own
    assert seen == {30: ("one one", "elf"), 50: ("one one two", "elf zwei")}


@pytest.mark.parametrize("languages", [("en", "fr"), ("fr", "de")])
def test_concat_augment_joins_no_languages(folder, languages):
    write_config(
        folder,
        dataset_transforms={"_train": ["concataugment"]},
        concataugment={"rate": 1.0, "max_tokens": 0, "attempts": 1000},
    )
    write_split(folder, "train", [*ROWS[:1], ("x", 20, "elf", "one", "", *languages)])
    dataset = load(folder, "train", is_train=True)
    with numpy_seed(1):
        assert [len(dataset[row].source) for row in (0, 1)] == [30, 20]


def test_a_stock_manifest_is_a_corpus_without_transcripts(folder):
    lines = ["id\taudio\tn_frames\ttgt_text\tspeaker", "a\ttest_a.npy\t30\telf\ttheo"]
    (folder / "dev.tsv").write_text("\n".join(lines) + "\n")
    dataset = load(folder, "dev")
    batch = dataset.collater([dataset[0]])
    assert (batch["transcript"] == PAD).all()
    assert text_of(dataset, batch["target"][0]) == "elf"


def test_rows_without_any_text_are_left_out_of_training_only(folder):
    bare = ("e", 10, "", " ", "", "en", "de")
    write_split(folder, "train", [*ROWS, bare])
    write_split(folder, "test", [bare])
    assert len(load(folder, "train", is_train=True)) == 4
    assert len(load(folder, "test")) == 1
    write_split(folder, "train", [bare])
    with pytest.raises(DataError, match="train: no row has a transcript"):
        load(folder, "train", is_train=True)


def test_a_language_without_a_tag_is_named_with_its_row(folder):
    write_split(folder, "test", [*ROWS[:1], ("x", 9, "ja", "yes", "", "en", "ja")])
    with pytest.raises(DataError) as error:
        load(folder)
    assert f"{folder / 'test.tsv'}:3 (x): the translation is in 'ja'" in str(error.value)
    assert "<lang:ja> is not in the dictionary dict.txt" in str(error.value)


def test_a_row_without_a_language_takes_the_default_or_is_named(folder):
    write_split(folder, "test", [("x", 9, "elf", "one", "", "", "")])
    tag = load(folder).tgt_dict.index
    assert load(folder)[0].tags == (tag("<lang:en>"), tag("<lang:de>"))
    assert load(folder, target_lang="fr")[0].tags == (tag("<lang:en>"), tag("<lang:fr>"))
    write_config(folder, source_lang=None)
    with pytest.raises(DataError, match=r"test\.tsv:2 \(x\): the transcript has no language; .*src_lang"):
        load(folder)


def test_several_subsets_keep_their_own_tags_and_one_numbering(folder):
    write_split(folder, "test_b", ROWS[3:])
    dataset = load(folder, "test,test_b")
    assert len(dataset) == 5
    batch = dataset.collater([dataset[i] for i in range(5)])
    assert sorted(batch["id"].tolist()) == [0, 1, 2, 3, 4]
    last = batch["id"].tolist().index(4)
    assert batch["lang_tags"][1, last] == dataset.datasets[0].tgt_dict.index("<lang:fr>")


def test_resampling_needs_one_language_pair_a_subset(folder):
    write_config(folder, sampling_alpha=0.5)
    write_split(folder, "train_a", ROWS[:3])
    write_split(folder, "train_b", ROWS[3:])
    assert len(load(folder, "train_a,train_b", is_train=True)) > 3
    with pytest.raises(DataError, match="train: sampling_alpha"):
        load(folder, "train,train_b", is_train=True)


@pytest.mark.parametrize("sampling", [True, False])
def test_subword_sampling_gives_another_text_each_time(folder, sampling):
    class Pieces:
        enable_sampling = sampling

        def __init__(self):
            self.seen = []

        def encode(self, text):
            self.seen.append(text)
            return " ".join(["▁"] * len(self.seen))

    pieces = Pieces()
    dataset = load(folder, bpe=pieces)
    pieces.seen.clear()
    lengths = [[len(text) for text in dataset[0].texts] for _ in range(2)]
    if sampling:
        assert pieces.seen == ["four two", "zweiundvierzig"] * 2
        assert lengths == [[2, 3], [4, 5]]  # with the end
    else:
        assert not pieces.seen
        assert lengths[0] == lengths[1]


def test_unreadable_features_and_bad_rows_are_named(folder):
    dataset = load(folder)
    (folder / "test_a.npy").unlink()
    with pytest.raises(DataError, match=r"test\.tsv:2 \(a\): .*test_a\.npy: no features"):
        dataset[0]
    (folder / "test.tsv").write_text("id\taudio\tn_frames\na\ttest_b.npy\tmany\n")
    with pytest.raises(DataError, match=r"test\.tsv:2 \(a\): n_frames is 'many'"):
        load(folder)
    (folder / "skipped.tsv").touch()  # no split, but the rows that prepare left out
    with pytest.raises(FileNotFoundError, match=r"gone\.tsv: no such split; .* holds test, train$"):
        load(folder, "gone")


def test_features_in_memory_are_transformed_once_and_batches_remembered(folder):
    masks = {"time_warp_W": 0, "freq_mask_N": 1, "freq_mask_F": 8, "time_mask_N": 1, "time_mask_T": 30}
    transforms = {"*": ["utterance_cmvn"], "_train": ["utterance_cmvn", "specaugment"]}
    write_config(folder, feature_transforms=transforms, specaugment=masks | {"time_mask_p": 1.0})
    config = JointDataConfig(folder / "config_joint.yaml")
    features = [np.load(folder / f"test_{name}.npy") for name in "ab"]
    dictionary = Dictionary.load(str(folder / "dict.txt"))
    dataset = FeaturesDataset(config, features, [30, 50], dictionary)
    batch = dataset.collater([dataset[0], dataset[1]])
    assert "targets" not in batch
    assert batch["lang_tags"].shape == (2, 2)
    assert list(dataset.batches) == [[1, 0]]
    assert torch.equal(dataset[0].source, load(folder)[0].source), "as of a file, and nothing is masked"
    assert not dataset.has_texts(0)
    stored = load(folder)
    assert torch.equal(batch["net_input"]["src_tokens"][0], stored[1].source)
    assert torch.equal(dataset[0].source, stored[0].source)
