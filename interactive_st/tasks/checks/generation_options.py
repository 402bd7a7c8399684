"""fairseq's generation options: which the search honours, which are refused, and why."""

from dataclasses import fields
from typing import Any

from fairseq.dataclass.configs import GenerationConfig

from interactive_st.conventions import option_name
from interactive_st.errors import SettingError
from interactive_st.option_rules import wrong_value

#: Arguments of `DualBeamGenerator` by the option of fairseq that sets them.
SETTINGS = {
    "beam": "beam_size",
    "max_len_a": "max_len_a",
    "max_len_b": "max_len_b",
    "min_len": "min_len",
    "lenpen": "len_penalty",
    "unkpen": "unk_penalty",
    "temperature": "temperature",
    "no_repeat_ngram_size": "no_repeat_ngram_size",
}
#: Options that the tools or the task itself see to, or that fairseq ignores as well.
HARMLESS = {
    "nbest",
    "unnormalized",
    "prefix_size",
    "sacrebleu",
    "no_early_stop",
    "no_beamable_mm",
    "no_seed_provided",
}
ITERATIVE = "it belongs to iterative refinement, which the search of two streams is not"
SAMPLING = "the search is a beam search and draws nothing"
DIVERSE = "the search has no diverse beams"
MULTITASK = "there is one decoder, and its options are those without _mt"
LANGUAGE_MODEL = "there is no fusion with a language model"
REASONS = {
    "beam_mt": MULTITASK,
    "max_len_a_mt": MULTITASK,
    "max_len_b_mt": MULTITASK,
    "lenpen_mt": MULTITASK,
    "constraints": "the search has no lexical constraints",
    "sampling": SAMPLING,
    "sampling_topk": SAMPLING,
    "sampling_topp": SAMPLING,
    "diverse_beam_groups": DIVERSE,
    "diverse_beam_strength": DIVERSE,
    "diversity_rate": DIVERSE,
    "lm_path": LANGUAGE_MODEL,
    "lm_weight": LANGUAGE_MODEL,
    "match_source_len": "frames of speech say nothing about the number of tokens",
    "print_alignment": "attention to speech aligns no words",
    "replace_unk": "speech has no words to copy",
    "score_reference": "the generator searches; it does not score given texts",
    "print_step": ITERATIVE,
    "retain_iter_history": ITERATIVE,
    "decoding_format": ITERATIVE,
    "retain_dropout": "the models decode without dropout",
    "retain_dropout_modules": "the models decode without dropout",
    "eos_token": "both texts end with </s>",
}
DEFAULTS = {field.name: field.default for field in fields(GenerationConfig) if not field.name.startswith("_")}


def check_generation_options(args: Any, extra: dict[str, Any] | None = None) -> None:
    """Refuse what the search of two streams cannot honour.

    Args:
        args: fairseq's generation options, as `GenerationConfig` or a namespace of some of them.
        extra: what the tools pass to a generator beside them.

    Raises:
        SettingError: an option has another value than its default and no effect here, a value is of the
            wrong kind, not finite or out of range, or the values contradict each other.
    """
    for name, default in DEFAULTS.items():
        if not hasattr(args, name):
            continue
        value, option = getattr(args, name), option_name(name)
        if name in SETTINGS or name in HARMLESS:
            if (reason := wrong_value(name, value)) is not None:
                raise SettingError(f"{option} {value}: {reason}")
        elif value not in (default, None):
            raise SettingError(
                f"{option} {value} cannot be honoured: {REASONS.get(name, ITERATIVE)}; leave out {option}"
            )
    if (extra or {}).get("lm_model") is not None:
        raise SettingError(f"--lm-path cannot be honoured: {LANGUAGE_MODEL}; leave out --lm-path")
    if getattr(args, "prefix_allowed_tokens_fn", None) is not None:
        raise SettingError(
            "prefix_allowed_tokens_fn cannot be honoured: the search has no such constraint; leave it out"
        )
    beam, nbest = (getattr(args, name, DEFAULTS[name]) for name in ("beam", "nbest"))
    if nbest > beam:
        raise SettingError(f"--nbest {nbest} needs a --beam of at least as many; --beam is {beam}")


def check_options_of_translations(args: Any) -> None:
    """Refuse, for a model that writes transcripts alone, what concerns translations.

    Raises:
        SettingError: such an option is set.
    """
    for name in ("prefix_size", "no_repeat_ngram_size"):
        value = getattr(args, name, DEFAULTS[name])
        if value != DEFAULTS[name]:
            option = option_name(name)
            raise SettingError(
                f"{option} {value} concerns the translation, which this model does not write; "
                f"leave out {option}"
            )
