"""fairseq's generation options: which the search honours, which are refused, and why."""

import json
import logging
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from fairseq.dataclass.configs import GenerationConfig
from torch import nn

from interactive_st.conventions import TRANSCRIPT, option_name
from interactive_st.option_rules import wrong_value

logger = logging.getLogger(__name__)

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
        ValueError: an option has another value than its default and no effect here, a value is of the
            wrong kind, not finite or out of range, or the values contradict each other.
    """
    for name, default in DEFAULTS.items():
        if not hasattr(args, name):
            continue
        value, option = getattr(args, name), option_name(name)
        if name in SETTINGS or name in HARMLESS:
            if (reason := wrong_value(name, value)) is not None:
                raise ValueError(f"{option} {value}: {reason}")
        elif value not in (default, None):
            raise ValueError(
                f"{option} {value} cannot be honoured: {REASONS.get(name, ITERATIVE)}; leave out {option}"
            )
    if (extra or {}).get("lm_model") is not None:
        raise ValueError(f"--lm-path cannot be honoured: {LANGUAGE_MODEL}; leave out --lm-path")
    if getattr(args, "prefix_allowed_tokens_fn", None) is not None:
        raise ValueError(
            "prefix_allowed_tokens_fn cannot be honoured: the search has no such constraint; leave it out"
        )
    beam, nbest = (getattr(args, name, DEFAULTS[name]) for name in ("beam", "nbest"))
    if nbest > beam:
        raise ValueError(f"--nbest {nbest} needs a --beam of at least as many; --beam is {beam}")


def check_options_of_translations(args: Any) -> None:
    """Refuse, for a model that writes transcripts alone, what concerns translations.

    Raises:
        ValueError: such an option is set.
    """
    for name in ("prefix_size", "no_repeat_ngram_size"):
        value = getattr(args, name, DEFAULTS[name])
        if value != DEFAULTS[name]:
            option = option_name(name)
            raise ValueError(
                f"{option} {value} concerns the translation, which this model does not write; "
                f"leave out {option}"
            )


def search_settings(args: Any) -> dict[str, Any]:
    """Return the keyword arguments of `DualBeamGenerator` that fairseq's options stand for."""
    settings = {argument: getattr(args, option, DEFAULTS[option]) for option, argument in SETTINGS.items()}
    return settings | {"normalize_scores": not getattr(args, "unnormalized", False)}


def parse_validation_options(text: str, option: str) -> Namespace:
    """Read generation options for validation from JSON such as ``{"beam": 4, "lenpen": 0.6}``.

    Args:
        text: a JSON object; its keys are names of generation options, written with ``_``.
        option: where it comes from, for messages.

    Raises:
        ValueError: it is not such an object, or an option does not exist, has a value of the wrong kind or
            cannot be honoured.
    """
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"{option} {text!r}: not JSON ({error.msg}); write '{{\"beam\": 1}}'") from error
    if not isinstance(values, dict):
        raise ValueError(f"{option} {text!r}: a JSON object is needed, such as '{{\"beam\": 1}}'")
    unknown = sorted(set(values) - set(DEFAULTS))
    if unknown:
        raise ValueError(
            f"{option}: no generation option {', '.join(unknown)}; known are "
            + ", ".join([*SETTINGS, "unnormalized"])
        )
    for name in (*SETTINGS, *HARMLESS):
        if name in values and (reason := wrong_value(name, values[name])) is not None:
            raise ValueError(f'{option}: "{name}" is {json.dumps(values[name])}; {reason}')
    if values.get("prefix_size"):
        raise ValueError(f'{option}: "prefix_size" is an option of fairseq-generate alone; leave it out')
    options = Namespace(**values)
    check_generation_options(options)
    return options


def ctc_weight(task_args: Namespace, models: Sequence[nn.Module]) -> float:
    """``--decoding-ctc-weight``: as given, else that with which the models were validated in training.

    Where that leaves the CTC of a trained model unused, the log says so.

    Raises:
        ValueError: the models were trained with different ones.
    """
    given = getattr(task_args, "decoding_ctc_weight", None)
    if given is not None:
        return given
    stored = [getattr(getattr(model, "decoder", None), "args", Namespace()) for model in models]
    weights = sorted({getattr(args, "decoding_ctc_weight", None) or 0.0 for args in stored})
    if len(weights) > 1:
        raise ValueError(
            "the models of the ensemble were validated with --decoding-ctc-weight "
            f"{' and '.join(f'{weight:g}' for weight in weights)}: give the one to decode with"
        )
    trained = getattr(stored[0], "ctc_weight", None)
    writes = TRANSCRIPT in getattr(models[0], "streams", ())
    if not weights[0] and trained and writes and getattr(task_args, "path", None):
        logger.info(
            f"NOTE: transcripts are scored by attention alone; the model was trained with --ctc-weight "
            f"{trained:g}, so --decoding-ctc-weight may be given: 0.3 to 0.5 often helps with little data"
        )
    return weights[0]
