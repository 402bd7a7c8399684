import json
import logging
from argparse import Namespace

import numpy as np
import pytest
import torch
from fairseq.data.data_utils import numpy_seed
from fairseq.dataclass.configs import GenerationConfig
from torch import nn

from interactive_st.conventions import BOTH
from interactive_st.criterions import JointLabelSmoothedCrossEntropyCriterion
from interactive_st.errors import DataError
from interactive_st.modules.streams import parse_streams
from interactive_st.tasks.joint_speech_to_text import SpeechToTextTask
from tests.fake_decoding import FakeGenerator, FakeModel, four, heard, setup
from tests.joint_corpus import ROWS, task_arguments, write_split


def test_options_reach_the_generator(folder):
    task = setup(folder, search="joint", target_lang="fr", encoder_max_tokens=500, no_cuda_graphs=True)
    task.build_generator([FakeModel()], GenerationConfig(beam=4, lenpen=0.6))
    settings = FakeGenerator.made[-1].settings
    index = task.target_dictionary.index
    assert settings["search"] == "joint"
    assert (settings["encoder_max_tokens"], settings["cuda_graphs"]) == (500, False)
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
    assert (args.search, args.eval_bleu, args.eval_wer) == (None, False, False)
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
    task.load_dataset("test")
    sample = task.dataset("test").collater([task.dataset("test")[0]])
    _, _, output = task.valid_step(sample, model, FakeCriterion())
    assert set(output) == {"loss", "ntokens", "nsentences"}


def test_a_configuration_without_keys_is_named(folder):
    (folder / "config_joint.yaml").write_text("# nothing\n")
    with pytest.raises(DataError, match=r"config_joint\.yaml: no keys; write vocab_filename"):
        setup(folder)


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


@pytest.mark.parametrize(("arch", "kept"), [("asr_s", True), ("e2e_st_s", False), ("multitask_st_s", False)])
def test_a_long_translation_is_too_long_for_those_that_write_it(folder, arch, kept):
    write_split(folder, "train_long", [(*ROWS[0][:2], " ".join(["a"] * 60), "a", *ROWS[0][4:])])
    task = setup(folder)
    task._streams = parse_streams({"asr_s": "asr", "e2e_st_s": "st"}.get(arch, "both"))
    task.load_dataset("train_long")
    dataset = task.dataset("train_long")
    rows, left_out = dataset.filter_indices_by_size(np.arange(1), (1000, 20))
    assert (rows.tolist() == [0]) == kept
    assert bool(left_out) != kept


def test_text_is_limited_in_training_alone(folder):
    write_split(folder, "train_b", ROWS[:4])
    task = setup(folder, max_text_tokens=1)
    for split, batches in (("train_b", 4), ("test", 1)):
        task.load_dataset(split)
        iterator = task.get_batch_iterator(task.dataset(split), max_tokens=1000, seed=1)
        assert len(iterator.frozen_batches) == batches


@pytest.mark.parametrize("from_checkpoint", [True, False])
def test_a_model_that_decodes_needs_the_gates_of_its_checkpoint(folder, monkeypatch, from_checkpoint):
    monkeypatch.setattr(SpeechToTextTask, "build_model", lambda *_: FakeModel())
    model = setup(folder).build_model(Namespace(wait_k="3"), from_checkpoint)
    assert model.loading.require_gates == from_checkpoint


@pytest.mark.parametrize("from_checkpoint", [True, False])
def test_a_training_says_that_there_is_nothing_to_go_on_from(folder, monkeypatch, caplog, from_checkpoint):
    monkeypatch.setattr(SpeechToTextTask, "build_model", lambda *_: FakeModel())
    setup(folder, restore_file="gone.pt").build_model(Namespace(wait_k="3"), from_checkpoint)
    assert ("--restore-file gone.pt: no such file" in caplog.text) == (not from_checkpoint)


def test_a_trained_model_is_validated_with_the_options_it_was_trained_with(folder, monkeypatch):
    """fairseq-validate makes the criterion of those that the checkpoint holds."""
    model = FakeModel()
    model.streams, model.decoder = BOTH, Namespace(reads_other_text=False)  # as --model-overrides may have it
    monkeypatch.setattr(SpeechToTextTask, "build_model", lambda *_: model)
    task = setup(folder, eval_bleu_args='{"beam": 2}')
    stored = JointLabelSmoothedCrossEntropyCriterion(
        task, False, 0.1, prefix_corruption=0.1, prefix_corruption_of="partner"
    )
    monkeypatch.setattr(SpeechToTextTask, "build_criterion", lambda *_: stored)
    task.build_model(Namespace(wait_k="3"), from_checkpoint=True)
    assert task.build_criterion(None) is stored
    task.build_model(Namespace(wait_k="3"), from_checkpoint=False)
    with pytest.raises(ValueError, match="--eval-bleu-args is for validation that decodes"):
        task.build_criterion(None)
    task.args.eval_bleu_args = '{"beam": 1}'
    with pytest.raises(ValueError, match="--prefix-corruption-of partner corrupts what the other text reads"):
        task.build_criterion(None)


def test_a_trained_recogniser_keeps_options_of_validation_that_concern_translations(folder, monkeypatch):
    model = FakeModel()
    model.streams = (0,)
    monkeypatch.setattr(SpeechToTextTask, "build_model", lambda *_: model)
    task = setup(folder, eval_wer=True, eval_bleu_args='{"no_repeat_ngram_size": 3}')
    monkeypatch.setattr(task, "_build_search", lambda *_: None)
    task.build_model(Namespace(arch="asr_s"), from_checkpoint=True)
    with pytest.raises(ValueError, match="concerns the translation, which this model does not write"):
        task.build_model(Namespace(arch="asr_s"), from_checkpoint=False)
