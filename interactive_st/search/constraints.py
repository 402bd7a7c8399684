"""What the options allow as the next token, as fairseq's ``SequenceGenerator`` defines it."""

import math
from typing import NamedTuple

import torch
from fairseq.ngram_repeat_block import NGramRepeatBlock
from torch import Tensor

from interactive_st.modules.decoding_cache import Lanes
from interactive_st.modules.wait_k import TRANSLATION


class SearchOptions(NamedTuple):
    """fairseq's generation options. ``prefix_size`` and ``no_repeat_ngram_size`` concern the translation
    (a forced prefix is a prefix of the translation, and speech may well repeat itself); all others hold
    for both streams."""

    beam_size: int = 1
    max_len_a: float = 0.0
    max_len_b: int = 200
    min_len: int = 1
    normalize_scores: bool = True
    len_penalty: float = 1.0
    unk_penalty: float = 0.0
    temperature: float = 1.0
    no_repeat_ngram_size: int = 0

    def normalized(self, score: Tensor, length: Tensor) -> Tensor:
        """Length-normalised score; ``length`` counts ``</s>``."""
        return score / length**self.len_penalty if self.normalize_scores else score


class Constraints:
    """Masks log-probabilities before candidates are chosen."""

    def __init__(self, options: SearchOptions, pad: int, unk: int, eos: int) -> None:
        self.options, self.pad, self.unk, self.eos = options, pad, unk, eos
        size = options.no_repeat_ngram_size
        self.ngrams = NGramRepeatBlock(size, use_extension=False) if size > 0 else None

    def apply(
        self,
        log_probs: Tensor,
        lanes: Lanes,
        tokens: Tensor,
        max_len: Tensor,
        prefix_tokens: Tensor | None,
    ) -> Tensor:
        """Constrain ``log_probs`` ``(N, W, V)`` in place and return it.

        Args:
            tokens: ``(2, B, W, L)`` the hypotheses so far, tag first.
            max_len: ``(B,)`` longest output, ``</s>`` not counted; where the course of the search is kept.
            prefix_tokens: ``(B, P)`` forced beginning of the translation, or None; likewise.
        """
        log_probs[:, :, self.pad] = -math.inf
        log_probs[:, :, self.unk] -= self.options.unk_penalty
        _, sentence, row = lanes.course
        at_end = row >= max_len[sentence]
        forced = self._prefix(lanes, prefix_tokens).masked_fill(at_end, self.pad)
        too_short = (row < self.options.min_len) & forced.eq(self.pad) & ~at_end
        too_short = too_short.to(log_probs.device, non_blocking=True).unsqueeze(1)
        log_probs[:, :, self.eos].masked_fill_(too_short, -math.inf)
        self._only(log_probs, lanes, forced.masked_fill(at_end, self.eos))
        if self.ngrams is not None:
            self._block_repeats(log_probs, lanes, tokens)
        return log_probs

    def _prefix(self, lanes: Lanes, prefix_tokens: Tensor | None) -> Tensor:
        """The token each lane must write next, ``(N,)``, or pad; where the course of the search is kept."""
        stream, sentence, row = lanes.course
        forced = torch.full_like(row, self.pad)
        if prefix_tokens is None or prefix_tokens.size(1) == 0:
            return forced
        column = row.clamp(max=prefix_tokens.size(1) - 1)
        inside = (stream == TRANSLATION) & (row < prefix_tokens.size(1))
        return torch.where(inside, prefix_tokens[sentence, column], forced)

    def forces_end(self, lanes: Lanes, prefix_tokens: Tensor | None) -> Tensor:
        """Lanes ``(N,)`` whose forced prefix ends here with ``</s>``; where the course of the search is
        kept."""
        return self._prefix(lanes, prefix_tokens).eq(self.eos)

    def _only(self, log_probs: Tensor, lanes: Lanes, token: Tensor) -> None:
        """Leave lanes nothing but their ``token`` ``(N,)``, unless it is pad, at the probability the model
        gave it; it is where the course of the search is kept."""
        limited = token.ne(self.pad)
        chosen = token.view(-1, 1, 1).expand(-1, log_probs.size(1), 1)
        if lanes.advances is not None:
            kept = log_probs.gather(2, chosen)
            log_probs.masked_fill_(limited.view(-1, 1, 1), -math.inf).scatter_(2, chosen, kept)
            return
        index = limited.nonzero().squeeze(1)
        if index.numel():
            chosen = chosen[index].to(log_probs.device, non_blocking=True)
            index = index.to(log_probs.device, non_blocking=True)
            kept = log_probs[index].gather(2, chosen)
            log_probs[index] = torch.full_like(log_probs[index], -math.inf).scatter(2, chosen, kept)

    def _block_repeats(self, log_probs: Tensor, lanes: Lanes, tokens: Tensor) -> None:
        stream, _, row = lanes.course
        for written in row[stream == TRANSLATION].unique().tolist():
            index = ((stream == TRANSLATION) & (row == written)).nonzero().squeeze(1)
            index = index.to(log_probs.device, non_blocking=True)
            history = tokens[TRANSLATION, lanes.sentence[index], :, : written + 1].flatten(0, 1)
            block = log_probs[index].flatten(0, 1)
            block = self.ngrams(history, block, index.numel(), log_probs.size(1), written)
            log_probs[index] = block.view(index.numel(), *log_probs.shape[1:])
