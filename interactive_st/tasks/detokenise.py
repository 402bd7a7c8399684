"""From token ids to text as people write it."""

import copy
from collections.abc import Collection
from typing import Any

import torch
from fairseq.data import Dictionary


class PlainText(str):
    """Text that is already detokenised."""

    __slots__ = ()


class DecodesOnce:
    """A tokeniser of fairseq that leaves `PlainText` as it is when it decodes.

    ``fairseq-generate`` decodes what a source dictionary returns, ``fairseq-interactive`` prints
    it as it stands. With this both print the same recognised transcript.

    Args:
        tokeniser: has ``encode`` and ``decode``, both from string to string.
    """

    def __init__(self, tokeniser: Any) -> None:
        self.tokeniser = tokeniser

    def encode(self, text: str) -> str:
        """Return the pieces of a text, separated by spaces."""
        return self.tokeniser.encode(text)

    def decode(self, text: str) -> str:
        """Return the text that the pieces make."""
        return text if isinstance(text, PlainText) else self.tokeniser.decode(text)

    def without_sampling(self) -> "DecodesOnce":
        """Return it, and let it make the same pieces of a text each time."""
        if getattr(self.tokeniser, "enable_sampling", False):
            self.tokeniser.enable_sampling = False
        return self

    def __getattr__(self, name: str) -> Any:
        if name == "tokeniser":  # while a copy is being made it has no attributes yet
            raise AttributeError(name)
        return getattr(self.tokeniser, name)


class Detokeniser:
    """Turns token ids into text.

    Args:
        dictionary: the joint dictionary.
        tokenisers: those that made the tokens, in the order in which they encode; None stands
            for none.
        ignored: ids that are no text, such as language tags; ``</s>`` and padding always are.
        post_process: fairseq's ``--post-process``, by which pieces are joined that no tokeniser has made.
    """

    def __init__(
        self,
        dictionary: Dictionary,
        tokenisers: list[Any],
        ignored: Collection[int] = (),
        post_process: str | None = None,
    ) -> None:
        self.dictionary, self.post_process = dictionary, post_process
        self.tokenisers = [tokeniser for tokeniser in tokenisers if tokeniser is not None]
        self.ignored = {*ignored, dictionary.pad()}

    def keeping_pieces(self) -> "Detokeniser":
        """Return the same without ``post_process``, for texts that are made tokens again."""
        other = copy.copy(self)
        other.post_process = None
        return other

    def __call__(self, tokens: torch.Tensor, unknown: str | None = None) -> str:
        """Return the text of one sequence of ids, shape (N,).

        Args:
            tokens: the ids, on any device.
            unknown: stands for ``<unk>``.
        """
        text = self.dictionary.string(
            tokens.tolist(), self.post_process, extra_symbols_to_ignore=self.ignored, unk_string=unknown
        )
        for tokeniser in reversed(self.tokenisers):
            text = tokeniser.decode(text)
        return text
