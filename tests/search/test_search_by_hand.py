"""Both searches are their definitions, written out in plain Python: a specification to read.

Nothing is batched, reordered or moved. Pairs are scored anew by teacher forcing at every step; by rank, where
the text that is read changes from step to step, a recursion follows what every row has read.
"""

import functools
import itertools
import math
from typing import NamedTuple

import pytest
import tiny
import torch
import torch.nn.functional as F

from interactive_st.search import DualBeamGenerator

PAD, EOS, UNK = 1, 2, 3
WORDS, LONGEST = 12, 6  # of the vocabulary, and of a text without </s>


class Hypothesis:
    """One text so far: its ``last`` token (the tag at first) behind those of ``before``, the sum of their
    log-probabilities, and the exponent of the length by which that is normalised."""

    def __init__(self, last: int, before: "Hypothesis | None" = None, score=0.0, penalty=1.0):
        self.last, self.before, self.score, self.penalty = last, before, score, penalty
        self.read: Hypothesis | None = None  # of the other text, when the row of ``last`` was computed

    @functools.cached_property
    def path(self) -> tuple["Hypothesis", ...]:
        """The texts that it went through, the tag alone first."""
        return (*(() if self.before is None else self.before.path), self)

    @property
    def tokens(self) -> tuple[int, ...]:
        return tuple(each.last for each in self.path[1:])

    @property
    def ended(self) -> bool:
        return self.last == EOS

    @property
    def rows(self) -> tuple["Hypothesis", ...]:
        """One for each row that the decoder computes of it; there is none of ``</s>``."""
        return self.path[:-1] if self.ended else self.path

    @property
    def normalized(self) -> float:
        return self.score / max(len(self.tokens), 1) ** self.penalty


Pair = tuple[Hypothesis, Hypothesis]  # transcript and translation


class Options(NamedTuple):
    """Those of the search that say which tokens may follow and what they count."""

    len_penalty: float = 1.0
    min_len: int = 1
    no_repeat_ngram_size: int = 0
    unk_penalty: float = 0.0
    temperature: float = 1.0
    prefix: tuple[int, ...] = ()  # of the translation


def total(pair: Pair) -> float:
    return pair[0].score + pair[1].score


def total_normalized(pair: Pair) -> float:
    return pair[0].normalized + pair[1].normalized


def best_first(hypotheses, score):
    return sorted(hypotheses, key=score, reverse=True)


def beginnings(options: Options) -> Pair:
    return tuple(Hypothesis(tag, penalty=options.len_penalty) for tag in (4, 5))


def continuations(own: Hypothesis, logits, stream: int, options: Options) -> list[Hypothesis]:
    """``own`` with each next token that is allowed."""
    written = len(own.tokens)
    scores = (logits / options.temperature).log_softmax(dim=0)
    scores[UNK] -= options.unk_penalty
    prefix, size = options.prefix if stream == 1 else (), options.no_repeat_ngram_size if stream == 1 else 0
    if written == LONGEST:
        allowed = [EOS]
    elif written < len(prefix):
        allowed = [prefix[written]]
    else:
        allowed = [token for token in range(len(scores)) if token != PAD]
        if written < options.min_len:
            allowed.remove(EOS)
        if size:  # the tag counts, as the first token does in fairseq
            text = [each.last for each in own.path]
            allowed = [token for token in allowed if not repeats(text, token, size)]
    return [Hypothesis(token, own, own.score + scores[token].item(), own.penalty) for token in allowed]


def repeats(text: list[int], token: int, size: int) -> bool:
    """Whether ``token`` behind ``text`` completes an n-gram that is there already."""
    text = [*text, token]
    ngrams = [text[begin : begin + size] for begin in range(len(text) - size + 1)]
    return ngrams[-1:] != [] and ngrams[-1] in ngrams[:-1]


def advancing(k: float, step: int, ended: list[bool]) -> list[bool]:
    """Which streams write a token: the one that wait-k holds back starts |k| steps later, or once the other
    has ended."""
    delays = max(-k, 0), max(k, 0)
    return [not ended[s] and (step >= delays[s] or ended[1 - s]) for s in (0, 1)]


