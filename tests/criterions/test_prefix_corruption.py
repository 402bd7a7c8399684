"""Which input tokens are replaced, by what, and who sees them."""

import pytest
import torch
from fairseq.data import Dictionary

from interactive_st.criterions.prefix_corruption import (
    corrupt,
    partner_targets,
    partner_views,
    regular_tokens,
)

PAD = 1


def dictionary(words: int = 8) -> Dictionary:
    entries = Dictionary()
    for symbol in ["<lang:en>", *(f"w{i}" for i in range(words)), "<lang:de>"]:
        entries.add_symbol(symbol)
    return entries


def prefixes(batch: int, length: int, entries: Dictionary) -> torch.Tensor:
    """Row i of a stream is padded after length - i % 3 tokens; every token is `w0`."""
    tokens = torch.full((2, batch, length), entries.index("w0"))
    tokens[0, :, 0], tokens[1, :, 0] = entries.index("<lang:en>"), entries.index("<lang:de>")
    for row in range(batch):
        tokens[:, row, length - row % 3 :] = PAD
    return tokens


def test_regular_tokens_leave_out_special_symbols_and_tags():
    entries = dictionary()
    symbols = [entries[int(index)] for index in regular_tokens(entries)]
    assert symbols == [f"w{i}" for i in range(8)]


def test_a_dictionary_without_words_is_refused():
    with pytest.raises(ValueError, match="only special symbols and language tags"):
        regular_tokens(dictionary(words=0))


def test_share_exclusions_and_evenness():
    entries = dictionary()
    candidates = regular_tokens(entries)
    tokens = prefixes(600, 12, entries)
    out = corrupt(tokens, 0.4, candidates, PAD, torch.Generator().manual_seed(3))
    assert torch.equal(out[:, :, 0], tokens[:, :, 0])
    assert torch.equal(out.eq(PAD), tokens.eq(PAD))
    text = out[:, :, 1:][tokens[:, :, 1:].ne(PAD)]
    assert set(text.tolist()) == set(candidates.tolist())
    # A replacement draws the old token again once in eight times. 12,000 tokens: the standard
    # deviation of the share is 0.0044.
    changed = text.ne(entries.index("w0")).double().mean().item()
    assert changed == pytest.approx(0.4 * 7 / 8, abs=0.03)
    counts = [text.eq(index).sum().item() for index in candidates.tolist()[1:]]
    assert min(counts) > 0.8 * max(counts)


def test_both_streams_are_corrupted_independently():
    entries = dictionary(words=100)
    tokens = prefixes(50, 12, entries)
    changed = corrupt(
        tokens, 0.5, regular_tokens(entries), PAD, torch.Generator().manual_seed(0)
    ).ne(tokens)
    text = tokens[0, :, 1:].ne(PAD)
    both = (changed[0] & changed[1])[:, 1:][text].double().mean().item()
    assert both == pytest.approx(0.25, abs=0.08)


def test_randomness_comes_from_the_global_generator():
    entries = dictionary()
    tokens, candidates = prefixes(8, 12, entries), regular_tokens(entries)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        first, second = (corrupt(tokens, 0.5, candidates, PAD) for _ in range(2))
        torch.manual_seed(5)
        again = corrupt(tokens, 0.5, candidates, PAD)
    assert torch.equal(first, again)
    assert not torch.equal(first, second)


def test_share_zero_changes_nothing_and_the_input_is_left_alone():
    entries = dictionary()
    tokens = prefixes(8, 12, entries)
    before = tokens.clone()
    candidates = regular_tokens(entries)
    assert torch.equal(corrupt(tokens, 0.0, candidates, PAD), tokens)
    corrupt(tokens, 0.9, candidates, PAD, torch.Generator().manual_seed(0))
    assert torch.equal(tokens, before)


def test_partner_views_keep_the_own_prefix():
    clean = torch.arange(2 * 3 * 4).view(2, 3, 4)
    corrupted = clean + 100
    views = partner_views(clean, corrupted)
    targets = partner_targets(clean, PAD)
    assert views.shape == targets.shape == (2, 6, 4)
    for own in (0, 1):  # stream `own` counts in repetition `own`, and only there
        counted, other = slice(3 * own, 3 * own + 3), slice(3 - 3 * own, 6 - 3 * own)
        assert torch.equal(views[own, counted], clean[own])
        assert torch.equal(views[1 - own, counted], corrupted[1 - own])
        assert torch.equal(targets[own, counted], clean[own])
        assert targets[own, other].eq(PAD).all()
