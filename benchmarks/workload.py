"""Batches of random features and texts whose lengths are distributed as those of MuST-C.

Speech: log-normal with a mean of 6.3 s (MuST-C en-de: 408 h in 229,703 segments) and σ = 0.7, so a median of
4.9 s and 5 % above 15.6 s, cut to 0.5–30 s; 10 ms frames of 80 filterbanks. Texts: 3.5 pieces a second in
either language (MuST-C en-de: about 3 words a second, 1.2 pieces a word), each length with its own 15 %
log-normal noise. Contents are random: they do not matter to what a step costs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import interactive_st  # noqa: F401  before fairseq, the import of which sets up logging for all libraries

# isort: split
import numpy as np
import torch
import torch.nn.functional as F
from fairseq import utils
from fairseq.data import Dictionary

from interactive_st.data.datasets.text_collation import collate_texts
from interactive_st.errors import DataError

MEAN_SECONDS, SIGMA = 6.3, 0.7
SHORTEST, LONGEST = 0.5, 30.0  # seconds
FRAMES_A_SECOND, FEATURES = 100, 80
TOKENS_A_SECOND, TOKEN_NOISE = 3.5, 0.15
POOL = 2000  # utterances drawn, from which batches are taken
TAGS = ("<lang:en>", "<lang:de>")
DESCRIPTION = (
    f"speech log-normal, mean {MEAN_SECONDS} s, σ {SIGMA}, cut to {SHORTEST:g}–{LONGEST:g} s; "
    f"{TOKENS_A_SECOND:g} pieces a second in either text"
)

Sample = dict[str, Any]


@dataclass(frozen=True)
class Lengths:
    """Of one utterance: frames, and tokens of transcript and translation without ``</s>``."""

    frames: int
    texts: tuple[int, int]


def vocabulary(size: int) -> Dictionary:
    """A dictionary of ``size`` entries: special symbols, two language tags, words."""
    entries = Dictionary()
    for tag in TAGS:
        entries.add_symbol(tag)
    while len(entries) < size:
        entries.add_symbol(f"w{len(entries)}")
    return entries


def draw_lengths(count: int, seed: int) -> list[Lengths]:
    """Draw the lengths of ``count`` utterances."""
    generator = np.random.default_rng(seed)
    median = MEAN_SECONDS * math.exp(-(SIGMA**2) / 2)
    seconds = (median * np.exp(SIGMA * generator.standard_normal(count))).clip(SHORTEST, LONGEST)
    noise = np.exp(TOKEN_NOISE * generator.standard_normal((count, 2)))
    tokens = np.maximum(np.rint(TOKENS_A_SECOND * seconds[:, None] * noise), 1).astype(int)
    frames = np.rint(FRAMES_A_SECOND * seconds).astype(int)
    return [Lengths(int(n), (int(a), int(b))) for n, (a, b) in zip(frames, tokens, strict=True)]


def check_max_frames(max_frames: int) -> None:
    """Raises ValueError where a batch of ``max_frames`` frames does not hold the longest utterance."""
    longest = round(LONGEST * FRAMES_A_SECOND)
    if max_frames < longest:
        raise ValueError(f"--max-frames {max_frames} is less than the longest utterance, {longest} frames")


def check_sentences(sentences: int) -> None:
    """Raises ValueError where there are not so many utterances that a batch can have ``sentences``."""
    if not 1 <= sentences <= POOL:
        raise ValueError(f"--sentences {sentences} has to lie between 1 and {POOL}")


def make_batches(
    entries: Dictionary, count: int, max_frames: int, seed: int, device: torch.device
) -> list[Sample]:
    """Make ``count`` batches as the task collates them, of at most ``max_frames`` frames with padding.

    Utterances of like length are together, as in training; the batches are taken evenly from the shortest
    to the longest. Each has ``forced_length``, the number of tokens that decoding is made to write.

    Raises:
        ValueError: the longest utterance does not fit.
        DataError: there are not that many.
    """
    check_max_frames(max_frames)
    groups: list[list[Lengths]] = [[]]
    for lengths in _pool(seed):
        if lengths.frames * (len(groups[-1]) + 1) > max_frames:
            groups.append([])
        groups[-1].append(lengths)
    return _collate_some(entries, groups, count, seed, device)


def make_equal_batches(
    entries: Dictionary, count: int, sentences: int, seed: int, device: torch.device
) -> list[Sample]:
    """Make ``count`` batches as :func:`make_batches` does, each of ``sentences`` utterances.

    Raises:
        ValueError: there are not that many utterances.
        DataError: they do not make that many batches.
    """
    check_sentences(sentences)
    pool = _pool(seed)
    starts = range(0, len(pool) - sentences + 1, sentences)
    return _collate_some(entries, [pool[i : i + sentences] for i in starts], count, seed, device)


def make_uniform_batch(
    entries: Dictionary, sentences: int, seconds: float, tokens: int, device: torch.device
) -> Sample:
    """A batch of utterances of one length, whose texts all have ``tokens`` tokens and ``</s>``."""
    lengths = Lengths(round(seconds * FRAMES_A_SECOND), (tokens, tokens))
    batch = _collate(entries, [lengths] * sentences, torch.Generator().manual_seed(1), device)
    return batch | {"forced_length": tokens}


def of_stream(sample: Sample, stream: int) -> Sample:
    """The batch as stock fairseq's tasks have it, with one text and without that text's spare padding."""
    longest = sample["longest_by_stream"][stream]
    inputs = sample["net_input"]["prev_output_tokens"][stream, :, :longest].contiguous()
    return {
        "net_input": {**sample["net_input"], "prev_output_tokens": inputs},
        "target": sample["targets"][stream, :, :longest].contiguous(),
        "ntokens": sample["ntokens_by_stream"][stream],
        "nsentences": sample["nsentences"],
        "forced_length": sample["forced_length"],
    }


def of_texts(sample: Sample, entries: Dictionary) -> Sample:
    """The batch as stock fairseq's task ``translation`` has it: from the transcript to the translation."""
    texts = [row[row.ne(entries.pad())] for row in sample["targets"][0]]
    return {**of_stream(sample, 1), "net_input": text_input(texts, sample, entries)}


