"""The paper's arithmetic (design of the five systems): exact parameter counts, and sizes of all systems."""

from argparse import Namespace

import pytest
import tiny
from fairseq.data import Dictionary
from fairseq.models import ARCH_CONFIG_REGISTRY, ARCH_MODEL_REGISTRY
from fairseq.models.transformer import TransformerModel
from fairseq.models.transformer import base_architecture as text_base
from tiny import system
from torch import nn

from interactive_st.models import ARCHITECTURES, sizes

ONE_DECODER = 61_198_848
TEXT_MODEL = ONE_DECODER - 164_352  # no front end for speech
SUFFIXES = ("", "_xs", "_s", "_m", "_tiny")


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def words(number: int) -> Dictionary:
    entries = Dictionary()
    while len(entries) < number:
        entries.add_symbol(f"w{len(entries)}")
    return entries


def build(architecture: str, vocabulary: int, **options) -> nn.Module:
    """A model of ours or of fairseq's, as large as in earnest."""
    args = Namespace(
        input_feat_per_channel=80,
        input_channels=1,
        max_source_positions=6000,
        max_target_positions=1024,
        **options,
    )
    ARCH_CONFIG_REGISTRY[architecture](args)
    task = Namespace(target_dictionary=words(vocabulary))
    return ARCH_MODEL_REGISTRY[architecture].build_model(args, task)


def test_the_papers_interactive_model():
    model = build("interactive_st", 33000)
    assert count(model) == ONE_DECODER
    assert count(model.encoder.subsample) == 164_352
    assert count(model.decoder.embed_tokens) == 16_896_000
    assert {count(layer) for layer in model.encoder.transformer_layers} == {3_152_384}
    assert {count(layer) for layer in model.decoder.layers} == {4_204_032}
    assert count(model.decoder.layers[0].self_attn) == 1_050_624
    assert count(model.decoder.layers[0].encoder_attn) == 1_050_624


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("e2e_st", ONE_DECODER),
        ("asr", ONE_DECODER),
        ("multitask_st", ONE_DECODER),
        ("two_stage_st", 92_726_784 + 6_144),  # the second number: its extra LayerNorms
    ],
)
def test_the_papers_sizes(name, parameters):
    assert count(build(name, 33000)) == parameters


def test_the_papers_pipeline():
    """A recogniser and a text model of the same layers, which has no front end for speech."""
    args = Namespace(share_all_embeddings=True, max_source_positions=1024, max_target_positions=1024)
    text_base(args)
    entries = words(33000)
    task = Namespace(source_dictionary=entries, target_dictionary=entries)
    assert count(TransformerModel.build_model(args, task)) == TEXT_MODEL
    assert ONE_DECODER + TEXT_MODEL == 122_233_344


@pytest.mark.parametrize("suffix", SUFFIXES[1:])
def test_other_sizes(suffix):
    interactive = build(f"interactive_st{suffix}", 100)
    for name in ("e2e_st", "asr", "multitask_st"):
        model = build(f"{name}{suffix}", 100)
        assert model.state_dict().keys() == interactive.state_dict().keys()
        assert count(model) == count(interactive)
    two_stage = build(f"two_stage_st{suffix}", 100)
    decoder = interactive.decoder
    attention = count(decoder.layers[0].encoder_attn) + 2 * decoder.embed_dim
    second = sum(count(layer) + attention for layer in decoder.layers) + count(decoder.layer_norm)
    assert count(two_stage) == count(interactive) + second


def test_every_system_has_every_size():
    systems = ("multitask_st", "e2e_st", "asr", "two_stage_st")
    assert set(ARCHITECTURES) == {name + suffix for name in systems for suffix in SUFFIXES}
    streams = {"multitask_st": (0, 1), "e2e_st": (1,), "asr": (0,), "two_stage_st": (0, 1)}
    for name, expected in streams.items():
        assert system(name).streams == expected
    assert tiny.model().streams == (0, 1)


@pytest.mark.parametrize("size", ["xs", "s", "m"])
def test_sizes_are_those_of_s2t_transformer(size):
    mine = build(f"interactive_st_{size}", 1000)
    theirs = build(f"s2t_transformer_{size}", 1000, share_decoder_input_output_embed=True)
    names = {name for name in mine.state_dict() if name != "decoder.interactive_version"}
    assert names == set(theirs.state_dict())
    assert count(mine) == count(theirs)


def test_only_the_gate_and_a_learned_weight_add_parameters():
    plain = count(tiny.model())
    assert count(tiny.model(fusion="tanh")) == plain
    assert count(tiny.model(fusion_lambda=0.0)) == plain
    assert count(tiny.model(learn_fusion_lambda=True)) == plain + 2
    assert count(tiny.model(fusion="gate")) == plain + 2 * (32 * 32 + 32)


def test_the_size_of_the_examples():
    args = Namespace()
    sizes.interactive_st_tiny(args)
    assert (args.encoder_layers, args.decoder_layers) == (4, 2)
    assert (args.encoder_embed_dim, args.decoder_embed_dim, args.conv_channels) == (192, 192, 256)
    assert (args.encoder_ffn_embed_dim, args.decoder_ffn_embed_dim) == (768, 768)
    assert (args.dropout, args.attention_dropout, args.activation_dropout) == (0.1, 0.1, 0.1)
    assert (args.front_end, args.encoder_normalize_before, args.decoder_normalize_before) == (
        "conv1d",
        True,
        True,
    )


def test_bfloat16_asks_for_no_tpu():
    """For which fairseq takes it, whose libraries are not there."""
    args = Namespace(bf16=True, tpu=True)
    sizes.interactive_st_tiny(args)
    assert args.tpu is False
    args = Namespace(bf16=False, tpu=True)
    sizes.interactive_st_tiny(args)
    assert args.tpu is True


def test_the_output_may_have_a_table_of_its_own():
    args = Namespace(share_decoder_input_output_embed=False)
    sizes.interactive_st_tiny(args)
    assert args.share_decoder_input_output_embed is False
