"""What the command line offers is what there is."""

from interactive_st.data import choices
from interactive_st.data.folder.settings import SPECAUGMENT


def test_every_policy_is_known():
    assert (*SPECAUGMENT, "none") == choices.POLICIES


def test_defaults_are_among_the_choices():
    assert choices.VOCAB_TYPE in choices.VOCAB_TYPES
    assert choices.CMVN in choices.CMVN_TYPES
    assert choices.POLICY in choices.POLICIES
