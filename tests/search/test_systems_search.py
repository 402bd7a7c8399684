"""Decoding of the systems without interaction: one text alone, and one text after the other."""

import math

import pytest
import tiny
import torch
from fairseq.sequence_generator import SequenceGenerator
from searching import rescore, run_logged

from interactive_st.conventions import STREAM_CODES
from interactive_st.modules.fusion import FUSIONS
from interactive_st.search import DualBeamGenerator
from interactive_st.search.encoding import encode
from interactive_st.search.ensemble import ctc_log_probs
from interactive_st.search.joint_search import JointSearch
from interactive_st.search.rank_search import RankSearch
from interactive_st.search.two_stage_search import TwoStageSearch

WORDS = 20
UNTIED = {"share_decoder_input_output_embed": False}  # a random tied model repeats itself
FRAMES = [47, 40, 33, 25, 16]


def peak(table) -> None:
    """Give a random output table distributions that differ from step to step, and texts that end."""
    with torch.no_grad():
        table.weight.normal_(std=0.7)
        table.weight[2] *= 2.0


def system(name: str, seed: int = 1, **options):
    model = tiny.system(name, words=WORDS, seed=seed, spread=2.5, **UNTIED, **options)
    peak(model.decoder.output_projection)
    return model


def generate(models, batch, **options):
    options = {"beam_size": 5, "max_len_b": 12, **options}
    return DualBeamGenerator(models, tiny.dictionary(WORDS), **options).generate(models, batch)


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("interactive_st", {}, JointSearch),
        ("interactive_st", {"fusion_lambda": 0.0}, RankSearch),
        ("multitask_st", {}, RankSearch),
        ("e2e_st", {}, RankSearch),
        ("two_stage_st", {}, TwoStageSearch),
    ],
)
def test_the_usual_search(name, options, expected):
    """Pairs where the texts read each other."""
    generator = DualBeamGenerator([system(name, **options)], tiny.dictionary(WORDS))
    assert type(generator.start(tiny.sample([40]))) is expected


# ---- one text


@pytest.mark.parametrize(("name", "tag", "text", "other"), [
    ("e2e_st", 5, "translation", "transcript"),
    ("asr", 4, "transcript", "translation"),
])  # fmt: skip
@pytest.mark.parametrize("search", ["rank", "joint"])
def test_one_text_is_decoded_as_fairseq_decodes_it(name, tag, text, other, search):
    lengths = set()
    for seed in range(4):
        model = system(name, seed)
        theirs = tiny.stock(model, WORDS, **UNTIED)
        batch = tiny.sample([40] * 4, seed=11)
        stock = SequenceGenerator([theirs], tiny.dictionary(WORDS), beam_size=5, max_len_b=12)
        expected = stock._generate(batch, bos_token=tag)
        for mine, wanted in zip(generate([model], batch, search=search), expected, strict=True):
            assert [h["tokens"].tolist() for h in mine] == [h["tokens"].tolist() for h in wanted]
            for found, reference in zip(mine, wanted, strict=True):
                assert found[other] is None
                assert torch.equal(found[text]["tokens"], found["tokens"])
                assert torch.allclose(found["score"], reference["score"], atol=1e-5)
                assert torch.equal(found["pair_score"], found["score"])
                lengths.add(len(found["tokens"]))
    assert len(lengths) > 3, "the comparison needs hypotheses of several lengths"


def test_the_cache_of_one_text_has_room_for_no_other():
    model = system("e2e_st")
    generator = DualBeamGenerator([model], tiny.dictionary(WORDS), beam_size=3, max_len_b=6)
    running = generator.start(tiny.sample([40, 30]))
    with torch.no_grad():
        running.run()
    rows = running.ensemble.caches[0].self_caches[0].rows
    assert rows.size(1) == 1


def test_one_text_of_a_model_of_two():
    """--model-overrides "{'streams': 'st'}": a multi-task model as a translator."""
    both = system("multitask_st", seed=3)
    alone = system("e2e_st", seed=3)
    alone.load_state_dict(both.state_dict())
    batch = tiny.sample(FRAMES)
    pairs, translations = generate([both], batch), generate([alone], batch)
    for two, one in zip(pairs, translations, strict=True):
        assert [h["tokens"].tolist() for h in two] == [h["tokens"].tolist() for h in one]


