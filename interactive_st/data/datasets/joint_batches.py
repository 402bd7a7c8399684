"""Which utterances come together in a batch."""

import sys

import numpy as np

from interactive_st.errors import SettingError

#: Frames that one subword of a text-only row counts for in --max-tokens: about its spoken length, so that
#: text-only batches hold as many tokens as speech batches.
FRAMES_PER_PIECE = 25


class JointBatches:
    """Batching mixin: drops no utterance, and optionally limits text tokens per batch, by `limit_text`.

    fairseq drops the last batch, the shortest utterances, unless its size is a multiple of
    ``--required-batch-size-multiple`` (8 if not given), also of a test set. And ``--max-tokens`` limits
    the frames alone; fast speech, or texts in small pieces, give the decoder more work for as many frames.

    Speech and rows without it, which have no frames, are never in one batch. Text-only rows without a
    text to write are left out: their gradient is zero, but the optimizer would still step.
    """

    _max_text_tokens: int | None = None
    _max_tokens: int | None = None

    def limit_text(self, max_text_tokens: int | None) -> None:
        """Make batches of at most so many pieces of both texts, padding included; an utterance with more has
        one of its own. None: no limit. For models of one text its length counts twice.

        Raises:
            SettingError: the limit is below 1.
        """
        if max_text_tokens is not None and max_text_tokens < 1:
            raise SettingError(f"--max-text-tokens {max_text_tokens}: must be at least 1, or left out")
        self._max_text_tokens = max_text_tokens

    def num_tokens(self, index: int) -> int:
        """Frames, which fairseq's ``--max-tokens`` limits, or what stands for them where there are none: no
        more than there may be, so that a long text has a batch of its own."""
        frames, text = self.size(index)
        return frames or min(FRAMES_PER_PIECE * text, self._max_tokens or sys.maxsize)

    def batch_by_size(
        self,
        indices: np.ndarray,
        max_tokens: int | None = None,
        max_sentences: int | None = None,
        required_batch_size_multiple: int = 1,
    ) -> list[np.ndarray]:
        """As fairseq's, with every one of `indices` in a batch in which there is anything."""
        if not len(indices):
            return []  # fairseq's tools know what to say of that, but its batching does not
        self._max_tokens = max_tokens
        frames, text = np.array([self.size(index) for index in indices]).T
        kinds = (kind for kind in (indices[frames > 0], indices[(frames == 0) & (text > 0)]) if len(kind))
        limits = max_tokens, max_sentences, required_batch_size_multiple
        return [batch for kind in kinds for batch in self._batches(kind, *limits)]

    def _batches(
        self, indices: np.ndarray, max_tokens: int | None, max_sentences: int | None, multiple: int
    ) -> list[np.ndarray]:
        batches = list(super().batch_by_size(indices, max_tokens, max_sentences, multiple))
        lost = indices[sum(len(batch) for batch in batches) :]
        if len(lost):
            batches.append(lost)
        if self._max_text_tokens is None:
            return batches
        return [part for batch in batches for part in self._by_text(batch, multiple)]

    def _by_text(self, batch: np.ndarray, multiple: int) -> list[np.ndarray]:
        """Cut `batch` into parts within the limit, sizes a multiple of `multiple` where they can be."""
        lengths = [self.size(index)[1] for index in batch]
        parts, first = [], 0
        while first < len(batch):
            count, longest = 0, 0
            for length in lengths[first:]:
                longest = max(longest, length)
                if count and 2 * longest * (count + 1) > self._max_text_tokens:
                    break
                count += 1
            if count > multiple and first + count < len(batch):
                count -= count % multiple
            parts.append(batch[first : first + count])
            first += count
        return parts
