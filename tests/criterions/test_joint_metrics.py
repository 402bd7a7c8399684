"""What the criterion logs: hand-made sums, several workers, absent streams."""

import math

import pytest
import torch
from fairseq.logging import metrics

PAD, EOS = 1, 2
PARTLY = [(4, 5), (3, None), (None, 4)]


def test_metrics_are_the_hand_made_sums(model, criterion, batch, by_fairseq, logged):
    sample = batch(PARTLY)
    with torch.no_grad():
        model.encoder.bias.copy_(2 * model.table.weight[EOS])  # so that some tokens are right
    _, _, log = criterion(ctc_weight=0.5, report_accuracy=True)(model, sample)
    shown = logged(log)
    logits = model(**sample["net_input"])[0]
    losses = [by_fairseq(logits[s], sample["targets"][s]) for s in (0, 1)]
    tokens = [5 + 4, 6 + 5]
    hits = [
        (logits[s].argmax(-1) == sample["targets"][s])[sample["targets"][s] != PAD].sum().item()
        for s in (0, 1)
    ]
    assert all(0 < right < count for right, count in zip(hits, tokens, strict=True))
    bits = 1 / math.log(2)
    expected = {
        "loss": log["loss"] / 20 * bits,
        "nll_loss": sum(nll for _, nll in losses) / 20 * bits,
        "asr_loss": losses[0][0] / tokens[0] * bits,
        "asr_nll_loss": losses[0][1] / tokens[0] * bits,
        "st_loss": losses[1][0] / tokens[1] * bits,
        "st_nll_loss": losses[1][1] / tokens[1] * bits,
        "ctc_loss": log["ctc_loss"] / (4 + 3) * bits,
        "accuracy": sum(hits) / 20 * 100,
        "asr_accuracy": hits[0] / tokens[0] * 100,
        "st_accuracy": hits[1] / tokens[1] * 100,
    }
    for key, value in expected.items():
        assert shown[key] == pytest.approx(torch.as_tensor(value).item(), abs=6e-4), key
    assert shown["ppl"] == pytest.approx(2 ** expected["nll_loss"].item(), abs=0.02)
    assert shown.keys() == expected.keys() | {"ppl", "n_correct", "total"}
    plain = logged(criterion(ctc_weight=0.5)(model, sample)[2])
    assert plain.keys() == {key for key in expected if "accuracy" not in key} | {"ppl"}


def test_what_is_logged_keeps_no_graph(model, criterion, batch):
    """fairseq keeps logging outputs for longer than a batch, and with a graph all of its tensors."""
    _, _, log = criterion(ctc_weight=0.5, report_accuracy=True)(model, batch(PARTLY))
    assert not [key for key, value in log.items() if getattr(value, "requires_grad", False)]


def test_two_workers_equal_one_and_absent_streams_do_not_count(model, criterion, batch, logged):
    """The rows of one batch, given to two workers: as two outputs, and summed as fairseq does."""
    objective = criterion(ctc_weight=0.5, report_accuracy=True).eval()
    with torch.no_grad():
        model.encoder.bias.copy_(2 * model.table.weight[EOS])  # the end is always expected
    whole = batch([(4, 4), (3, None), (2, None)])
    halves = []
    for rows in (slice(0, 1), slice(1, 3)):
        halves.append(
            {
                **whole,
                "net_input": {
                    "src_tokens": whole["net_input"]["src_tokens"][rows],
                    "src_lengths": whole["net_input"]["src_lengths"][rows],
                    "prev_output_tokens": whole["net_input"]["prev_output_tokens"][:, rows],
                },
                "targets": whole["targets"][:, rows],
                "transcript": whole["transcript"][rows],
                "transcript_lengths": whole["transcript_lengths"][rows],
                "ntokens": int(whole["targets"][:, rows].ne(PAD).sum()),
                "ntokens_by_stream": whole["targets"][:, rows].ne(PAD).flatten(1).sum(dim=1).tolist(),
                "nsentences": whole["targets"][:, rows].size(1),
            }
        )
    _, _, together = objective(model, whole)
    outputs = [objective(model, half)[2] for half in halves]
    assert outputs[0].keys() == outputs[1].keys()
    assert objective.logging_outputs_can_be_summed()
    summed = {key: sum(log[key] for log in outputs) for key in outputs[0]}
    one = logged(together)
    assert {"asr_accuracy", "st_accuracy", "ctc_loss", "ppl"} <= one.keys()
    assert len({logged(log)["asr_accuracy"] for log in outputs}) == 2
    # Where fairseq rounds, two orders of addition may fall on either side.
    assert logged(*outputs) == pytest.approx(one, abs=1.1e-3)
    assert logged(summed) == pytest.approx(one, abs=1.1e-3)
    # The second worker has no translation: it shows nothing of it, and no NaN.
    lonely = logged(outputs[1])
    assert not {"st_loss", "st_nll_loss", "st_accuracy"} & lonely.keys()
    assert all(math.isfinite(value) for value in lonely.values())
    # One after the other instead of side by side: averages over updates, too, go by tokens.
    with metrics.aggregate(new_root=True) as aggregator:
        for log in outputs:
            objective.reduce_metrics([log])
    shown = {key: float(value) for key, value in aggregator.get_smoothed_values().items()}
    assert shown == pytest.approx(
        one | {"total": shown["total"], "n_correct": shown["n_correct"]}, abs=1.1e-3
    )


@pytest.mark.parametrize(
    "words", [[(3, None), (2, None)], [(None, 3), (None, 2)], [(None, None), (None, None)]]
)
def test_batches_without_a_stream_have_finite_losses_and_gradients(
    model, words, criterion, batch, logged
):
    sample = batch(words)
    objective = criterion(ctc_weight=0.3, report_accuracy=True)
    loss, _, log = objective(model, sample)
    for stream, name in enumerate(("asr", "st")):
        if all(pair[stream] is None for pair in words):
            assert log[f"{name}_loss"] == log[f"{name}_ntokens"] == 0
    if all(transcript is None for transcript, _ in words):
        assert log["ctc_loss"] == log["ctc_ntokens"] == 0
        assert model.ctc_calls == 1
    loss.backward()
    assert loss.isfinite()
    # DDP waits for the gradient of every parameter, whatever this worker's batch lacks.
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    assert all(math.isfinite(value) for value in logged(log).values())


def test_a_batch_without_any_text_does_not_move_the_averages(model, criterion, batch):
    objective = criterion(report_accuracy=True)
    shown = []
    for words in ([PARTLY], [PARTLY, [(None, None)]]):
        logs = [objective(model, batch(rows))[2] for rows in words]
        with metrics.aggregate(new_root=True) as aggregator:
            for log in logs:
                objective.reduce_metrics([log])
        shown.append({k: float(v) for k, v in aggregator.get_smoothed_values().items()})
    assert shown[0] == shown[1]
