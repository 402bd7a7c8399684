"""Loss equations, what is logged, absent streams, CTC and prefix corruption of the criterion."""

import argparse
import math
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from fairseq.criterions import CRITERION_DATACLASS_REGISTRY, CRITERION_REGISTRY
from fairseq.criterions.label_smoothed_cross_entropy import label_smoothed_nll_loss
from fairseq.data import Dictionary
from fairseq.dataclass.utils import gen_parser_from_dataclass
from fairseq.logging import metrics
from torch import Tensor, nn

from interactive_st.criterions import (
    JointLabelSmoothedCrossEntropyConfig,
    JointLabelSmoothedCrossEntropyCriterion,
)

PAD, EOS = 1, 2
NAME = "joint_label_smoothed_cross_entropy"


class TwoStreams(nn.Module):
    """Each row sees its own token and the mean of its partner's prefix; CTC from the features."""

    def __init__(self, vocabulary: int, dim: int = 6) -> None:
        super().__init__()
        self.table = nn.Embedding(vocabulary, dim)
        self.encoder = nn.Linear(3, dim)
        self.seen: list[Tensor] = []
        self.ctc_calls = 0

    def forward(self, src_tokens: Tensor, src_lengths: Tensor, prev_output_tokens: Tensor):
        self.seen.append(prev_output_tokens)
        encoded = self.encoder(src_tokens)
        states = self.table(prev_output_tokens)
        steps = torch.arange(1, states.size(2) + 1, device=states.device).view(1, 1, -1, 1)
        repetitions = states.size(1) // encoded.size(0)
        states = states + states.flip(0).cumsum(2) / steps
        states = states + encoded.mean(1).repeat(repetitions, 1).unsqueeze(1)
        return states @ self.table.weight.t(), {"encoder_out": (encoded, src_lengths)}

    def get_ctc_output(self, net_output: tuple, sample: dict) -> tuple[Tensor, Tensor]:
        self.ctc_calls += 1
        encoded, lengths = net_output[1]["encoder_out"]
        log_probs = F.log_softmax(encoded @ self.table.weight.t(), dim=-1)
        return log_probs.transpose(0, 1), lengths


@pytest.fixture(scope="module")
def entries() -> Dictionary:
    dictionary = Dictionary()
    for symbol in ["<lang:en>", "<lang:de>", *(f"w{i}" for i in range(7))]:
        dictionary.add_symbol(symbol)
    return dictionary


@pytest.fixture
def model(entries) -> TwoStreams:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return TwoStreams(len(entries)).double()


def criterion(entries: Dictionary, **options: Any) -> JointLabelSmoothedCrossEntropyCriterion:
    options = {"sentence_avg": False, "label_smoothing": 0.1, **options}
    task = SimpleNamespace(target_dictionary=entries)
    return JointLabelSmoothedCrossEntropyCriterion(task, **options)


def batch(
    entries: Dictionary, words: list[tuple[int | None, int | None]], seed: int = 0
) -> dict[str, Any]:
    """A batch as the task collates it, with so many words in each stream (None: absent)."""
    generator = torch.Generator().manual_seed(seed)
    size = len(words)
    longest = 1 + max((n for pair in words for n in pair if n is not None), default=0)
    targets = torch.full((2, size, longest), PAD)
    inputs = targets.clone()
    lengths = torch.zeros(2, size, dtype=torch.long)
    first = entries.index("w0")
    for row, pair in enumerate(words):
        for stream, count in enumerate(pair):
            if count is None:
                continue
            text = torch.randint(first, len(entries), (count,), generator=generator)
            targets[stream, row, :count], targets[stream, row, count] = text, EOS
            inputs[stream, row, 0] = entries.index(("<lang:en>", "<lang:de>")[stream])
            inputs[stream, row, 1 : count + 1] = text
            lengths[stream, row] = count + 1
    frames = 3 * longest
    return {
        "id": torch.arange(size),
        "net_input": {
            "src_tokens": torch.randn(size, frames, 3, generator=generator).double(),
            "src_lengths": torch.arange(frames, frames - size, -1),
            "prev_output_tokens": inputs,
        },
        "targets": targets,
        "target": targets[1],
        "target_lengths": lengths[1],
        "transcript": targets[0],
        "transcript_lengths": lengths[0],
        "ntokens": int(lengths.sum()),
        "nsentences": size,
    }


def by_fairseq(logits: Tensor, targets: Tensor, epsilon: float = 0.1) -> tuple[Tensor, Tensor]:
    log_probs = torch.log_softmax(logits, dim=-1).flatten(0, -2)
    return label_smoothed_nll_loss(log_probs, targets.flatten(), epsilon, ignore_index=PAD)


def gradients(model: nn.Module, loss: Tensor) -> list[Tensor]:
    return list(
        torch.autograd.grad(
            loss, list(model.parameters()), allow_unused=True, materialize_grads=True
        )
    )


