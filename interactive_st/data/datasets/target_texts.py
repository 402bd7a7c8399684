"""The texts of a split as token ids, and the tags of their languages."""

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from fairseq.data import Dictionary

from interactive_st.conventions import BOTH, STREAM_NAMES, option_name
from interactive_st.data.datasets.config import JointDataConfig
from interactive_st.data.datasets.token_store import TokenStore
from interactive_st.data.folder.layout import LANGUAGE_COLUMNS
from interactive_st.data.languages import language_tag
from interactive_st.errors import DataError

logger = logging.getLogger(__name__)


class TargetTexts:
    """Transcripts and translations of the rows of a split, tokenised once.

    Args:
        split: its name, for the log.
        texts: both of each row, empty where missing.
        dictionary: the joint dictionary of both languages.
        tokenisers: those that make the tokens, in the order in which they encode; None stands for none.
    """

    def __init__(
        self,
        split: str,
        texts: tuple[Sequence[str], Sequence[str]],
        dictionary: Dictionary,
        tokenisers: Sequence[Any],
    ) -> None:
        self._texts, self._dictionary = texts, dictionary
        self._tokenisers = [tokeniser for tokeniser in tokenisers if tokeniser is not None]
        # without subwords a word may be written like padding, whose place holds no token
        special = (dictionary.bos(), dictionary.pad(), dictionary.eos())
        self._indices = {piece: i for piece, i in dictionary.indices.items() if i not in special}
        self._tokens = [TokenStore(map(self._tokenise, texts[stream])) for stream in BOTH]
        #: Tokens of each row, (2, rows), without ``</s>``; 0 where a text is missing.
        self.lengths = np.stack([tokens.lengths for tokens in self._tokens])
        for name, tokens in zip(STREAM_NAMES, self._tokens, strict=True):
            if len(tokens.ids):
                unknown = 100 * np.mean(tokens.ids == dictionary.unk())
                logger.info(f"'{split}' has {unknown:.2f}% OOV ({name}s)")

    def target(self, stream: int, rows: Sequence[int]) -> torch.Tensor:
        """Return the ids of the text of these rows, spoken one after the other, and ``</s>``; (N,)."""
        parts = [self._token_ids(stream, row) for row in rows]
        if not all(parts):  # what is said in part of the speech is unknown
            return torch.empty(0, dtype=torch.long)
        return torch.tensor([*(i for ids in parts for i in ids), self._dictionary.eos()])

    def _token_ids(self, stream: int, row: int) -> list[int]:
        # with subword sampling a text is another one each time
        if any(getattr(tokeniser, "enable_sampling", False) for tokeniser in self._tokenisers):
            return self._tokenise(self._texts[stream][row])
        return self._tokens[stream][row].tolist()

    def _tokenise(self, text: str) -> list[int]:
        for tokeniser in self._tokenisers:
            text = tokeniser.encode(text)
        unknown = self._dictionary.unk()
        return [self._indices.get(piece, unknown) for piece in text.split()]


def tag_ids(
    stream: int, languages: Sequence[str], rows: Sequence[str], dictionary: Dictionary, cfg: JointDataConfig
) -> list[int]:
    """Return the language tag of each row's text.

    Args:
        stream: whether of transcripts or of translations.
        languages: that of each row.
        rows: where each row comes from, for messages.
        dictionary: has the tags.
        cfg: the data folder's configuration, for messages.

    Raises:
        DataError: a row has no language, or one whose tag is not in the dictionary.
    """
    known: dict[str, int] = {}
    for row, language in enumerate(languages):
        if language not in known:
            known[language] = _tag_id(stream, language, rows[row], dictionary, cfg)
    return [known[language] for language in languages]


def _tag_id(stream: int, language: str, row: str, dictionary: Dictionary, cfg: JointDataConfig) -> int:
    column, key = LANGUAGE_COLUMNS[stream], ("source_lang", "target_lang")[stream]
    if not language:
        raise DataError(
            f"{row}: the {STREAM_NAMES[stream]} has no language; add a column {column}, {key} to "
            f"{cfg.path}, or {option_name(key)}"
        )
    tag = language_tag(language)
    if tag not in dictionary:
        raise DataError(
            f"{row}: the {STREAM_NAMES[stream]} is in {language!r}, but {tag} is not in the dictionary "
            f"{cfg.vocab_filename}; correct {column} (or {key}), or prepare the vocabulary with that "
            "language"
        )
    return dictionary.index(tag)
