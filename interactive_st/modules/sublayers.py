"""What encoder and decoder layers have in common: residual connections, and the feed-forward part."""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from interactive_st.modules.fast.onednn_linear import activated


class Sublayers:
    """Mixin for fairseq's Transformer layers; uses their attribute names."""

    def _sublayer(
        self,
        x: Tensor,
        norm: Callable[[Tensor], Tensor],
        function: Callable[..., Tensor],
        *arguments: Any,
    ) -> Tensor:
        """Residual connection around ``function(x, *arguments)``, with the layer norm before or after it.
        Returns the same shape as ``x``."""
        if self.normalize_before:
            return x + self.dropout_module(function(norm(x), *arguments))
        return norm(x + self.dropout_module(function(x, *arguments)))

    def _feed_forward(self, x: Tensor) -> Tensor:
        """``(…, C)`` to ``(…, C)``"""
        return self.fc2(self.activation_dropout_module(activated(self.fc1, x, self.activation_fn)))
