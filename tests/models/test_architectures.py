"""The systems side by side: what each one writes and reads."""

from argparse import Namespace

import pytest
import tiny
import torch
from tiny import system

from interactive_st.models import ARCHITECTURES, TwoStageSTModel
from interactive_st.modules.token_rows import TokenRows

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


def test_two_stage_in_a_batch_as_alone():
    model = system("two_stage_st", spread=2.0)
    net_input, tokens = tiny.speech([41, 30, 17]), tiny.prefixes([[3, 7, 0], [5, 2, 4]])
    together, _ = model(**net_input, prev_output_tokens=tokens)
    for row in range(3):
        alone, _ = model(**tiny.utterance(net_input, row), prev_output_tokens=tokens[:, row : row + 1])
        for stream in (0, 1):
            rows = tokens[stream, row].ne(1)
            assert torch.allclose(together[stream, row, rows], alone[stream, 0, rows], atol=1e-5)


# ---- what is refused, and what is the same for all


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
    there, first = tokens.ne(1), torch.zeros_like(tokens, dtype=torch.bool)
    first[..., 0] = True
    few, _ = model.decoder.extract_features(
        tokens, model.encoder(**batch), TokenRows.of(there), TokenRows.of(first)
    )
    assert torch.allclose(few, features[first], atol=1e-6)


@pytest.mark.parametrize(
    "override", [{"wait_k": 7}, {"wait_k": "inf"}, {"fusion": "gate"}, {"fusion_lambda": 0.3}]
)
def test_a_two_stage_model_refuses_how_streams_interact(override):
    [option] = override
    with pytest.raises(ValueError, match=rf"{option} .* no effect on a two-stage model.*--model-overrides"):
        tiny.model(arch=ARCHITECTURES["two_stage_st_s"], **override)
    tiny.model(arch=ARCHITECTURES["two_stage_st_s"], wait_k="3", fusion_lambda=1.0)


@pytest.mark.parametrize("name", ["interactive_st", "two_stage_st"])
def test_ctc_of_other_criteria_is_of_the_transcript(name):
    sample = tiny.training_sample() | {"target": torch.zeros(1), "target_lengths": torch.zeros(1)}
    target, lengths = tiny.system(name).get_ctc_target(sample)
    assert torch.equal(target, sample["transcript"])
    assert torch.equal(lengths, sample["transcript_lengths"])
