"""The systems side by side: sizes, and what each one writes and reads."""

from argparse import Namespace

import pytest
import tiny
import torch
from fairseq.data import Dictionary
from fairseq.models import ARCH_MODEL_REGISTRY
from fairseq.models.transformer import TransformerModel
from fairseq.models.transformer import base_architecture as text_base
from tiny import system

from interactive_st.models import ARCHITECTURES, TwoStageSTModel
from interactive_st.models import interactive_st as sizes

ONE_DECODER = 61_198_848
TEXT_MODEL = ONE_DECODER - 164_352  # no front end for speech
SUFFIXES = ("", "_xs", "_s", "_m", "_tiny")


def count(model) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def words(number: int) -> Dictionary:
    entries = Dictionary()
    while len(entries) < number:
        entries.add_symbol(f"w{len(entries)}")
    return entries


def build(name: str, vocabulary: int, **options):
    args = Namespace(
        input_feat_per_channel=80,
        input_channels=1,
        max_source_positions=6000,
        max_target_positions=1024,
        **options,
    )
    (ARCHITECTURES.get(name) or getattr(sizes, name))(args)
    return ARCH_MODEL_REGISTRY[name].build_model(args, Namespace(target_dictionary=words(vocabulary)))


# ---- sizes


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


def test_options_that_contradict_the_system_are_refused():
    with pytest.raises(ValueError, match=r"--fusion-lambda 0.3 contradicts --arch multitask_st_s"):
        system("multitask_st", fusion_lambda=0.3)
    with pytest.raises(
        ValueError, match=r"--wait-k inf contradicts --arch e2e_st_s.*--arch interactive_st_s"
    ):
        system("e2e_st", wait_k="inf")
    args = tiny.arguments()
    ARCHITECTURES["two_stage_st_s"](args)
    args.streams = "st"  # as by --model-overrides
    task = Namespace(target_dictionary=tiny.dictionary())
    with pytest.raises(ValueError, match="writes both texts, not 'st'"):
        TwoStageSTModel.build_model(args, task)
    with pytest.raises(ValueError, match="streams must be one of both, asr, st, not 'x'"):
        tiny.model(streams="x")


# ---- what each one writes and reads


def test_a_model_of_one_text_is_its_stream_of_the_multi_task_model():
    both = system("multitask_st", spread=2.0)
    net_input, tokens = tiny.speech([40, 30]), tiny.prefixes([[6, 5], [4, 7]])
    expected, _ = both(**net_input, prev_output_tokens=tokens)
    for stream, name in enumerate(("asr", "e2e_st")):
        model = system(name, seed=5)
        model.load_state_dict(both.state_dict())
        logits, _ = model(**net_input, prev_output_tokens=tokens[stream : stream + 1])
        assert torch.allclose(logits[0], expected[stream], atol=1e-6)
        sample = {"targets": torch.stack([tokens[0], tokens[1] + 1])}
        assert torch.equal(model.get_targets(sample, None)[0], sample["targets"][stream])


def test_the_first_stage_is_a_recogniser():
    two_stage, asr = system("two_stage_st", spread=2.0), system("asr", seed=5)
    weights = two_stage.state_dict()
    first = {k.replace("decoder.first.", "decoder."): v for k, v in weights.items() if ".second." not in k}
    asr.load_state_dict(first)
    net_input, tokens = tiny.speech([40, 30]), tiny.prefixes([[6, 5], [4, 7]])
    logits, _ = two_stage(**net_input, prev_output_tokens=tokens)
    expected, _ = asr(**net_input, prev_output_tokens=tokens[:1])
    assert torch.allclose(logits[0], expected[0], atol=1e-6)


def test_the_translation_reads_the_whole_transcript_and_the_transcript_nothing():
    model = system("two_stage_st", spread=2.0)
    net_input, tokens = tiny.speech([40]), tiny.prefixes([[6], [6]])
    before, _ = model(**net_input, prev_output_tokens=tokens)
    for stream in (0, 1):
        other = tokens.clone()
        other[stream, 0, 5] = 6 if tokens[stream, 0, 5] != 6 else 7
        after, _ = model(**net_input, prev_output_tokens=other)
        changed = (before != after).any(dim=-1)[:, 0].tolist()
        last_only = [False] * 5 + [True]
        assert changed == ([last_only, [True] * 6] if stream == 0 else [[False] * 6, last_only])


