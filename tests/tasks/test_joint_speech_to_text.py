import json
import logging
from argparse import Namespace

import numpy as np
import pytest
import torch
from fairseq import utils
from fairseq.data.data_utils import numpy_seed
from fairseq.dataclass.configs import GenerationConfig
from torch import nn

from interactive_st import search
from interactive_st.data.errors import DataError
from interactive_st.tasks import JointSpeechToTextTask
from interactive_st.tasks.joint_speech_to_text import SpeechToTextTask
from tests.joint_corpus import FEATURES, ROWS, task_arguments, write_corpus, write_split


class FakeGenerator:
    """Recognises the length of the speech, and translates it to the language of the tag."""

    made: list["FakeGenerator"] = []  # noqa: RUF012

    def __init__(self, models, tgt_dict, **settings):
        self.dictionary, self.settings = tgt_dict, settings
        self.symbols_to_strip_from_output = settings["symbols_to_strip_from_output"]
        self.dtypes = []
        FakeGenerator.made.append(self)

    def hypothesis(self, text, tag, rank):
        pieces = ["▁" + word for word in text.split()]
        ids = [tag, *(self.dictionary.index(piece) for piece in pieces), self.dictionary.eos()]
        return {"tokens": torch.tensor(ids), "score": torch.tensor(-1.0 - rank)}

    def generate(self, models, sample, prefix_tokens=None, constraints=None):
        self.dtypes.append(sample["net_input"]["src_tokens"].dtype)
        lengths = sample["net_input"]["src_lengths"].tolist()
        tags = sample.get("lang_tags")
        if tags is None:
            tags = torch.tensor(self.settings["default_tags"])[:, None].repeat(1, len(lengths))
        results = []
        for row, length in enumerate(lengths):
            source, target = tags[:, row].tolist()
            nbest = []
            for rank in range(3):
                # `four` marks the target language, so that one-to-many rows differ
                words = ["two"] * (length // 10) + ["four"] * (target - source) + ["one"] * rank
                best = self.hypothesis("elf " * (length // 10), target, rank)
                transcript = self.hypothesis(" ".join(words), source, rank)
                pair = torch.tensor(-2.0 - rank)
                nbest.append(best | {"transcript": transcript, "pair_score": pair})
            results.append(nbest)
        return results


class FakeModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))


@pytest.fixture(autouse=True)
def fake_generator(monkeypatch):
    monkeypatch.setattr(search, "DualBeamGenerator", FakeGenerator)
    FakeGenerator.made.clear()


@pytest.fixture
def folder(tmp_path):
    folder = write_corpus(tmp_path / "data")
    # whole words, so that the fake generator needs no tokeniser
    path = folder / "dict.txt"
    entries = path.read_text(encoding="utf-8")
    known = {line.split(" ")[0] for line in entries.splitlines()}
    words = {f"▁{word}" for word in ("one", "two", "four", "elf")}
    path.write_text(entries + "".join(f"{word} 1\n" for word in sorted(words - known)), "utf-8")
    return folder


def setup(folder, **changes):
    return JointSpeechToTextTask.setup_task(task_arguments(folder, **changes))


def generate(task, split="test", half=False, shards=(1, 0), **options):
    """What fairseq-generate does with a task; returns S- and T- lines by id, and the generator."""
    options = GenerationConfig(**options)
    model = FakeModel().half() if half else FakeModel()
    task.load_dataset(split, task_cfg=None)
    iterator = task.get_batch_iterator(
        dataset=task.dataset(split),
        max_sentences=2,
        required_batch_size_multiple=8,
        num_shards=shards[0],
        shard_id=shards[1],
    ).next_epoch_itr(shuffle=False)
    extra = {"lm_model": None, "lm_weight": 0.0}
    generator = task.build_generator([model], options, extra_gen_cls_kwargs=extra)
    bpe, dictionary = task.build_bpe(None), task.target_dictionary
    source, target = {}, {}
    for sample in iterator:
        if "net_input" not in sample:
            continue
        task.inference_step(generator, [model], sample, prefix_tokens=None, constraints=None)
        for row, number in enumerate(sample["id"].tolist()):
            speech = utils.strip_pad(sample["net_input"]["src_tokens"][row, :], dictionary.pad())
            source[number] = bpe.decode(task.source_dictionary.string(speech, None))
            if sample["target"] is not None:
                ids = utils.strip_pad(sample["target"][row, :], dictionary.pad()).int().cpu()
                assert len(ids)  # fairseq's default scorer crashes on nothing
                target[number] = bpe.decode(dictionary.string(ids))
    return source, target, generator


def interactive(task, buffers, batch_size=2):
    """What fairseq-interactive does; returns S- lines by running number."""
    model = FakeModel()
    generator = task.build_generator([model], GenerationConfig())
    lines, start = {}, 0
    for buffer in buffers:
        features, lengths = task.get_interactive_tokens_and_lengths(buffer, None)
        dataset = task.build_dataset_for_inference(features, lengths, constraints=None)
        iterator = task.get_batch_iterator(dataset=dataset, max_sentences=batch_size)
        found = []
        for batch in iterator.next_epoch_itr(shuffle=False):
            net_input = {key: batch["net_input"][key] for key in ("src_tokens", "src_lengths")}
            task.inference_step(generator, [model], {"net_input": net_input})
            for row, number in enumerate(batch["id"].tolist()):
                speech = utils.strip_pad(net_input["src_tokens"][row], 1)
                found.append((start + number, speech))
        for number, speech in sorted(found, key=lambda pair: pair[0]):
            lines[number] = task.source_dictionary.string(speech, None)
        start += len(buffer)
    return lines


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def heard(n_frames, four=1):
    return " ".join(["two"] * (n_frames // 10) + ["four"] * four)


def four(task, language):
    """How often the fake transcript says `four` for a target language."""
    index = task.target_dictionary.index
    return max(index(f"<lang:{language}>") - index("<lang:en>"), 0)


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


def test_options_reach_the_generator(folder):
    task = setup(folder, search="joint", target_lang="fr")
    task.build_generator([FakeModel()], GenerationConfig(beam=4, lenpen=0.6))
    settings = FakeGenerator.made[-1].settings
    index = task.target_dictionary.index
    assert settings["search"] == "joint"
    assert (settings["beam_size"], settings["len_penalty"]) == (4, 0.6)
    assert settings["default_tags"] == (index("<lang:en>"), index("<lang:fr>"))
    tags = {index(f"<lang:{language}>") for language in ("en", "de", "fr")}
    assert settings["symbols_to_strip_from_output"] == tags


def test_what_cannot_be_honoured_is_refused(folder):
    with pytest.raises(ValueError, match="--multitask-config-yaml cannot be honoured"):
        setup(folder, multitask_config_yaml="multitask.yaml")
    task = setup(folder)
    with pytest.raises(ValueError, match="--sampling True cannot be honoured"):
        task.build_generator([FakeModel()], GenerationConfig(sampling=True))
    with pytest.raises(ValueError, match="seq_gen_cls"):
        task.build_generator([FakeModel()], GenerationConfig(), seq_gen_cls=object)


def test_options_of_the_command_line_have_the_documented_defaults(folder):
    args = task_arguments(folder)
    assert args.config_yaml == "config_joint.yaml"
    assert (args.search, args.eval_bleu, args.eval_wer) == ("rank", False, False)
    assert json.loads(args.eval_bleu_args) == {"beam": 1}
    assert setup(folder).max_positions() == (6000, 1024)


class FakeCriterion(nn.Module):
    def forward(self, model, sample):
        return torch.tensor(1.0), 1, {"loss": 1.0, "ntokens": 1, "nsentences": 1}

    @staticmethod
    def reduce_metrics(logging_outputs):
        pass


def test_validation_decodes_what_is_asked_for(folder, monkeypatch):
    from fairseq.logging import metrics

    monkeypatch.setattr(SpeechToTextTask, "build_model", lambda *_: FakeModel())
    options = '{"beam": 3, "max_len_b": 7}'
    task = setup(folder, eval_bleu=True, eval_wer=True, eval_bleu_args=options)
    model = task.build_model(Namespace())
    assert FakeGenerator.made[-1].settings["beam_size"] == 3
    assert FakeGenerator.made[-1].settings["max_len_b"] == 7
    write_split(folder, "dev", [("a", 30, "elf elf elf elf", "two two four", "", "en", "de")])
    task.load_dataset("dev")
    dataset = task.dataset("dev")
    sample = dataset.collater([dataset[0]])
    _, _, output = task.valid_step(sample, model, FakeCriterion())
    assert heard(30, four(task, "de")) == "two two two"
    assert (output["_wer_errors"], output["_wer_words"]) == (1, 3)
    assert (output["_bleu_sys_len"], output["_bleu_ref_len"]) == (3, 4)
    with metrics.aggregate(new_root=True) as aggregator:
        task.reduce_metrics([output, output], FakeCriterion())
        values = aggregator.get_smoothed_values()
    assert values["wer"] == pytest.approx(100 / 3, abs=0.01)
    assert "bleu" in values
    # validation leaves nothing behind for the tools
    assert task.source_dictionary.string(sample["net_input"]["src_tokens"][0]) == ""


def test_without_the_options_validation_does_not_decode(folder, monkeypatch):
    monkeypatch.setattr(SpeechToTextTask, "build_model", lambda *_: FakeModel())
    task = setup(folder)
    model = task.build_model(Namespace())
    assert FakeGenerator.made == []
    _, _, output = task.valid_step({}, model, FakeCriterion())
    assert set(output) == {"loss", "ntokens", "nsentences"}


def test_training_subsets_have_to_be_named_train(folder, caplog):
    caplog.set_level(logging.INFO)
    with pytest.raises(ValueError, match='named like "train'):
        setup(folder, train_subset="test")
    write_split(folder, "train_b", ROWS[:1])
    task = setup(folder, train_subset="train,train_b")
    task.load_dataset("train,train_b", epoch=1)
    assert len(task.dataset("train,train_b")) == 5
    with numpy_seed(1):
        assert len(task.dataset("train,train_b").ordered_indices()) == 5
