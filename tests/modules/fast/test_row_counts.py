"""oneDNN meets few numbers of rows, as it keeps memory for each; results are as without this."""

import pytest
import torch
from torch import nn

from interactive_st.modules.fast.onednn_linear import (
    has_onednn_linear,
    linear,
    spare_rows,
    use_onednn_linears,
)

pytestmark = pytest.mark.skipif(not has_onednn_linear(), reason="this torch has no oneDNN linear layer")


def test_numbers_of_rows_are_few():
    met = {rows + spare_rows(rows) for rows in range(1, 5000)}
    assert len([rows for rows in met if rows >= 256]) < 150
    assert all(0 <= spare_rows(rows) <= rows / 16 for rows in range(1, 5000))
    assert not any(map(spare_rows, range(256)))


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("shape", [(513, 24), (3, 300, 24)])
def test_rows_that_are_added_are_not_seen(shape, relu):
    torch.manual_seed(1)
    layer, x = nn.Linear(24, 70), torch.randn(shape)
    assert spare_rows(x.numel() // 24)
    expected = layer(x).relu() if relu else layer(x)
    found = linear(x, layer.weight.detach(), layer.bias.detach(), relu)
    assert found.is_contiguous()
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_gradients_and_changes_in_place():
    torch.manual_seed(1)
    plain, x = nn.Linear(24, 70), torch.randn(3, 300, 24)
    mine = nn.Linear(24, 70)
    mine.load_state_dict(plain.state_dict())
    use_onednn_linears(mine)
    gradients = []
    for layer in (plain, mine):
        given = x.clone().requires_grad_()
        y = layer(given)
        y.mul_(2.0).square().sum().backward()
        gradients.append([given.grad, layer.weight.grad, layer.bias.grad])
    for theirs, ours in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-2, rtol=1e-4)
