import copy
import pickle

import torch
from fairseq.data import Dictionary

from interactive_st.tasks.detokenise import DecodesOnce, Detokeniser, PlainText


class Pieces:
    enable_sampling = False

    def encode(self, text):
        return " ".join("▁" + word for word in text.split())

    def decode(self, text):
        return text.replace(" ", "").replace("▁", " ").strip()


class Upper:
    def decode(self, text):
        return text.upper()


def make_dictionary():
    dictionary = Dictionary()
    for symbol in ("<lang:en>", "▁one", "▁two"):
        dictionary.add_symbol(symbol)
    return dictionary


def test_tags_padding_and_ends_are_no_text():
    dictionary = make_dictionary()
    tag, one, two = (dictionary.index(s) for s in ("<lang:en>", "▁one", "▁two"))
    detokenise = Detokeniser(dictionary, [None, Upper(), Pieces()], {tag})
    assert detokenise(torch.tensor([tag, one, two, 2, 1, 1])) == "ONE TWO"
    assert detokenise(torch.tensor([2])) == detokenise(torch.tensor([1, 1])) == ""
    assert detokenise(torch.tensor([one, 3, 2]), unknown="▁huh") == "ONE HUH"


def test_plain_text_is_decoded_no_more():
    bpe = DecodesOnce(Pieces())
    assert bpe.encode("one two") == "▁one ▁two"
    assert bpe.decode("▁one ▁two") == "one two"
    assert bpe.decode(PlainText("one two")) == "one two"
    assert bpe.enable_sampling is False


def test_subwords_are_sampled_no_more():
    pieces = Pieces()
    pieces.enable_sampling = True
    assert DecodesOnce(pieces).without_sampling().enable_sampling is False
    assert DecodesOnce(Upper()).without_sampling().decode("one") == "ONE"  # has no such thing


def test_tokenisers_can_be_copied_and_sent_to_workers():
    bpe = DecodesOnce(Pieces())
    for other in (copy.deepcopy(bpe), pickle.loads(pickle.dumps(bpe))):
        assert other.decode("▁one ▁two") == "one two"


class Wraps:
    def __init__(self, left, right):
        self.left, self.right = left, right

    def decode(self, text):
        return f"{self.left}{text}{self.right}"


def test_what_encoded_last_decodes_first():
    dictionary = Dictionary()
    tokens = torch.tensor([dictionary.add_symbol("a")])
    assert Detokeniser(dictionary, [Wraps("(", ")"), Wraps("[", "]")])(tokens) == "([a])"


def test_pieces_that_no_tokeniser_made_are_joined_as_fairseq_joins_them():
    dictionary = Dictionary()
    tokens = torch.tensor([dictionary.add_symbol(piece) for piece in ("zwei@@", "und@@", "vierzig")])
    joins = Detokeniser(dictionary, [None], post_process="@@ ")
    assert joins(tokens) == "zweiundvierzig"
    assert joins.keeping_pieces()(tokens) == "zwei@@ und@@ vierzig"  # for the text model of a pipeline
    assert Detokeniser(dictionary, [None])(tokens) == "zwei@@ und@@ vierzig"


def test_tokens_are_looked_up_as_numbers():
    """Each look-up by a tensor of one number takes several operations of torch."""
    asked = []

    class Watched(Dictionary):
        def __getitem__(self, number):
            asked.append(type(number))
            return super().__getitem__(number)

    entries = Watched()
    first, second = entries.add_symbol("one"), entries.add_symbol("two")
    assert Detokeniser(entries, [])(torch.tensor([first, second, entries.eos()])) == "one two"
    assert asked == [int, int]