@pytest.mark.parametrize(("streams", "name"), [("asr", "asr"), ("st", "e2e_st")])
@pytest.mark.parametrize("wait_k", [3, -2])
def test_one_text_of_an_interactive_model_has_no_partner(streams, name, wait_k):
    one = system("interactive_st", seed=3, streams=streams, wait_k=wait_k)
    alone = system(name, seed=3)
    alone.load_state_dict(one.state_dict())
    batch = tiny.sample(FRAMES)
    for mine, wanted in zip(generate([one], batch), generate([alone], batch), strict=True):
        assert [h["tokens"].tolist() for h in mine] == [h["tokens"].tolist() for h in wanted]
        assert [h["score"].item() for h in mine] == [h["score"].item() for h in wanted]


@torch.no_grad()
@pytest.mark.parametrize("stream", [0, 1])
@pytest.mark.parametrize("fusion", FUSIONS)
def test_one_text_of_an_interactive_model_reads_nothing(fusion, stream):
    """As where the other text is missing; the gate weighs even then what is read of its own."""
    both = system("interactive_st", seed=3, fusion=fusion)
    one = system("interactive_st", seed=3, fusion=fusion, streams=STREAM_CODES[stream])
    batch = tiny.sample([40])
    for hypothesis in generate([one], batch)[0]:
        words = hypothesis["tokens"]
        tokens = torch.ones(2, 1, len(words), dtype=torch.long)
        tokens[stream, 0, 0], tokens[stream, 0, 1:] = 4 + stream, words[:-1]
        for model, place in ((both, stream), (one, 0)):
            given = tokens[list(model.streams)]
            logits = model(**batch["net_input"], prev_output_tokens=given)[0][place, 0]
            scores = logits.log_softmax(dim=-1).gather(1, words.unsqueeze(1)).squeeze(1)
            assert torch.allclose(hypothesis["positional_scores"], scores, atol=1e-4)


# ---- one after the other


def test_stepwise_scores_are_those_of_the_whole_forward():
    lengths = set()
    for seed in range(3):
        model = system("two_stage_st", seed)
        batch = tiny.sample(FRAMES)
        for row, hypotheses in enumerate(generate([model], batch)):
            assert len(hypotheses) == 5
            alone = tiny.row_of(batch, row)
            for pair in hypotheses:
                texts = pair["transcript"], pair["translation"]
                assert texts[0] is hypotheses[0]["transcript"]
                expected = rescore(model, alone, *(text["tokens"] for text in texts))
                for found, wanted in zip(texts, expected, strict=True):
                    assert torch.allclose(found["positional_scores"], wanted, atol=1e-4)
                    assert torch.allclose(found["score"], wanted.mean(), atol=1e-5)
                assert torch.allclose(pair["pair_score"], texts[0]["score"] + texts[1]["score"])
                lengths.add(tuple(len(text["tokens"]) for text in texts))
    assert len(lengths) > 5, "the comparison needs pairs of several lengths"


@pytest.mark.parametrize("ctc_weight", [0.0, 0.6])
def test_the_first_stage_is_the_recognisers_beam(ctc_weight):
    model, asr = system("two_stage_st", ctc_weight=0.3), system("asr", seed=5, ctc_weight=0.3)
    weights = model.state_dict()
    first = {k.replace("decoder.first.", "decoder."): v for k, v in weights.items() if ".second." not in k}
    asr.load_state_dict(first)
    batch = tiny.sample(FRAMES)
    pairs, transcripts = (generate([each], batch, ctc_weight=ctc_weight) for each in (model, asr))
    for pair, heard in zip(pairs, transcripts, strict=True):
        assert torch.equal(pair[0]["transcript"]["tokens"], heard[0]["tokens"])
        assert torch.allclose(pair[0]["transcript"]["score"], heard[0]["score"], atol=1e-5)


def test_the_batch_does_not_matter():
    model, batch = system("two_stage_st", seed=3), tiny.sample(FRAMES)
    for row, hypotheses in enumerate(generate([model], batch)):
        single = generate([model], tiny.row_of(batch, row))[0]
        assert tiny.hypothesis_pairs([hypotheses]) == tiny.hypothesis_pairs([single])


def test_the_transcript_comes_first():
    generator = DualBeamGenerator([system("two_stage_st")], tiny.dictionary(WORDS), beam_size=3, max_len_b=8)
    _, steps = run_logged(generator.start(tiny.sample([40, 30, 20])))
    active = [(step["row"] >= 0).any(dim=1).tolist() for step in steps]
    first = active.index([False, True])
    assert first > 0
    assert active == [[True, False]] * first + [[False, True]] * (len(active) - first)


