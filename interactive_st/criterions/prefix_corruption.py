"""Random replacement of input tokens, so that no stream learns to trust a prefix blindly.

Under teacher forcing the decoder only ever sees perfect prefixes, of its own stream and of its
partner's, and learns to copy from them what it should hear in the speech. Replacing a share of
the input tokens during training makes it rely on the speech.
"""

from __future__ import annotations

import torch
from fairseq.data import Dictionary
from torch import Tensor

from interactive_st.data.languages import tag_language
from interactive_st.errors import SettingError


def regular_tokens(dictionary: Dictionary) -> Tensor:
    """Ids of all entries that stand for text: no special symbols and no language tags.

    Returns:
        (M,) long.

    Raises:
        SettingError: there is no such entry.
    """
    ids = [
        index
        for index in range(dictionary.nspecial, len(dictionary))
        if tag_language(dictionary[index]) is None
    ]
    if not ids:
        raise SettingError(
            f"the dictionary of {len(dictionary)} entries holds only special symbols and "
            "language tags: nothing can replace a token; check dict.txt"
        )
    return torch.tensor(ids, dtype=torch.long)


def corrupt(
    tokens: Tensor,
    share: float,
    candidates: Tensor,
    pad: int,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Replace each input token with probability `share` by one drawn evenly from `candidates`.

    Position 0, the language tag, and padding are kept.

    Args:
        tokens: (..., L) long, right-padded decoder inputs.
        share: probability of a replacement, 0 <= share < 1.
        candidates: (M,) long, on the device of `tokens`.
        pad: id of padding.
        generator: source of randomness; torch's global one of that device by default, which
            fairseq seeds for every update.

    Returns:
        A new tensor like `tokens`.
    """
    device = tokens.device
    replaced = torch.rand(tokens.shape, device=device, generator=generator).lt(share)
    replaced &= tokens.ne(pad)
    replaced[..., 0] = False
    drawn = torch.randint(candidates.numel(), tokens.shape, device=device, generator=generator)
    return torch.where(replaced, candidates[drawn], tokens)


def partner_views(clean: Tensor, corrupted: Tensor) -> Tensor:
    """Inputs in which each stream sees its own prefix clean and its partner's corrupted.

    One pass of the decoder cannot show a prefix clean to one stream and corrupted to the other,
    so the batch is repeated: repetition 0 holds the transcript clean beside the corrupted
    translation, repetition 1 the other way round.

    Args:
        clean, corrupted: (2, B, L) long.

    Returns:
        (2, 2B, L) long; row i of repetition r is r * B + i.
    """
    return torch.stack([torch.cat([clean[0], corrupted[0]]), torch.cat([corrupted[1], clean[1]])])


def partner_targets(targets: Tensor, pad: int) -> Tensor:
    """Targets that go with `partner_views`: only the stream whose own prefix is clean counts.

    Args:
        targets: (2, B, L) long.
        pad: id of padding, which stands wherever a row does not count.

    Returns:
        (2, 2B, L) long.
    """
    nothing = torch.full_like(targets[0], pad)
    return torch.stack([torch.cat([targets[0], nothing]), torch.cat([nothing, targets[1]])])
