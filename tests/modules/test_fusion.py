import pytest
import torch

from interactive_st.modules.fusion import Fusion

OWN = torch.randn(2, 3, 4, 6, generator=torch.Generator().manual_seed(1))
PARTNER = torch.randn(2, 3, 4, 6, generator=torch.Generator().manual_seed(2))


def test_linear_and_tanh_are_their_formulas():
    torch.testing.assert_close(Fusion("linear", 6, 0.3)(OWN, PARTNER), OWN + 0.3 * PARTNER)
    assert torch.equal(Fusion("tanh", 6, 0.5)(OWN, PARTNER), OWN + 0.5 * torch.tanh(PARTNER))


def test_gate_is_its_formula():
    torch.manual_seed(3)
    fusion = Fusion("gate", 6, 1.0)
    both = torch.cat([OWN, PARTNER], dim=-1)
    weights = torch.sigmoid(both @ fusion.gate.weight.T + fusion.gate.bias)
    expected = weights[..., :6] * OWN + weights[..., 6:] * PARTNER
    assert torch.allclose(fusion(OWN, PARTNER), expected, atol=1e-6)


@pytest.mark.parametrize(("kind", "learned"), [("linear", False), ("tanh", True), ("gate", False)])
def test_nothing_read_is_a_context_of_zeros(kind, learned):
    fusion = Fusion(kind, 6, 0.5, learned)
    assert torch.equal(fusion(OWN, None), fusion(OWN, torch.zeros_like(OWN)))


def test_parameters():
    assert not list(Fusion("linear", 6, 0.3).parameters())
    assert not list(Fusion("tanh", 6, 0.3).parameters())
    learned = list(Fusion("linear", 6, 0.3, learned=True).parameters())
    assert [p.item() for p in learned] == [pytest.approx(0.3)]


def test_a_learned_weight_learns():
    fusion = Fusion("linear", 6, 0.3, learned=True)
    fusion(OWN, PARTNER).sum().backward()
    assert torch.allclose(fusion.weight.grad, PARTNER.sum(), atol=1e-4)


def test_off():
    assert Fusion("linear", 6, 0.0).is_off
    assert Fusion("tanh", 6, 0.0).is_off
    assert not Fusion("linear", 6, 0.0, learned=True).is_off
    assert not Fusion("gate", 6, 0.0).is_off


def test_errors():
    with pytest.raises(ValueError, match="--fusion must be one of linear, tanh, gate"):
        Fusion("sum", 6, 1.0)
    with pytest.raises(ValueError, match="--learn-fusion-lambda has no meaning with --fusion gate"):
        Fusion("gate", 6, 1.0, learned=True)
