"""λ = 0: ``rank`` search gives the hypotheses and scores of fairseq's ``SequenceGenerator``."""

import itertools

import pytest
import tiny
import torch
from fairseq.ngram_repeat_block import NGramRepeatBlock
from fairseq.sequence_generator import SequenceGenerator
from searching import has_repeats

from interactive_st.search import DualBeamGenerator

WORDS = 20


def pair_of_models(seed: int, **options):
    """Ours and fairseq's with one set of weights, peaked. Input and output table are not shared here:
    a random tied model repeats itself, and would end at once or never."""
    untied = {"share_decoder_input_output_embed": False}
    ours = tiny.model(words=WORDS, seed=seed, fusion_lambda=0.0, spread=2.5, **untied, **options)
    with torch.no_grad():
        ours.decoder.output_projection.weight.normal_(std=0.7)
    return ours, tiny.stock(ours, WORDS, **untied, **options)


def compare(ours, theirs, **options):
    """The two generators on one batch of equal lengths; returns the hypotheses seen."""
    options = {"beam_size": 5, "max_len_b": 15, **options}
    batch = tiny.sample([40] * 6, seed=11)
    theirs_generator = SequenceGenerator(theirs, tiny.dictionary(WORDS), **options)
    prefix = options.pop("prefix_tokens", None)
    result = DualBeamGenerator(ours, tiny.dictionary(WORDS), **options).generate(
        ours, batch, prefix_tokens=prefix
    )
    lengths = []
    for stream, tag in ((0, 4), (1, 5)):
        stream_prefix = prefix if stream == 1 else None
        expected = theirs_generator._generate(batch, prefix_tokens=stream_prefix, bos_token=tag)
        for mine, reference in zip(result, expected, strict=True):
            assert len(mine) == len(reference) or stream == 0
            for hypothesis, wanted in zip(mine, reference, strict=False):
                found = hypothesis if stream == 1 else hypothesis["transcript"]
                assert found["tokens"].tolist() == wanted["tokens"].tolist()
                assert torch.allclose(found["score"], wanted["score"], atol=1e-5)
                assert torch.allclose(found["positional_scores"], wanted["positional_scores"], atol=1e-4)
                lengths.append(len(found["tokens"]))
    return lengths


@pytest.mark.parametrize("beam_size", [1, 5])
@pytest.mark.parametrize("wait_k", [3, 0, -2, "inf"])
def test_same_hypotheses_and_scores(beam_size, wait_k):
    lengths = []
    for seed in range(4):
        ours, theirs = pair_of_models(seed, wait_k=wait_k)
        lengths += compare([ours], [theirs], beam_size=beam_size)
    assert len(set(lengths)) > (1 if beam_size == 1 else 3), (
        "the comparison needs hypotheses of several lengths"
    )


@pytest.mark.parametrize(
    "options",
    [
        {"len_penalty": 0.6},
        {"len_penalty": 2.0},
        {"normalize_scores": False},
        {"min_len": 6},
        {"unk_penalty": 3.0},
        {"unk_penalty": -3.0},
        {"temperature": 1.7},
        {"max_len_a": 0.1, "max_len_b": 2},
        {"beam_size": 30},
    ],
    ids=str,
)
def test_options_mean_what_they_mean_in_fairseq(options):
    for seed in range(3):
        ours, theirs = pair_of_models(seed)
        compare([ours], [theirs], **options)


def test_layer_norm_after_the_sublayers_and_another_activation():
    """The first is the paper's size."""
    compare(*([model] for model in pair_of_models(1, decoder_normalize_before=False, activation_fn="gelu")))


def test_ensembles():
    first, second = pair_of_models(1), pair_of_models(2)
    compare([first[0], second[0]], [first[1], second[1]])


class Blocker(NGramRepeatBlock):
    """fairseq's, off its CUDA extension, looks for the last n-gram at the end of the whole buffer, where
    there is only padding, and so never blocks anything: show it what has been written."""

    def __init__(self, size: int) -> None:
        super().__init__(size, use_extension=False)

    def forward(self, tokens, lprobs, bsz, beam_size, step):
        return super().forward(tokens[:, : step + 1], lprobs, bsz, beam_size, step)


