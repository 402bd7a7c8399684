"""The texts of a batch, side by side."""

from collections.abc import Sequence
from typing import Any

import torch


def collate_texts(
    texts: Sequence[tuple[torch.Tensor, torch.Tensor]], tags: torch.Tensor, pad: int
) -> dict[str, Any]:
    """Return what a batch says of its texts, see `Batch`, and ``prev_output_tokens`` of its ``net_input``.

    Args:
        texts: ids of the transcript and the translation of each utterance with ``</s>``, empty where missing.
        tags: their language tags, (2, B).
        pad: stands where there is no token.
    """
    lengths = torch.tensor([[len(text) for text in both] for both in texts]).t()
    targets = torch.full((2, len(texts), max(int(lengths.max()), 1)), pad)
    previous = targets.clone()
    for row, both in enumerate(texts):
        for stream, text in enumerate(both):
            if len(text):
                targets[stream, row, : len(text)] = text
                previous[stream, row, 0] = tags[stream, row]
                previous[stream, row, 1 : len(text)] = text[:-1]
    transcripts, translations = targets
    transcript_lengths, translation_lengths = lengths.contiguous()
    return {
        "prev_output_tokens": previous,
        "targets": targets,
        "transcript": transcripts,
        "target": translations,
        "transcript_lengths": transcript_lengths,
        "target_lengths": translation_lengths,
        "ntokens": int(lengths.sum()),
        "ntokens_by_stream": lengths.sum(dim=1).tolist(),
        "ntokens_alone": lengths.masked_fill(lengths.flip(0) > 0, 0).sum(dim=1).tolist(),
        "longest_by_stream": lengths.amax(dim=1).tolist(),
    }
