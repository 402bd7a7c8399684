"""Many short lists of token ids in two arrays."""

from array import array
from collections.abc import Iterable, Sequence

import numpy as np


class TokenStore:
    """Sequences of token ids: 4 bytes per token and 8 per sequence.

    A list of tensors would take some 100 bytes per sequence more, and every worker process that
    only reads it would in time copy it (reference counts are written into the objects).

    Args:
        sequences: the sequences in order; a sequence may be empty.
    """

    def __init__(self, sequences: Iterable[Sequence[int]]) -> None:
        ids, lengths = array("i"), array("q")
        for sequence in sequences:
            ids.extend(sequence)
            lengths.append(len(sequence))
        #: All ids, one sequence after the other, shape (tokens,).
        self.ids = np.frombuffer(ids, dtype=np.int32)
        #: Length of each sequence, shape (sequences,).
        self.lengths = np.frombuffer(lengths, dtype=np.int64)
        self._ends = np.cumsum(self.lengths)

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, index: int) -> np.ndarray:
        """Return sequence `index`, a view."""
        end = self._ends[index]
        return self.ids[end - self.lengths[index] : end]
