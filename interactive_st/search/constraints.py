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
            max_len: ``(B,)`` longest output, ``</s>`` not counted.
            prefix_tokens: ``(B, P)`` forced beginning of the translation, or None.
        """
        log_probs[:, :, self.pad] = -math.inf
        log_probs[:, :, self.unk] -= self.options.unk_penalty
        at_end = lanes.row >= max_len[lanes.sentence]
        forced = self._prefix(lanes, prefix_tokens).masked_fill(at_end, self.pad)
        too_short = (lanes.row < self.options.min_len) & forced.eq(self.pad) & ~at_end
        log_probs[:, :, self.eos].masked_fill_(too_short.unsqueeze(1), -math.inf)
        self._only(log_probs, at_end, torch.full_like(forced, self.eos))
        self._only(log_probs, forced.ne(self.pad), forced)
        if self.ngrams is not None:
            self._block_repeats(log_probs, lanes, tokens)
        return log_probs

    def _prefix(self, lanes: Lanes, prefix_tokens: Tensor | None) -> Tensor:
        """The token each lane must write next, ``(N,)``, or pad."""
        forced = torch.full_like(lanes.row, self.pad)
        if prefix_tokens is None or prefix_tokens.size(1) == 0:
            return forced
        column = lanes.row.clamp(max=prefix_tokens.size(1) - 1)
        inside = (lanes.stream == TRANSLATION) & (lanes.row < prefix_tokens.size(1))
        return torch.where(inside, prefix_tokens[lanes.sentence, column], forced)

    def forces_end(self, lanes: Lanes, prefix_tokens: Tensor | None) -> Tensor:
        """Lanes ``(N,)`` whose forced prefix ends here with ``</s>``."""
        return self._prefix(lanes, prefix_tokens).eq(self.eos)

    @staticmethod
    def _only(log_probs: Tensor, where: Tensor, token: Tensor) -> None:
        """Leave lanes ``where`` nothing but ``token``, at the probability the model gave it."""
        index = where.nonzero().squeeze(1)
        if index.numel() == 0:
            return
        chosen = token[index].view(-1, 1, 1).expand(-1, log_probs.size(1), 1)
        kept = log_probs[index].gather(2, chosen)
        log_probs[index] = torch.full_like(log_probs[index], -math.inf).scatter(2, chosen, kept)

    def _block_repeats(self, log_probs: Tensor, lanes: Lanes, tokens: Tensor) -> None:
        translation = (lanes.stream == TRANSLATION).nonzero().squeeze(1)
        for row in lanes.row[translation].unique().tolist():
            index = translation[lanes.row[translation] == row]
            written = tokens[TRANSLATION, lanes.sentence[index], :, : row + 1].flatten(0, 1)
            block = log_probs[index].flatten(0, 1)
            block = self.ngrams(written, block, index.numel(), log_probs.size(1), row)
            log_probs[index] = block.view(index.numel(), *log_probs.shape[1:])
