"""Combines a stream's self-attention context with its context from the other stream.

Source: Liu et al., AAAI 2020, section 3 (interactive attention); the three forms follow Zhou et al.,
TACL 2019, "Synchronous Bidirectional Neural Machine Translation", section 3.2.
"""

import torch
from torch import Tensor, nn

from interactive_st.errors import SettingError

FUSIONS = ("linear", "tanh", "gate")


class Fusion(nn.Module):
    """``linear``: H_self + λ·H_inter; ``tanh``: H_self + λ·tanh(H_inter); ``gate``: learned, per element.

    With a fixed λ the first two add no parameter. The gate is r ⊙ H_self + z ⊙ H_inter with
    [r; z] = σ(W [H_self; H_inter] + b).

    Args:
        kind: one of `FUSIONS`.
        embed_dim: C, the size of both contexts.
        weight: λ, or its initial value; the gate ignores it.
        learned: whether λ is a parameter, one number per layer.

    Raises:
        SettingError: for an unknown ``kind``, or a learned λ with ``gate``, which has none.
    """

    def __init__(self, kind: str, embed_dim: int, weight: float, learned: bool = False) -> None:
        super().__init__()
        if kind not in FUSIONS:
            raise SettingError(f"--fusion must be one of {', '.join(FUSIONS)}, not {kind!r}")
        if kind == "gate" and learned:
            raise SettingError("--learn-fusion-lambda has no meaning with --fusion gate: the gate has no λ")
        self.kind = kind
        self.weight = nn.Parameter(torch.tensor(float(weight))) if learned else float(weight)
        self.gate = nn.Linear(2 * embed_dim, 2 * embed_dim) if kind == "gate" else None

    @property
    def is_off(self) -> bool:
        """Whether λ is fixed at 0: attention to the partner need not be computed."""
        return self.kind != "gate" and isinstance(self.weight, float) and self.weight == 0.0

    def forward(self, own: Tensor, partner: Tensor | None) -> Tensor:
        """Fuse two tensors ``(…, embed_dim)`` into one of the same shape; ``partner`` None stands for zeros:
        nothing is read."""
        if partner is None:
            if self.gate is None:
                return own
            partner = torch.zeros_like(own)
        if self.gate is not None:
            keep, take = torch.sigmoid(self.gate(torch.cat([own, partner], dim=-1))).chunk(2, dim=-1)
            return keep * own + take * partner
        if self.kind == "tanh":
            partner = torch.tanh(partner)
        if isinstance(self.weight, float):
            return torch.add(own, partner, alpha=self.weight)
        return own + self.weight * partner
