"""A generator that needs no model, and the loops of fairseq's tools around a task."""

import json
from typing import ClassVar

import torch
from fairseq import utils
from fairseq.dataclass.configs import GenerationConfig
from torch import nn

from interactive_st.tasks import JointSpeechToTextTask
from tests.joint_corpus import task_arguments


class FakeGenerator:
    """Recognises the length of the speech, and translates it to the language of the tag."""

    made: ClassVar[list["FakeGenerator"]] = []

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
                texts = {"transcript": transcript, "translation": best}
                nbest.append(best | texts | {"pair_score": pair})
            results.append(nbest)
        return results


class FakeModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2))


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


def interactive(task, buffers):
    """What fairseq-interactive does; returns S- lines by running number."""
    model = FakeModel()
    generator = task.build_generator([model], GenerationConfig())
    lines, start = {}, 0
    for buffer in buffers:
        features, lengths = task.get_interactive_tokens_and_lengths(buffer, None)
        dataset = task.build_dataset_for_inference(features, lengths, constraints=None)
        iterator = task.get_batch_iterator(dataset=dataset, max_sentences=2)
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
