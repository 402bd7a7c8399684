"""What values fairseq's generation options may have."""

import math
from dataclasses import fields
from numbers import Integral, Real
from typing import Any

from fairseq.dataclass.configs import GenerationConfig

from interactive_st.conventions import LARGEST_LENPEN, LENPEN_NEEDED

#: By fairseq's declaration, not by the default: that of ``lenpen``, a number, is written as 1.
TYPES = {field.name: field.type for field in fields(GenerationConfig)}


def wrong_value(name: str, value: Any) -> str | None:
    """Say what an option needs instead of ``value``, or None where nothing is wrong with it.

    argparse accepts ``nan`` and ``inf`` as numbers, and JSON has values of any type.
    """
    kind, is_flag = TYPES[name], isinstance(value, bool)
    if kind is bool and not is_flag:
        return "true or false is needed"
    if kind is int and (is_flag or not isinstance(value, Integral)):
        return "a whole number is needed"
    if kind is float and (is_flag or not isinstance(value, Real) or not _is_finite(value)):
        return "a finite number is needed"
    if name == "temperature" and value <= 0:
        return "a number greater than 0 is needed"
    if name == "lenpen" and abs(value) > LARGEST_LENPEN:
        return LENPEN_NEEDED
    return None


def _is_finite(value: Real) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all floating-point numbers
        return False
