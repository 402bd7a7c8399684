"""What a batch holds: the speech and both texts of B utterances."""

from typing import TypedDict

from torch import Tensor


class NetInput(TypedDict, total=False):
    """What a model is called with.

    ``src_tokens`` ``(B, T, F)`` features, T is 0 without speech; ``src_lengths`` ``(B,)`` frames of each;
    ``prev_output_tokens`` ``(2, B, L)``: tag, y1 … yn.
    """

    src_tokens: Tensor
    src_lengths: Tensor
    prev_output_tokens: Tensor | None


class Batch(TypedDict, total=False):
    """B utterances, longest speech first, padded on the right: fairseq's *sample*, with two texts.

    ``id`` ``(B,)``; ``speaker`` ``(B, 1)``, if they are told apart; ``lang_tags`` ``(2, B)``;
    ``targets`` ``(2, B, L)``: y1 … yn, ``</s>``; ``transcript`` and ``target`` ``(B, L)``, its two halves;
    ``transcript_lengths`` and ``target_lengths`` ``(B,)``, with ``</s>``; ``ntokens`` of both; plain numbers
    of each: ``ntokens_by_stream``, ``ntokens_alone`` (of utterances that lack the other text),
    ``longest_by_stream``. A text that is missing is padding throughout, its length 0.

    Where a dataset has no texts, those of them that fairseq has are None and the others are not there;
    ``fairseq-interactive`` hands over ``src_tokens`` and ``src_lengths`` alone.
    """

    id: Tensor
    net_input: NetInput
    nsentences: int
    speaker: Tensor | None
    lang_tags: Tensor
    targets: Tensor
    transcript: Tensor
    target: Tensor | None
    transcript_lengths: Tensor
    target_lengths: Tensor | None
    ntokens: int | None
    ntokens_by_stream: list[int]
    ntokens_alone: list[int]
    longest_by_stream: list[int]
