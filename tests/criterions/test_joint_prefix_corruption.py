"""Prefix corruption inside the criterion: who sees what, and what it counts."""

from argparse import Namespace

import pytest
import torch

from interactive_st.models import InteractiveSTModel
from interactive_st.models.sizes import interactive_st_tiny

FULL = [(4, 5), (3, 2), (1, 4)]
PARTLY = [(4, 5), (3, None), (None, 4)]


def test_corruption_of_both_reaches_the_model_and_its_loss(model, criterion, batch, by_fairseq):
    sample = batch(FULL)
    clean = sample["net_input"]["prev_output_tokens"]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        loss, _, log = criterion(prefix_corruption=0.5)(model, sample)
    (seen,) = model.seen
    assert seen.shape == clean.shape
    assert not torch.equal(seen, clean)
    logits = model(**{**sample["net_input"], "prev_output_tokens": seen})[0]
    torch.testing.assert_close(loss, by_fairseq(logits, sample["targets"])[0])
    assert torch.equal(sample["net_input"]["prev_output_tokens"], clean)
    assert log["asr_ntokens"] + log["st_ntokens"] == sample["ntokens"]


def test_corruption_of_the_partner_keeps_the_own_prefix(model, criterion, batch, by_fairseq):
    sample = batch(PARTLY)
    clean = sample["net_input"]["prev_output_tokens"]
    objective = criterion(prefix_corruption=0.5, prefix_corruption_of="partner", ctc_weight=0.5)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        loss, sample_size, log = objective(model, sample)
    (seen,) = model.seen
    assert seen.shape == (2, 6, clean.size(2))
    assert torch.equal(seen[0, :3], clean[0])
    assert torch.equal(seen[1, 3:], clean[1])
    assert not torch.equal(seen[1, :3], clean[1])
    assert not torch.equal(seen[0, 3:], clean[0])
    net_output = model(**{**sample["net_input"], "prev_output_tokens": seen})
    asr, asr_nll = by_fairseq(net_output[0][0, :3], sample["targets"][0])
    st, st_nll = by_fairseq(net_output[0][1, 3:], sample["targets"][1])
    expected = asr + st + 0.5 * log["ctc_loss"]
    torch.testing.assert_close(loss.detach(), expected.detach())
    torch.testing.assert_close(log["nll_loss"], (asr_nll + st_nll).detach())
    assert (log["asr_ntokens"], log["st_ntokens"]) == (9, 11)
    assert sample_size == sample["ntokens"]
    # CTC does not depend on prefixes: it is counted once, as without corruption.
    _, _, plain = criterion(ctc_weight=0.5)(model, sample)
    torch.testing.assert_close(log["ctc_loss"], plain["ctc_loss"])


@pytest.mark.parametrize("of", ["both", "partner"])
def test_as_many_tokens_are_replaced_as_are_asked_for(model, of, criterion, batch):
    sample = batch([(40, 50)] * 20)
    clean = sample["net_input"]["prev_output_tokens"]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        criterion(prefix_corruption=0.3, prefix_corruption_of=of)(model, sample)
    [seen] = model.seen
    if of == "partner":  # each stream as its partner sees it
        seen = torch.stack([seen[0, 20:], seen[1, :20]])
    changed = seen.ne(clean).sum() / (20 * (40 + 50))
    assert changed.item() == pytest.approx(0.3 * 6 / 7, abs=0.05)  # one of 7 words is itself


@pytest.mark.parametrize("of", ["both", "partner"])
def test_no_corruption_in_evaluation(model, of, criterion, batch):
    sample = batch(FULL)
    plain, _, _ = criterion()(model, sample)
    model.eval()
    objective = criterion(prefix_corruption=0.9, prefix_corruption_of=of)
    loss, _, _ = objective(model, sample)
    assert torch.equal(model.seen[-1], sample["net_input"]["prev_output_tokens"])
    assert torch.equal(loss, plain)


def test_with_the_real_model_repetitions_share_one_encoding(entries, criterion, batch, by_fairseq):
    """`partner` equals two passes by hand, each counting one stream, and CTC is counted once."""
    sizes = {
        "encoder_embed_dim": 8,
        "encoder_ffn_embed_dim": 8,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "conv_channels": 8,
    }
    args = Namespace(
        input_feat_per_channel=3,
        input_channels=1,
        dropout=0.0,
        max_source_positions=99,
        max_target_positions=99,
        **sizes,
    )
    interactive_st_tiny(args)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = InteractiveSTModel.build_model(args, Namespace(target_dictionary=entries))
        model.double()
        sample = batch(PARTLY)
        seen = []
        model.decoder.register_forward_pre_hook(
            lambda _, given, named: seen.append((*given, *named.values())[0]),
            with_kwargs=True,
        )
        objective = criterion(prefix_corruption=0.5, prefix_corruption_of="partner", ctc_weight=0.5)
        loss, _, log = objective(model, sample)
    inputs = seen[0]
    assert inputs.shape[1] == 6
    expected = 0.5 * log["ctc_loss"]
    for stream, rows in enumerate((slice(0, 3), slice(3, 6))):
        net_output = model(**{**sample["net_input"], "prev_output_tokens": inputs[:, rows]})
        expected = expected + by_fairseq(net_output[0][stream], sample["targets"][stream])[0]
    torch.testing.assert_close(loss, expected)
    _, _, plain = criterion(ctc_weight=0.5)(model, sample)
    torch.testing.assert_close(log["ctc_loss"], plain["ctc_loss"])
    assert plain["ctc_loss"] > 0
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
