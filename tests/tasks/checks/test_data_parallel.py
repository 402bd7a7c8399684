"""Processes that would wait for gradients that others do not have."""

from argparse import Namespace

import pytest
import torch

from interactive_st.tasks.checks.training_options import check_training_options


@pytest.mark.parametrize(
    ("options", "fits"),
    [
        ({"ddp_backend": "fully_sharded"}, False),
        ({"ddp_backend": "fully_sharded", "distributed_world_size": 1}, True),
        ({"ddp_backend": "legacy_ddp"}, True),
        ({"ddp_backend": "pytorch_ddp"}, True),
    ],
)
def test_backends_that_wait_for_processes_of_text(load, silent, options, fits):
    options = {"distributed_world_size": 2, **options}
    load("train_asr", "both", **options)
    load(silent("dev_text"), "both", **options)  # in which there are no gradients
    split = silent("train_text")
    if fits:
        return load(split, "both", **options)
    with pytest.raises(ValueError, match=f"--ddp-backend {options['ddp_backend']} would wait for it; add"):
        load(split, "both", **options)


@pytest.mark.parametrize(
    ("options", "fits"),
    [
        ({"ddp_backend": "pytorch_ddp"}, False),
        ({"ddp_backend": "fully_sharded", "find_unused_parameters": True}, False),
        ({"ddp_backend": "pytorch_ddp", "find_unused_parameters": True}, True),
        (
            {"ddp_backend": "pytorch_ddp", "find_unused_parameters": True, "checkpoint_activations": True},
            False,
        ),
        ({"ddp_backend": "legacy_ddp"}, True),
        ({"ddp_backend": "pytorch_ddp", "distributed_world_size": 1}, True),
        ({"ddp_backend": "pytorch_ddp", "encoder_freezing_updates": 0}, True),
    ],
)
def test_backends_that_wait_for_the_gradient_of_a_frozen_encoder(options, fits):
    args = Namespace(**{"distributed_world_size": 2, "encoder_freezing_updates": 9, **options})
    if fits:
        return check_training_options(args)
    message = f"freezing-updates 9: .* --ddp-backend {options['ddp_backend']} would wait for it; add"
    with pytest.raises(ValueError, match=message):
        check_training_options(args)


def test_processes_are_those_that_there_are(monkeypatch):
    """Under torchrun the options of the task know the GPUs of one machine alone."""
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    args = Namespace(distributed_world_size=1, encoder_freezing_updates=9, ddp_backend="pytorch_ddp")
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 1)
    check_training_options(args)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    with pytest.raises(ValueError, match="would wait for it"):
        check_training_options(args)
