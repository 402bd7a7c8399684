"""The quickstart corpus: which sentences of the grammar are in which split, and who speaks them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from examples.quickstart import grammar, room, speech
from examples.quickstart.speech import Voice
from examples.quickstart.spoken import Utterance

HELD_OUT = "test_new_voice"  # the split spoken by the voice that training never hears


@dataclass(frozen=True)
class Sizes:
    """Sentences in each split. `voices_each`: how many voices speak a training sentence."""

    train: int = 4000
    dev: int = 200
    test: int = 300
    new_voice: int = 150
    voices_each: int = 1


def plan(
    sizes: Sizes,
    seed: int = 1,
    voices: Sequence[Voice] = speech.TRAINING_VOICES,
    new_voice: Voice = speech.HELD_OUT_VOICE,
) -> dict[str, list[Utterance]]:
    """Who says what in train, dev, test and `HELD_OUT`; no sentence is in two of them.

    The training voices take turns, in the first three; each utterance has a room of its own. A split of
    size 0 is left out.

    Raises `ValueError` where the held-out voice is among the training voices, where training asks
    for more voices a sentence than there are, or where the grammar has too few sentences.
    """
    if new_voice in voices:
        raise ValueError(f"{new_voice.name} is to be held out; take it off the training voices")
    if not 1 <= sizes.voices_each <= len(voices):
        raise ValueError(
            f"each training sentence was to be spoken by {sizes.voices_each} voices; "
            f"ask for 1 to {len(voices)}"
        )
    counts = {
        "train": sizes.train, "dev": sizes.dev, "test": sizes.test, HELD_OUT: sizes.new_voice
    }  # fmt: skip
    pairs = grammar.split({name: count for name, count in counts.items() if count}, seed)
    rng = random.Random(seed)
    rooms = random.Random(f"{seed} rooms")
    splits: dict[str, list[Utterance]] = {}
    for split, chosen in pairs.items():
        speakers = [new_voice] if split == HELD_OUT else list(voices)
        each = sizes.voices_each if split == "train" else 1
        turns = _turns(speakers, len(chosen), each, rng)
        spoken = ((pair, voice) for pair, group in zip(chosen, turns, strict=True) for voice in group)
        splits[split] = [
            Utterance(f"{split}_{number:05d}", pair.english, pair.german, voice, room.draw(rooms))
            for number, (pair, voice) in enumerate(spoken)
        ]
    return splits


def _turns(voices: Sequence[Voice], sentences: int, each: int, rng: random.Random) -> Iterator[list[Voice]]:
    """For each sentence `each` different voices; all voices equally often, in shuffled rounds."""
    waiting: list[Voice] = []
    for _ in range(sentences):
        group: list[Voice] = []
        while len(group) < each:
            if not waiting:
                waiting = rng.sample(list(voices), len(voices))
            position = next((i for i, v in enumerate(waiting) if v not in group), None)
            if position is None:
                waiting += rng.sample(list(voices), len(voices))
                continue
            group.append(waiting.pop(position))
        yield group
