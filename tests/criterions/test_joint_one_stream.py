"""Models that write one of the two texts: its loss, and no other."""

import math

import pytest
import torch

WORDS = [(4, 7), (2, 1), (None, 3), (5, None)]


class OneStream(torch.nn.Module):
    """The fixture's model, of which one stream is asked."""

    def __init__(self, model, stream: int) -> None:
        super().__init__()
        self.model, self.streams = model, (stream,)
        self.seen = []

    def forward(self, src_tokens, src_lengths, prev_output_tokens, rows=None):
        self.seen.append(prev_output_tokens)
        states = self.model.table(prev_output_tokens)
        return (states if rows is None else rows.take(states)) @ self.model.table.weight.t(), {}


@pytest.mark.parametrize(("stream", "name", "other"), [(0, "asr", "st"), (1, "st", "asr")])
def test_the_loss_of_one_stream_is_fairseqs(model, criterion, batch, by_fairseq, stream, name, other):
    alone, sample = OneStream(model, stream), batch(WORDS)
    build = criterion(asr_weight=0.5, st_weight=2.0, report_accuracy=True)
    loss, sample_size, log = build(alone, sample)
    longest = sample["longest_by_stream"][stream]
    inputs = sample["net_input"]["prev_output_tokens"][stream : stream + 1, :, :longest]
    assert torch.equal(alone.seen[0], inputs)
    targets = sample["targets"][stream : stream + 1, :, :longest]
    expected, nll = by_fairseq(alone(**sample["net_input"] | {"prev_output_tokens": inputs})[0], targets)
    assert torch.allclose(loss, (0.5, 2.0)[stream] * expected)
    assert torch.allclose(log[f"{name}_nll_loss"], nll)
    assert sample_size == log["ntokens"] == log[f"{name}_ntokens"] == int(targets.ne(1).sum())
    assert f"{name}_n_correct" in log
    assert not [key for key in log if key.startswith(f"{other}_")]


def test_the_log_has_the_one_stream(model, criterion, batch, logged):
    alone, sample = OneStream(model, 1), batch(WORDS)
    _, _, log = criterion()(alone, sample)
    shown = logged(log)
    assert {"loss", "st_loss", "st_nll_loss"} <= shown.keys()
    assert "asr_loss" not in shown


def test_a_batch_without_the_text_trains_nothing(model, criterion, batch):
    alone, sample = OneStream(model, 0), batch([(None, 3), (None, 2)])
    loss, sample_size, _ = criterion()(alone, sample)
    loss.backward()
    assert (loss.item(), sample_size) == (0.0, 0)
    assert alone.seen[0].tolist() == [[[1], [1]]], "attention cannot be asked for no position"
    assert not alone.model.table.weight.grad.any()


class WithCtc(OneStream):
    """The same, with CTC from the fixture's encoder."""

    def forward(self, src_tokens, src_lengths, **given):
        output, _ = super().forward(src_tokens, src_lengths, **given)
        encoder_out = self.model(src_tokens, src_lengths, given["prev_output_tokens"].expand(2, -1, -1))[1]
        return output, encoder_out

    def get_ctc_logits(self, encoder_out):
        return self.model.get_ctc_logits(encoder_out)


@pytest.mark.parametrize("translations", [0, 1, 4])
def test_transcripts_without_translation_count_by_their_tokens(model, criterion, batch, logged, translations):
    """By CTC they teach a model of translations too; what the loss is divided by grows with them."""
    words = [(4, 7), (2, 1), (3, 3), (5, 2)]
    sample = batch([(w, t if row < translations else None) for row, (w, t) in enumerate(words)])
    alone = WithCtc(model, 1)
    loss, size, log = criterion(ctc_weight=0.3)(alone, sample)
    counted = [1 + (t if row < translations else w) for row, (w, t) in enumerate(words)]  # with </s>
    assert size == log["sample_size"] == sum(counted)
    assert log["ntokens"] == sum(counted[:translations])
    assert logged(log)["loss"] == pytest.approx(loss.item() / size / math.log(2), abs=1e-3)
    assert criterion()(alone, sample)[1] == log["ntokens"], "without CTC nothing is learnt from them"


def test_only_a_partner_sees_what_is_corrupted_for_partners(model, criterion, batch):
    alone, sample = OneStream(model, 1).train(), batch(WORDS)
    clean = sample["net_input"]["prev_output_tokens"][1:]
    criterion(prefix_corruption=0.9, prefix_corruption_of="partner")(alone, sample)
    assert torch.equal(alone.seen[0], clean[:, :, : sample["longest_by_stream"][1]])
    criterion(prefix_corruption=0.9)(alone, sample)
    assert not torch.equal(alone.seen[1], alone.seen[0])
