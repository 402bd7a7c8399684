"""The check that nobody wins by writing less than was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.contestants import Written
from benchmarks.workload import Sample


class UnequalWork(RuntimeError):
    """A contestant did not write what all have to write, so its time means nothing."""


def check_written(
    name: str, texts: Sequence[str], written: Sequence[Written], batches: Sequence[Sample], beam: int
) -> dict[str, int]:
    """Compare what a contestant wrote with what was forced.

    Args:
        name: of the contestant, for the message.
        texts: which it has to write.
        written: by it, batch by batch.
        batches: what it was given.
        beam: hypotheses of every text that it has to return.

    Returns:
        Tokens of the best hypotheses by text, ``</s>`` included.

    Raises:
        UnequalWork: a batch, text, sentence or hypothesis is missing, or has not its forced length.
    """
    if len(written) != len(batches):
        raise UnequalWork(f"{name} decoded {len(written)} of {len(batches)} batches")
    tokens = dict.fromkeys(texts, 0)
    for index, (found, batch) in enumerate(zip(written, batches, strict=True)):
        length = batch["forced_length"] + 1  # with </s>
        place = f"{name}, batch {index + 1} of {len(batches)}"
        for text in texts:
            if text not in found:
                raise UnequalWork(f"{place}: it wrote no {text}")
            if len(found[text]) != batch["nsentences"]:
                raise UnequalWork(
                    f"{place}: a {text} of {len(found[text])} of its {batch['nsentences']} sentences"
                )
            for sentence, nbest in enumerate(found[text]):
                lengths = [len(hypothesis) for hypothesis in nbest]
                if lengths != [length] * beam:
                    raise UnequalWork(
                        f"{place}, sentence {sentence + 1}: the {text}s have {lengths} tokens in place of "
                        f"{beam} times {length}"
                    )
                tokens[text] += length
    return tokens
