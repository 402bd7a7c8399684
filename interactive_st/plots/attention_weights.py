"""Attention weights of one decoder layer, computed again for a pair of texts that is already written.

The model's attention runs without ever holding its weights (``scaled_dot_product_attention``). Here hooks
catch what the two attention modules of a layer are given in one teacher-forced pass, and the weights are
computed from it beside the model, whose own computation stays as it is.
"""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from interactive_st.batch import NetInput
from interactive_st.errors import DataError
from interactive_st.modules.encoder_attention import EncoderAttention
from interactive_st.modules.interactive_attention import InteractiveAttention
from interactive_st.modules.memory import MemoryKeys
from interactive_st.modules.visibility import BothTerms, Visibility
from interactive_st.wording import counted


class LayerAttention(NamedTuple):
    """Weights of one decoder layer, float32; S = 2 streams, rows that see nothing are exactly zero.

    ``own``      ``(S, B, heads, T, T)``       over the rows of the stream itself.
    ``partner``  ``(S, B, heads, T, T)``       entry ``[s, b, h, i, j]``: row i of stream s over row j of the
                 other stream; zero throughout where the model has no interaction.
    ``encoder``  ``(S, B, heads, T, frames)``  over the encoder's frames.
    """

    own: Tensor
    partner: Tensor
    encoder: Tensor

    def of_head(self, head: int | None) -> "LayerAttention":
        """One head's weights, or their mean (``None``); the dimension of heads is gone.

        Raises:
            DataError: there is no such head.
        """
        heads = self.own.size(2)
        if head is None:
            return LayerAttention(*(weights.mean(dim=2) for weights in self))
        if not 0 <= head < heads:
            raise DataError(f"--head {head}: the layer has heads 0 to {heads - 1}")
        return LayerAttention(*(weights[:, :, head] for weights in self))


@torch.no_grad()
def attention_weights(model: nn.Module, net_input: NetInput, layer: int = -1) -> LayerAttention:
    """Run the model under teacher forcing and return the weights of a decoder layer.

    Args:
        model: of one decoder (not a two-stage model), in eval mode.
        net_input: with texts, of the model's S streams.
        layer: number of the decoder layer, from 0; negative from the end.

    Raises:
        DataError: no such layer, or a model whose attention is of another kind.
    """
    block = _layer(model, layer)
    with _inputs_of(block.self_attn) as of_self, _inputs_of(block.encoder_attn) as of_encoder:
        model(**net_input)
    # ``rows`` is None for both: nothing was asked for in particular, so each has every position
    own, partner = interactive_weights(block.self_attn, of_self["x"], of_self["partner"])
    heard = (of_encoder[name] for name in ("x", "keys", "visibility"))
    return LayerAttention(own, partner, encoder_weights(block.encoder_attn, *heard))


def interactive_weights(
    module: InteractiveAttention, x: Tensor, partner: BothTerms | None
) -> tuple[Tensor, Tensor]:
    """The weights behind H_self and H_inter, for the arguments of the module's ``forward``."""
    query, key = (module.split_heads(proj(x.float())) for proj in (module.q_proj, module.k_proj))
    rows = torch.arange(x.size(2), device=x.device)
    own = _softmax(query, key, rows <= rows.unsqueeze(1))
    if partner is None or module.fusion.is_off or x.size(0) == 1:
        return own, torch.zeros_like(own)
    # the mask is arranged by the stream whose keys are read, the weights by the stream that reads
    seen = partner.mask.unflatten(0, (2, -1))[..., x.size(2) :, :]
    inter = _softmax(query, key.flip(0), seen.flip(0))
    return own, inter.masked_fill(partner.blind.unsqueeze(2), 0.0)


def encoder_weights(
    module: EncoderAttention, x: Tensor, keys: MemoryKeys, visibility: Visibility | None
) -> Tensor:
    """The weights of the encoder attention, for the arguments of the module's ``forward``."""
    key = keys[0].float()
    query = module.q_proj(x.float()).unflatten(-1, (module.num_heads, module.head_dim)).transpose(-3, -2)
    query = query.unflatten(1, (-1, key.size(0)))  # versions of the sentences lie block by block
    return _softmax(query, key, None if visibility is None else visibility.mask).flatten(1, 2)


def _softmax(query: Tensor, key: Tensor, visible: Tensor | None) -> Tensor:
    scores = query @ key.transpose(-1, -2) / query.size(-1) ** 0.5
    if visible is not None:
        visible = visible if visible.dtype == torch.bool else visible == 0.0
        scores = scores.masked_fill(~visible, float("-inf"))
    return scores.softmax(dim=-1)


def _layer(model: nn.Module, layer: int) -> nn.Module:
    layers = getattr(getattr(model, "decoder", None), "layers", [])
    if not layers or not all(isinstance(one.self_attn, InteractiveAttention) for one in layers):
        raise DataError(
            f"the attention of {type(model).__name__} cannot be drawn: it has other decoder layers; give a "
            f"model of an architecture interactive_st, multitask_st, e2e_st or asr"
        )
    if not -len(layers) <= layer < len(layers):
        numbers = f"0 to {len(layers) - 1}" if len(layers) > 1 else "0"
        raise DataError(f"--layer {layer}: the decoder has {counted(len(layers), 'layer')}, {numbers}")
    return layers[layer]


@contextmanager
def _inputs_of(module: nn.Module) -> Iterator[dict[str, Any]]:
    """What the module's ``forward`` is given while the context is open, by name (the last call's)."""
    caught: dict[str, Any] = {}
    signature = inspect.signature(module.forward)

    def catch(_: nn.Module, args: tuple, kwargs: dict[str, Any]) -> None:
        caught.update(signature.bind(*args, **kwargs).arguments)

    hook = module.register_forward_pre_hook(catch, with_kwargs=True)
    try:
        yield caught
    finally:
        hook.remove()
