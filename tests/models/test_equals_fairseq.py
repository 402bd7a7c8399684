"""λ = 0: every stream is fairseq's own model, with the same weights."""


import pytest
import tiny
import torch


@pytest.mark.parametrize(
    "options",
    [
        {"decoder_normalize_before": True, "encoder_normalize_before": True},
        {"decoder_normalize_before": False, "encoder_normalize_before": False},
        {"layernorm_embedding": True},
        {"no_scale_embedding": True},
        {"activation_fn": "gelu"},
        {"decoder_embed_dim": 24},
    ],
    ids=str,
)
def test_logits_of_both_streams(options):
    model = tiny.model(fusion_lambda=0.0, spread=2.0, **options)
    theirs = tiny.stock(model, **options)
    lengths = [40, 40, 40]
    net_input = tiny.speech(lengths)
    tokens = tiny.prefixes([[9, 4, 6], [3, 9, 7]])
    ours, _ = model(**net_input, prev_output_tokens=tokens)
    for stream in (0, 1):
        expected, _ = theirs(**net_input, prev_output_tokens=tokens[stream])
        is_token = tokens[stream].ne(1)
        assert torch.allclose(ours[stream][is_token], expected[is_token], atol=1e-5)


def test_an_utterance_alone_is_encoded_as_fairseq_encodes_it():
    model = tiny.model(spread=2.0)
    theirs = tiny.stock(model)
    for length in (17, 30, 41):
        net_input = tiny.speech([length])
        ours = model.encoder(**net_input)["encoder_out"][0]
        assert torch.allclose(ours, theirs.encoder(**net_input)["encoder_out"][0], atol=1e-5)


def test_interaction_changes_the_logits():
    net_input, tokens = tiny.speech([30]), tiny.prefixes([[7], [7]])
    off, _ = tiny.model(fusion_lambda=0.0)(**net_input, prev_output_tokens=tokens)
    on, _ = tiny.model(fusion_lambda=0.3)(**net_input, prev_output_tokens=tokens)
    assert not torch.allclose(off[1], on[1], atol=1e-3)
