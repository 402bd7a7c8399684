"""Whether a training begins with another model, as fairseq decides it."""

from argparse import Namespace

import pytest

from interactive_st.tasks.starting_point import first_checkpoint


@pytest.mark.parametrize(
    ("saved", "options", "begins"),
    [
        ("", {}, True),
        ("checkpoint_last.pt", {}, False),
        ("checkpoint_best.pt", {}, True),
        ("checkpoint_last_a.pt", {}, True),  # of another training
        ("checkpoint_last_a.pt", {"checkpoint_suffix": "_a"}, False),
        ("checkpoint_last_a.pt", {"checkpoint_suffix": "*"}, True),
        ("checkpoint_last-shard0.pt", {}, False),  # --use-sharded-state
        ("checkpoint_last_a-shard0.pt", {"checkpoint_suffix": "_a"}, False),
        ("", {"continue_once": "other.pt"}, False),
    ],
)
def test_a_training_begins_with_it_unless_it_goes_on(tmp_path, saved, options, begins):
    if saved:
        (tmp_path / saved).touch()
    usual = {"save_dir": str(tmp_path), "checkpoint_suffix": "", "continue_once": None}
    args = Namespace(**usual | options, finetune_from_model="first.pt")
    assert first_checkpoint(args) == ("first.pt" if begins else None)
