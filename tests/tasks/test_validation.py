import logging
from argparse import Namespace

import pytest
import torch

from interactive_st.tasks.joint_speech_to_text import SpeechToTextTask
from tests.data.datasets.test_text_alone import write_texts
from tests.fake_decoding import FakeGenerator, FakeModel, four, heard, setup
from tests.joint_corpus import write_config, write_split
from tests.tasks.test_joint_speech_to_text import FakeCriterion


def test_subwords_are_sampled_in_training_alone(folder):
    sampling = {"sentencepiece_enable_sampling": True, "sentencepiece_alpha": 0.1}
    write_config(
        folder, bpe_tokenizer={"bpe": "sentencepiece", "sentencepiece_model": "spm_joint.model", **sampling}
    )
    rows = [("a", 30, "siebzehn zweiundvierzig", "one one three four two", "", "en", "de")]
    for split in ("train", "test"):
        write_split(folder, split, rows)
    task = setup(folder)
    for split in ("train", "test"):
        task.load_dataset(split)
    seen = {
        split: {tuple(task.dataset(split)[0].texts[1].tolist()) for _ in range(20)}
        for split in ("train", "test")
    }
    assert len(seen["train"]) > 1
    assert len(seen["test"]) == 1


def test_validation_of_text_alone_is_not_decoded(folder, monkeypatch):
    monkeypatch.setattr(SpeechToTextTask, "build_model", lambda *_: FakeModel())
    write_texts(folder, "dev_text")
    task = setup(folder, eval_bleu=True, eval_wer=True)
    model = task.build_model(Namespace())
    monkeypatch.setattr(FakeGenerator, "generate", lambda *_, **__: pytest.fail("there is nothing to hear"))
    task._has_criterion = True  # a training, or fairseq-validate
    task.load_dataset("dev_text")
    dataset = task.dataset("dev_text")
    sample = dataset.collater([dataset[row] for row in range(len(dataset))])
    output = task.valid_step(sample, model, FakeCriterion())[2]
    assert (output["_wer_words"], output["_bleu_ref_len"]) == (0, 0)


def test_a_process_of_fewer_batches_has_nothing_to_validate(folder):
    task = setup(folder)
    loss, size, log = task.valid_step({}, torch.nn.Linear(1, 1), FakeCriterion())
    assert (float(loss), size, log) == (0.0, 0, {})


def test_validation_in_half_precision_has_features_of_it(folder, monkeypatch):
    monkeypatch.setattr(SpeechToTextTask, "build_model", lambda *_: FakeModel())
    task = setup(folder)
    model = torch.nn.Linear(1, 1).half()
    task.load_dataset("test")
    sample = task.dataset("test").collater([task.dataset("test")[0]])
    seen = []

    class Criterion(FakeCriterion):
        def forward(self, model, sample):
            seen.append(sample["net_input"]["src_tokens"].dtype)
            return super().forward(model, sample)

    task.valid_step(sample, model, Criterion())
    assert seen == [torch.half]


@pytest.mark.parametrize("shown", [True, False])
def test_a_hypothesis_and_its_reference_are_shown_where_asked_for(folder, monkeypatch, caplog, shown):
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(SpeechToTextTask, "build_model", lambda *_: FakeModel())
    task = setup(folder, eval_bleu=True, eval_wer=True, eval_bleu_print_samples=shown)
    model = task.build_model(Namespace())
    rows = [("a", 10, "elf", "", "", "en", "de"), ("b", 20, "elf", "two four", "", "en", "de")]
    write_split(folder, "dev", rows)
    task.load_dataset("dev")
    dataset = task.dataset("dev")
    task.valid_step(dataset.collater([dataset[row] for row in range(2)]), model, FakeCriterion())
    examples = [line for line in caplog.messages if line.startswith("example ")]
    assert (
        examples
        == [
            f"example transcript hypothesis: {heard(20, four(task, 'de'))}",
            "example transcript reference: two four",
            "example translation hypothesis: elf elf",
            "example translation reference: elf",
        ]
        * shown
    )
