"""A small model of two streams, batches as the task collates them, and fairseq's equations."""

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from fairseq.criterions.label_smoothed_cross_entropy import label_smoothed_nll_loss
from fairseq.data import Dictionary
from fairseq.logging import metrics
from torch import Tensor, nn

from interactive_st.criterions import JointLabelSmoothedCrossEntropyCriterion
from interactive_st.modules.token_rows import TokenRows

PAD, EOS = 1, 2


class TwoStreams(nn.Module):
    """Each row sees its own token and the mean of its partner's prefix; CTC from the features."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.table, self.encoder = nn.Embedding(vocabulary, 6), nn.Linear(3, 6)
        self.seen: list[Tensor] = []
        self.ctc_calls = 0

    def forward(
        self,
        src_tokens: Tensor,
        src_lengths: Tensor,
        prev_output_tokens: Tensor,
        rows: TokenRows | None = None,
        wanted: TokenRows | None = None,
    ):
        self.seen.append(prev_output_tokens)
        encoded = self.encoder(src_tokens)
        states = self.table(prev_output_tokens)
        steps = torch.arange(1, states.size(2) + 1, device=states.device).view(1, 1, -1, 1)
        repetitions = states.size(1) // encoded.size(0)
        states = states + states.flip(0).cumsum(2) / steps
        states = states + encoded.mean(1).repeat(repetitions, 1).unsqueeze(1)
        if rows is not None:
            states = rows.take(states) if wanted is None else wanted.take(states)
        return states @ self.table.weight.t(), {"encoder_out": (encoded, src_lengths)}

    def get_ctc_logits(self, encoder_out: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        self.ctc_calls += 1
        encoded, lengths = encoder_out
        return encoded.transpose(0, 1) @ self.table.weight.t(), lengths


@pytest.fixture(scope="session")
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


@pytest.fixture
def criterion(entries) -> Callable[..., JointLabelSmoothedCrossEntropyCriterion]:
    """Builds the criterion with these options."""

    def build(**options: Any) -> JointLabelSmoothedCrossEntropyCriterion:
        options = {"sentence_avg": False, "label_smoothing": 0.1, **options}
        task = SimpleNamespace(target_dictionary=entries)
        return JointLabelSmoothedCrossEntropyCriterion(task, **options)

    return build


def collate(
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
        "ntokens_by_stream": lengths.sum(dim=1).tolist(),
        "ntokens_alone": lengths.masked_fill(lengths.flip(0) > 0, 0).sum(dim=1).tolist(),
        "longest_by_stream": lengths.amax(dim=1).tolist(),
        "nsentences": size,
    }


@pytest.fixture
def batch(entries) -> Callable[..., dict[str, Any]]:
    """Makes a batch of so many words in each stream (None: absent)."""
    return partial(collate, entries)


def _by_fairseq(logits: Tensor, targets: Tensor, epsilon: float = 0.1) -> tuple[Tensor, Tensor]:
    log_probs = torch.log_softmax(logits, dim=-1).flatten(0, -2)
    return label_smoothed_nll_loss(log_probs, targets.flatten(), epsilon, ignore_index=PAD)


@pytest.fixture
def by_fairseq() -> Callable[..., tuple[Tensor, Tensor]]:
    """fairseq's own loss and nll of logits and targets."""
    return _by_fairseq


def _gradients(model: nn.Module, loss: Tensor) -> list[Tensor]:
    return list(
        torch.autograd.grad(
            loss, list(model.parameters()), allow_unused=True, materialize_grads=True
        )
    )


@pytest.fixture
def gradients() -> Callable[..., list[Tensor]]:
    """Gradients of a loss for all parameters of a model."""
    return _gradients


def _logged(*workers: dict[str, Any]) -> dict[str, float]:
    """What fairseq shows of these logging outputs."""
    with metrics.aggregate(new_root=True) as aggregator:
        JointLabelSmoothedCrossEntropyCriterion.reduce_metrics(list(workers))
    return {key: float(value) for key, value in aggregator.get_smoothed_values().items()}


@pytest.fixture
def logged() -> Callable[..., dict[str, float]]:
    """What fairseq shows of logging outputs."""
    return _logged
