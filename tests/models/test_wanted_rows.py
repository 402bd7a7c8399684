"""Training without padding: what is computed for tokens alone is what is computed for all positions."""

import math

import pytest
import tiny
import torch

from interactive_st.models import ARCHITECTURES, sizes
from interactive_st.modules.token_rows import TokenRows

LENGTHS = [[6, 0, 3, 1], [4, 5, 0, 9]]


SYSTEMS = [
    ("interactive_st_s", {"wait_k": 0}),
    ("interactive_st_s", {"wait_k": math.inf}),
    ("interactive_st_s", {"fusion": "gate"}),
    ("multitask_st_s", {}),
    ("two_stage_st_s", {}),
]


@pytest.mark.parametrize(("arch", "options"), SYSTEMS, ids=str)
def test_logits_and_gradients_equal_those_with_padding(arch, options):
    model = tiny.model(arch=ARCHITECTURES.get(arch, sizes.interactive_st_s), **options)
    net_input, tokens = tiny.speech([40, 30, 20, 12]), tiny.prefixes(LENGTHS)
    wanted, rows = tokens.ne(1), TokenRows.of(tokens.ne(1))
    wanted[1, 3, 5:] = False  # fewer than there are
    whole, _ = model(**net_input, prev_output_tokens=tokens)
    parts, extra = model(**net_input, prev_output_tokens=tokens, rows=rows, wanted=TokenRows.of(wanted))
    torch.testing.assert_close(parts, whole[wanted], atol=1e-5, rtol=1e-5)
    weights = torch.randn(parts.shape, generator=torch.Generator().manual_seed(0))
    parameters = [p for p in model.parameters() if p.requires_grad]
    expected, received = (
        torch.autograd.grad((logits * weights).sum(), parameters, materialize_grads=True, allow_unused=True)
        for logits in (whole[wanted], parts)
    )
    for mine, theirs in zip(received, expected, strict=True):
        torch.testing.assert_close(mine, theirs, atol=1e-4, rtol=1e-4)
    assert model.get_ctc_output((parts, extra), {})[0].size(1) == 4


def test_several_versions_of_a_sentence():
    model, net_input = tiny.model(), tiny.speech([40, 30])
    tokens = torch.cat([tiny.prefixes([[6, 2], [3, 5]]), tiny.prefixes([[2, 6], [4, 3]], seed=5)], dim=1)
    whole, _ = model(**net_input, prev_output_tokens=tokens)
    parts, _ = model(**net_input, prev_output_tokens=tokens, rows=TokenRows.of(tokens.ne(1)))
    torch.testing.assert_close(parts, whole[tokens.ne(1)], atol=1e-5, rtol=1e-5)


def test_nothing_wanted_has_a_gradient_of_zero():
    model, tokens = tiny.model(), torch.ones(2, 1, 3, dtype=torch.long)
    logits, _ = model(**tiny.speech([20]), prev_output_tokens=tokens, rows=TokenRows.of(tokens.ne(1)))
    assert logits.shape == (0, 18)
    logits.sum().backward()


EXISTS = torch.tensor([[[1, 1, 0], [0, 0, 0]], [[1, 0, 0], [1, 1, 1]]]).bool()
X = torch.arange(12.0).view(2, 2, 3, 1)


def test_rows_go_there_and_back():
    rows = TokenRows.of(EXISTS)
    assert rows.counts == (2, 4)
    assert rows.take(X).flatten().tolist() == [0, 1, 6, 9, 10, 11]
    assert torch.equal(rows.put(rows.take(X)), X * EXISTS.unsqueeze(3))
    wanted = TokenRows.of(EXISTS & (X.squeeze(3) > 5))
    assert rows.take_among(rows.take(X), wanted).flatten().tolist() == [6, 9, 10, 11]
    assert [part.take(x).flatten().tolist() for part, x in zip(rows.split(), X.split(1), strict=True)] == [
        [0, 1],
        [6, 9, 10, 11],
    ]


def test_rows_by_sentence():
    rows = TokenRows.of(EXISTS)
    for sentences in (1, 2):  # two versions of one sentence, or two sentences
        by_sentence = rows.put_by_sentence(rows.take(X), sentences)
        padded = X * EXISTS.unsqueeze(3)
        expected = padded.unflatten(1, (-1, sentences)).permute(2, 0, 1, 3, 4).reshape(sentences, -1, 1)
        assert torch.equal(by_sentence, expected)
        assert torch.equal(rows.take_of_sentences(by_sentence), rows.take(X))


def test_both_terms_of_the_rows():
    found = torch.arange(24.0).view(4, 6)  # keys of (stream, sentence): three own queries, three of the other
    own, inter = TokenRows.of(EXISTS).take_both_terms(found.unsqueeze(2))
    assert own.flatten().tolist() == [0, 1, 12, 18, 19, 20]
    assert inter.flatten().tolist() == [15, 16, 3, 9, 10, 11]


@pytest.mark.parametrize("counts", [[2, 3], [3, 3]], ids=["other total", "same total"])
def test_counts_that_are_not_those_of_the_batch(counts):
    with pytest.raises(ValueError, match=rf"the streams hold \[2, 4\] tokens, not \[{counts[0]}, 3\]"):
        TokenRows.of(EXISTS, counts)


def test_the_device_is_not_asked_where_counts_are_known():
    rows = TokenRows.of(EXISTS.to("meta"), [2, 4])
    assert rows.index.shape == (6,)
    assert rows.take(X.to("meta")).shape == (6, 1)