def text_input(texts: list[torch.Tensor], sample: Sample, entries: Dictionary) -> dict[str, torch.Tensor]:
    """``net_input`` of a text model for ``texts``, each ending with ``</s>``; padded on the left."""
    lengths = torch.tensor([len(text) for text in texts], device=texts[0].device)
    source = texts[0].new_full((len(texts), int(lengths.max())), entries.pad())
    for row, text in enumerate(texts):
        source[row, source.size(1) - len(text) :] = text
    inputs = of_stream(sample, 1)["net_input"]["prev_output_tokens"]
    return {"src_tokens": source, "src_lengths": lengths, "prev_output_tokens": inputs}


def _pool(seed: int) -> list[Lengths]:
    return sorted(draw_lengths(POOL, seed), key=lambda lengths: lengths.frames)


def _collate_some(
    entries: Dictionary, groups: list[list[Lengths]], count: int, seed: int, device: torch.device
) -> list[Sample]:
    """``count`` of the groups, evenly from the first to the last."""
    if count > len(groups):
        raise DataError(
            f"there are utterances for {len(groups)} batches of this size, not {count}; ask for fewer or "
            "smaller ones (--decode-batches and --sentences, --train-batches or --batches and --max-frames)"
        )
    chosen = np.unique(np.linspace(0, len(groups) - 1, 2 * count + 1)[1::2].round().astype(int))
    generator = torch.Generator().manual_seed(seed)
    return [_collate(entries, groups[index], generator, device) for index in chosen]


def _collate(
    entries: Dictionary, group: list[Lengths], generator: torch.Generator, device: torch.device
) -> Sample:
    group = sorted(group, key=lambda lengths: -lengths.frames)
    speech = torch.zeros(len(group), group[0].frames, FEATURES)
    first, texts = entries.nspecial + len(TAGS), []
    for row, utterance in enumerate(group):
        speech[row, : utterance.frames] = torch.randn(utterance.frames, FEATURES, generator=generator)
        words = (torch.randint(first, len(entries), (n,), generator=generator) for n in utterance.texts)
        texts.append(tuple(F.pad(text, (0, 1), value=entries.eos()) for text in words))
    tags = torch.tensor([[entries.index(tag)] for tag in TAGS]).repeat(1, len(group))
    batch = collate_texts(texts, tags, entries.pad()) | {"lang_tags": tags, "nsentences": len(group)}
    net_input = {
        "src_tokens": speech,
        "src_lengths": torch.tensor([lengths.frames for lengths in group]),
        "prev_output_tokens": batch.pop("prev_output_tokens"),
    }
    batch["forced_length"] = round(batch["ntokens"] / (2 * len(group)))
    return utils.apply_to_sample(lambda tensor: tensor.to(device), {"net_input": net_input, **batch})