def logged(*workers: dict[str, Any]) -> dict[str, float]:
    """What fairseq shows of these logging outputs."""
    with metrics.aggregate(new_root=True) as aggregator:
        JointLabelSmoothedCrossEntropyCriterion.reduce_metrics(list(workers))
    return {key: float(value) for key, value in aggregator.get_smoothed_values().items()}


FULL = [(4, 5), (3, 2), (1, 4)]
PARTLY = [(4, 5), (3, None), (None, 4)]


def test_is_registered_with_its_options():
    assert CRITERION_REGISTRY[NAME] is JointLabelSmoothedCrossEntropyCriterion
    assert CRITERION_DATACLASS_REGISTRY[NAME] is JointLabelSmoothedCrossEntropyConfig
    parser = argparse.ArgumentParser()
    gen_parser_from_dataclass(parser, JointLabelSmoothedCrossEntropyConfig())
    defaults = parser.parse_args([])
    assert (defaults.asr_weight, defaults.st_weight, defaults.ctc_weight) == (1.0, 1.0, 0.0)
    assert (defaults.prefix_corruption, str(defaults.prefix_corruption_of)) == (0.0, "both")
    given = parser.parse_args(["--ctc-weight", "0.3", "--prefix-corruption-of", "partner"])
    assert given.ctc_weight == 0.3
    with pytest.raises(SystemExit):
        parser.parse_args(["--prefix-corruption-of", "nobody"])


def test_is_built_from_its_configuration(entries):
    options = JointLabelSmoothedCrossEntropyConfig(
        asr_weight=0.5, prefix_corruption=0.1, prefix_corruption_of="partner", sentence_avg=True
    )
    built = JointLabelSmoothedCrossEntropyCriterion.build_criterion(
        options, SimpleNamespace(target_dictionary=entries)
    )
    assert (built.asr_weight, built.prefix_corruption, built.sentence_avg) == (0.5, 0.1, True)
    assert built.prefix_corruption_of == "partner"
    assert not built.state_dict()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ignore_prefix_size": 1}, "never targets"),
        ({"asr_weight": -1.0}, "--asr-weight"),
        ({"ctc_weight": math.nan}, "--ctc-weight"),
        ({"asr_weight": 0.0, "st_weight": 0.0}, "nothing to train"),
        ({"prefix_corruption": 1.0}, "--prefix-corruption"),
        ({"prefix_corruption": -0.1}, "--prefix-corruption"),
    ],
)
def test_options_out_of_range_are_refused(entries, options, message):
    with pytest.raises(ValueError, match=message):
        criterion(entries, **options)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("words", [FULL, PARTLY])
def test_loss_and_gradients_are_the_weighted_sum_of_fairseqs(entries, model, words, dtype):
    model.to(dtype)
    sample = batch(entries, words)
    sample["net_input"]["src_tokens"] = sample["net_input"]["src_tokens"].to(dtype)
    objective = criterion(entries, asr_weight=0.7, st_weight=1.3, ctc_weight=0.4)
    loss, sample_size, log = objective(model, sample)

    net_output = model(**sample["net_input"])
    asr, asr_nll = by_fairseq(net_output[0][0], sample["targets"][0])
    st, st_nll = by_fairseq(net_output[0][1], sample["targets"][1])
    present = sample["transcript_lengths"] > 0
    log_probs, lengths = model.get_ctc_output(net_output, sample)
    ctc = F.ctc_loss(
        log_probs[:, present],
        sample["transcript"][present],
        lengths[present],
        sample["transcript_lengths"][present] - 1,
        blank=entries.bos(),
        reduction="sum",
    )
    expected = 0.7 * asr + 1.3 * st + 0.4 * ctc
    close = {"rtol": 1e-6, "atol": 1e-6}
    torch.testing.assert_close(loss, expected, **close)
    parts = {
        "loss": expected,
        "nll_loss": asr_nll + st_nll,
        "asr_loss": asr,
        "asr_nll_loss": asr_nll,
        "st_loss": st,
        "st_nll_loss": st_nll,
        "ctc_loss": ctc,
    }
    for key, value in parts.items():
        torch.testing.assert_close(log[key], value.detach(), **close)
    assert sample_size == log["sample_size"] == sample["ntokens"]
    for ours, wanted in zip(gradients(model, loss), gradients(model, expected), strict=True):
        torch.testing.assert_close(ours, wanted, rtol=1e-5, atol=1e-5)


def test_sentence_avg_divides_by_utterances(entries, model):
    _, sample_size, log = criterion(entries, sentence_avg=True)(model, batch(entries, FULL))
    assert sample_size == log["sample_size"] == 3


