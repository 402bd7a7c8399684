from argparse import Namespace
from dataclasses import fields

import pytest
from fairseq.dataclass.configs import GenerationConfig

from interactive_st.tasks.checks.generation_options import (
    HARMLESS,
    REASONS,
    SETTINGS,
    check_generation_options,
)
from interactive_st.tasks.search_settings import parse_generation_options, search_settings

CHANGED = {
    "sampling": True,
    "sampling_topk": 5,
    "sampling_topp": 0.9,
    "diverse_beam_groups": 2,
    "diversity_rate": 0.5,
    "constraints": "ordered",
    "lm_path": "lm.pt",
    "match_source_len": True,
    "print_alignment": "hard",
    "score_reference": True,
    "replace_unk": "table",
    "iter_decode_max_iter": 3,
    "iter_decode_eos_penalty": 0.5,
    "decoding_format": "unigram",
    "retain_dropout": True,
    "print_step": True,
    "max_len_b_mt": 7,
    "eos_token": "<lang:de>",
}


def test_every_option_of_fairseq_is_honoured_harmless_or_refused_for_a_reason():
    names = {field.name for field in fields(GenerationConfig)} - {"_name"}
    iterative = {name for name in names if name.startswith("iter_decode_")}
    assert set(SETTINGS) | HARMLESS | set(REASONS) | iterative == names
    assert not set(SETTINGS) & set(REASONS)


@pytest.mark.parametrize("name", CHANGED)
def test_what_cannot_be_honoured_is_refused_by_name(name):
    options = GenerationConfig()
    check_generation_options(options)
    setattr(options, name, CHANGED[name])
    with pytest.raises(ValueError, match="cannot be honoured") as error:
        check_generation_options(options)
    assert str(error.value).startswith("--" + name.replace("_", "-"))


def test_language_models_and_prefix_functions_are_refused():
    check_generation_options(Namespace(), {"lm_model": None, "lm_weight": 0.0})
    with pytest.raises(ValueError, match="--lm-path cannot be honoured"):
        check_generation_options(Namespace(), {"lm_model": object()})
    with pytest.raises(ValueError, match="prefix_allowed_tokens_fn cannot be honoured"):
        check_generation_options(Namespace(prefix_allowed_tokens_fn=print))


def test_more_hypotheses_than_beams_are_refused():
    with pytest.raises(ValueError, match=r"--nbest 4 needs .*--beam is 3"):
        check_generation_options(Namespace(beam=3, nbest=4))
    check_generation_options(Namespace(beam=3, nbest=3))


def test_options_reach_the_search_under_its_names():
    options = GenerationConfig(
        beam=7,
        max_len_a=0.5,
        max_len_b=9,
        min_len=2,
        lenpen=0.6,
        unkpen=0.1,
        temperature=1.5,
        no_repeat_ngram_size=3,
        unnormalized=True,
    )
    assert search_settings(options) == {
        "beam_size": 7,
        "max_len_a": 0.5,
        "max_len_b": 9,
        "min_len": 2,
        "len_penalty": 0.6,
        "unk_penalty": 0.1,
        "temperature": 1.5,
        "no_repeat_ngram_size": 3,
        "normalize_scores": False,
    }
    assert search_settings(Namespace())["beam_size"] == 5
    assert search_settings(Namespace())["normalize_scores"] is True


def test_no_beginnings_are_forced_in_validation():
    with pytest.raises(ValueError, match='--mt-args: "prefix_size" is an option of fairseq-generate alone'):
        parse_generation_options('{"prefix_size": 1}', "--mt-args")


def test_validation_options_are_json_of_known_options():
    options = parse_generation_options('{"beam": 2, "max_len_b": 20}', "--eval-bleu-args")
    assert vars(options) == {"beam": 2, "max_len_b": 20}
    for text, what in (
        ("{beam: 2}", "not JSON"),
        ("[2]", "a JSON object is needed"),
        ('{"beem": 2}', "no generation option beem; known are beam, "),
        ('{"sampling": true}', "--eval-bleu-args: --sampling True cannot be honoured"),
        ('{"nbest": 6}', "--eval-bleu-args: --nbest 6"),
    ):
        with pytest.raises(ValueError, match=what):
            parse_generation_options(text, "--eval-bleu-args")


def test_validation_of_transcripts_alone():
    text = '{"no_repeat_ngram_size": 2}'
    message = "--eval-bleu-args: --no-repeat-ngram-size 2 concerns the translation"
    with pytest.raises(ValueError, match=message):
        parse_generation_options(text, "--eval-bleu-args", translates=False)
    parse_generation_options(text, "--eval-bleu-args")


@pytest.mark.parametrize(
    ("value", "needed"),
    [
        ('"beam": 2.5', "a whole number"),
        ('"beam": "x"', "a whole number"),
        ('"beam": true', "a whole number"),
        ('"beam": null', "a whole number"),
        ('"nbest": "1"', "a whole number"),
        ('"max_len_b": [9]', "a whole number"),
        ('"lenpen": "1"', "a finite number"),
        ('"lenpen": NaN', "a finite number"),
        ('"lenpen": -300', "a number from -10 to 10"),
        ('"max_len_a": Infinity', "a finite number"),
        ('"unkpen": 1' + 400 * "0", "a finite number"),
        ('"temperature": 0', "a number from 1e-09"),
        ('"unnormalized": 1', "true or false"),
        ('"sacrebleu": "yes"', "true or false"),
    ],
)
def test_values_of_another_kind_are_refused_before_training(value, needed):
    name = value.partition(":")[0]
    with pytest.raises(ValueError, match=f"--eval-bleu-args: {name} is .*; {needed} is needed"):
        parse_generation_options(f"{{{value}}}", "--eval-bleu-args")


def test_whole_numbers_are_numbers():
    text = '{"lenpen": 2, "max_len_a": 0, "unnormalized": true, "unkpen": -1}'
    assert parse_generation_options(text, "--mt-args").lenpen == 2


@pytest.mark.parametrize("name", ["lenpen", "unkpen", "temperature", "max_len_a"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_numbers_that_are_not_finite_are_refused(name, value):
    option = "--" + name.replace("_", "-")
    with pytest.raises(ValueError, match=f"{option} {value}: a finite number is needed"):
        check_generation_options(GenerationConfig(**{name: float(value)}))
