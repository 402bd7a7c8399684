"""Operations and bytes that no implementation can leave out, of models of given dimensions.

- Every matrix times every row that it concerns, two operations a weight, and the products of attention;
- in decoding every weight of the decoder once a step, the keys and values of the encoder once a step and
  those of the hypotheses once each; activations are taken to stay in the cache of the processor.

Training takes three times the operations of the forward pass. Softmax, dropout, sorting and everything else
count nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

from torch import nn

from interactive_st.models.front_end import KEEP_EVERY

BYTES = 4  # of a number: float32


@dataclass(frozen=True)
class Dimensions:
    """Weights of a model's parts, as they are multiplied with rows.

    Args:
        front: weights of each layer of the front end, with the frames that it makes a row of; none in a
            model of text.
        encoder: of all encoder layers.
        cross: that make keys and values of what the decoder reads, of all its layers.
        decoder: all others of the decoder layers.
        table: of the output projection.
        encoder_layers: their number.
        decoder_layers: their number.
        width: of a state.
        streams: texts that are written.
    """

    front: tuple[tuple[int, int], ...]
    encoder: int
    cross: int
    decoder: int
    table: int
    encoder_layers: int
    decoder_layers: int
    width: int
    streams: int

    @property
    def frames_a_row(self) -> int:
        """Frames that the front end makes one row of; tokens, in a model of text."""
        return self.front[-1][1] if self.front else 1


@dataclass(frozen=True)
class Cost:
    """Operations and bytes."""

    operations: float = 0.0
    bytes: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.operations + other.operations, self.bytes + other.bytes)

    def seconds(self, operations_per_s: float, bytes_per_s: float) -> float:
        """The longer of what the operations and the bytes take."""
        return max(self.operations / operations_per_s, self.bytes / bytes_per_s)


def dimensions(model: nn.Module, streams: int) -> Dimensions:
    """Read the dimensions off a model of one decoder, of speech or text, with fairseq's names of parts."""
    front: list[tuple[int, int]] = []
    frames = 1
    subsample = getattr(model.encoder, "subsample", None)
    for layer in [] if subsample is None else subsample.modules():
        if isinstance(layer, nn.Conv1d):
            frames *= layer.stride[0]
            front.append((layer.weight.numel(), frames))
        elif isinstance(layer, nn.Linear):
            front.append((layer.weight.numel(), KEEP_EVERY))
    layers = model.encoder.layers if subsample is None else model.encoder.transformer_layers
    return Dimensions(
        front=tuple(front),
        encoder=_matrices(layers),
        encoder_layers=len(layers),
        streams=streams,
        **_of_decoder(model.decoder),
    )


def stages(model: nn.Module) -> tuple[Dimensions, Dimensions]:
    """The dimensions of a two-stage model: of its encoder and first decoder, and of its second decoder,
    which encodes nothing."""
    first, second = model.decoder.first, model.decoder.second
    whole = dimensions(SimpleNamespace(encoder=model.encoder, decoder=first), 1)
    return whole, Dimensions(front=(), encoder=0, encoder_layers=0, streams=1, **_of_decoder(second))


def _of_decoder(decoder: nn.Module) -> dict[str, int]:
    attentions = [
        getattr(layer, name)
        for layer in decoder.layers
        for name in ("encoder_attn", "transcript_attn")
        if hasattr(layer, name)
    ]
    cross = sum(_matrices(getattr(one, name)) for one in attentions for name in ("k_proj", "v_proj"))
    table = decoder.embed_tokens.weight
    return {
        "cross": cross,
        "decoder": _matrices(decoder.layers) - cross,
        "decoder_layers": len(decoder.layers),
        "table": table.numel(),
        "width": table.size(1),
    }


def _matrices(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters() if parameter.dim() == 2)


def encoded_rows(model: Dimensions, frames: Sequence[int]) -> list[float]:
    """Rows that the encoder makes of each utterance."""
    return [count / model.frames_a_row for count in frames]


def encoding(model: Dimensions, frames: Sequence[int]) -> Cost:
    """The encoder and the keys and values of its output, for utterances of that many frames."""
    operations = 0.0
    for count in frames:
        operations += sum(2 * weights * count / every for weights, every in model.front)
        rows = count / model.frames_a_row
        operations += 2 * (model.encoder + model.cross) * rows
        operations += model.encoder_layers * 4 * model.width * rows**2
    weights = model.encoder + model.cross + sum(weights for weights, _ in model.front)
    return Cost(operations, BYTES * weights)


def decoding(model: Dimensions, encoded: Sequence[float], beam: int, length: int) -> list[Cost]:
    """Each step of a beam search that writes ``length`` tokens and ``</s>`` of every text, reading as many
    encoder rows as there are ``encoded`` for each sentence."""
    rows = len(encoded) * beam * model.streams
    read = sum(encoded)
    steps = []
    for step in range(length + 1):
        # own history, and in a model of two streams that of the other one
        attended = (step + 1) * model.streams + read / len(encoded)
        operations = rows * (
            2 * (model.decoder + model.table) + model.decoder_layers * 4 * model.width * attended
        )
        cache = 2 * model.decoder_layers * model.width * (rows * (step + 1) + read)
        steps.append(Cost(operations, BYTES * (model.decoder + model.table + cache)))
    return steps


def rereading(first: Dimensions, second: Dimensions, encoded: Sequence[float], length: int) -> Cost:
    """Between the stages of a two-stage model: the first decoder's states of one transcript a sentence, and
    the keys and values that the second one's layers make of them and, in half of its matrices, of the
    speech."""
    written = length + 1
    operations = 0.0
    for rows in encoded:
        attended = written / 2 + rows
        operations += written * (2 * first.decoder + first.decoder_layers * 4 * first.width * attended)
        operations += second.cross / 2 * 2 * (rows + written)
    return Cost(operations, BYTES * (first.decoder + second.cross))


def training(model: Dimensions, frames: Sequence[int], tokens: Sequence[Sequence[int]]) -> Cost:
    """An update on utterances of that many frames; ``tokens`` of each text by stream, with ``</s>``."""
    forward = encoding(model, frames)
    width, layers = model.width, model.decoder_layers
    for text in tokens:
        for count, length in zip(frames, text, strict=True):
            attended = model.streams * length / 2 + count / model.frames_a_row  # causal: half of a text
            operations = length * (2 * (model.decoder + model.table) + layers * 4 * width * attended)
            forward += Cost(operations)
    weights = model.encoder + model.cross + model.decoder + model.table
    # read forward and backward, gradients written and read, Adam: weights and two moments read and written
    return Cost(3 * forward.operations, BYTES * weights * (2 + 2 + 6))