def test_metrics_are_the_hand_made_sums(entries, model):
    sample = batch(entries, PARTLY)
    _, _, log = criterion(entries, ctc_weight=0.5, report_accuracy=True)(model, sample)
    shown = logged(log)
    logits = model(**sample["net_input"])[0]
    losses = [by_fairseq(logits[s], sample["targets"][s]) for s in (0, 1)]
    tokens = [5 + 4, 6 + 5]
    hits = [
        (logits[s].argmax(-1) == sample["targets"][s])[sample["targets"][s] != PAD].sum().item()
        for s in (0, 1)
    ]
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
    assert shown["ppl"] == pytest.approx(2 ** float(expected["nll_loss"]), abs=0.02)


def test_two_workers_equal_one_and_absent_streams_do_not_count(entries, model):
    """The rows of one batch, given to two workers: as two outputs, and summed as fairseq does."""
    objective = criterion(entries, ctc_weight=0.5, report_accuracy=True).eval()
    whole = batch(entries, [(4, 4), (3, None), (2, None)])
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
def test_batches_without_a_stream_have_finite_losses_and_gradients(entries, model, words):
    sample = batch(entries, words)
    objective = criterion(entries, ctc_weight=0.3, report_accuracy=True)
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


def test_ctc_of_targets_longer_than_the_speech_is_zero(entries, model):
    sample = batch(entries, FULL)
    sample["net_input"]["src_lengths"] = torch.tensor([2, 9, 9])
    _, _, log = criterion(entries, ctc_weight=1.0)(model, sample)
    assert log["ctc_loss"] > 0
    sample["net_input"]["src_lengths"] = torch.tensor([2, 1, 0])
    loss, _, log = criterion(entries, ctc_weight=1.0)(model, sample)
    assert log["ctc_loss"] == 0
    assert all(g.isfinite().all() for g in gradients(model, loss))


def test_ctc_head_is_not_run_without_its_weight(entries, model):
    _, _, log = criterion(entries)(model, batch(entries, FULL))
    assert model.ctc_calls == 0
    assert "ctc_loss" not in log
    assert "ctc_loss" not in logged(log)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_models_have_finite_fp32_losses(entries, model, dtype):
    sample = batch(entries, PARTLY)
    exact, _, _ = criterion(entries, ctc_weight=0.5)(model, sample)
    model.to(dtype)
    sample["net_input"]["src_tokens"] = sample["net_input"]["src_tokens"].to(dtype)
    loss, _, log = criterion(entries, ctc_weight=0.5, report_accuracy=True)(model, sample)
    assert loss.dtype == log["nll_loss"].dtype == log["ctc_loss"].dtype == torch.float32
    assert loss.item() == pytest.approx(exact.item(), rel=0.05)
    assert all(g.isfinite().all() for g in gradients(model, loss))


def test_what_it_cannot_do_is_refused_with_the_reason(entries, model):
    sample = batch(entries, FULL)
    with pytest.raises(ValueError, match="reduce=True"):
        criterion(entries)(model, sample, reduce=False)

    class OneStream(TwoStreams):
        def forward(self, *args: Tensor, **kwargs: Tensor):
            logits, extra = super().forward(*args, **kwargs)
            return logits[1], extra

    with pytest.raises(ValueError, match="needs a model of two streams"):
        criterion(entries)(OneStream(len(entries)).double(), sample)


def test_corruption_of_both_reaches_the_model_and_its_loss(entries, model):
    sample = batch(entries, FULL)
    clean = sample["net_input"]["prev_output_tokens"]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        loss, _, log = criterion(entries, prefix_corruption=0.5)(model, sample)
    (seen,) = model.seen
    assert seen.shape == clean.shape
    assert not torch.equal(seen, clean)
    logits = model(**{**sample["net_input"], "prev_output_tokens": seen})[0]
    torch.testing.assert_close(loss, by_fairseq(logits, sample["targets"])[0])
    assert torch.equal(sample["net_input"]["prev_output_tokens"], clean)
    assert log["asr_ntokens"] + log["st_ntokens"] == sample["ntokens"]


def test_corruption_of_the_partner_keeps_the_own_prefix(entries, model):
    sample = batch(entries, PARTLY)
    clean = sample["net_input"]["prev_output_tokens"]
    objective = criterion(
        entries, prefix_corruption=0.5, prefix_corruption_of="partner", ctc_weight=0.5
    )
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
    _, _, plain = criterion(entries, ctc_weight=0.5)(model, sample)
    torch.testing.assert_close(log["ctc_loss"], plain["ctc_loss"])


@pytest.mark.parametrize("of", ["both", "partner"])
def test_no_corruption_in_evaluation(entries, model, of):
    sample = batch(entries, FULL)
    plain, _, _ = criterion(entries)(model, sample)
    model.eval()
    objective = criterion(entries, prefix_corruption=0.9, prefix_corruption_of=of)
    loss, _, _ = objective(model, sample)
    assert torch.equal(model.seen[-1], sample["net_input"]["prev_output_tokens"])
    assert torch.equal(loss, plain)
