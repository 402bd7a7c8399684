"""The joint vocabulary: ids, tags, sizes, and fairseq's view of it."""

import re

import pytest
import sentencepiece
from fairseq.data import Dictionary

from interactive_st.data.folder.vocabulary import (
    count_unknown,
    dictionary_languages,
    save_vocabulary,
    train_vocabulary,
)
from interactive_st.errors import DataError

TEXTS = [
    f"{subject} {verb} {thing}"
    for subject, verb, things in (
        ("we", "see", ("the house", "a tree", "the station", "an open door")),
        ("they", "know", ("the way", "a good hotel", "this town", "the answer")),
        ("wir", "sehen", ("das Haus", "einen Baum", "den Bahnhof", "die offene Tür")),
        ("sie", "kennen", ("den Weg", "ein gutes Hotel", "diese Stadt", "die Antwort")),
    )
    for thing in things
]


def saved(tmp_path, model):
    paths = [tmp_path / name for name in ("spm.model", "spm.vocab", "dict.txt")]
    save_vocabulary(model, TEXTS, *paths)
    return paths


@pytest.mark.parametrize("kind", ["unigram", "bpe", "char"])
def test_ids_of_sentencepiece_and_fairseq_agree(tmp_path, kind):
    model, size = train_vocabulary(TEXTS, ["en", "de"], 60, kind)
    model_path, vocab_path, dict_path = saved(tmp_path, model)
    processor = sentencepiece.SentencePieceProcessor(model_file=str(model_path))
    dictionary = Dictionary.load(str(dict_path))
    assert len(dictionary) == processor.get_piece_size() == size
    assert [dictionary[i] for i in range(size)] == [processor.id_to_piece(i) for i in range(size)]
    assert [dictionary.bos(), dictionary.pad(), dictionary.eos(), dictionary.unk()] == [0, 1, 2, 3]
    assert dictionary.index("<lang:de>") == 4
    assert dictionary.index("<lang:en>") == 5
    assert dictionary_languages(dict_path) == {"de", "en"}
    vocab = vocab_path.read_text(encoding="utf-8").splitlines()
    assert [line.split("\t")[0] for line in vocab] == dictionary.symbols
    for text in TEXTS:
        pieces = processor.encode(text, out_type=str)
        ids = dictionary.encode_line(" ".join(pieces), append_eos=False, add_if_not_exist=False)
        assert ids.tolist() == processor.encode(text)
        assert processor.decode(pieces) == text
        assert dictionary.unk() not in ids


def test_counts_are_those_of_the_texts(tmp_path):
    model, _ = train_vocabulary(TEXTS, ["en"], 60)
    *_, dict_path = saved(tmp_path, model)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    pieces = [piece for text in TEXTS for piece in processor.encode(text, out_type=str)]
    for line in dict_path.read_text(encoding="utf-8").splitlines():
        piece, count = line.rsplit(" ", 1)
        assert int(count) == pieces.count(piece)


def test_same_texts_same_bytes_without_paths():
    first, _ = train_vocabulary(TEXTS, ["en", "de"], 60)
    second, _ = train_vocabulary(TEXTS, ["de", "en", "de"], 60)
    assert first == second
    assert not re.search(rb"/\w+/", first)


@pytest.mark.parametrize("kind", ["unigram", "bpe", "char"])
def test_size_is_clipped_where_the_text_gives_no_more(kind):
    model, size = train_vocabulary(TEXTS, ["en", "de"], 5000, kind)
    assert 30 < size < 500
    assert train_vocabulary(TEXTS, ["en", "de"], size, kind)[1] == size
    assert sentencepiece.SentencePieceProcessor(model_proto=model).get_piece_size() == size


def test_texts_stay_as_they_are():
    text = "½ … ﬁn Ａ e\u0301"  # Unicode normalisation would change every word
    model, _ = train_vocabulary([text] * 20, ["en"], 30)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    assert processor.decode(processor.encode(text)) == text


def test_too_small_or_impossible():
    with pytest.raises(DataError, match=r"too small for the characters .* needs at least \d\d"):
        train_vocabulary(TEXTS, ["en"], 10)
    with pytest.raises(DataError, match="needs at least 7"):
        train_vocabulary(TEXTS, ["en", "de"], 3, "char")
    with pytest.raises(DataError, match="no text"):
        train_vocabulary(["", " "], ["en"], 10)
    with pytest.raises(DataError, match="'word' must be one of unigram, bpe, char"):
        train_vocabulary(TEXTS, ["en"], 60, "word")


@pytest.mark.parametrize("kind", ["unigram", "bpe", "char"])
def test_the_smallest_size_is_said_and_loses_no_character(tmp_path, kind):
    with pytest.raises(DataError, match=r"too small for the characters .* needs at least \d\d") as raised:
        train_vocabulary(TEXTS, ["en", "de"], 20, kind)
    smallest = int(str(raised.value).rsplit(" ", 1)[1])
    model, size = train_vocabulary(TEXTS, ["en", "de"], smallest, kind)
    assert size == smallest
    assert count_unknown(saved(tmp_path, model)[0], TEXTS)[0] == 0
    with pytest.raises(DataError, match=f"a vocabulary of {smallest - 1} is too small .* least {smallest}$"):
        train_vocabulary(TEXTS, ["en", "de"], smallest - 1, kind)


def test_unknown_pieces_are_counted(tmp_path):
    model, _ = train_vocabulary(TEXTS, ["en"], 60)
    model_path, *_ = saved(tmp_path, model)
    assert count_unknown(model_path, TEXTS)[0] == 0
    unknown, total = count_unknown(model_path, ["the q", "the 7"])
    assert unknown == 2
    assert total > 4


@pytest.mark.parametrize("kind", ["unigram", "bpe", "char"])
@pytest.mark.parametrize("word", ["<unk>", "<s>", "</s>", "<pad>", "▅"])
def test_what_sentencepiece_leaves_out_of_its_training_is_counted(tmp_path, kind, word):
    texts = [*TEXTS, f"we see {word}"]
    model, _ = train_vocabulary(texts, ["en"], 60, kind)
    paths = [tmp_path / name for name in ("spm.model", "spm.vocab", "dict.txt")]
    unknown, total = save_vocabulary(model, texts, *paths)
    assert unknown > 0
    assert (unknown, total) == count_unknown(paths[0], texts)


def test_long_sentences_are_trained_on():
    """sentencepiece leaves out those of more than 4192 bytes unless it is told otherwise."""
    model, _ = train_vocabulary([*TEXTS, "zoo " * 1500], ["en", "de"], 60)
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    assert processor.unk_id() not in processor.encode("zoo")
