"""The positions of a padded batch that hold a token, so that padding costs no computation.

Texts of a batch differ in length, and those of two languages more than those of one: a fifth of all
positions and more are padding. Whatever works on single positions (projections, feed-forward, norms, the
output projection) is given the tokens alone, ``(R, C)``; attention gets the padded shape back.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor


class TokenRows:
    """Gathers the R tokens of a padded ``(S, B, T)`` batch into ``(R, …)`` and scatters them back; their
    order is by stream, sentence, position.

    Args:
        shape: ``(S, B, T)`` of the padded batch.
        counts: tokens of each stream; their sum is R.
        index: ``(R,)`` long, ascending, their indices among all S·B·T positions.
    """

    def __init__(self, shape: torch.Size, counts: Sequence[int], index: Tensor) -> None:
        self.shape, self.counts, self.index = shape, tuple(counts), index
        self._places: dict[int, Tensor] = {}

    @classmethod
    def of(cls, exists: Tensor, counts: Sequence[int] | None = None) -> TokenRows:
        """The positions where ``exists`` ``(S, B, T)`` is True.

        Args:
            counts: tokens of each stream; giving them avoids a GPU synchronisation.

        Raises:
            ValueError: on a CPU, where the check costs next to nothing: a stream has another number of
                tokens than ``counts`` says.
        """
        on_cpu = exists.device.type == "cpu"
        found = exists.flatten(1).sum(dim=1).tolist() if counts is None or on_cpu else None
        if counts is None:
            counts = found
        if on_cpu:
            if found != list(counts):
                raise ValueError(f"the streams hold {found} tokens, not {list(counts)}")
            index = exists.flatten().nonzero().squeeze(1)
        else:  # nonzero would synchronise
            index = (~exists).flatten().byte().sort(stable=True).indices[: sum(counts)]
        return cls(exists.shape, counts, index)

    def take(self, padded: Tensor) -> Tensor:
        """``(S, B, T, …)`` to ``(R, …)``."""
        return padded.flatten(0, 2).index_select(0, self.index)

    def put(self, rows: Tensor) -> Tensor:
        """``(R, …)`` to ``(S, B, T, …)``, zero at padding."""
        return _put(rows, self.index, self.shape.numel()).unflatten(0, self.shape)

    def take_of_sentences(self, padded: Tensor) -> Tensor:
        """``(b, S·r·T, …)``, grouped by sentence, to ``(R, …)``; the inverse of :meth:`put_by_sentence`."""
        return padded.flatten(0, 1).index_select(0, self._by_sentence(padded.size(0)))

    def put_by_sentence(self, rows: Tensor, sentences: int) -> Tensor:
        """``(R, …)`` to ``(b, S·r·T, …)``, grouped by sentence.

        The batch holds r versions of b ``sentences``: entries v·b … (v+1)·b − 1 of its B = r·b are version v.
        """
        padded = _put(rows, self._by_sentence(sentences), self.shape.numel())
        return padded.unflatten(0, (sentences, -1))

    def take_both_terms(self, padded: Tensor) -> tuple[Tensor, Tensor]:
        """Own and partner's terms of the rows, each ``(R, …)``.

        Args:
            padded: ``(2·B, 2·T, …)`` contexts by stream of the keys and sentence: those of that stream's T
                rows, then those of the other stream's.
        """
        both = padded.flatten(0, 1).index_select(0, self._both_terms)
        return both.tensor_split(2)

    def split(self) -> list[TokenRows]:
        """The rows of each stream, each of shape ``(1, B, T)``."""
        shape = torch.Size((1, *self.shape[1:]))
        return [
            TokenRows(shape, [count], index - stream * shape.numel())
            for stream, (count, index) in enumerate(
                zip(self.counts, self.index.split(self.counts), strict=True)
            )
        ]

    def take_among(self, mine: Tensor, rows: TokenRows) -> Tensor:
        """Of states ``mine`` ``(R, …)`` of these rows, those of ``rows``, a subset: ``(R', …)``."""
        return mine.index_select(0, torch.searchsorted(self.index, rows.index))

    def _by_sentence(self, sentences: int) -> Tensor:
        if sentences not in self._places:
            stream, version, sentence, token = self._unravel(sentences)
            sequence = stream * (self.shape[1] // sentences) + version
            sequences_per_sentence = self.shape[0] * self.shape[1] // sentences
            self._places[sentences] = (sentence * sequences_per_sentence + sequence) * self.shape[2] + token
        return self._places[sentences]

    @cached_property
    def _both_terms(self) -> Tensor:
        stream, _, sentence, token = self._unravel(self.shape[1])
        length = self.shape[2]
        own, other = (
            (keys * self.shape[1] + sentence) * (2 * length) + token for keys in (stream, 1 - stream)
        )
        return torch.cat([own, other + length])

    def _unravel(self, sentences: int) -> tuple[Tensor, ...]:
        """Stream, version, sentence and position of each row, ``(R,)`` each."""
        place, token = self._divide(self.index, self.shape[2])
        place, sentence = self._divide(place, sentences)
        return *self._divide(place, self.shape[1] // sentences), sentence, token

    @staticmethod
    def _divide(x: Tensor, by: int) -> tuple[Tensor, Tensor]:
        quotient = torch.div(x, by, rounding_mode="floor")
        return quotient, x - quotient * by


def _put(rows: Tensor, index: Tensor, size: int) -> Tensor:
    return rows.new_zeros(size, *rows.shape[1:]).index_copy(0, index, rows)


def take_rows(padded: Tensor, rows: TokenRows | None) -> Tensor:
    """:meth:`TokenRows.take`; ``padded`` itself without ``rows``."""
    return padded if rows is None else rows.take(padded)


def put_rows(states: Tensor, rows: TokenRows | None) -> Tensor:
    """:meth:`TokenRows.put`; ``states`` themselves without ``rows``."""
    return states if rows is None else rows.put(states)
