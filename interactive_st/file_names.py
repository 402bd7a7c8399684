"""Names by which files and folders are told apart."""

from collections.abc import Callable, Sequence
from pathlib import Path


def unique_names(
    paths: Sequence[Path], name_of: Callable[[Path], str] = lambda path: path.name
) -> list[str]:
    """Name files and folders by their last part, and by as many parts before it as tell them apart."""
    parts = [[*path.resolve().parent.parts, name_of(path)] for path in paths]
    for depth in range(1, max((len(p) for p in parts), default=0) + 1):
        names = ["/".join(p[-depth:]) for p in parts]
        if len(set(names)) == len(names):
            return names
    return [f"{name_of(path)} ({number})" for number, path in enumerate(paths, 1)]


def numbered(names: Sequence[Path]) -> list[Path]:
    """Return the same names, with a number behind those that are there before."""
    given, numbers = set(names), dict.fromkeys(names, 1)
    taken: dict[Path, None] = {}
    for name in names:
        own = name
        while own in taken or (own != name and own in given):
            numbers[name] += 1  # goes on from the last one, as thousands may be called audio.wav
            own = name.with_name(f"{name.name}-{numbers[name]}")
        taken[own] = None
    return list(taken)
