"""Linear layers as one product give what they give one by one, and notice when weights change."""

import copy

import pytest
import torch
from torch import nn

from interactive_st.modules.fast.joined_linear import JoinsLinears, prepare_linears
from interactive_st.modules.fast.onednn_linear import use_onednn_linears


class Three(JoinsLinears, nn.Module):
    joins_in_steps = True

    def __init__(self, bias: bool = True) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.parts = nn.ModuleList(nn.Linear(6, out, bias=bias) for out in (3, 4, 5))

    def linears_to_join(self) -> list[nn.Module]:
        return list(self.parts)


def one_by_one(module: Three, x: torch.Tensor) -> torch.Tensor:
    return torch.cat(
        [nn.functional.linear(x, layer.weight, layer.bias) for layer in module.parts], dim=-1
    )


X = torch.randn(2, 7, 6, generator=torch.Generator().manual_seed(2))


@pytest.fixture(params=[False, True], ids=["plain", "onednn"])
def three(request):
    module = Three()
    if request.param:
        use_onednn_linears(module)
    return module.eval()


@torch.no_grad()
def test_results_are_those_of_the_layers(three):
    assert torch.allclose(three.joined(X), one_by_one(three, X), atol=1e-6)
    prepare_linears(three)
    assert three._copy is not None
    assert torch.allclose(three.joined(X), one_by_one(three, X), atol=1e-6)


@torch.no_grad()
def test_without_biases():
    module = Three(bias=False).eval()
    assert module.join()
    assert torch.allclose(module.joined(X), one_by_one(module, X), atol=1e-6)


CHANGES = {
    "weight in place": lambda module: module.parts[1].weight.mul_(2),
    "bias in place": lambda module: module.parts[2].bias.add_(1),
    "new parameter": lambda module: setattr(module.parts[0], "weight", nn.Parameter(torch.ones(3, 6))),
    "no bias": lambda module: setattr(module.parts[0], "bias", None),
    "new layer": lambda module: module.parts.__setitem__(1, nn.Linear(6, 4)),
    "training": lambda module: (module.train(), module.parts[0].weight.data.mul_(2), module.eval()),
    "precision": lambda module: module.double().float().parts[0].bias.data.mul_(2),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@torch.no_grad()
def test_changed_weights_are_noticed(three, change):
    prepare_linears(three)
    change(three)
    assert torch.allclose(three.joined(X), one_by_one(three, X), atol=1e-6)
    prepare_linears(three)
    assert torch.allclose(three.joined(X), one_by_one(three, X), atol=1e-6)


def test_gradients_reach_the_layers(three):
    with torch.no_grad():
        prepare_linears(three)
    three.joined(X).sum().backward()
    assert all(parameter.grad is not None for parameter in three.parameters())


@torch.no_grad()
def test_layers_of_another_kind_are_asked_one_by_one(three):
    class Other(nn.Linear):
        def forward(self, x):
            return 2 * super().forward(x)

    three.parts[1] = Other(6, 4)
    assert not three.join()
    assert torch.allclose(three.joined(X)[..., 3:7], three.parts[1](X), atol=1e-6)


@torch.no_grad()
def test_other_precisions_and_copies(three):
    prepare_linears(three)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert three.joined(X).dtype == torch.bfloat16
    other = copy.deepcopy(three)
    assert other._copy is None
    other.bfloat16()
    prepare_linears(other)
    assert other.joined(X.bfloat16()).dtype == torch.bfloat16
    assert not any("_copy" in name for name in three.state_dict())


@torch.no_grad()
@pytest.mark.parametrize("one_product", [False, True])
def test_layers_that_are_never_asked_alone_have_no_copies(monkeypatch, one_product):
    """As on a GPU, where `each` multiplies by all at once."""
    module = Three()
    use_onednn_linears(module)
    monkeypatch.setattr(Three, "joins_in_steps", False)
    monkeypatch.setattr(Three, "is_one_product", lambda self, device: one_product)
    prepare_linears(module.eval())
    assert [layer.current_copy() is None for layer in module.parts] == 3 * [one_product]
