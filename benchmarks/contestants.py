"""The systems that are measured, ours and stock fairseq's: their sizes, a training step, decoding."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import torch
from fairseq.criterions.label_smoothed_cross_entropy import LabelSmoothedCrossEntropyCriterion
from fairseq.data import Dictionary
from fairseq.models import ARCH_CONFIG_REGISTRY, ARCH_MODEL_REGISTRY
from fairseq.sequence_generator import SequenceGenerator
from torch import nn

from benchmarks.workload import FEATURES, Sample, of_stream, of_texts, text_input
from interactive_st.criterions import JointLabelSmoothedCrossEntropyCriterion
from interactive_st.search import DualBeamGenerator

SMOOTHING, CLIP = 0.1, 10.0
#: Entries of the vocabulary and architecture of stock fairseq by size; ours are named by suffix.
VOCABULARY = {"paper": 33_000, "s": 10_000, "xs": 10_000, "tiny": 1_000}
SUFFIX = {"paper": "", "s": "_s", "xs": "_xs", "tiny": "_tiny"}
STOCK = {"paper": "s2t_transformer", "s": "s2t_transformer_s", "xs": "s2t_transformer_xs"}
STOCK["tiny"] = "s2t_transformer_xs"
#: Where stock fairseq's architecture of that name differs from ours.
STOCK_OPTIONS: dict[str, dict[str, Any]] = {
    "paper": {"encoder_layers": 6, "encoder_normalize_before": False, "decoder_normalize_before": False},
    "tiny": {
        "encoder_layers": 4,
        "decoder_layers": 2,
        "encoder_embed_dim": 192,
        "encoder_ffn_embed_dim": 768,
        "conv_channels": 256,
    },
}
OURS = {"e2e": "e2e_st", "asr": "asr", "multitask": "multitask_st", "two_stage": "two_stage_st"}
OURS["interactive"] = "interactive_st"
STOCK_STREAMS = {"stock_asr": 0, "stock_e2e": 1}
NAMES = ("e2e", "multitask", "two_stage", "interactive", "pipeline", "asr", "stock_e2e", "stock_asr")


class Contestant:
    """A model that is trained and decoded on the batches of :mod:`benchmarks.workload`.

    Args:
        model: of any system.
        criterion: its loss.
        entries: the vocabulary.
        beam: hypotheses a sentence in decoding.
    """

    trains = True  # whether the speed of training means anything

    def __init__(self, model: nn.Module, criterion: nn.Module, entries: Dictionary, beam: int) -> None:
        self.model, self.criterion, self.entries, self.beam = model, criterion, entries, beam
        self._optimizer: torch.optim.Optimizer | None = None

    @property
    def parameters(self) -> int:
        """Number of parameters; a tied table counts once."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    def samples(self, batches: Sequence[Sample]) -> list[Sample]:
        """The batches as this system is given them."""
        return list(batches)

    def train(self, samples: Sequence[Sample]) -> None:
        """An update for each batch: forward, loss, backward, clipping, Adam."""
        self.model.train()
        parameters = list(self.model.parameters())
        if self._optimizer is None:
            self._optimizer = torch.optim.Adam(parameters, lr=1e-5, betas=(0.9, 0.98))
        for sample in samples:
            self._optimizer.zero_grad()
            loss, size, _ = self.criterion(self.model, sample)
            (loss / size).backward()
            nn.utils.clip_grad_norm_(parameters, CLIP)
            self._optimizer.step()

    def pause_training(self) -> None:
        """Give back what only training needs."""
        self._optimizer = None
        self.model.zero_grad(set_to_none=True)

    def end_training(self) -> None:
        """Give back what only training needs, and make ready for decoding."""
        self.pause_training()
        self.model.make_generation_fast_(need_attn=False)

    def decode(self, samples: Sequence[Sample]) -> None:
        """Decode each batch to texts of its forced length."""
        for sample in samples:
            self.write(sample)

    def write(self, sample: Sample) -> list[list[dict[str, Any]]]:
        """fairseq's hypotheses of one batch."""
        raise NotImplementedError

    def _forced(self, sample: Sample) -> dict[str, int]:
        length = sample["forced_length"]
        return {"beam_size": self.beam, "max_len_a": 0, "max_len_b": length, "min_len": length}


class OurSystem(Contestant):
    def write(self, sample: Sample) -> list[list[dict[str, Any]]]:
        generator = DualBeamGenerator([self.model], self.entries, **self._forced(sample))
        return generator.generate([self.model], sample)


