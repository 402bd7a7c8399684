"""Constraints that meet: lengths and forced prefixes, and beams with fewer hypotheses than slots."""

import math

import pytest
import tiny
import torch
from searching import run_logged

from interactive_st.modules.lanes import Lanes
from interactive_st.search import DualBeamGenerator
from interactive_st.search.constraints import Constraints
from interactive_st.search.options import SearchOptions

PAD, EOS, UNK = 1, 2, 3
KINDS = pytest.mark.parametrize("kind", ["rank", "joint"])


def build(words=12, seed=1, **options):
    """A model whose streams begin together."""
    model = tiny.model(words=words, seed=seed, spread=2.0, wait_k=0, **options)
    with torch.no_grad():
        model.decoder.embed_tokens.weight.normal_(std=0.5)
    return model


def start(model, words=12, frames=(40,), prefix=None, kind="rank", **options):
    """A search, not yet run."""
    options = {"beam_size": 5, "max_len_b": 10, **options}
    generator = DualBeamGenerator([model], tiny.dictionary(words), search=kind, **options)
    return generator.start(tiny.sample(list(frames)), prefix)


def run(search):
    """Pairs of the first sentence, and which row each of its streams computed in each step."""
    found, steps = run_logged(search)
    return tiny.hypothesis_pairs(found)[0], [step["row"][:, 0].tolist() for step in steps]


# ---- lengths and prefixes


def test_the_greatest_length_counts_before_the_least():
    """As in fairseq; the generator itself lets none be below ``min_len``."""
    constraints = Constraints(SearchOptions(min_len=6), PAD, UNK, EOS)
    control = torch.tensor([0, 0]), torch.tensor([0, 1]), torch.tensor([3, 3])
    lanes = Lanes(*control, (0,), 2, control=control)
    log_probs, tokens = torch.zeros(2, 1, 9), torch.zeros(2, 2, 1, 5, dtype=torch.int32)
    constrained = constraints.apply(log_probs, lanes, tokens, torch.tensor([True, False]), None)
    assert constrained[:, 0, EOS].tolist() == [0.0, -math.inf]


def test_words_are_blocked_by_what_their_own_translation_holds():
    """One has written more than the other, and its transcript may repeat itself."""
    constraints = Constraints(SearchOptions(no_repeat_ngram_size=2), PAD, UNK, EOS)
    control = torch.tensor([0, 1, 1]), torch.tensor([0, 0, 1]), torch.tensor([4, 4, 3])
    lanes = Lanes(*control, (0, 1), 2, control=control)
    tokens = torch.full((2, 2, 1, 6), PAD, dtype=torch.int32)
    tokens[:, 0, 0, :5] = torch.tensor([4, 7, 6, 7, 6])  # 7 followed the 6
    tokens[1, 1, 0, :4] = torch.tensor([4, 7, 8, 7])
    none = torch.zeros(3, dtype=torch.bool)
    constrained = constraints.apply(torch.zeros(3, 1, 9), lanes, tokens, none, None)
    blocked = [row[0].isneginf().nonzero().flatten().tolist() for row in constrained]
    assert blocked == [[PAD], [PAD, 7], [PAD, 8]]


@KINDS
def test_a_forced_end_counts_before_the_least_length(kind):
    pairs, _ = run(start(build(), prefix=torch.tensor([[7, EOS]]), kind=kind, min_len=6))
    assert {tuple(translation) for _, translation in pairs} == {(7, EOS)}
    assert min(len(transcript) for transcript, _ in pairs) > 6


@KINDS
def test_a_prefix_longer_than_the_greatest_length_is_cut(kind):
    pairs, _ = run(start(build(), prefix=torch.tensor([[7, 8, 9, 10]]), kind=kind, max_len_b=2))
    assert {tuple(translation) for _, translation in pairs} == {(7, 8, EOS)}


# ---- fewer hypotheses than slots


@torch.no_grad()
def test_ranks_without_a_hypothesis_read_the_best():
    """A model of one layer reads words only; with one translation it has teacher-forced scores."""
    prefix = torch.tensor([[7, 8, 9, EOS]])
    for seed in range(4):
        model = build(seed=seed, decoder_layers=1)
        found = start(model, prefix=prefix.repeat(3, 1), frames=[40, 30, 24], min_len=5).run()
        for row, [pair] in enumerate(found):
            transcript = pair["transcript"]["tokens"]
            tokens = torch.full((2, 3, len(transcript)), PAD)
            tokens[:, :, 0] = tiny.tags(3)
            tokens[0, :, 1:], tokens[1, :, 1:4] = transcript[:-1], prefix[0, :3]
            logits, _ = model(**tiny.speech([40, 30, 24]), prev_output_tokens=tokens)
            expected = logits[0, row].log_softmax(dim=-1).gather(1, transcript.unsqueeze(1)).squeeze(1)
            assert torch.allclose(pair["transcript"]["positional_scores"], expected, atol=1e-4)


def test_a_text_with_fewer_hypotheses_pairs_its_last_one():
    search = start(build())
    assert search._pairs(["a", "b"], ["A", "B", "C"]) == [("a", "A"), ("b", "B"), ("b", "C")]
    assert search._pairs(["a", "b", "c"], ["A"]) == [("a", "A")]


def test_a_stream_that_has_ended_in_all_pairs_there_are_is_not_computed_any_more():
    """There are four transcripts of one token, fewer than the beam has slots."""
    _, rows = run(start(build(words=0), words=0, prefix=torch.tensor([[EOS]]), kind="joint"))
    assert rows == [[0, 0], *([row, -1] for row in range(1, len(rows)))]
    assert len(rows) > 2


def test_the_search_ends_where_no_pair_is_left():
    one = {"words": 0, "prefix": torch.tensor([[EOS]]), "max_len_b": 1}
    pairs, rows = run(start(build(words=0), kind="joint", **one))
    assert sorted(pairs) == [([word, EOS], [EOS]) for word in (0, UNK, 4, 5)]
    assert rows == [[0, 0], [1, -1]]


@torch.no_grad()
def test_a_sentence_ends_where_no_pair_of_its_own_is_left():
    """Four transcripts of one token, for five slots; the other sentence may write more."""
    options = {"words": 0, "prefix": torch.tensor([[PAD], [EOS]]), "max_len_a": 0.1, "max_len_b": 0}
    search = start(build(words=0), frames=[40, 10], kind="joint", **options)
    for step in range(2):
        search.step(step)
    assert search.beams.done.tolist() == [[False, True], [False, True]]


def test_a_stream_ends_where_nothing_is_left_to_write():
    """No word is written twice, and there are three besides the tag."""
    options = {"no_repeat_ngram_size": 1, "min_len": 3, "prefix": torch.tensor([[0, UNK]])}
    pairs, rows = run(start(build(words=0), words=0, **options))
    assert [translation for _, translation in pairs] == [[0, UNK, 4, EOS]]
    assert max(translation for _, translation in rows) == 3
    assert max(transcript for transcript, _ in rows) > 3
