"""fairseq's generation options, read and handed to the search."""

import json
import logging
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from torch import nn

from interactive_st.conventions import TRANSCRIPT
from interactive_st.errors import SettingError
from interactive_st.option_rules import wrong_value
from interactive_st.tasks.checks.generation_options import (
    DEFAULTS,
    HARMLESS,
    SETTINGS,
    check_generation_options,
    check_options_of_translations,
)

logger = logging.getLogger(__name__)


def search_settings(args: Any) -> dict[str, Any]:
    """Return the keyword arguments of `DualBeamGenerator` that fairseq's options stand for."""
    settings = {argument: getattr(args, option, DEFAULTS[option]) for option, argument in SETTINGS.items()}
    return settings | {"normalize_scores": not getattr(args, "unnormalized", False)}


def parse_generation_options(text: str, option: str, translates: bool = True) -> Namespace:
    """Read generation options from JSON such as ``{"beam": 4, "lenpen": 0.6}``.

    Args:
        text: a JSON object; its keys are names of generation options, written with ``_``.
        option: where it comes from, for messages.
        translates: whether a translation is written.

    Raises:
        SettingError: it is not such an object, or an option does not exist, has a value of the wrong kind or
            cannot be honoured.
    """
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise SettingError(f"{option} {text!r}: not JSON ({error.msg}); write '{{\"beam\": 1}}'") from error
    if not isinstance(values, dict):
        raise SettingError(f"{option} {text!r}: a JSON object is needed, such as '{{\"beam\": 1}}'")
    unknown = sorted(set(values) - set(DEFAULTS))
    if unknown:
        raise SettingError(
            f"{option}: no generation option {', '.join(unknown)}; known are "
            + ", ".join([*SETTINGS, "unnormalized"])
        )
    for name in (*SETTINGS, *HARMLESS):
        if name in values and (reason := wrong_value(name, values[name])) is not None:
            raise SettingError(f'{option}: "{name}" is {json.dumps(values[name])}; {reason}')
    if values.get("prefix_size"):
        raise SettingError(f'{option}: "prefix_size" is an option of fairseq-generate alone; leave it out')
    options = Namespace(**values)
    try:
        check_generation_options(options)
        if not translates:
            check_options_of_translations(options)
    except SettingError as error:
        raise SettingError(f"{option}: {error}") from error
    return options


def ctc_weight(task_args: Namespace, models: Sequence[nn.Module]) -> float:
    """``--decoding-ctc-weight``: as given, else that with which the models were validated in training.

    Where that leaves the CTC of a trained model unused, the log says so.

    Raises:
        SettingError: the models were trained with different ones.
    """
    given = getattr(task_args, "decoding_ctc_weight", None)
    if given is not None:
        return given
    stored = [getattr(getattr(model, "decoder", None), "args", Namespace()) for model in models]
    weights = sorted({getattr(args, "decoding_ctc_weight", None) or 0.0 for args in stored})
    if len(weights) > 1:
        raise SettingError(
            "the models of the ensemble were validated with --decoding-ctc-weight "
            f"{' and '.join(f'{weight:g}' for weight in weights)}: give the one to decode with"
        )
    trained = getattr(stored[0], "ctc_weight", None)
    writes = TRANSCRIPT in getattr(models[0], "streams", ())
    if not weights[0] and trained and writes and getattr(task_args, "path", None):
        logger.info(f"NOTE: {unused_ctc(trained, '--decoding-ctc-weight')}")
    return weights[0]


def unused_ctc(trained: float, option: str) -> str:
    """Say that the CTC of a model, trained with this weight, is not used, but by this option."""
    return (
        f"transcripts are scored by attention alone; the model was trained with --ctc-weight {trained:g}, so "
        f"{option} may be given: 0.3 to 0.5 often helps with little data"
    )