class StockModel(Contestant):
    """A model of stock fairseq, with its criterion and its generator."""

    def write(self, sample: Sample) -> list[list[dict[str, Any]]]:
        generator = SequenceGenerator([self.model], self.entries, **self._forced(sample))
        with torch.no_grad():
            return generator.generate([self.model], sample)


class StockSpeech(StockModel):
    """``s2t_transformer`` writing one stream."""

    def __init__(self, stream: int, *args: Any) -> None:
        super().__init__(*args)
        self.stream = stream

    def samples(self, batches: Sequence[Sample]) -> list[Sample]:
        return [of_stream(batch, self.stream) for batch in batches]


class Pipeline:
    """Our recogniser, then stock fairseq's ``transformer`` on its best transcript.

    The transcript goes over as tokens: turning it to text and back is left out. The two models are trained
    apart, so there is no speed of training to compare.
    """

    trains = False

    def __init__(self, recogniser: OurSystem, translator: StockModel) -> None:
        self.recogniser, self.translator = recogniser, translator

    @property
    def parameters(self) -> int:
        return self.recogniser.parameters + self.translator.parameters

    def samples(self, batches: Sequence[Sample]) -> list[Sample]:
        return list(batches)

    def train(self, samples: Sequence[Sample]) -> None:
        """Train the one, give back what it needed, then train the other."""
        self.recogniser.train(samples)
        self.recogniser.pause_training()
        self.translator.train([of_texts(sample, self.translator.entries) for sample in samples])
        self.translator.pause_training()

    def end_training(self) -> None:
        self.recogniser.end_training()
        self.translator.end_training()

    def decode(self, samples: Sequence[Sample]) -> None:
        for sample in samples:
            heard = [nbest[0]["tokens"] for nbest in self.recogniser.write(sample)]
            net_input = text_input(heard, sample, self.translator.entries)
            self.translator.write({"net_input": net_input, "forced_length": sample["forced_length"]})


System = Contestant | Pipeline


def build(name: str, size: str, entries: Dictionary, beam: int, device: torch.device) -> System:
    """The contestant called ``name`` (of ``NAMES``) in a ``size`` (of ``SUFFIX``), untrained."""
    torch.manual_seed(1)
    if name == "pipeline":
        recogniser = build("asr", size, entries, beam, device)
        model = _text_model(entries, recogniser.model.decoder)
        return Pipeline(recogniser, StockModel(model.to(device), _stock_loss(entries), entries, beam))
    if name in STOCK_STREAMS:
        model = _speech_model(STOCK[size], entries, STOCK_OPTIONS.get(size, {}))
        loss = _stock_loss(entries)
        return StockSpeech(STOCK_STREAMS[name], model.to(device), loss, entries, beam)
    model = _speech_model(OURS[name] + SUFFIX[size], entries, {})
    task = SimpleNamespace(target_dictionary=entries)
    loss = JointLabelSmoothedCrossEntropyCriterion(task, False, SMOOTHING)
    return OurSystem(model.to(device), loss, entries, beam)


def _speech_model(arch: str, entries: Dictionary, options: dict[str, Any]) -> nn.Module:
    args = Namespace(
        input_feat_per_channel=FEATURES,
        input_channels=1,
        max_source_positions=6000,
        max_target_positions=1024,
        share_decoder_input_output_embed=True,
        **options,
    )
    ARCH_CONFIG_REGISTRY[arch](args)
    return ARCH_MODEL_REGISTRY[arch].build_model(args, SimpleNamespace(target_dictionary=entries))


def _text_model(entries: Dictionary, like: Any) -> nn.Module:
    """A ``transformer`` with the decoder's dimensions, as many encoder layers, and one tied table."""
    options = {name: getattr(like.args, name) for name in vars(like.args) if name.startswith("decoder_")}
    names = ("layers", "embed_dim", "ffn_embed_dim", "attention_heads", "normalize_before")
    options |= {f"encoder_{name}": options[f"decoder_{name}"] for name in names}
    args = Namespace(
        **options, share_all_embeddings=True, max_source_positions=1024, max_target_positions=1024
    )
    ARCH_CONFIG_REGISTRY["transformer"](args)
    task = SimpleNamespace(source_dictionary=entries, target_dictionary=entries)
    return ARCH_MODEL_REGISTRY["transformer"].build_model(args, task)


def _stock_loss(entries: Dictionary) -> nn.Module:
    task = SimpleNamespace(target_dictionary=entries)
    return LabelSmoothedCrossEntropyCriterion(task, False, SMOOTHING)
