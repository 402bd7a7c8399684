"""An update on a GPU asks the host nothing, so neither waits: with ``meta`` tensors any question fails."""

from types import SimpleNamespace

import pytest
import tiny
import torch

from interactive_st.criterions import JointLabelSmoothedCrossEntropyCriterion
from interactive_st.models import ARCHITECTURES


def move(x):
    if isinstance(x, dict):
        return {name: move(value) for name, value in x.items()}
    return x.to("meta") if torch.is_tensor(x) else x


@pytest.mark.parametrize("front_end", ["conv1d", "stack"])
@pytest.mark.parametrize(
    ("system", "options"),
    [
        ("asr_s", {}),
        ("e2e_st_s", {}),
        ("multitask_st_s", {}),
        ("two_stage_st_s", {}),
        ("interactive_st_s", {}),
        ("interactive_st_s", {"prefix_corruption": 0.1}),
        ("interactive_st_s", {"prefix_corruption": 0.1, "prefix_corruption_of": "partner"}),
    ],
)
def test_loss_and_gradients_ask_nothing(system, options, front_end):
    arch = ARCHITECTURES.get(system, tiny.sizes.interactive_st_s)
    model = tiny.model(arch=arch, front_end=front_end, dropout=0.1).to("meta").train()
    task = SimpleNamespace(target_dictionary=tiny.dictionary())
    criterion = JointLabelSmoothedCrossEntropyCriterion(task, False, 0.1, report_accuracy=True, **options)
    loss, _, _ = criterion(model, move(tiny.training_sample()))
    loss.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
