"""What values options of decoding may have, by their names in fairseq and in `InteractiveST`.

Light, so that the command line can import it.
"""

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

#: Of ``lenpen``, up or down: with larger ones scores leave the numbers of 32 bits.
LARGEST_LENPEN = 10
LENPEN_NEEDED = (
    f"a number from -{LARGEST_LENPEN} to {LARGEST_LENPEN} is needed: scores are divided by length to this "
    "power, and larger ones make them zero or infinite"
)
#: Of ``max_len_b``, up or down: with ``max_len_a`` times frames it has to stay a number of 64 bits.
LARGEST_LENGTH = 1_000_000_000
#: Of ``unkpen`` downwards and of ``temperature``, for the same reason.
LEAST_UNKPEN, LEAST_TEMPERATURE = -1e9, 1e-9


@dataclass(frozen=True)
class Rule:
    """The values of one option: of a type, ``bool``, ``int`` or ``float``, and within bounds, both included.

    ``needed`` says what is, where a value is out of bounds.
    """

    kind: type
    least: float = -math.inf
    most: float = math.inf
    needed: str = ""


def _whole(least: int) -> Rule:
    return Rule(int, least, needed=f"a whole number from {least} is needed")


def _seconds(least: float) -> Rule:
    return Rule(float, least, needed=f"at least {least:g} seconds are needed")


_FLAG = Rule(bool)
RULES = {
    "beam": _whole(1),
    "nbest": _whole(1),
    "max_len_a": Rule(float, 0, needed="at least 0 is needed"),
    "max_len_b": Rule(  # beside a max_len_a it may be below 0
        int,
        -LARGEST_LENGTH,
        LARGEST_LENGTH,
        f"a whole number from -{LARGEST_LENGTH} to {LARGEST_LENGTH} is needed",
    ),
    "min_len": _whole(0),
    "lenpen": Rule(float, -LARGEST_LENPEN, LARGEST_LENPEN, LENPEN_NEEDED),
    "unkpen": Rule(float, LEAST_UNKPEN, needed=f"a number from {LEAST_UNKPEN:.0f} is needed"),
    "temperature": Rule(float, LEAST_TEMPERATURE, needed=f"a number from {LEAST_TEMPERATURE:g} is needed"),
    "no_repeat_ngram_size": _whole(0),
    # of fairseq's tools alone
    "prefix_size": _whole(0),
    "unnormalized": _FLAG,
    "sacrebleu": _FLAG,
    "no_early_stop": _FLAG,
    "no_beamable_mm": _FLAG,
    "no_seed_provided": _FLAG,
    # of `InteractiveST` alone
    "cuda_graphs": _FLAG,
    "ctc_weight": Rule(float, 0, 1, "at most 1 has a meaning and at least 0, as it is a share"),
    "max_segment": _seconds(1.0),
    "min_pause": _seconds(0.1),
    "batch_seconds": Rule(  # times frames a second it has to stay a number of 64 bits
        float, math.ulp(0.0), 1e9, "more than 0 seconds are needed, and at most 1e9"
    ),
}


def wrong_value(name: str, value: Any) -> str | None:
    """Say what an option of `RULES` needs instead of ``value``, or None where nothing is wrong with it.

    argparse accepts ``nan`` and ``inf`` as numbers, and Python and JSON have values of any type.
    """
    rule, is_flag = RULES[name], isinstance(value, bool)
    if rule.kind is bool:
        return None if is_flag else "true or false is needed"
    if rule.kind is int and (is_flag or not isinstance(value, Integral)):
        return "a whole number is needed"
    if rule.kind is float and (is_flag or not isinstance(value, Real) or not _is_finite(value)):
        return "a finite number is needed"
    return None if rule.least <= value <= rule.most else rule.needed


def _is_finite(value: Real) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all floating-point numbers
        return False
