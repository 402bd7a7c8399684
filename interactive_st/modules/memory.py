"""What the layers of a decoder read beside its own texts: the speech, or another decoder's states."""

from typing import NamedTuple

from torch import Tensor

from interactive_st.modules.token_rows import TokenRows
from interactive_st.modules.visibility import Visibility, additive, score_mask

#: fairseq's dictionary of an encoder's output: ``encoder_out`` holds the states ``(positions, B, C)``, and
#: ``encoder_padding_mask`` the mask ``(B, positions)``, True = padding, or nothing where there is no padding.
EncoderOut = dict[str, list[Tensor]]
MemoryKeys = tuple[Tensor, Tensor]  # keys and values, each (B, heads, positions, head_dim)


class Memory(NamedTuple):
    """States that every layer attends to.

    ``states`` ``(positions, B, C)``; None: there are none (no speech).
    ``visibility`` over ``(B, 1, 1, positions)``: those that queries of the sentence see; None: all.
    As :meth:`for_sequences` and :meth:`for_steps` give it, ``blind`` has no dimension of heads.
    """

    states: Tensor | None
    visibility: Visibility | None = None

    @classmethod
    def of_speech(cls, encoder_out: EncoderOut | None) -> "Memory":
        """An encoder's output; every sentence has frames. ``None`` = no speech."""
        if encoder_out is None:
            return cls(None)
        padding = encoder_out["encoder_padding_mask"]
        visibility = Visibility((~padding[0])[:, None, None], None) if padding else None
        return cls(encoder_out["encoder_out"][0], visibility)

    def for_sequences(self, rows: TokenRows | None) -> "Memory":
        """For queries of whole sequences, all of them or those of ``rows`` ``(R,)``: the mask in
        :func:`score_mask`'s form, ``blind`` ``(B, 1, 1)`` or ``(R, 1)``."""
        if self.visibility is None:
            return self
        mask, blind = self.visibility
        if blind is not None:
            blind = blind.squeeze(1)
            blind = blind if rows is None else rows.take(blind.expand(*rows.shape, 1))
        return Memory(self.states, Visibility(score_mask(mask, self.states), blind))

    def for_steps(self) -> "Memory":
        """For decoding steps: the mask is added to scores, ``blind`` ``(B, 1, 1)``."""
        if self.visibility is None:
            return self
        mask, blind = self.visibility
        blind = None if blind is None else blind.squeeze(1)
        return Memory(self.states, Visibility(additive(mask, self.states.dtype), blind))