def last_logits(model, batch, pair: Pair) -> list:
    """Of the last row of each text, by teacher forcing."""
    texts = [[each.last for each in text.rows] for text in pair]
    tokens = torch.full((2, 1, max(map(len, texts))), PAD)
    for row, text in enumerate(texts):
        tokens[row, 0, : len(text)] = torch.tensor(text)
    logits, _ = model(**batch["net_input"], prev_output_tokens=tokens)
    return [logits[row, 0, len(text) - 1] for row, text in enumerate(texts)]


def row_logits(model, batch, k: float):
    """The function from a text, whose ``read`` is known, and its stream to the logits of its last row.

    What a row reads of the other text was computed when that text itself read something, maybe another one.
    """
    decoder, heard = model.decoder, model.encoder(**batch["net_input"])["encoder_out"][0]

    @functools.cache
    def state(text: Hypothesis, stream: int, depth: int):
        """Of the last row of ``text``, before layer ``depth``."""
        if depth == 0:
            position = decoder.embed_positions(torch.zeros(1, len(text.path), dtype=torch.long))[0, -1]
            return decoder.embed_scale * decoder.embed_tokens.weight[text.last] + position
        layer, attention = decoder.layers[depth - 1], decoder.layers[depth - 1].self_attn
        reach = len(text.path) - 1 + (k if stream == 1 else -k)

        def heads(linear, rows):
            return attention.split_heads(linear(torch.stack(rows)))

        def look(x, rows: list):
            if not rows:
                return torch.zeros_like(x)
            rows = [layer.self_attn_layer_norm(row) for row in rows]
            keys, values = heads(attention.k_proj, rows), heads(attention.v_proj, rows)
            query = heads(attention.q_proj, [x])
            return attention._merge(F.scaled_dot_product_attention(query, keys, values))[0]

        def interact(x):
            others = [row for row in text.read.rows if len(row.path) - 1 <= reach]
            own = look(x, [state(row, stream, depth - 1) for row in text.rows])
            inter = look(x, [state(row, 1 - stream, depth - 1) for row in others])
            return attention.out_proj(attention.fusion(own, inter))

        def listen(x):
            keys = layer.encoder_attn.project_memory(heard)
            return layer.encoder_attn(x.view(1, 1, 1, -1), keys, None).flatten()

        x = layer._sublayer(state(text, stream, depth - 1), layer.self_attn_layer_norm, interact)
        x = layer._sublayer(x, layer.encoder_attn_layer_norm, listen)
        return layer._sublayer(x, layer.final_layer_norm, layer._feed_forward)

    return lambda text, stream: decoder.output_layer(
        decoder.layer_norm(state(text, stream, len(decoder.layers)))
    )


@torch.no_grad()
def by_rank(model, batch, k: float, width: int, options: Options) -> list[Pair]:
    """Synchronous beam search (Liu et al. 2020, section 3): a beam for each text, and rank r of the one
    reads rank r of the other."""
    beams, pools, ended = [[text] for text in beginnings(options)], [[], []], [False, False]
    logits = row_logits(model, batch, k)
    for step in itertools.count():
        if all(ended):
            break
        # what the other text reads: running and finished hypotheses, as long as there are running ones
        ranking = [
            best_first(([] if ended[s] else beams[s]) + pools[s], lambda text: text.normalized)[:width]
            for s in (0, 1)
        ]
        going = [s for s, goes_on in enumerate(advancing(k, step, ended)) if goes_on]
        for stream in going:
            partners = ranking[1 - stream]
            for rank, own in enumerate(beams[stream]):
                own.read = partners[rank] if rank < len(partners) else partners[0]
        for stream in going:
            found = [
                each
                for own in beams[stream]
                for each in continuations(own, logits(own, stream), stream, options)
            ]
            found = best_first(found, lambda text: text.score)[: 2 * width]
            at_limit = len(beams[stream][0].tokens) == LONGEST
            # as in fairseq: texts end among the best W, others move up from the next W
            pools[stream] = (pools[stream] + [text for text in found[:width] if text.ended])[:width]
            beams[stream] = [text for text in found if not text.ended][:width]
            ended[stream] = at_limit or len(pools[stream]) == width or not beams[stream]
    transcripts, translations = (best_first(pool, lambda text: text.normalized) for pool in pools)
    return [(transcripts[min(r, len(transcripts) - 1)], text) for r, text in enumerate(translations)]


