"""The positions of a padded batch that hold a token, so that padding costs no computation.

Texts of a batch differ in length, and those of two languages more than those of one: a fifth of all
positions and more are padding. Whatever works on single positions (projections, feed-forward, norms, the
vocabulary) is given the tokens alone, ``(R, C)``; attention gets the padded shape back.
"""

from __future__ import annotations

from torch import Tensor


class TokenRows:
    """Moves states between ``(S, B, T, …)`` with padding and ``(R, …)`` without.

    Args:
        exists: ``(S, B, T)`` bool, the R positions that hold a token.
    """

    def __init__(self, exists: Tensor) -> None:
        self.shape = exists.shape
        self.index = exists.flatten().nonzero().squeeze(1)

    def take(self, padded: Tensor) -> Tensor:
        """``(S, B, T, …)`` to ``(R, …)``."""
        return padded.flatten(0, 2).index_select(0, self.index)

    def put(self, rows: Tensor) -> Tensor:
        """``(R, …)`` to ``(S, B, T, …)``, zero at padding."""
        padded = rows.new_zeros(self.shape.numel(), *rows.shape[1:])
        return padded.index_copy(0, self.index, rows).unflatten(0, self.shape)

    def among(self, wanted: Tensor) -> Tensor:
        """Which of the R rows are at ``wanted`` positions, ``(R,)`` bool; ``wanted`` as ``exists``."""
        return wanted.flatten().index_select(0, self.index)


def take_rows(padded: Tensor, rows: TokenRows | None) -> Tensor:
    """:meth:`TokenRows.take`; ``padded`` itself without ``rows``."""
    return padded if rows is None else rows.take(padded)


def put_rows(states: Tensor, rows: TokenRows | None) -> Tensor:
    """:meth:`TokenRows.put`; ``states`` themselves without ``rows``."""
    return states if rows is None else rows.put(states)
