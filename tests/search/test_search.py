"""The two searches: exact scores, exhaustive equality, independence from the batch, delays, ends."""

import itertools
import math

import pytest
import tiny
import torch
from searching import build, rescore, run_logged, search

from interactive_st.search import DualBeamGenerator
from interactive_st.search.dual_search import DualSearch

DELAYS = [3, 1, 0, -2, math.inf]


def score_all(model, batch, pairs):
    """Normalised scores of all ``pairs`` of one utterance, in one teacher-forced forward."""
    tokens = torch.ones(2, len(pairs), max(len(p) for pair in pairs for p in pair), dtype=torch.long)
    targets = tokens.clone()
    tokens[:, :, 0] = batch["lang_tags"]
    for column, pair in enumerate(pairs):
        for stream, words in enumerate(pair):
            tokens[stream, column, 1 : len(words)] = words[:-1]
            targets[stream, column, : len(words)] = words
    logits, _ = model(**batch["net_input"], prev_output_tokens=tokens)
    log_probs = logits.log_softmax(dim=-1).gather(3, targets.unsqueeze(3)).squeeze(3)
    counted = targets.ne(1)
    means = (log_probs * counted).sum(dim=2) / counted.sum(dim=2)
    return {
        tuple(tuple(words.tolist()) for words in pair): score
        for pair, score in zip(pairs, means.sum(dim=0).tolist(), strict=True)
    }


@pytest.mark.parametrize("k", DELAYS)
@pytest.mark.parametrize(("fusion", "positions"), [("linear", False), ("gate", False), ("linear", True)])
def test_joint_scores_are_teacher_forced_scores(k, fusion, positions):
    lengths = set()
    for seed in range(4):
        model = build(seed=seed, wait_k=k, fusion=fusion, cross_attention_positions=positions)
        batch = tiny.sample([44, 36, 29, 18])
        for row, hypotheses in enumerate(search(model, batch, search="joint")):
            assert hypotheses
            for pair in hypotheses:
                transcript, translation = pair["transcript"], pair
                one = tiny.row_of(batch, row)
                expected = rescore(model, one, transcript["tokens"], translation["tokens"])
                for found, wanted in zip((transcript, translation), expected, strict=True):
                    assert torch.allclose(found["positional_scores"], wanted, atol=1e-4)
                    assert torch.allclose(found["score"], wanted.sum() / len(wanted), atol=1e-5)
                lengths.add((len(transcript["tokens"]), len(translation["tokens"])))
    assert len(lengths) > 4, "the test needs pairs of many lengths"


@pytest.mark.parametrize("k", [1, 0, -1, math.inf])
def test_a_wide_joint_beam_is_exhaustive(k):
    """One word beside the special symbols, at most two tokens a stream: every pair can be written down."""
    words, longest = 1, 2
    for seed in range(2):
        model = build(words=words, seed=seed, wait_k=k)
        batch = tiny.sample([24])
        alphabet = [symbol for symbol in range(4 + 2 + words) if symbol not in (1, 2)]
        ends = torch.tensor([2])
        outputs = [
            torch.cat([torch.tensor(body, dtype=torch.long), ends])
            for n in range(1, longest + 1)  # min_len is 1
            for body in itertools.product(alphabet, repeat=n)
        ]
        scores = score_all(model, batch, list(itertools.product(outputs, outputs)))
        ranking = sorted(scores, key=scores.get, reverse=True)
        width = len(outputs) ** 2
        found = search(model, batch, words, search="joint", beam_size=width, max_len_b=longest)[0]
        assert len(found) == len(ranking)
        for pair, expected in list(zip(found, ranking, strict=True))[:50]:
            mine = tuple(pair["transcript"]["tokens"].tolist()), tuple(pair["tokens"].tolist())
            assert abs(pair["pair_score"].item() - scores[expected]) < 1e-4
            assert abs(scores[mine] - scores[expected]) < 1e-4


