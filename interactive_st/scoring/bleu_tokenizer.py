"""Chooses sacrebleu's tokeniser by language."""

import logging
from collections.abc import Iterable
from functools import cache

from sacrebleu.metrics import BLEU

from interactive_st.data.languages import UNSPACED, base_language

logger = logging.getLogger(__name__)

DEFAULT = BLEU.TOKENIZER_DEFAULT
#: Languages written without spaces, whose sentences are one word to the default tokeniser, and Korean:
#: sacrebleu's own choice for zh, ja and ko; for the others n-grams of characters.
BY_LANGUAGE = dict.fromkeys(UNSPACED, "char") | {
    "ja": "ja-mecab", "ko": "ko-mecab", "yue": "zh", "zh": "zh"
}  # fmt: skip
#: Where those are not installed.
INSTEAD = {"ja-mecab": "char", "ko-mecab": DEFAULT}


def tokenizer_for(languages: Iterable[str | None]) -> str:
    """The tokeniser that all of these languages have in common; sacrebleu's default where there is none.

    Args:
        languages: codes such as ``de`` or ``zh-TW``; None or empty where it is not known.
    """
    found = {_of_language(language) for language in languages if language}
    return found.pop() if len(found) == 1 else DEFAULT


@cache
def _of_language(language: str) -> str:
    code = base_language(language)
    name = BY_LANGUAGE.get(code, DEFAULT)
    if name not in INSTEAD:
        return name
    try:
        BLEU(tokenize=name)
    except (RuntimeError, ImportError):
        other = INSTEAD[name]
        logger.warning(
            f"BLEU of {language} is counted with sacrebleu's tokeniser {other}, as {name} is not installed: "
            f"pip install 'sacrebleu[{code}]'"
        )
        return other
    return name