@torch.no_grad()
def by_pairs(model, batch, k: float, width: int, options: Options) -> list[Pair]:
    """One beam of pairs: each text of a pair reads the other one of the same pair."""
    beam, pool = [beginnings(options)], []
    for step in itertools.count():
        if len(pool) == width or not beam:
            break
        goes_on = advancing(k, step, [all(pair[s].ended for pair in beam) for s in (0, 1)])
        found = []
        for pair in beam:
            logits = last_logits(model, batch, pair)
            choices = [
                continuations(pair[s], logits[s], s, options)
                if goes_on[s] and not pair[s].ended
                else [pair[s]]
                for s in (0, 1)
            ]
            found += itertools.product(*choices)
        found = best_first(found, total)[: 2 * width]
        complete = [pair[0].ended and pair[1].ended for pair in found]
        pool = (pool + list(itertools.compress(found[:width], complete)))[:width]
        beam = [pair for pair, is_complete in zip(found, complete, strict=True) if not is_complete][:width]
    return best_first(pool, total_normalized)


def build(seed: int, k: float, **options):
    """A model whose input and output table are not shared: a random tied model repeats itself."""
    untied = {"share_decoder_input_output_embed": False}
    model = tiny.model(words=WORDS, seed=seed, spread=1.5, wait_k=k, **untied, **options)
    with torch.no_grad():
        model.decoder.output_projection.weight.normal_(std=0.5)
        model.decoder.output_projection.weight[EOS] *= 1.5
    return model


# with k = 0, pairs turned round tie
@pytest.mark.parametrize(
    ("k", "options"),
    [
        (2, {}),
        (1, {"fusion": "gate", "no_repeat_ngram_size": 1}),
        (-1, {}),
        (math.inf, {}),
        (1, {"len_penalty": 0.0}),
        (1, {"len_penalty": 3.0, "fusion": "tanh"}),
        (1, {"min_len": 3, "unk_penalty": -2.0, "temperature": 1.5}),
        (2, {"no_repeat_ngram_size": 2, "unk_penalty": 2.0, "prefix": (7, 8)}),
        (-1, {"no_repeat_ngram_size": 1, "prefix": (9, 9, 10)}),
    ],
    ids=str,
)
@pytest.mark.parametrize(("kind", "definition"), [("rank", by_rank), ("joint", by_pairs)])
def test_the_search_is_its_definition(kind, definition, k, options):
    options, lengths = dict(options), set()
    fusion = options.pop("fusion", "linear")
    by_hand, prefix = Options(**options), options.pop("prefix", None)
    for seed, width in itertools.product(range(3), (2, 3)):
        model, batch = build(seed, k, fusion=fusion), tiny.sample([24], seed=seed)
        generator = DualBeamGenerator(
            [model], tiny.dictionary(WORDS), search=kind, beam_size=width, max_len_b=LONGEST, **options
        )
        [found] = generator.generate([model], batch, None if prefix is None else torch.tensor([prefix]))
        expected = definition(model, batch, k, width, by_hand)
        [texts] = tiny.hypothesis_pairs([found])
        assert texts == [tuple(list(text.tokens) for text in pair) for pair in expected]
        scores = [total_normalized(pair) for pair in expected]
        assert [pair["pair_score"].item() for pair in found] == pytest.approx(scores, abs=1e-4)
        lengths |= {tuple(map(len, pair)) for pair in texts}
    assert len(lengths) > 2, "the comparison needs texts of several lengths"
