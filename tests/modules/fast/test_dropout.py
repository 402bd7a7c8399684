"""Dropout from 16 random bits: what it drops, how it scales, that it follows torch's seed."""

from collections import Counter

import pytest
import tiny
import torch
from fairseq.modules import FairseqDropout

from interactive_st.modules import attention
from interactive_st.modules.encoder_attention import EncoderAttention
from interactive_st.modules.fast import dropout as dropout_module
from interactive_st.modules.fast.dropout import Dropout, dropout
from interactive_st.modules.fusion import Fusion
from interactive_st.modules.interactive_attention import InteractiveAttention
from interactive_st.modules.token_rows import TokenRows
from interactive_st.modules.visibility import BothTerms, teacher_forced_visibility


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_share_and_scale(p, dtype):
    torch.manual_seed(1)
    x = torch.ones(301, 333, dtype=dtype)
    y = dropout(x, p)
    assert y.dtype == dtype
    assert y.eq(0).double().mean().item() == pytest.approx(p, abs=5e-3)
    kept = 1 - round(p * 2**16) / 2**16
    assert y[y.ne(0)].unique().tolist() == [torch.tensor(1 / kept, dtype=dtype).item()]


def test_every_place_is_dropped_alike_and_none_follows_its_neighbour():
    torch.manual_seed(2)
    gone = torch.stack([dropout(torch.ones(4, 64), 0.25).eq(0) for _ in range(2000)]).double()
    assert (gone.mean(dim=0) - 0.25).abs().max() < 0.05  # five standard deviations
    flat = gone.flatten(1)
    for lag in (1, 2, 3, 4):
        together = (flat[:, lag:] * flat[:, :-lag]).mean().item()
        assert together == pytest.approx(0.25**2, abs=2e-3)


def test_gradient_is_the_mask_that_was_used():
    x = torch.randn(7, 9, requires_grad=True)
    y = dropout(x, 0.4)
    grad = torch.randn(7, 9)
    y.backward(grad)
    torch.testing.assert_close(x.grad, grad * (y / x).detach())


@pytest.mark.parametrize(("p", "expected"), [(0.0, 1.0), (1.0, 0.0)])
def test_the_ends(p, expected):
    assert dropout(torch.ones(5), p).tolist() == [expected] * 5
    assert dropout(torch.ones(0, 3), 0.5).shape == (0, 3)


def test_follows_the_seed():
    drawn = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        drawn.append(dropout(torch.ones(1000), 0.5))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


@pytest.mark.parametrize("by_rows", [False, True])
def test_the_decoders_attentions_drop_weights_in_training_alone(by_rows):
    torch.manual_seed(7)
    x, rows = torch.randn(2, 3, 5, 8), None
    if by_rows:
        rows = TokenRows.of(torch.ones(2, 3, 5, dtype=torch.bool))
        x = rows.take(x)
    own = InteractiveAttention(8, 2, Fusion("linear", 8, 0.3), dropout=0.5)
    encoder = EncoderAttention(8, 2, dropout=0.5, kdim=8, vdim=8, encoder_decoder_attention=True)
    keys = encoder.project_memory(torch.randn(6, 3, 8))
    partner = BothTerms.of(teacher_forced_visibility(torch.zeros(2, 3, 5), 1, 0), x, rows)
    for module, given in ((own, (None,)), (own, (partner,)), (encoder, (keys, None))):
        module.train()
        assert not torch.equal(module(x, *given, rows), module(x, *given, rows))
        module.eval()
        assert torch.equal(module(x, *given, rows), module(x, *given, rows))


@pytest.mark.parametrize("front_end", ["conv1d", "stack"])
def test_models_have_no_other_dropout(front_end):
    model = tiny.model(dropout=0.1, front_end=front_end)
    found = [type(module) for module in model.modules() if isinstance(module, FairseqDropout)]
    # Those in attention only carry p.
    assert found.count(Dropout) > 10
    assert FairseqDropout not in found


def test_evaluation_drops_nothing_and_training_does():
    model, tokens = tiny.model(dropout=0.2), tiny.prefixes([[4], [3]])
    inputs = {**tiny.speech([30]), "prev_output_tokens": tokens}
    expected = tiny.model(dropout=0.0)(**inputs)[0]
    torch.testing.assert_close(model(**inputs)[0], expected)
    model.train()
    assert not torch.equal(model(**inputs)[0], model(**inputs)[0])


@pytest.mark.parametrize("padded", [False, True])
def test_the_encoder_trains_by_fairseqs_equations(padded):
    """With dropout too small to drop anything, our path in training is fairseq's in evaluation."""
    inputs = tiny.speech([40, 24] if padded else [40])
    quiet = tiny.model(dropout=1e-9)
    expected = quiet.encoder(**inputs)["encoder_out"][0]
    quiet.train()
    received = quiet.encoder(**inputs)["encoder_out"][0]
    lengths = [10, 6] if padded else [10]
    for row, length in enumerate(lengths):
        torch.testing.assert_close(received[:length, row], expected[:length, row], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("normalize_before", [True, False])
def test_everything_drops_where_fairseq_drops(monkeypatch, normalize_before):
    """Embeddings, each sublayer, each activation and each attention, by its own share."""
    shares = {"dropout": 0.1, "activation_dropout": 0.2, "attention_dropout": 0.3}
    sides = {f"{side}_normalize_before": normalize_before for side in ("encoder", "decoder")}
    model = tiny.model(encoder_layers=2, decoder_layers=3, **shares, **sides).train()
    dropped = Counter()

    def count(x, p):
        dropped[p] += 1
        return x

    for place in (dropout_module, attention):
        monkeypatch.setattr(place, "dropout", count)
    model(**tiny.speech([30]), prev_output_tokens=tiny.prefixes([[4], [3]]))
    # 2 encoder layers of 2 sublayers, 3 decoder layers of 3, and the embeddings of either side
    assert dropped == {0.1: (1 + 2 * 2) + (1 + 3 * 3), 0.2: 2 + 3, 0.3: 2 + 3 * 2}


def test_the_second_decoder_drops_weights_of_all_its_attentions(monkeypatch):
    model = tiny.system("two_stage_st", encoder_layers=2, decoder_layers=3, attention_dropout=0.3).train()
    dropped = Counter()

    def count(x, p):
        dropped[p] += 1
        return x

    monkeypatch.setattr(attention, "dropout", count)
    model(**tiny.speech([30]), prev_output_tokens=tiny.prefixes([[4], [3]]))
    # the encoder's own; in each layer of the first decoder 2, and of the second 3
    assert dropped == {0.3: 2 + 3 * 2 + 3 * 3}