@pytest.mark.parametrize("kind", ["rank", "joint"])
@pytest.mark.parametrize("k", DELAYS)
def test_the_batch_does_not_matter(kind, k):
    model = build(wait_k=k, seed=3)
    batch = tiny.sample([47, 40, 33, 25, 16])
    together = search(model, batch, search=kind)
    for row, hypotheses in enumerate(together):
        single = search(model, tiny.row_of(batch, row), search=kind)[0]
        assert tiny.hypothesis_pairs([hypotheses]) == tiny.hypothesis_pairs([single])
        for a, b in zip(hypotheses, single, strict=True):
            assert torch.allclose(a["pair_score"], b["pair_score"], atol=1e-4)


@pytest.mark.parametrize("k", [3, -2])
@pytest.mark.parametrize("kind", ["rank", "joint"])
def test_what_is_left_of_a_batch_goes_on_as_alone(kind, k):
    """Sentences of all places leave it, in the midst of forced beginnings."""
    frames = [12, 40, 16, 33, 14]
    prefix = torch.randint(6, 18, (5, 12), generator=torch.Generator().manual_seed(1))
    model, batch = build(wait_k=k), tiny.sample(frames)
    options = {"search": kind, "beam_size": 3, "max_len_a": 0.5, "max_len_b": 0, "min_len": 5}
    generator = DualBeamGenerator([model], tiny.dictionary(), **options)
    together, steps = run_logged(generator.start(batch, prefix))
    left = {tuple(step["sentence"].tolist()) for step in steps}
    assert left == {(0, 1, 2, 3, 4), (1, 2, 3), (1, 3), (1,)}
    for row, hypotheses in enumerate(together):
        single = generator.generate([model], tiny.row_of(batch, row), prefix[row : row + 1])
        assert tiny.hypothesis_pairs([hypotheses]) == tiny.hypothesis_pairs(single)


def test_greedy_rank_search_is_teacher_forced():
    """With one hypothesis a stream there is only one history, so rank scores are exact too."""
    for k, seed in itertools.product(DELAYS, range(3)):
        model = build(wait_k=k, seed=seed)
        batch = tiny.sample([40])
        pair = search(model, batch, beam_size=1)[0][0]
        expected = rescore(model, batch, pair["transcript"]["tokens"], pair["tokens"])
        assert torch.allclose(pair["transcript"]["positional_scores"], expected[0], atol=1e-4)
        assert torch.allclose(pair["positional_scores"], expected[1], atol=1e-4)


def steps_of(model, kind, batch):
    options = {"beam_size": 3, "max_len_b": 10, "min_len": 6}
    return run_logged(DualBeamGenerator([model], tiny.dictionary(), search=kind, **options).start(batch))[1]


@pytest.mark.parametrize("kind", ["rank", "joint"])
@pytest.mark.parametrize("k", [3, 1, 0, -2])
def test_the_delay_shows_in_the_step_log(kind, k):
    steps = steps_of(build(wait_k=k), kind, tiny.sample([40, 30]))
    for number, step in enumerate(steps[:6]):
        transcript, translation = step["row"].tolist()
        assert set(transcript) == {max(number + min(k, 0), -1)}
        assert set(translation) == {max(number - max(k, 0), -1)}


@pytest.mark.parametrize("kind", ["rank", "joint"])
def test_with_infinite_delay_the_translation_waits_for_the_whole_transcript(kind):
    for step in steps_of(build(wait_k=math.inf), kind, tiny.sample([40, 30, 20])):
        transcript, translation = step["row"]
        assert ((transcript >= 0) & (translation >= 0)).sum() == 0


@pytest.mark.parametrize("kind", ["rank", "joint"])
def test_each_stream_ends_on_its_own(kind):
    different = 0
    for seed in range(5):
        for hypotheses in search(build(seed=seed), tiny.sample([40, 30, 20]), search=kind):
            for pair in hypotheses:
                for tokens in (pair["tokens"].tolist(), pair["transcript"]["tokens"].tolist()):
                    assert tokens[-1] == 2
                    assert tokens.count(2) == 1
                    assert 2 <= len(tokens) <= 11
                different += len(pair["tokens"]) != len(pair["transcript"]["tokens"])
    assert different > 5


