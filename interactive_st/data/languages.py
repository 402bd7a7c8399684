"""Codes of languages, and the entries of a dictionary that stand for them."""

import re

from interactive_st.errors import DataError

#: Languages written without spaces between words.
UNSPACED = {"ja", "km", "lo", "my", "th", "yue", "zh"}
#: Those with wide characters.
WIDE = {"ja", "ko", "yue", "zh"}
#: The same by the codes of ISO 639-2 and 639-3, which FLEURS and Tatoeba have; cmn is Mandarin.
_THREE_LETTERS = {
    "bur": "my", "chi": "zh", "cmn": "zh", "jpn": "ja", "khm": "km", "kor": "ko", "lao": "lo", "mya": "my",
    "tha": "th", "zho": "zh",
}  # fmt: skip
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_TAG = re.compile(r"<lang:([^<>\s]+)>")


def check_language(name: str, language: str) -> None:
    """Make sure that a value is a language code: it becomes part of file names and of the dictionary.

    Args:
        name: the column or option that it is the value of, for the message.
        language: the value.

    Raises:
        DataError: it is none.
    """
    if not _CODE.fullmatch(language):
        raise DataError(f"{name} {language!r} is not a language code such as en or pt-BR")


def language_tag(language: str) -> str:
    """Return the dictionary entry that stands for a language: ``<lang:en>`` for ``en``."""
    return f"<lang:{language}>"


def tag_language(entry: str) -> str | None:
    """Return the language that a dictionary entry stands for, None if it stands for none."""
    match = _TAG.fullmatch(entry)
    return match.group(1) if match else None


def find_tag(text: str) -> str | None:
    """Return the first language tag that stands in a text, None if there is none."""
    match = _TAG.search(text)
    return match.group() if match else None


def is_latin(character: str) -> bool:
    """Tell whether it is a letter or a digit of Latin script."""
    return character.isalnum() and character < "ɐ"


def base_language(language: str | None) -> str:
    """Return a language without its region or script: ``zh`` of ``zh-TW``, and of ``cmn_hans_cn``."""
    code = re.split("[-_]", language or "")[0].lower()
    return _THREE_LETTERS.get(code, code)
