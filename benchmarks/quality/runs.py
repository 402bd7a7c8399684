"""What is run: data sets, variants of the systems, single runs, and the options that each is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Systems and the architecture of each, without its size.
SYSTEMS = {
    "asr": "asr",
    "e2e": "e2e_st",
    "multitask": "multitask_st",
    "two_stage": "two_stage_st",
    "interactive": "interactive_st",
    "pipeline": "transformer",  # the text model behind the recogniser
}
#: The split that a variant's ``text_of`` makes.
TEXT_SPLIT = "train_text"
SCORES = ("wer", "bleu", "chrf")
#: How a run may build on another: the option that names the other's checkpoint, if one does.
ROLES = {
    "encoder_from": "--load-pretrained-encoder-from",
    "model_from": "--finetune-from-model",
    "recogniser": "",
    "model_of": "",
}
#: Roles whose training counts as part of a run's: all models have the start of their encoder in common.
PART_OF_THE_COST = ("recogniser", "model_from")


class RunError(ValueError):
    """A run cannot be described or done; the message says why and the way out."""


@dataclass(frozen=True)
class DataSet:
    """Data that every system trains on alike, and its budget.

    ``recipe`` names the code that makes the corpus (:mod:`benchmarks.quality.corpora`), ``corpus`` its
    options and ``source`` what its ``--data NAME=PATH`` has to name. ``train``, ``train_text`` and
    ``decode`` are the options of all systems, the common ones first. A training ends after ``updates``;
    ``max_minutes`` (0: none) ends it earlier. Decoding is with the mean of the ``average`` newest
    checkpoints.
    """

    name: str
    recipe: str
    source: str
    updates: int
    corpus: tuple[str, ...] = ()
    prepare: tuple[str, ...] = ()
    max_minutes: float = 0.0
    average: int = 1
    size: str = "tiny"
    train: tuple[str, ...] = ()
    train_text: tuple[str, ...] = ()
    decode: tuple[str, ...] = ()
    decode_transcripts: tuple[str, ...] = ()

    def description(self) -> dict[str, Any]:
        """What the prepared data depend on, besides the source."""
        return {"recipe": self.recipe, "corpus": list(self.corpus), "prepare": list(self.prepare)}


@dataclass(frozen=True)
class Variant:
    """A system with some options. ``updates`` (0: as many as the data set says) is for those that others only
    begin with. ``text_of`` names a split whose texts are learnt from once more, without their speech.
    The last four name variants that it builds on, with the same data and
    seed: the encoder, or all of a model, to start from; a pipeline's recogniser; a model that is not
    trained again, but decoded otherwise.

    Raises:
        RunError: they contradict each other.
    """

    name: str
    system: str
    train: tuple[str, ...] = ()
    decode: tuple[str, ...] = ()
    updates: int = 0
    text_of: str = ""
    encoder_from: str = ""
    model_from: str = ""
    recogniser: str = ""
    model_of: str = ""

    def __post_init__(self) -> None:
        if self.system not in SYSTEMS:
            raise RunError(f"system {self.system!r}: there are {', '.join(SYSTEMS)}")
        if (self.system == "pipeline") != bool(self.recogniser):
            raise RunError(
                "a pipeline, and nothing else, needs recogniser, the variant that transcribes for it"
            )
        if self.model_of and (self.train or self.encoder_from or self.model_from or self.recogniser):
            raise RunError("with model_of nothing is trained: leave train, encoder_from, model_from out")
        if self.system == "pipeline" and (self.encoder_from or self.model_from):
            raise RunError("a pipeline's text model starts from nothing: leave encoder_from, model_from out")
        if self.text_of and (self.system == "pipeline" or self.model_of):
            raise RunError("text_of is for speech models that are trained; leave it out")

    @property
    def needs(self) -> dict[str, str]:
        """The variants that it builds on, by what for."""
        return {role: name for role in ROLES if (name := getattr(self, role))}


@dataclass(frozen=True)
class Group:
    """Variants that are compared: the systems, or the values of a ``parameter`` (by value); each with the
    variant ``reference``."""

    name: str
    title: str
    parameter: str
    seeds: dict[str, tuple[int, ...]]
    variants: dict[str, str]
    reference: str


@dataclass(frozen=True)
class Run:
    """One training and its decodings, and the runs it builds on by their roles."""

    data: DataSet
    variant: Variant
    seed: int
    needs: Mapping[str, Run]

    @property
    def name(self) -> str:
        """Also its folder below ``--out``."""
        return f"{self.data.name}/{self.variant.name}/{self.seed}"

    def folder(self, out: Path) -> Path:
        return out / self.name

    def with_needs(self) -> Iterator[Run]:
        """What it builds on, first things first, and then itself."""
        for need in self.needs.values():
            yield from need.with_needs()
        yield self

    @property
    def updates(self) -> int:
        """Where its training ends."""
        return self.variant.updates or self.data.updates

    def train_words(self) -> list[str]:
        """Options of ``fairseq-train``; none where nothing is trained."""
        data, system = self.data, self.variant.system
        if "model_of" in self.needs:
            return []
        if system == "pipeline":
            return ["--arch", SYSTEMS[system], *data.train_text, *self.variant.train]
        size = "" if data.size == "paper" else f"_{data.size}"
        words = ["--arch", f"{SYSTEMS[system]}{size}", *data.train]
        if self.variant.text_of:
            words += ["--train-subset", f"{self.variant.text_of},{TEXT_SPLIT}"]
        return [*words, *self.variant.train]

    def decode_words(self) -> list[str]:
        """Options of ``fairseq-generate``."""
        transcribes = self.variant.system != "e2e"
        return [
            *self.data.decode,
            *(self.data.decode_transcripts if transcribes else ()),
            *self.variant.decode,
        ]

    def definition(self) -> dict[str, Any]:
        """All that the run's results depend on, as JSON holds it: a run is done once for each."""
        return {
            "data": self.data.description(),
            "seed": self.seed,
            "system": self.variant.system,
            "train": effective(self.train_words()),
            "decode": effective(self.decode_words()),
            "updates": self.updates,
            "max_minutes": self.data.max_minutes,
            "average": self.data.average,
            "needs": {role: need.definition() for role, need in self.needs.items()},
        }


def effective(words: Sequence[str]) -> list[str]:
    """Options as a command line understands them: of one that is there several times the last."""
    found: dict[str, list[str]] = {"": []}  # what no option precedes, a mistake that the tool will name
    current = found[""]
    for word in words:
        if word.startswith("--"):
            option, given, value = word.partition("=")
            current = found[option] = [value] if given else []
        else:
            current.append(word)
    return [word for option, values in sorted(found.items()) for word in (option, *values) if word]
