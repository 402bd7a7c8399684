"""fairseq's tools and `InteractiveST` accept and refuse the same values of the same options."""

import math
import re
from argparse import Namespace
from dataclasses import fields

import pytest
from fairseq.dataclass.configs import GenerationConfig

from interactive_st.inference.options import OptionError, Options
from interactive_st.option_rules import RULES, wrong_value
from interactive_st.tasks.checks.generation_options import HARMLESS, SETTINGS, check_generation_options


@pytest.mark.parametrize(
    ("name", "value", "needed"),
    [
        ("no_repeat_ngram_size", -2, "a whole number from 0"),
        ("min_len", -1, "a whole number from 0"),
        ("max_len_a", -1.0, "at least 0"),
        ("beam", 0, "a whole number from 1"),
        ("beam", True, "a whole number"),
        ("nbest", 0, "a whole number from 1"),
        ("temperature", 0.0, "a number from 1e-09"),
        ("temperature", 1e-10, "a number from 1e-09"),
        ("unkpen", -2e9, "a number from -1000000000"),
        ("lenpen", 10.5, "a number from -10 to 10"),
        ("unkpen", 10**400, "a finite number"),
        ("max_len_b", 2.5, "a whole number"),
        ("max_len_b", 10**22, "a whole number from -1000000000 to 1000000000"),
    ],
)
def test_both_refuse(name, value, needed):
    with pytest.raises(ValueError, match=f"--{name.replace('_', '-')} {value}: {needed} is needed"):
        check_generation_options(Namespace(**{name: value}))
    with pytest.raises(OptionError, match=re.escape(f"{name} is {value!r}; {needed} is needed")):
        Options(**{name: value})


@pytest.mark.parametrize(
    "options",
    [
        {"no_repeat_ngram_size": 0, "min_len": 0, "max_len_a": 0, "max_len_b": 0},
        {"max_len_a": 0.5, "max_len_b": -10},
        {"lenpen": -10, "unkpen": -1, "temperature": 0.01},
    ],
)
def test_both_accept_what_has_a_meaning(options):
    check_generation_options(GenerationConfig(**options))
    assert vars(Options(**options).generation()).items() >= options.items()


def test_every_option_that_fairseqs_tools_have_is_of_the_declared_kind():
    """Not of that of the default: the one of ``lenpen``, a number, is written as 1."""
    declared = {field.name: field.type for field in fields(GenerationConfig)}
    assert {name: RULES[name].kind for name in {*SETTINGS, *HARMLESS}} == {
        name: declared[name] for name in {*SETTINGS, *HARMLESS}
    }


@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
def test_a_share(value):
    assert wrong_value("ctc_weight", value) is not None
    assert wrong_value("ctc_weight", 1) is None


def test_a_text_is_no_flag():
    """A command line that passes values on has nothing else."""
    with pytest.raises(OptionError, match="cuda_graphs is 'no'; true or false is needed"):
        Options(cuda_graphs="no")
