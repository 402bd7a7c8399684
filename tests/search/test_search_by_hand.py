"""Both searches are their definitions, written out in plain Python: a specification to read.

Nothing is cached, batched or vectorised: every hypothesis is scored anew by teacher forcing.
"""

import itertools
import math
from typing import NamedTuple

import pytest
import tiny
import torch

from interactive_st.search import DualBeamGenerator

PAD, EOS = 1, 2
WORDS, LONGEST = 12, 6  # of the vocabulary, and of a text without </s>


class Hypothesis(NamedTuple):
    """One text so far: its tokens, ``</s>`` included, the sum of their log-probabilities, and the exponent of
    the length by which that is normalised."""

    tokens: tuple[int, ...] = ()
    score: float = 0.0
    penalty: float = 1.0

    @property
    def ended(self) -> bool:
        return self.tokens[-1:] == (EOS,)

    @property
    def words(self) -> tuple[int, ...]:
        return self.tokens[:-1] if self.ended else self.tokens

    @property
    def normalized(self) -> float:
        return self.score / max(len(self.tokens), 1) ** self.penalty


Pair = tuple[Hypothesis, Hypothesis]  # transcript and translation


def total(pair: Pair) -> float:
    return pair[0].score + pair[1].score


def total_normalized(pair: Pair) -> float:
    return pair[0].normalized + pair[1].normalized


def best_first(hypotheses, score):
    return sorted(hypotheses, key=score, reverse=True)


@torch.no_grad()
def continuations(model, batch, pair: Pair, stream: int) -> list[Hypothesis]:
    """``pair[stream]`` with each next token that is allowed, as the model scores it beside the other text,
    of which it sees what wait-k lets it see."""
    own = pair[stream]
    tokens = torch.full((2, 1, 1 + max(len(text.words) for text in pair)), PAD)
    tokens[:, :, 0] = tiny.tags(1)
    for row, text in enumerate(pair):
        tokens[row, 0, 1 : 1 + len(text.words)] = torch.tensor(text.words, dtype=torch.long)
    logits, _ = model(**batch["net_input"], prev_output_tokens=tokens)
    written = len(own.tokens)
    scores = logits[stream, 0, written].log_softmax(dim=0).tolist()
    if written == LONGEST:
        allowed = [EOS]
    else:  # no text is empty
        allowed = [token for token in range(len(scores)) if token != PAD and (written or token != EOS)]
    return [
        own._replace(tokens=(*own.tokens, token), score=own.score + scores[token]) for token in allowed
    ]


def advancing(k: float, step: int, ended: list[bool]) -> list[bool]:
    """Which streams write a token: the one that wait-k holds back starts |k| steps later, or once the other
    has ended."""
    delays = max(-k, 0), max(k, 0)
    return [not ended[s] and (step >= delays[s] or ended[1 - s]) for s in (0, 1)]


def by_rank(model, batch, k: float, width: int, penalty: float) -> list[Pair]:
    """Synchronous beam search (Liu et al. 2020, section 3): a beam for each text, and rank r of the one
    reads rank r of the other."""
    empty = Hypothesis(penalty=penalty)
    beams, pools, ended = [[empty], [empty]], [[], []], [False, False]
    for step in itertools.count():
        if all(ended):
            break
        # what the other text reads: running and finished hypotheses, as long as there are running ones
        ranking = [
            best_first(([] if ended[s] else beams[s]) + pools[s], lambda text: text.normalized)[:width]
            for s in (0, 1)
        ]
        for stream in (s for s, goes_on in enumerate(advancing(k, step, ended)) if goes_on):
            partners, found = ranking[1 - stream], []
            for rank, own in enumerate(beams[stream]):
                partner = partners[rank] if rank < len(partners) else partners[0]
                pair = (own, partner) if stream == 0 else (partner, own)
                found += continuations(model, batch, pair, stream)
            found = best_first(found, lambda text: text.score)[: 2 * width]
            at_limit = len(beams[stream][0].tokens) == LONGEST
            # as in fairseq: texts end among the best W, others move up from the next W
            pools[stream] = (pools[stream] + [text for text in found[:width] if text.ended])[:width]
            beams[stream] = [text for text in found if not text.ended][:width]
            ended[stream] = at_limit or len(pools[stream]) == width or not beams[stream]
    transcripts, translations = (best_first(pool, lambda text: text.normalized) for pool in pools)
    return [(transcripts[min(r, len(transcripts) - 1)], text) for r, text in enumerate(translations)]


def by_pairs(model, batch, k: float, width: int, penalty: float) -> list[Pair]:
    """One beam of pairs: each text of a pair reads the other one of the same pair."""
    empty = Hypothesis(penalty=penalty)
    beam, pool = [(empty, empty)], []
    for step in itertools.count():
        if len(pool) == width or not beam:
            break
        goes_on = advancing(k, step, [all(pair[s].ended for pair in beam) for s in (0, 1)])
        found = []
        for pair in beam:
            choices = [
                continuations(model, batch, pair, s) if goes_on[s] and not pair[s].ended else [pair[s]]
                for s in (0, 1)
            ]
            found += itertools.product(*choices)
        found = best_first(found, total)[: 2 * width]
        complete = [pair[0].ended and pair[1].ended for pair in found]
        pool = (pool + list(itertools.compress(found[:width], complete)))[:width]
        beam = [pair for pair, is_complete in zip(found, complete, strict=True) if not is_complete][:width]
    return best_first(pool, total_normalized)


def build(seed: int, k: float):
    """A model of one decoder layer: what its rows read of the other text are words, not states that depend
    on what was read before, so that a ranking that changes leaves nothing behind. Input and output table are
    not shared: a random tied model repeats itself."""
    untied = {"share_decoder_input_output_embed": False}
    model = tiny.model(words=WORDS, seed=seed, spread=2.5, wait_k=k, decoder_layers=1, **untied)
    with torch.no_grad():
        model.decoder.output_projection.weight.normal_(std=0.7)
        model.decoder.output_projection.weight[EOS] *= 1.5
    return model


# with k = 0, pairs turned round tie
@pytest.mark.parametrize(
    ("k", "penalty"), [(2, 1.0), (1, 1.0), (-1, 1.0), (math.inf, 1.0), (1, 0.0), (1, 3.0)]
)
@pytest.mark.parametrize(("kind", "definition"), [("rank", by_rank), ("joint", by_pairs)])
def test_the_search_is_its_definition(kind, definition, k, penalty):
    lengths = set()
    for seed, width in itertools.product(range(3), (2, 3)):
        model, batch = build(seed, k), tiny.sample([24], seed=seed)
        options = {"search": kind, "beam_size": width, "max_len_b": LONGEST, "len_penalty": penalty}
        [found] = DualBeamGenerator([model], tiny.dictionary(WORDS), **options).generate([model], batch)
        expected = definition(model, batch, k, width, penalty)
        [texts] = tiny.hypothesis_pairs([found])
        assert texts == [tuple(list(text.tokens) for text in pair) for pair in expected]
        scores = [total_normalized(pair) for pair in expected]
        assert [pair["pair_score"].item() for pair in found] == pytest.approx(scores, abs=1e-4)
        lengths |= {tuple(map(len, pair)) for pair in texts}
    assert len(lengths) > 2, "the comparison needs texts of several lengths"