def test_gradients_of_the_translation_reach_the_first_decoder():
    model = system("two_stage_st").train()
    logits, _ = model(**tiny.speech([40]), prev_output_tokens=tiny.prefixes([[6], [6]]))
    logits[1].pow(2).sum().backward()
    first = model.decoder.first.layers[0]
    assert first.fc1.weight.grad.abs().sum() > 0
    assert model.decoder.second.embed_tokens is model.decoder.first.embed_tokens
    assert model.decoder.second.output_projection.weight is model.decoder.first.embed_tokens.weight


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_two_stage_with_missing_texts(dtype):
    model = system("two_stage_st").to(dtype).train()
    net_input = tiny.speech([40, 30, 20])
    net_input["src_tokens"] = net_input["src_tokens"].to(dtype)
    logits, _ = model(**net_input, prev_output_tokens=tiny.prefixes([[6, 0, 3], [0, 5, 2]]))
    assert logits.isfinite().all()
    logits.float().pow(2).mean().backward()
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


def test_two_stage_in_a_batch_as_alone():
    model = system("two_stage_st", spread=2.0)
    net_input, tokens = tiny.speech([41, 30, 17]), tiny.prefixes([[3, 7, 0], [5, 2, 4]])
    together, _ = model(**net_input, prev_output_tokens=tokens)
    for row, frames in enumerate([41, 30, 17]):
        one = {"src_tokens": net_input["src_tokens"][row : row + 1, :frames]}
        one["src_lengths"] = net_input["src_lengths"][row : row + 1]
        alone, _ = model(**one, prev_output_tokens=tokens[:, row : row + 1])
        for stream in (0, 1):
            rows = tokens[stream, row].ne(1)
            assert torch.allclose(together[stream, row, rows], alone[stream, 0, rows], atol=1e-5)


def test_two_stage_with_several_versions_and_checkpointing():
    """As partner corruption asks: repetitions of the batch, and activations recomputed."""
    net_input = tiny.speech([40, 25])
    first, second = tiny.prefixes([[6, 5], [4, 7]], seed=8), tiny.prefixes([[6, 5], [4, 7]], seed=9)
    model = system("two_stage_st", spread=2.0)
    both, _ = model(**net_input, prev_output_tokens=torch.cat([first, second], dim=1))
    for block, tokens in enumerate((first, second)):
        expected, _ = model(**net_input, prev_output_tokens=tokens)
        assert torch.allclose(both[:, 2 * block : 2 * block + 2], expected, atol=1e-5)
    gradients = []
    for checkpointing in (False, True):
        model = system("two_stage_st", checkpoint_activations=checkpointing).train()
        model(**net_input, prev_output_tokens=first)[0].pow(2).sum().backward()
        gradients.append([p.grad for p in model.parameters() if p.grad is not None])
    assert len(gradients[0]) == len(gradients[1]) > 30
    for plain, recomputed in zip(*gradients, strict=True):
        assert torch.allclose(plain, recomputed, rtol=1e-4, atol=1e-4)


# ---- what is refused, and what is the same for all


def test_fairseqs_other_subsampler_is_refused():
    with pytest.raises(ValueError, match=r"--conv-version convtransformer .*--front-end conv1d"):
        tiny.model(conv_version="convtransformer")
    tiny.model(conv_version="s2t_transformer")


@pytest.mark.parametrize("name", ["interactive_st", "two_stage_st", "asr"])
def test_features_are_what_the_table_of_words_projects(name):
    model = system(name)
    batch = tiny.speech([40, 30])
    tokens = tiny.prefixes([[5, 4], [3, 6]])[list(model.streams)]
    features, _ = model.extract_features(**batch, prev_output_tokens=tokens)
    logits, _ = model(**batch, prev_output_tokens=tokens)
    assert features.shape == (*tokens.shape, 16)
    assert torch.allclose(model.decoder.output_projection(features), logits, atol=1e-6)


@pytest.mark.parametrize(
    "override", [{"wait_k": 7}, {"wait_k": "inf"}, {"fusion": "gate"}, {"fusion_lambda": 0.3}]
)
def test_a_two_stage_model_refuses_how_streams_interact(override):
    [option] = override
    with pytest.raises(ValueError, match=rf"{option} .* no effect on a two-stage model.*--model-overrides"):
        tiny.model(arch=ARCHITECTURES["two_stage_st_s"], **override)
    tiny.model(arch=ARCHITECTURES["two_stage_st_s"], wait_k="3", fusion_lambda=1.0)