def test_a_forced_prefix_is_the_translations():
    model, batch = system("two_stage_st"), tiny.sample(FRAMES[:2])
    prefix = torch.tensor([[7, 8], [9, 9]])
    generator = DualBeamGenerator([model], tiny.dictionary(WORDS), beam_size=3, max_len_b=8)
    forced = generator.generate([model], batch, prefix_tokens=prefix)
    for row, (mine, free) in enumerate(zip(forced, generator.generate([model], batch), strict=True)):
        assert mine[0]["tokens"][:2].tolist() == prefix[row].tolist()
        assert torch.equal(mine[0]["transcript"]["tokens"], free[0]["transcript"]["tokens"])


# ---- ensembles


def test_a_model_twice_is_the_model_once():
    for name in ("e2e_st", "two_stage_st"):
        model, batch = system(name), tiny.sample([40, 30])
        once, twice = generate([model], batch), generate([model, model], batch)
        for one, two in zip(once, twice, strict=True):
            assert [h["tokens"].tolist() for h in one] == [h["tokens"].tolist() for h in two]


def test_a_decoder_takes_as_many_tokens_as_it_says():
    for name in ("interactive_st", "two_stage_st"):
        assert tiny.system(name, max_target_positions=30).max_positions()[1] == 30


def test_no_text_is_longer_than_each_model_takes():
    models = [system("e2e_st", seed, max_target_positions=limit) for seed, limit in ((1, 20), (2, 9))]
    for ensemble in (models, models[::-1]):
        generator = DualBeamGenerator(ensemble, tiny.dictionary(WORDS), max_len_b=50)
        search = generator.start(tiny.sample([40, 30]))
        assert search.beams.max_len.tolist() == [8, 8]


@torch.no_grad()
def test_probabilities_by_ctc_are_averaged():
    models, batch = [system("asr", seed, ctc_weight=0.3) for seed in (1, 2)], tiny.sample([40, 30])
    encoded = encode(models, batch["net_input"])
    outputs = [
        model.get_ctc_output((None, {"encoder_out": out}), {})
        for model, out in zip(models, encoded, strict=True)
    ]
    log_probs, lengths = ctc_log_probs(models, encoded)
    mean = torch.stack([each.exp() for each, _ in outputs]).mean(dim=0)
    torch.testing.assert_close(log_probs.exp(), mean, atol=1e-6, rtol=1e-4)
    assert lengths.tolist() == outputs[0][1].tolist() == [10, 8]


@pytest.mark.parametrize("kind", ["rank", "joint"])
def test_the_k_of_a_model_without_interaction_decides_nothing(kind):
    """Probabilities are averaged: those of the two models, each given both texts."""
    interactive, alone = system("interactive_st", wait_k=2), system("multitask_st", seed=2)
    batch, found = tiny.sample([40]), []
    for models in ([interactive, alone], [alone, interactive]):
        [nbest] = generate(models, batch, search=kind)
        found.append([(h["transcript"]["tokens"].tolist(), h["tokens"].tolist()) for h in nbest])
        best = nbest[0]
    assert found[0] == found[1]
    if kind == "rank":  # whose scores are of partners that may have changed
        return
    texts = best["transcript"]["tokens"], best["translation"]["tokens"]
    both = [rescore(model, batch, *texts) for model in (interactive, alone)]
    for stream, name in enumerate(("transcript", "translation")):
        mean = torch.stack([scores[stream] for scores in both]).logsumexp(dim=0) - math.log(2)
        torch.testing.assert_close(best[name]["positional_scores"], mean, atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", ["rank", "joint"])
def test_one_k_for_models_trained_with_others(kind):
    """As where all of them were made for it."""
    found = []
    for ks, named in (((1, 5), 2), ((2, 2), None)):
        models = [system("interactive_st", seed, wait_k=k) for seed, k in enumerate(ks, start=1)]
        [nbest] = generate(models, tiny.sample([40]), search=kind, wait_k=named)
        found.append([(h["transcript"]["tokens"].tolist(), h["tokens"].tolist()) for h in nbest])
    assert found[0] == found[1]


@pytest.mark.parametrize(("first", "second"), [("e2e_st", "asr"), ("multitask_st", "two_stage_st")])
def test_systems_do_not_mix(first, second):
    models = [system(first), system(second)]
    with pytest.raises(ValueError, match="an ensemble must be of one system"):
        generate(models, tiny.sample([40]))
