"""Which texts a decoding run writes, and what the task then prints, scores and refuses."""

from argparse import Namespace

import pytest
import torch
from fairseq.dataclass.configs import GenerationConfig
from torch import nn

from interactive_st.errors import DataError
from interactive_st.tasks.joint_speech_to_text import SpeechToTextTask
from interactive_st.tasks.pairs import describe_hypotheses
from interactive_st.tasks.written_texts import streams_to_write
from tests.fake_decoding import FakeModel, setup


class OneText(FakeModel):
    def __init__(self, stream):
        super().__init__()
        self.streams = (stream,)


def checkpoint(path, **options):
    torch.save({"cfg": {"model": Namespace(**options)}, "model": {}}, path)
    return str(path)


def test_a_checkpoint_says_what_it_writes(tmp_path):
    e2e = checkpoint(tmp_path / "e2e.pt", streams="st")
    both = checkpoint(tmp_path / "both.pt", streams="both")
    older = checkpoint(tmp_path / "older.pt")
    assert streams_to_write(Namespace(path=e2e)) == (1,)
    assert streams_to_write(Namespace(path=f"{e2e}:{e2e}", model_overrides="{}")) == (1,)
    assert streams_to_write(Namespace(path=both)) == streams_to_write(Namespace(path=older)) == (0, 1)
    assert streams_to_write(Namespace(path=both, model_overrides="{'streams': 'asr'}")) == (0,)


def test_the_file_that_is_loaded_says_so(tmp_path):
    """With --checkpoint-suffix and --checkpoint-shard-count it has another name than --path."""
    for name in ("a_b.pt", "a_part0.pt", "a_b-shard0.pt"):
        checkpoint(tmp_path / name, streams="st")
        given = {"checkpoint_suffix": "_b" * ("_b" in name), "checkpoint_shard_count": 1 + ("part" in name)}
        assert streams_to_write(Namespace(path=str(tmp_path / "a.pt"), **given)) == (1,)
        (tmp_path / name).unlink()
    stored = checkpoint(tmp_path / "a.pt", streams="asr")
    # fairseq-validate has the suffix of the training
    assert streams_to_write(Namespace(path=stored, checkpoint_suffix="_b")) == (0,)


def test_without_a_checkpoint_both_are_expected(tmp_path):
    torch.save({"model": {}}, tmp_path / "other.pt")
    for path in (None, tmp_path / "gone.pt", tmp_path / "other.pt"):
        assert streams_to_write(Namespace(path=path and str(path))) == (0, 1)
    assert streams_to_write(Namespace()) == (0, 1)


@pytest.mark.parametrize("content", [b"", b"hello", b"not a checkpoint"])
def test_what_is_no_checkpoint_is_refused(tmp_path, content):
    (tmp_path / "broken.pt").write_bytes(content)
    with pytest.raises(DataError, match=r"broken\.pt: not a checkpoint of fairseq-train \(.+\); name a file"):
        streams_to_write(Namespace(path=str(tmp_path / "broken.pt")))


def test_the_older_format_of_checkpoints_is_read(tmp_path):
    state = {"args": Namespace(streams="asr"), "model": {}}
    torch.save(state, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    assert streams_to_write(Namespace(path=str(tmp_path / "old.pt"))) == (0,)


def test_there_is_a_source_dictionary_where_there_are_two_texts(folder, tmp_path):
    assert setup(folder).source_dictionary is not None
    assert setup(folder, path=checkpoint(tmp_path / "a.pt", streams="st")).source_dictionary is None


def build(folder, monkeypatch, stream, **options):
    monkeypatch.setattr(SpeechToTextTask, "build_model", lambda *_: OneText(stream))
    task = setup(folder, **options)
    task.build_model(Namespace(arch="e2e_st"))
    return task


def test_scores_of_a_text_that_is_not_written_are_refused(folder, monkeypatch):
    with pytest.raises(ValueError, match="--eval-wer scores transcripts, which --arch e2e_st does not"):
        build(folder, monkeypatch, 1, eval_wer=True)
    with pytest.raises(ValueError, match="--eval-bleu scores translations"):
        build(folder, monkeypatch, 0, eval_bleu=True)


def test_what_an_encoder_began_with_need_not_be_there_any_more(folder, monkeypatch):
    monkeypatch.setattr(SpeechToTextTask, "build_model", lambda *_: OneText(1))
    for from_checkpoint, expected in ((False, "asr.pt"), (True, None)):
        args = Namespace(arch="e2e_st", load_pretrained_encoder_from="asr.pt")
        setup(folder).build_model(args, from_checkpoint=from_checkpoint)
        assert args.load_pretrained_encoder_from == expected


def test_options_of_translations_are_refused_where_there_is_none(folder, monkeypatch):
    for options in ({"prefix_size": 1}, {"no_repeat_ngram_size": 2}):
        config = GenerationConfig(**options)
        task = build(folder, monkeypatch, 0)
        with pytest.raises(ValueError, match="concerns the translation, which this model does not write"):
            task.build_generator([OneText(0)], config)
        build(folder, monkeypatch, 1).build_generator([OneText(1)], config)


def test_a_prefix_is_refused_where_there_are_no_references(folder, monkeypatch):
    task = build(folder, monkeypatch, 1)
    task._has_references = False
    with pytest.raises(ValueError, match="--prefix-size 2 forces the beginning of the references, and there"):
        task.build_generator([OneText(1)], GenerationConfig(prefix_size=2))
    task.build_generator([OneText(1)], GenerationConfig())


class OneTextGenerator(nn.Module):
    """Knows one text: the tokens it is made with."""

    def __init__(self, name, tokens):
        super().__init__()
        text = {"tokens": tokens, "score": torch.tensor(-1.0)}
        absent = {"transcript": None, "translation": None}
        self.hypothesis = {**text, **absent, name: text, "pair_score": text["score"]}

    def generate(self, models, sample, prefix_tokens=None, constraints=None):
        return [[dict(self.hypothesis)] for _ in sample["net_input"]["src_lengths"]]


@pytest.mark.parametrize(("stream", "name"), [(0, "transcript"), (1, "translation")])
def test_the_tools_are_given_the_reference_of_the_text_that_is_written(folder, monkeypatch, stream, name):
    task = build(folder, monkeypatch, stream)
    task.load_dataset("test")
    dataset = task.dataset("test")
    iterator = task.get_batch_iterator(dataset, max_sentences=4)
    sample = next(iterator.next_epoch_itr(shuffle=False))
    reference = sample["targets"][stream].clone()
    tokens = torch.tensor([task.target_dictionary.index("▁elf"), 2])
    found = task.inference_step(OneTextGenerator(name, tokens), [OneText(stream)], sample)
    missing = reference.eq(1).all(dim=1)
    assert missing.sum() == 1  # one row lacks this text, and gets an empty reference instead
    assert torch.equal(sample["target"][~missing], reference[~missing])
    described = describe_hypotheses(found[0], task.detokenise)[0]
    other = ("translation", "transcript")[stream]
    assert (described[name], described[other]) == ("elf", None)
    assert (described[f"{name}_score"], described[f"{other}_score"]) == (-1.0, None)
    assert described["score"] == -1.0
