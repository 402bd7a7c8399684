"""Remembers what each step of a run made and from what, so that a stopped run resumes.

A stamp is a small JSON file written when a step has finished. It holds hashes, of contents and
options and never of code or dates, so a run folder may be copied or moved.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from interactive_st.writing import write_whole

_WHOLE = 64 * 2**20  # bytes: of larger files only size, head and tail are read
_PART = 2**20


@dataclass
class Stamp:
    """What is known of a step: hashes of what it was made from and of what it made.

    ``seconds`` is the time spent in it so far, over all attempts.
    """

    made_from: str = ""
    made: str = ""
    seconds: float = 0.0

    @classmethod
    def read(cls, path: Path) -> Stamp:
        """The stamp in ``path``; an empty one where there is none or it is unreadable."""
        try:
            return cls(**json.loads(path.read_text("utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return cls()

    def write(self, path: Path) -> None:
        write_json(path, asdict(self))


def digest(value: Any) -> str:
    """A hash of anything JSON can hold."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def fingerprint(paths: Iterable[Path]) -> list[list[str]]:
    """Names and content hashes of files and of all that is in folders; missing ones are left out.

    Names are relative to the path given, so moving everything changes nothing.
    """
    prints = []
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in files:
            if file.is_file():
                prints.append([str(file.relative_to(path.parent)), _hash_file(file)])
    return prints


def write_json(path: Path, value: Any) -> None:
    """Write JSON in one move, so that nothing half-written is ever read."""
    write_whole(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def _hash_file(path: Path) -> str:
    size = path.stat().st_size
    content = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        if size <= _WHOLE:
            while block := file.read(_PART):
                content.update(block)
        else:
            content.update(file.read(_PART))
            file.seek(-_PART, os.SEEK_END)
            content.update(file.read())
    return content.hexdigest()[:24]
