"""The paper's arithmetic (design of the five systems): exact parameter counts."""

from argparse import Namespace

import pytest
import tiny
from fairseq.data import Dictionary
from fairseq.models.speech_to_text.s2t_transformer import (
    S2TTransformerModel,
    s2t_transformer_m,
    s2t_transformer_s,
    s2t_transformer_xs,
)

from interactive_st.models import interactive_st as models


def build(model_class, arch, n_words: int, **options):
    entries = Dictionary()
    while len(entries) < n_words:
        entries.add_symbol(f"w{len(entries)}")
    args = Namespace(
        input_feat_per_channel=80,
        input_channels=1,
        max_source_positions=6000,
        max_target_positions=1024,
        **options,
    )
    arch(args)
    return model_class.build_model(args, Namespace(target_dictionary=entries))


def count(module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_papers_interactive_model():
    model = build(models.InteractiveSTModel, models.base_architecture, 33000)
    assert count(model) == 61_198_848
    assert count(model.encoder.subsample) == 164_352
    assert count(model.decoder.embed_tokens) == 16_896_000
    assert {count(layer) for layer in model.encoder.transformer_layers} == {3_152_384}
    assert {count(layer) for layer in model.decoder.layers} == {4_204_032}
    assert count(model.decoder.layers[0].self_attn) == 1_050_624
    assert count(model.decoder.layers[0].encoder_attn) == 1_050_624


@pytest.mark.parametrize(
    ("ours", "stock"),
    [
        (models.interactive_st_xs, s2t_transformer_xs),
        (models.interactive_st_s, s2t_transformer_s),
        (models.interactive_st_m, s2t_transformer_m),
    ],
)
def test_sizes_are_those_of_s2t_transformer(ours, stock):
    shared = {"share_decoder_input_output_embed": True}
    mine = build(models.InteractiveSTModel, ours, 1000)
    theirs = build(S2TTransformerModel, stock, 1000, **shared)
    names = {name for name in mine.state_dict() if name != "decoder.interactive_version"}
    assert names == set(theirs.state_dict())
    assert count(mine) == count(theirs)


def test_only_the_gate_and_a_learned_weight_add_parameters():
    plain = count(tiny.model())
    assert count(tiny.model(fusion="tanh")) == plain
    assert count(tiny.model(fusion_lambda=0.0)) == plain
    assert count(tiny.model(learn_fusion_lambda=True)) == plain + 2
    assert count(tiny.model(fusion="gate")) == plain + 2 * (32 * 32 + 32)
