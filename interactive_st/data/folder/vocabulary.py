"""One sentencepiece vocabulary for both languages, and fairseq's dictionary of it.

Ids are the same in both: the special symbols of fairseq first (``<s>`` 0, ``<pad>`` 1, ``</s>`` 2,
``<unk>`` 3), then a tag ``<lang:xx>`` for every language, then the pieces.
"""

import io
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import sentencepiece

from interactive_st.data.choices import VOCAB_TYPE, VOCAB_TYPES
from interactive_st.data.languages import language_tag, tag_language
from interactive_st.errors import DataError

SPECIAL_SYMBOLS = ("<s>", "<pad>", "</s>", "<unk>")
#: sentencepiece leaves longer sentences (bytes) out of its training; its own default is 4192.
LONGEST_SENTENCE = 1 << 20
ERRORS_ONLY = 2  # sentencepiece's --minloglevel

_TOO_LARGE = re.compile(r"Vocabulary size too high .*value <= (\d+)")
_TOO_SMALL = re.compile(r"smaller than required_chars\. \d+ vs (\d+)")


def train_vocabulary(
    texts: Sequence[str], languages: Iterable[str], size: int, kind: str = VOCAB_TYPE
) -> tuple[bytes, int]:
    """Train a sentencepiece model; the same texts always give the same bytes.

    Texts are taken as they are (no Unicode normalisation). Every character that sentencepiece trains on is
    covered. It leaves out the strings ``<s>``, ``<pad>``, ``</s>`` and ``<unk>``, sentences with U+2585, and
    single occurrences in tens of millions of characters: what is in no other text is unknown to the model,
    see `save_vocabulary`.

    Args:
        texts: the sentences of both languages.
        languages: those that get a tag.
        size: wanted number of entries, special symbols and tags among them.
        kind: one of `VOCAB_TYPES`.

    Returns:
        the model, and its size, which is less than `size` where the texts give no more pieces.

    Raises:
        DataError: no text, or a `size` too small for the characters of the texts.
    """
    if kind not in VOCAB_TYPES:
        raise DataError(f"vocabulary type {kind!r} must be one of {', '.join(VOCAB_TYPES)}")
    if not any(text.strip() for text in texts):
        raise DataError("there is no text to train a vocabulary on")
    tags = [language_tag(language) for language in sorted(set(languages))]
    smallest = len(SPECIAL_SYMBOLS) + len(tags) + 1
    if size < smallest:
        raise DataError(f"a vocabulary of {size} is too small: it needs at least {smallest}")
    try:
        model = _train(texts, tags, size, kind)
    except RuntimeError as error:
        if match := _TOO_SMALL.search(str(error)):
            raise _too_small(size, int(match.group(1))) from error
        match = _TOO_LARGE.search(str(error))
        if not match:
            raise DataError(f"sentencepiece cannot train a vocabulary: {error}") from error
        model = _train(texts, tags, int(match.group(1)), kind)
    entries = _count_entries(model)
    if kind == "char" and entries == size:  # sentencepiece leaves rare characters out without a word
        needed = _count_entries(_train(texts, tags, smallest + sys.maxunicode, kind))
        if needed > size:
            raise _too_small(size, needed)
    return model, entries


def save_vocabulary(
    model: bytes, texts: Iterable[str], model_path: Path, vocab_path: Path, dict_path: Path
) -> tuple[int, int]:
    """Write a model, the list of its pieces with scores, and fairseq's dictionary.

    Args:
        model: what `train_vocabulary` returned.
        texts: what the pieces are counted in, for the counts of the dictionary.
        model_path: the model.
        vocab_path: ``piece<TAB>score`` lines, as sentencepiece's own trainer writes them.
        dict_path: ``piece count`` lines without the special symbols, which fairseq adds.

    Returns:
        as `count_unknown` of the texts.
    """
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    pieces = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
    counts = Counter(piece for text in texts for piece in processor.encode(text, out_type=str))
    model_path.write_bytes(model)
    scores = (f"{piece}\t{processor.get_score(i):g}\n" for i, piece in enumerate(pieces))
    vocab_path.write_text("".join(scores), encoding="utf-8")
    entries = (f"{piece} {counts[piece]}\n" for piece in pieces if piece not in SPECIAL_SYMBOLS)
    dict_path.write_text("".join(entries), encoding="utf-8")
    # what is unknown is counted as it is written, and may be written as a special symbol is
    known = set(pieces) - set(SPECIAL_SYMBOLS)
    return sum(count for piece, count in counts.items() if piece not in known), counts.total()


def dictionary_languages(path: str | os.PathLike) -> set[str]:
    """Return the languages that have a tag in a fairseq dictionary.

    Raises:
        DataError: it is not text.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text ({error.reason}); copy the file again") from error
    languages = (tag_language(line.rsplit(" ", 1)[0]) for line in lines)
    return {language for language in languages if language}


def load_model(path: str | os.PathLike) -> sentencepiece.SentencePieceProcessor:
    """Read a sentencepiece model.

    Raises:
        DataError: it is none.
    """
    try:
        return sentencepiece.SentencePieceProcessor(model_file=os.fspath(path))
    except (RuntimeError, OSError) as error:
        raise DataError(f"{path}: not readable as a sentencepiece model; copy the file again") from error


def count_unknown(model_path: str | os.PathLike, texts: Iterable[str]) -> tuple[int, int]:
    """Return how many pieces of the texts a model does not know, and how many there are."""
    processor = load_model(model_path)
    unknown = total = 0
    for text in texts:
        ids = processor.encode(text)
        unknown += ids.count(processor.unk_id())
        total += len(ids)
    return unknown, total


def describe_unknown(unknown: int, total: int) -> list[str]:
    """Return a note of what `count_unknown` found, or nothing."""
    return [f"{unknown} of {total} pieces of the texts are unknown to the vocabulary"] if unknown else []


def _too_small(size: int, needed: int) -> DataError:
    return DataError(
        f"a vocabulary of {size} is too small for the characters of the texts: it needs at least {needed}"
    )


def _count_entries(model: bytes) -> int:
    return sentencepiece.SentencePieceProcessor(model_proto=model).get_piece_size()


def _train(texts: Sequence[str], tags: Sequence[str], size: int, kind: str) -> bytes:
    writer = io.BytesIO()
    # Through memory: a model trained from a file keeps the path of that file inside.
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=writer,
        model_type=kind,
        vocab_size=size,
        character_coverage=1.0,
        normalization_rule_name="identity",
        max_sentence_length=LONGEST_SENTENCE,
        shuffle_input_sentence=False,
        num_threads=1,
        bos_id=0,
        pad_id=1,
        eos_id=2,
        unk_id=3,
        user_defined_symbols=list(tags),
        minloglevel=ERRORS_ONLY,
    )
    return writer.getvalue()
