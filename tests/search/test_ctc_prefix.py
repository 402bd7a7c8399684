"""CTC prefix scores against the sum over all alignments, written out."""

import itertools
import math

import pytest
import tiny
import torch
import torch.nn.functional as F

from interactive_st.conventions import TRANSCRIPT
from interactive_st.modules.lanes import Lanes
from interactive_st.search import DualBeamGenerator
from interactive_st.search.ctc_prefix import CtcPrefixScorer

BLANK, PAD, EOS, WORDS = 0, 1, 2, 5
FRAMES = 5


def log_probs(batch: int, frames: int = FRAMES) -> torch.Tensor:
    generator = torch.Generator().manual_seed(4)
    return torch.randn(frames, batch, WORDS, generator=generator).mul(2).log_softmax(dim=2)


def scorer(batch=1, width=1, lengths=None, weight=1.0, frames=FRAMES) -> CtcPrefixScorer:
    lengths = torch.tensor(lengths or [frames] * batch)
    return CtcPrefixScorer(
        log_probs(batch, frames),
        lengths,
        blank=BLANK,
        eos=EOS,
        width=width,
        weight=weight,
        candidates=WORDS,
    )


def collapse(path) -> tuple:
    return tuple(token for token, _ in itertools.groupby(path) if token != BLANK)


def prefix_probability(frames: torch.Tensor, prefix: tuple) -> float:
    """Probability that the transcript begins with ``prefix``, over all alignments of ``(T, V)`` frames."""
    total = 0.0
    for path in itertools.product(range(WORDS), repeat=frames.size(0)):
        if collapse(path)[: len(prefix)] == prefix:
            total += math.exp(sum(frames[t, token].item() for t, token in enumerate(path)))
    return total


@pytest.mark.parametrize("prefix", [(3,), (3, 3), (4, 1), (1, 3, 1), (4, 4, 3)])
def test_scores_of_prefixes_are_sums_over_alignments(prefix):
    one = torch.zeros(1, dtype=torch.long)
    state = scorer()
    for n, token in enumerate(prefix, start=1):
        every = torch.arange(WORDS).view(1, 1, WORDS)
        offered = state._extensions(one, every)[0, 0]
        state.extend(one, torch.tensor([[token]]))
        expected = prefix_probability(log_probs(1)[:, 0], prefix[:n])
        assert math.exp(state.score.item()) == pytest.approx(expected, rel=1e-6)
        assert math.exp(offered[token].item()) == pytest.approx(expected, rel=1e-6)
    whole = -F.ctc_loss(
        log_probs(1).double(),
        torch.tensor([prefix]),
        torch.tensor([FRAMES]),
        torch.tensor([len(prefix)]),
        blank=BLANK,
        reduction="sum",
    )
    assert state._whole(one).item() == pytest.approx(whole.item(), rel=1e-6)


def test_padding_changes_nothing():
    one, tokens = torch.zeros(1, dtype=torch.long), (3, 3, 1)
    short = CtcPrefixScorer(
        log_probs(1, 9)[:FRAMES],
        torch.tensor([FRAMES]),
        blank=BLANK,
        eos=EOS,
        width=1,
        weight=1.0,
        candidates=WORDS,
    )
    padded = scorer(lengths=[FRAMES], frames=9)
    for token in tokens:
        for state in (short, padded):
            state.extend(one, torch.tensor([[token]]))
        assert padded.score.item() == pytest.approx(short.score.item(), rel=1e-9)
        assert padded._whole(one).item() == pytest.approx(short._whole(one).item(), rel=1e-9)


def test_long_speech_stays_precise():
    frames, one = 400, torch.zeros(1, dtype=torch.long)
    state, target = scorer(frames=frames), [3, 1, 4, 4, 3] * 12
    for token in target:
        state.extend(one, torch.tensor([[token]]))
    whole = -F.ctc_loss(
        log_probs(1, frames).double(),
        torch.tensor([target]),
        torch.tensor([frames]),
        torch.tensor([len(target)]),
        blank=BLANK,
        reduction="sum",
    )
    assert state._whole(one).item() == pytest.approx(whole.item(), rel=1e-6)


def lanes(*streams: int) -> Lanes:
    stream = torch.tensor(streams)
    zero = torch.zeros_like(stream)
    return Lanes(stream, zero, zero, tuple(sorted(set(streams))), 1, control=(stream, zero, zero))