def generate(generator_class, models, **options):
    prefix = options.pop("prefix_tokens", None)
    batch = tiny.sample([40] * 4, seed=11)
    generator = generator_class(models, tiny.dictionary(WORDS), beam_size=5, max_len_b=12, **options)
    if generator_class is SequenceGenerator:
        if generator.repeat_ngram_blocker is not None:
            generator.repeat_ngram_blocker = Blocker(options["no_repeat_ngram_size"])
        return generator._generate(batch, prefix_tokens=prefix, bos_token=5)
    return generator.generate(models, batch, prefix_tokens=prefix)


def assert_same_translations(mine, reference):
    for found, wanted in zip(mine, reference, strict=True):
        assert [h["tokens"].tolist() for h in found] == [h["tokens"].tolist() for h in wanted]
        for a, b in zip(found, wanted, strict=True):
            assert torch.allclose(a["score"], b["score"], atol=1e-5)


def test_a_forced_prefix_is_the_translations():
    prefix = torch.tensor([[7, 8], [9, 9], [10, 1], [11, 12]])
    for seed in range(3):
        ours, theirs = pair_of_models(seed)
        mine = generate(DualBeamGenerator, [ours], prefix_tokens=prefix)
        assert_same_translations(mine, generate(SequenceGenerator, [theirs], prefix_tokens=prefix))
        free = generate(DualBeamGenerator, [ours])
        for forced, plain in zip(mine, free, strict=True):
            best = [h["transcript"]["tokens"].tolist() for h in (forced[0], plain[0])]
            assert best[0] == best[1]


@pytest.mark.parametrize("size", [2, 3, 4])
def test_no_repeated_ngrams_in_the_translation(size):
    for seed in range(3):
        ours, theirs = pair_of_models(seed)
        mine = generate(DualBeamGenerator, [ours], no_repeat_ngram_size=size)
        reference = generate(SequenceGenerator, [theirs], no_repeat_ngram_size=size)
        assert_same_translations(mine, reference)
        for hypothesis in itertools.chain.from_iterable(mine):
            assert not has_repeats(hypothesis["tokens"].tolist(), size)


def test_no_repeated_words_in_the_translation():
    """n = 1, for which fairseq's code blocks nothing."""
    ours, _ = pair_of_models(1)
    free = generate(DualBeamGenerator, [ours], min_len=6)
    assert any(has_repeats(nbest[0]["tokens"].tolist(), 1) for nbest in free)
    for nbest in generate(DualBeamGenerator, [ours], min_len=6, no_repeat_ngram_size=1):
        assert not any(has_repeats(hypothesis["tokens"].tolist(), 1) for hypothesis in nbest)


@pytest.mark.parametrize("search", ["rank", "joint"])
def test_a_forced_prefix_may_repeat_itself(search):
    ours, _ = pair_of_models(1)
    prefix = torch.tensor([[7, 7, 7, 7, 7]] * 4)
    options = {"no_repeat_ngram_size": 2, "prefix_tokens": prefix, "search": search}
    for nbest in generate(DualBeamGenerator, [ours], **options):
        tokens = nbest[0]["tokens"].tolist()
        assert tokens[:5] == [7] * 5
        assert not has_repeats(tokens[5:], 2)
        assert tokens[5] != 7


@pytest.mark.parametrize(("a", "frames"), [(0.29, 100), (0.57, 100), (0.3, 41), (1 / 3, 60)])
def test_the_greatest_length_is_rounded_as_fairseq_rounds_it(a, frames):
    ours, _ = pair_of_models(1)
    generator = DualBeamGenerator([ours], tiny.dictionary(WORDS), max_len_a=a, max_len_b=2)
    assert generator._max_len(torch.tensor([frames]), 1000).item() == int(a * frames + 2)
