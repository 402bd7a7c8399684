"""The settings at which growth is measured, and the curves through them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

CONTESTANTS = ("interactive", "stock_e2e")


@dataclass(frozen=True)
class Point:
    """One setting: seconds of an utterance, hypotheses, sentences, vocabulary, tokens of each text."""

    seconds: float = 10.0
    beam: int = 5
    batch: int = 8
    vocabulary: int = 10_000
    tokens: int = 24

    def __str__(self) -> str:
        """All values: ``seconds=10 beam=5 …``."""
        return " ".join(f"{factor}={value:g}" for factor, value in asdict(self).items())


CENTRE = Point()
#: What is varied; the beam concerns decoding only.
VALUES: dict[str, tuple[float, ...]] = {
    "seconds": (2, 5, 10, 20, 40, 60),
    "beam": (1, 2, 5, 8, 16),
    "batch": (1, 2, 4, 8, 16, 32),
    "vocabulary": (1_000, 4_000, 10_000, 20_000, 33_000),
    "tokens": (8, 24, 48, 96),
}
#: Some of these.
QUICK: dict[str, tuple[float, ...]] = {
    "seconds": (2, 10, 60),
    "beam": (1, 5, 16),
    "batch": (1, 8, 32),
    "vocabulary": (1_000, 10_000, 33_000),
    "tokens": (8, 24, 96),
}


def concerns(phase: str, factor: str) -> bool:
    """Whether a phase depends on a factor: there is no beam in training."""
    return factor != "beam" or phase == "decode"


def key_of(phase: str, point: Point, name: str) -> str:
    """The name of a measurement in the file."""
    return f"{phase} {name} {point}"


def curve(points: dict[str, Any], phase: str, factor: str, name: str) -> list[tuple[float, dict[str, Any]]]:
    """What was measured along a factor, the others at the centre, in ascending order."""
    found = []
    for value in VALUES[factor]:
        key = key_of(phase, replace(CENTRE, **{factor: value}), name)
        if key in points:
            found.append((value, points[key]))
    return found
