"""The wait-k policy: which rows of the partner stream a row may see.

Source: Liu et al., AAAI 2020, "Synchronous Speech Recognition and Speech-to-Text Translation with
Interactive Decoding", section 3 (wait-k); the two-stage limit is k = inf.

Stream 0 is the transcript, stream 1 the translation; row 0 of a stream is its language tag::

    transcript row i  sees translation rows j <= i - k
    translation row j sees transcript rows  i <= j + k
"""

import math

import torch
from torch import Tensor

from interactive_st.conventions import BOTH, TRANSLATION
from interactive_st.errors import SettingError

WaitK = int | float

NO_LIMIT = 2**30  # a row index no sequence reaches; finite, so that integer tensors can hold it


def parse_wait_k(text: str | int | float) -> WaitK:
    """Read ``--wait-k``: a whole number of either sign, or ``inf``.

    No text has ``NO_LIMIT`` tokens: values ≥ ``NO_LIMIT`` become ``inf``, values below −``NO_LIMIT`` are
    clamped, so that row + k fits integer tensors.

    Raises:
        SettingError: for anything else; the message says what is allowed.
    """
    if str(text).strip().lower() in {"inf", "infinity", "+inf"}:
        return math.inf
    try:
        wait_k = int(str(text).strip())
    except ValueError:
        raise SettingError(
            f"--wait-k must be a whole number (the transcript's lead in tokens, negative to let the "
            f"translation lead) or 'inf', not {text!r}"
        ) from None
    return math.inf if wait_k >= NO_LIMIT else max(wait_k, -NO_LIMIT)


def parse_train_wait_k(text: str | int | float | None) -> tuple[WaitK, ...]:
    """Read ``--train-wait-k``: values of ``--wait-k`` with commas between; ``()`` for None.

    Raises:
        SettingError: one is no value of ``--wait-k``.
    """
    if text is None:
        return ()
    try:
        return tuple(parse_wait_k(part) for part in str(text).split(","))
    except ValueError:
        raise SettingError(
            f"--train-wait-k must be values of --wait-k with commas between, such as 1,3,inf, not {text!r}"
        ) from None


def start_delay(wait_k: WaitK, stream: int) -> float:
    """Decoding steps that ``stream`` waits before its first row (``inf``: until the partner is done)."""
    return max(0.0, wait_k if stream == TRANSLATION else -wait_k)


def partner_limit(wait_k: WaitK, stream: int, row: Tensor) -> Tensor:
    """Last partner row that each of ``stream``'s rows may see (negative: it sees none).

    Args:
        wait_k: k, of :func:`parse_wait_k`.
        stream: that of the reading rows.
        row: integer tensor of row indices, any shape.

    Returns:
        Integer tensor of the same shape.
    """
    if math.isinf(wait_k):
        return torch.full_like(row, NO_LIMIT if stream == TRANSLATION else -1)
    return row + int(wait_k) if stream == TRANSLATION else row - int(wait_k)


def partner_visibility(wait_k: WaitK, length: int, device: torch.device) -> Tensor:
    """Wait-k visibility under teacher forcing, without padding.

    Returns:
        ``(2, length, length)`` bool: entry ``[s, i, j]`` says whether row i of stream s may see row j
        of the other stream.
    """
    rows = torch.arange(length, device=device)
    return torch.stack([rows <= partner_limit(wait_k, stream, rows).unsqueeze(1) for stream in BOTH])