def test_blend_is_the_weighted_sum_and_leaves_translations_alone():
    state = scorer(width=2, weight=0.3)
    attention = torch.randn(2, 2, WORDS, generator=torch.Generator().manual_seed(1)).log_softmax(2)
    attention[0, 0, 1] = -math.inf
    blended = state.blend(attention.clone(), lanes(0, 1))
    assert torch.equal(blended[1], attention[1])
    one, every = torch.zeros(1, dtype=torch.long), torch.arange(WORDS).expand(1, 2, WORDS)
    ctc = state._extensions(one, every)[0]
    ctc[:, EOS] = state._whole(one)[0]
    expected = 0.7 * attention[0] + 0.3 * ctc.float()
    expected[:, BLANK] = -math.inf  # which is no word
    assert torch.allclose(blended[0], expected, atol=1e-5)
    assert blended[0, 0, 1] == -math.inf


def test_the_blank_is_no_word_whatever_attention_says():
    """Taken for one it is "emitted" by every silence: the prefix that it ends would count more than once."""
    state = scorer(weight=1.0)
    attention = torch.full((1, 1, WORDS), -5.0)
    attention[..., BLANK] = 0.0
    one, every = torch.zeros(1, dtype=torch.long), torch.arange(WORDS).expand(1, 1, WORDS)
    extensions = state._extensions(one, every)[0, 0]
    words = [word for word in range(WORDS) if word != BLANK]
    whole = torch.cat([extensions[words], state._whole(one)[0]])
    assert whole.logsumexp(0).item() == pytest.approx(0.0, abs=1e-5)  # they share all of the probability
    blended = state.blend(attention, lanes(0))
    assert blended[0, 0, BLANK] == -math.inf
    assert blended[0, 0, words].isfinite().all()


def test_what_a_constraint_rules_out_stays_impossible_where_ctc_has_all_the_weight():
    """No weight of −∞ would be no number, which topk takes for the greatest."""
    state, attention = scorer(), torch.zeros(1, 1, WORDS)
    attention[0, 0, [1, EOS]] = -math.inf
    blended = state.blend(attention, lanes(0))
    assert blended.isneginf().nonzero()[:, 2].tolist() == sorted([BLANK, 1, EOS])
    assert not blended.isnan().any()


def test_words_that_ctc_rules_out_are_numbers():
    """Probabilities of half precision are often 0."""
    one, frames = torch.zeros(1, dtype=torch.long), log_probs(1)
    frames[:, :, 3] = -math.inf
    frames[2, :, BLANK] = -math.inf
    frames = frames.log_softmax(dim=2)
    options = {"blank": BLANK, "eos": EOS, "width": 1, "weight": 0.5, "candidates": WORDS}
    state = CtcPrefixScorer(frames, torch.tensor([FRAMES]), **options)
    for prefix in ((4,), (4, 1)):
        expected = [prefix_probability(frames[:, 0], (*prefix, token)) for token in range(1, WORDS)]
        state.extend(one, torch.tensor([prefix[-1:]]))
        found = state._extensions(one, torch.arange(1, WORDS).view(1, 1, -1))[0, 0].exp()
        assert found.tolist() == pytest.approx(expected, rel=1e-6)
    state.extend(one, torch.tensor([[3]]))
    blended = state.blend(torch.zeros(1, 1, WORDS), lanes(0))
    assert blended.isfinite().sum() == WORDS - 1  # all but the blank


def test_ctc_is_asked_about_the_candidates_and_the_end():
    state = scorer(weight=0.5)
    state.candidates = 2
    attention = torch.tensor([[[-3.0, -1.0, -9.0, -2.0, -4.0]]])
    assert state.blend(attention, lanes(0)).isfinite()[0, 0].tolist() == [False, True, True, True, False]


def test_sentences_can_leave():
    one, both, every = torch.zeros(1).long(), torch.arange(2), torch.arange(WORDS).view(1, 1, -1)
    state = scorer(batch=2)
    state.extend(both, torch.tensor([[3], [4]]))
    expected = state._extensions(both, every.repeat(2, 1, 1))[1:]
    state.keep(torch.tensor([1]))
    assert torch.equal(state._extensions(one, every), expected)


def test_hypotheses_keep_their_own_states():
    one = torch.zeros(1, dtype=torch.long)
    state, alone = scorer(width=2), scorer()
    state.extend(one, torch.tensor([[3, 4]]))
    state.inherit(one, torch.tensor([[1, 1]]))
    state.extend(one, torch.tensor([[1, 4]]))
    for token in (4, 4):
        alone.extend(one, torch.tensor([[token]]))
    assert state.score[0, 1].item() == pytest.approx(alone.score.item())
    assert state.last.tolist() == [[1, 4]]


