"""What encoder and decoder layers have in common: residual connections, and the feed-forward part."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from .onednn_linear import activated


class Sublayers:
    """Base of fairseq's Transformer layers, beside them; names are those of their parts."""

    def _sublayer(
        self,
        x: Tensor,
        norm: Callable[[Tensor], Tensor],
        function: Callable[..., Tensor],
        *arguments: Any,
    ) -> Tensor:
        """Residual connection around ``function`` of a tensor and ``arguments``, normalised before or after
        it; returns like ``x``."""
        if self.normalize_before:
            return x + self.dropout_module(function(norm(x), *arguments))
        return norm(x + self.dropout_module(function(x, *arguments)))

    def _feed_forward(self, x: Tensor) -> Tensor:
        """``(…, C)`` to ``(…, C)``"""
        return self.fc2(self.activation_dropout_module(activated(self.fc1, x, self.activation_fn)))