@pytest.mark.parametrize("kind", ["rank", "joint"])
def test_a_finished_stream_is_not_computed_any_more(kind):
    rows = {}
    for step in steps_of(build(seed=2), kind, tiny.sample([40, 30, 20])):
        for sentence, both in zip(step["sentence"].tolist(), step["row"].T.tolist(), strict=True):
            rows.setdefault(sentence, []).append(both)
    alone = 0
    for of_sentence in rows.values():
        transcript, translation = zip(*of_sentence, strict=True)
        for stream, other in ((transcript, translation), (translation, transcript)):
            begin, end = stream.index(0), stream.index(0) + max(stream) + 1
            assert stream[begin:end] == tuple(range(end - begin))
            assert set(stream[end:]) <= {-1}
            alone += max(other[end:], default=-1) >= 0
    assert alone, "the test needs a stream that goes on when the other has ended"


def test_the_best_pair_comes_first_and_nbest_are_distinct():
    for kind in ("rank", "joint"):
        for hypotheses in search(build(seed=4), tiny.sample([40, 30]), search=kind):
            key = "score" if kind == "rank" else "pair_score"
            scores = [h[key].item() for h in hypotheses]
            assert scores == sorted(scores, reverse=True)
            pairs = tiny.hypothesis_pairs([hypotheses])[0]
            assert len(pairs) == len({str(p if kind == "joint" else p[1]) for p in pairs})


def test_a_model_that_was_training_decodes_in_evaluation():
    model = build(dropout=0.5).train()
    search(model, tiny.sample([30]))
    assert not any(module.training for module in model.modules())


@pytest.mark.parametrize("how", ["rank", "joint"])
@pytest.mark.parametrize("wanted", [-2, 0])
def test_another_k_is_that_of_the_search(how, wanted):
    """The model keeps its own, which others may be decoding with."""
    model, batch = build(wait_k=3, seed=4), tiny.sample([40, 30])
    options = {"search": how, "beam_size": 3, "max_len_b": 10}
    of_search, own = (
        DualBeamGenerator([each], tiny.dictionary(), wait_k=k, **options).generate([each], batch)
        for each, k in ((model, wanted), (build(wait_k=wanted, seed=4), None))
    )
    assert tiny.hypothesis_pairs(of_search) == tiny.hypothesis_pairs(own)
    assert model.decoder.wait_k == 3
    usual = DualBeamGenerator([model], tiny.dictionary(), **options).generate([model], batch)
    assert tiny.hypothesis_pairs(usual) != tiny.hypothesis_pairs(own)


def test_tags_of_the_batch_win_over_the_default():
    model = build(seed=5)
    batch = tiny.sample([40])
    default = DualBeamGenerator([model], tiny.dictionary(), default_tags=(4, 5), max_len_b=10)
    swapped = {**batch, "lang_tags": batch["lang_tags"].flip(0)}
    plain = default.generate([model], {"net_input": batch["net_input"]})
    assert tiny.hypothesis_pairs(plain) == tiny.hypothesis_pairs(default.generate([model], batch))
    turned = default.generate([model], swapped)
    assert tiny.hypothesis_pairs(plain) != tiny.hypothesis_pairs(turned)


@pytest.mark.parametrize("how", ["rank", "joint"])
@pytest.mark.parametrize("k", DELAYS)
def test_at_first_one_row_a_lane_is_computed(k, how, monkeypatch):
    """All slots hold the same then, so the others' rows would be computed for nothing."""
    model, batch = build(wait_k=k), tiny.sample([44, 36, 29])
    expected = search(model, batch, search=how)
    rows, step = [], model.decoder.step
    monkeypatch.setattr(
        model.decoder, "step", lambda tokens, *rest: (rows.append(tokens.size(1)), step(tokens, *rest))[1]
    )
    search(model, batch, search=how)
    assert rows[0] == 1
    assert set(rows[1:]) == {4}

    def all_slots(self, lanes, is_first):
        return plain(self, lanes, False)

    plain = DualSearch._log_probs
    monkeypatch.setattr(DualSearch, "_log_probs", all_slots)
    for found, wanted in zip(search(model, batch, search=how), expected, strict=True):
        assert [x["tokens"].tolist() for x in found] == [x["tokens"].tolist() for x in wanted]
        assert torch.allclose(
            torch.stack([x["pair_score"] for x in found]),
            torch.stack([x["pair_score"] for x in wanted]),
            atol=1e-5,
        )
