"""The model card of a model folder: what somebody has to know before using the model."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from interactive_st.conventions import STREAM_CODES, STREAM_NAMES
from interactive_st.errors import DataError
from interactive_st.scoring.columns import COLUMNS, cells, check_scores, signatures
from interactive_st.scoring.metrics import Scores

NOT_STATED = "not stated"
#: What a model does, by its ``streams``, or, of those of both texts, by how they meet (`_system`).
SYSTEMS = {
    "asr": "Writes the transcript of speech.",
    "st": "Writes the translation of speech, without a transcript.",
    "interactive": "Writes the transcript and the translation of speech at the same time, each reading the "
    "other while it is written (Liu et al., AAAI 2020).",
    "multi-task": "Writes the transcript and the translation of speech by one decoder; they do not read each "
    "other.",
    "two-stage": "Writes the transcript of speech, then the translation by a second decoder, which reads the "
    "states of the first.",
}
#: The text of those that write one, by its name in results.
ONE_TEXT = dict(zip(STREAM_CODES, STREAM_NAMES, strict=True))
#: What cards of models are found by: tag and score of each text.
TAGS = dict(zip(STREAM_NAMES, ("automatic-speech-recognition", "speech-translation"), strict=True))
SCORES = dict(zip(STREAM_NAMES, ("wer", "bleu"), strict=True))


@dataclass(frozen=True)
class Card:
    """What is known of a model beside what its files say; None is 'not stated'.

    ``metrics`` are scores by the name of what was decoded, as `read_metrics` returns them.
    """

    name: str
    license: str | None = None
    data_name: str | None = None
    data_license: str | None = None
    author: str | None = None
    contact: str | None = None
    limits: str | None = None
    metrics: Mapping[str, Scores] = field(default_factory=dict)

    def render(self, settings: Mapping[str, Any]) -> str:
        """Return the card as Markdown.

        Args:
            settings: `config.json` of the model folder.
        """
        parts = (
            self._front_matter(settings),
            f"# {self.name}",
            SYSTEMS[_system(settings)],
            self._model(settings),
            self._data(),
            self._results(),
            self._usage(settings),
            f"## Limits and intended use\n\n{self.limits or NOT_STATED}",
            f"## Licence and contact\n\n- Licence of the model: {self.license or NOT_STATED}\n"
            f"- Author: {self.author or NOT_STATED}\n- Contact: {self.contact or NOT_STATED}",
        )
        return "\n\n".join(parts) + "\n"

    def _front_matter(self, settings: Mapping[str, Any]) -> str:
        written = _written(settings)
        entries: dict[str, Any] = {
            "language": list(settings["languages"]),
            "license": self.license or NOT_STATED,
            "library_name": "interactive_st",
            "tags": [*(TAGS[text] for text in written), "fairseq"],
            "datasets": [self.data_name or NOT_STATED],
            "metrics": [SCORES[text] for text in written] if self.metrics else [NOT_STATED],
        }
        return f"---\n{yaml.safe_dump(entries, sort_keys=False, allow_unicode=True)}---"

    def _model(self, settings: Mapping[str, Any]) -> str:
        model, features = settings["model"], settings["features"]
        updates, reads = settings["updates"], _system(settings) == "interactive"
        rows = {
            "Architecture": settings["architecture"],
            "Parameters": f"{settings['parameters']:,}",
            "Training steps": f"{updates:,}" if updates is not None else NOT_STATED,
            **({"wait-k": _wait_k(model), "Fusion": model.get("fusion", NOT_STATED)} if reads else {}),
            "Positions in the attention to the speech": str(bool(model.get("cross_attention_positions"))),
            **_search(settings["task"]),
            "Languages of the vocabulary": ", ".join(settings["languages"]) or NOT_STATED,
            "Default direction": f"{settings['source_lang'] or NOT_STATED} → "
            f"{settings['target_lang'] or NOT_STATED}",
            "Vocabulary": f"{settings['vocabulary']:,} entries, both languages",
            "Input": ", ".join(f"{key} {value}" for key, value in features.items()),
            "Made by": f"interactive_st {settings['interactive_st']}",
        }
        return "## Model\n\n" + _table(("", ""), rows.items())

    def _data(self) -> str:
        return (
            f"## Training data\n\n- Data: {self.data_name or NOT_STATED}\n"
            f"- Licence of the data: {self.data_license or NOT_STATED}"
        )

    def _results(self) -> str:
        if not self.metrics:
            return f"## Results\n\n{NOT_STATED}"
        rows = [
            (name, scores.get("sentences", NOT_STATED), *cells(scores))
            for name, scores in self.metrics.items()
        ]
        each = map(signatures, self.metrics.values())
        counted = {f"{name}: {text}" for own in each for name, text in own.items()}
        table = _table(("Set", "Sentences", *COLUMNS.values()), rows)
        listed = "\n".join(f"- {line}" for line in sorted(counted))
        return "\n\n".join(["## Results", table, listed]).rstrip()

    @staticmethod
    def _usage(settings: Mapping[str, Any]) -> str:
        shown = "\n".join(f"print(result.{text})" for text in _written(settings))
        return f"""## How to use it

In this folder, with the package interactive_st installed:

    interactive-st translate talk.wav --model .

```python
from interactive_st import InteractiveST

model = InteractiveST.from_pretrained(".")
result = model("talk.wav")
{shown}
```"""


def read_metrics(paths: Sequence[str | os.PathLike]) -> dict[str, Scores]:
    """Return scores by the name of their file, without its suffixes.

    Args:
        paths: each written by ``interactive-st score --json``.

    Raises:
        DataError: a file holds no such scores, or two have one name.
    """
    metrics: dict[str, Scores] = {}
    for path in paths:
        try:
            scores = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise DataError(f"{path}: not readable as scores ({error})") from error
        check_scores(scores, str(path))
        name = Path(path).name.split(".")[0]
        if name in metrics:
            raise DataError(f"{path}: a second file of the name {name}; rename one of them")
        metrics[name] = scores
    return metrics


def _system(settings: Mapping[str, Any]) -> str:
    """Which of `SYSTEMS` a model is."""
    model = settings["model"]
    streams = model.get("streams", "both")
    if streams in ONE_TEXT:
        return streams
    if settings["architecture"].startswith("two_stage"):
        return "two-stage"
    no_lambda = model.get("fusion") == "gate" or model.get("learn_fusion_lambda")
    return "interactive" if no_lambda or model.get("fusion_lambda") != 0 else "multi-task"


def _written(settings: Mapping[str, Any]) -> list[str]:
    """The texts that a model writes, by their names in results."""
    one = ONE_TEXT.get(_system(settings))
    return [one] if one else list(STREAM_NAMES)


def _wait_k(model: Mapping[str, Any]) -> str:
    """The k of decoding, and those that it may be changed to."""
    trained = model.get("train_wait_k")
    return f"{model.get('wait_k', NOT_STATED)}" + (f" (trained with {trained})" if trained else "")


def _search(task: Mapping[str, Any]) -> dict[str, str]:
    """What the model is decoded by where nothing else is said, as far as that is stored."""
    names = {"search": "--search", "decoding_ctc_weight": "--ctc-weight"}
    stored = [f"{option} {task[name]}" for name, option in names.items() if task.get(name) is not None]
    return {"Decoded by": " ".join(stored)} if stored else {}


def _table(header: Sequence[str], rows: Any) -> str:
    lines = [header, ["---"] * len(header), *rows]
    cells = ([str(cell).replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)
