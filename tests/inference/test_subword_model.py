import io

import pytest
import sentencepiece

from interactive_st.inference.subword_model import without_file_names

TEXTS = ["one two three four", "eins zwei drei vier", "four three two one"]


@pytest.fixture
def model(tmp_path):
    """A model that names the files it was trained with, as those of fairseq's recipes do."""
    (tmp_path / "corpus.txt").write_text("\n".join(TEXTS))
    sentencepiece.SentencePieceTrainer.train(
        input=str(tmp_path / "corpus.txt"),
        model_prefix=str(tmp_path / "spm"),
        vocab_size=30,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    content = (tmp_path / "spm.model").read_bytes()
    assert str(tmp_path).encode() in content
    return content


def test_names_are_gone_and_the_model_is_the_same(model, tmp_path):
    cleaned = without_file_names(model)
    assert str(tmp_path).encode() not in cleaned
    before, after = (sentencepiece.SentencePieceProcessor(model_proto=each) for each in (model, cleaned))
    assert after.get_piece_size() == before.get_piece_size()
    for text in [*TEXTS, "five"]:
        assert after.encode(text, out_type=str) == before.encode(text, out_type=str)
        assert after.decode(after.encode(text)) == before.decode(before.encode(text))


def test_a_model_without_names_stays_as_it_is(model):
    cleaned = without_file_names(model)
    assert without_file_names(cleaned) == cleaned


def test_model_from_memory():
    stream = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS),
        model_writer=stream,
        vocab_size=30,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    assert sentencepiece.SentencePieceProcessor(model_proto=without_file_names(stream.getvalue())).encode(
        "one"
    )


@pytest.mark.parametrize("content", [b"\x0a\xff", b"\x07", b"\xff\xff"])
def test_other_bytes(content):
    with pytest.raises(ValueError, match="not a sentencepiece model"):
        without_file_names(content)