def ctc_scores(model, one) -> dict[tuple[int, ...], float]:
    """Log-probability by CTC of every transcript of one or two tokens, the most probable first."""
    ctc, lengths = model.get_ctc_output((None, {"encoder_out": model.encoder(**one["net_input"])}), {})
    words = [word for word in range(ctc.size(2)) if word not in (BLANK, PAD, EOS)]
    scores = {}
    for tokens in [text for size in (1, 2) for text in itertools.product(words, repeat=size)]:
        target = torch.tensor([tokens])
        loss = F.ctc_loss(ctc.double(), target, lengths, torch.tensor([len(tokens)]), reduction="sum")
        scores[tokens] = -loss.item()
    return dict(sorted(scores.items(), key=lambda item: -item[1]))


@pytest.mark.parametrize("kind", ["rank", "joint"])
@pytest.mark.parametrize("k", [3, 0, -2, math.inf])
@torch.no_grad()
def test_with_all_the_weight_the_search_finds_what_ctc_says(kind, k):
    """A beam that holds everything, scored by CTC alone, gives all transcripts, the most probable first."""
    model = tiny.model(words=0, wait_k=k, spread=2.0, ctc_weight=0.3)
    batch = tiny.sample([24, 17])
    options = {"search": kind, "max_len_b": 2, "ctc_weight": 1.0, "normalize_scores": False}
    generator = DualBeamGenerator([model], tiny.dictionary(0), **options)
    # 12 transcripts, 20 translations, which may hold the blank: a beam over all of them, or over their pairs
    generator.options = generator.options._replace(beam_size=20 if kind == "rank" else 12 * 20)
    for row, pairs in enumerate(generator.generate([model], batch)):
        transcripts = [pair["transcript"] for pair in pairs]
        if kind == "joint":  # pairs are ordered by the scores of both texts
            transcripts.sort(key=lambda text: -text["score"].item())
        found = {tuple(text["tokens"][:-1].tolist()): text["score"].item() for text in transcripts}
        expected = ctc_scores(model, tiny.row_of(batch, row))
        assert list(found) == list(expected)
        assert list(found.values()) == pytest.approx(list(expected.values()), abs=1e-4)


def test_attention_orders_what_ctc_rules_out():
    """Texts of more tokens than frames, as --min-len may ask for; scores stay in float32's reach."""
    one = torch.zeros(1, dtype=torch.long)
    state = scorer(weight=0.3, frames=2)
    for token in (3, 4):
        state.extend(one, torch.tensor([[token]]))
    attention = torch.tensor([-0.5, -9.0, -3.0, -1.0, -2.0]).view(1, 1, WORDS)
    blended = state.blend(attention.clone(), lanes(TRANSCRIPT))[0, 0]
    assert blended[EOS] > blended[[1, 3, 4]].max()  # which alone is possible
    assert blended[[1, 3, 4]].min() > -1e4
    assert (blended[3] - blended[4]).item() == pytest.approx(0.7, abs=1e-3)


def test_attention_orders_ends_that_ctc_rules_out():
    """Of texts that are as long as they may be, with more words to come in the speech."""
    scores = torch.full((2, 1, WORDS), -math.inf)
    scores[0, 0, 3] = scores[1, 0, 4] = 0.0
    options = {"blank": BLANK, "eos": EOS, "width": 2, "weight": 0.5, "candidates": WORDS}
    state = CtcPrefixScorer(scores, torch.tensor([2]), **options)
    state.extend(torch.zeros(1, dtype=torch.long), torch.tensor([[3, 3]]))
    attention = torch.zeros(1, 2, WORDS)
    attention[0, 1, EOS] = -1.0
    first, second = state.blend(attention, lanes(TRANSCRIPT))[0, :, EOS].tolist()
    assert first - second == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("frames", [2, 3, 9])
@pytest.mark.parametrize("is_known", [True, False])
def test_the_end_costs_nothing_behind_what_ctc_rules_out(frames, is_known):
    """Neither a difference of impossible scores, which may be 1e10, nor one that the padding decides."""
    one, attention = torch.zeros(1, dtype=torch.long), torch.zeros(1, 1, WORDS)
    scores = log_probs(1, 9)[:frames]
    if not is_known:  # the word is never possible
        scores[:, :, 3] = -math.inf
        scores = scores.log_softmax(dim=2)
    options = {"blank": BLANK, "eos": EOS, "width": 1, "weight": 0.5, "candidates": WORDS}
    state = CtcPrefixScorer(scores, torch.tensor([2]), **options)
    for token in (3, 3):  # which take three frames
        state.extend(one, torch.tensor([[token]]))
    assert state.blend(attention, lanes(TRANSCRIPT))[0, 0, EOS] == 0.0
