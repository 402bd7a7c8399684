"""The systems that are measured, ours and stock fairseq's: a training step, decoding, what they wrote."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import torch
from fairseq.data import Dictionary
from fairseq.sequence_generator import SequenceGenerator
from torch import Tensor, nn

from benchmarks import models
from benchmarks.workload import Sample, of_stream, of_texts, text_input
from interactive_st.conventions import STREAM_NAMES
from interactive_st.search import DualBeamGenerator

CLIP = 10.0
#: What stock fairseq's contestants write, 0 = transcript, 1 = translation, and their options.
STOCK_STREAMS: dict[str, tuple[int, dict[str, bool]]] = {
    "stock_asr": (0, {}),
    "stock_e2e": (1, {}),
    "stock_e2e_half": (1, {"half": True}),
    "stock_e2e_amp": (1, {"amp": True}),
    "stock_e2e_ctc": (1, {}),
}
#: The systems of ours, and their options.
OURS: dict[str, tuple[str, dict[str, Any]]] = {name: (name, {}) for name in models.OURS} | {
    "interactive_joint": ("interactive", {"search": "joint"}),
    "interactive_half": ("interactive", {"half": True}),
    "interactive_amp": ("interactive", {"amp": True}),
    "interactive_launched": ("interactive", {"cuda_graphs": False}),
    "interactive_ctc": ("interactive", {}),
}
NAMES = (*OURS, "pipeline", *STOCK_STREAMS, "stock_pipeline")

#: What was written for a batch: by text, for each sentence, the tokens of its hypotheses.
Written = dict[str, list[list[Tensor]]]


class Contestant:
    """A model that is trained and decoded on the batches of :mod:`benchmarks.workload`.

    Args:
        model: of any system.
        criterion: its loss.
        entries: the vocabulary.
        beam: hypotheses a sentence in decoding.
        texts: those that it writes.
        half: decode in half precision, as ``--half`` and ``fairseq-generate --fp16`` do.
        amp: train in bfloat16 where that is precise enough.
    """

    trains = True  # whether the speed of training means anything

    def __init__(
        self,
        model: nn.Module,
        criterion: nn.Module,
        entries: Dictionary,
        beam: int,
        texts: Sequence[str],
        *,
        half: bool = False,
        amp: bool = False,
    ) -> None:
        self.model, self.criterion, self.entries = model, criterion, entries
        self.beam, self.texts = beam, tuple(texts)
        self.half, self.amp = half, amp
        self._optimizer: torch.optim.Optimizer | None = None

    @property
    def parameters(self) -> int:
        """Number of parameters; a tied table counts once."""
        return sum(parameter.numel() for parameter in self.model.parameters())

    def samples(self, batches: Sequence[Sample]) -> list[Sample]:
        """The batches as this system is given them."""
        return list(batches)

    def train(self, samples: Sequence[Sample]) -> None:
        """An update for each batch: forward, loss, backward, clipping, Adam (torch's, for all alike)."""
        self.model.train()
        parameters = list(self.model.parameters())
        if self._optimizer is None:
            self._optimizer = torch.optim.Adam(parameters, lr=1e-5, betas=(0.9, 0.98))
        for sample in samples:
            self._optimizer.zero_grad()
            with torch.autocast(parameters[0].device.type, torch.bfloat16, enabled=self.amp):
                loss, size, _ = self.criterion(self.model, sample)
            (loss / size).backward()
            nn.utils.clip_grad_norm_(parameters, CLIP)
            self._optimizer.step()

    def pause_training(self) -> None:
        """Give back what only training needs."""
        self._optimizer = None
        self.model.zero_grad(set_to_none=True)

    def end_training(self) -> None:
        """Give back what only training needs, and make ready for decoding as ``fairseq-generate`` does."""
        self.pause_training()
        if self.half:
            on_cpu = next(self.model.parameters()).device.type == "cpu"
            self.model.to(torch.bfloat16 if on_cpu else torch.float16)
        generation = SimpleNamespace(beam=self.beam, no_beamable_mm=False, print_alignment=None)
        self.model.prepare_for_inference_(SimpleNamespace(generation=generation))

    def decode(self, samples: Sequence[Sample]) -> list[Written]:
        """Decode each batch to texts of its forced length."""
        return [self.write(sample) for sample in samples]

    def write(self, sample: Sample) -> Written:
        """Decode one batch."""
        # features come in single precision from their files: the cast is part of the work
        return self._write(in_precision(sample, next(self.model.parameters()).dtype))

    def _write(self, sample: Sample) -> Written:
        raise NotImplementedError

    def _forced(self, sample: Sample) -> dict[str, int]:
        length = sample["forced_length"]
        return {"beam_size": self.beam, "max_len_a": 0, "max_len_b": length, "min_len": length}


class OurSystem(Contestant):
    """A model of ours, with our criterion and our generator."""

    def __init__(self, *args: Any, search: str = "rank", cuda_graphs: bool = True, **options: Any) -> None:
        super().__init__(*args, **options)
        self.search, self.cuda_graphs = search, cuda_graphs

    def _write(self, sample: Sample) -> Written:
        generator = DualBeamGenerator(
            [self.model],
            self.entries,
            search=self.search,
            cuda_graphs=self.cuda_graphs,
            **self._forced(sample),
        )
        results = generator.generate([self.model], sample)
        return {
            text: [[hypothesis[text]["tokens"] for hypothesis in nbest] for nbest in results]
            for text in self.texts
        }


def in_precision(sample: Sample, dtype: torch.dtype) -> Sample:
    """The batch with its features in ``dtype``."""
    net_input = {
        name: value.to(dtype) if torch.is_tensor(value) and value.is_floating_point() else value
        for name, value in sample["net_input"].items()
    }
    return {**sample, "net_input": net_input}


class StockModel(Contestant):
    """A model of stock fairseq, with its criterion and its generator."""

    def _write(self, sample: Sample) -> Written:
        generator = SequenceGenerator([self.model], self.entries, **self._forced(sample))
        with torch.no_grad():
            results = generator.generate([self.model], sample)
        tokens = [[hypothesis["tokens"] for hypothesis in nbest] for nbest in results]
        return {self.texts[0]: tokens}


class StockSpeech(StockModel):
    """``s2t_transformer`` writing one stream."""

    def __init__(self, stream: int, *args: Any, **options: Any) -> None:
        super().__init__(*args, STREAM_NAMES[stream : stream + 1], **options)
        self.stream = stream

    def samples(self, batches: Sequence[Sample]) -> list[Sample]:
        samples = [of_stream(batch, self.stream) for batch in batches]
        # as the task has them, for CTC
        return [{**s, "target_lengths": s["target"].ne(self.entries.pad()).sum(dim=1)} for s in samples]


class Pipeline:
    """A recogniser, then stock fairseq's ``transformer`` on its best transcript.

    The transcript goes over as tokens: turning it to text and back is left out. The two models are trained
    apart, so there is no speed of training to compare.
    """

    trains = False
    texts = STREAM_NAMES

    def __init__(self, recogniser: Contestant, translator: StockModel) -> None:
        self.recogniser, self.translator = recogniser, translator

    @property
    def parameters(self) -> int:
        return self.recogniser.parameters + self.translator.parameters

    def samples(self, batches: Sequence[Sample]) -> list[Sample]:
        return list(batches)

    def train(self, samples: Sequence[Sample]) -> None:
        """Train the one, give back what it needed, then train the other."""
        self.recogniser.train(self.recogniser.samples(samples))
        self.recogniser.pause_training()
        self.translator.train([of_texts(sample, self.translator.entries) for sample in samples])
        self.translator.pause_training()

    def end_training(self) -> None:
        self.recogniser.end_training()
        self.translator.end_training()

    def decode(self, samples: Sequence[Sample]) -> list[Written]:
        """Recognise and translate each batch; both texts have its forced length."""
        return [self._write(sample) for sample in samples]

    def _write(self, sample: Sample) -> Written:
        [spoken] = self.recogniser.samples([sample])
        transcripts = self.recogniser.write(spoken)
        heard = [nbest[0] for nbest in transcripts["transcript"]]
        net_input = text_input(heard, sample, self.translator.entries)
        return transcripts | self.translator.write(
            {"net_input": net_input, "forced_length": sample["forced_length"]}
        )


System = Contestant | Pipeline


def build(
    name: str, size: str, entries: Dictionary, beam: int, device: torch.device, front_end: str | None = None
) -> System:
    """An untrained contestant.

    Args:
        name: of ``NAMES``.
        size: of ``models.SUFFIX``.
        entries: the vocabulary.
        beam: hypotheses a sentence in decoding.
        device: where it works.
        front_end: of our models, ``conv1d`` or ``stack``; None: the size's own. Stock fairseq has conv1d.
    """
    torch.manual_seed(1)
    if name in ("pipeline", "stock_pipeline"):
        first = "asr" if name == "pipeline" else "stock_asr"
        recogniser = build(first, size, entries, beam, device, front_end)
        model = models.stock_text_model(entries, recogniser.model.decoder).to(device)
        translator = StockModel(model, models.stock_loss(entries), entries, beam, STREAM_NAMES[1:])
        return Pipeline(recogniser, translator)
    ctc = name.endswith("_ctc")
    if name in STOCK_STREAMS:
        stream, options = STOCK_STREAMS[name]
        model = models.stock_speech_model(size, entries, ctc).to(device)
        return StockSpeech(stream, model, models.stock_loss(entries, ctc), entries, beam, **options)
    system, options = OURS[name]
    model = models.our_model(system, size, entries, front_end).to(device)
    texts = [STREAM_NAMES[stream] for stream in model.decoder.streams]
    return OurSystem(model, models.our_loss(entries, recipe=ctc).to(device), entries, beam, texts, **options)
