"""The model card of a model folder: what somebody has to know before using the model."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from interactive_st.errors import DataError
from interactive_st.scoring.columns import COLUMNS, cells, check_scores, signatures
from interactive_st.scoring.metrics import Scores

NOT_STATED = "not stated"


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
            "Writes the transcript and the translation of speech at the same time, each reading the "
            "other while it is written (Liu et al., AAAI 2020).",
            self._model(settings),
            self._data(),
            self._results(),
            self._usage(),
            f"## Limits and intended use\n\n{self.limits or NOT_STATED}",
            f"## Licence and contact\n\n- Licence of the model: {self.license or NOT_STATED}\n"
            f"- Author: {self.author or NOT_STATED}\n- Contact: {self.contact or NOT_STATED}",
        )
        return "\n\n".join(parts) + "\n"

    def _front_matter(self, settings: Mapping[str, Any]) -> str:
        entries: dict[str, Any] = {
            "language": list(settings["languages"]),
            "license": self.license or NOT_STATED,
            "library_name": "interactive_st",
            "tags": ["speech-translation", "automatic-speech-recognition", "fairseq"],
            "datasets": [self.data_name or NOT_STATED],
            "metrics": ["wer", "bleu"] if self.metrics else [NOT_STATED],
        }
        return f"---\n{yaml.safe_dump(entries, sort_keys=False, allow_unicode=True)}---"

    def _model(self, settings: Mapping[str, Any]) -> str:
        model, features = settings["model"], settings["features"]
        updates = settings["updates"]
        rows = {
            "Architecture": settings["architecture"],
            "Parameters": f"{settings['parameters']:,}",
            "Training steps": f"{updates:,}" if updates is not None else NOT_STATED,
            "wait-k": _wait_k(model),
            "Fusion": model.get("fusion", NOT_STATED),
            "Positions in the attention to the speech": str(bool(model.get("cross_attention_positions"))),
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
    def _usage() -> str:
        return """## How to use it

In this folder, with the package interactive_st installed:

    interactive-st translate talk.wav --model .

```python
from interactive_st import InteractiveST

model = InteractiveST.from_pretrained(".")
result = model("talk.wav")
print(result.transcript)
print(result.translation)
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


def _wait_k(model: Mapping[str, Any]) -> str:
    """The k of decoding, and those that it may be changed to."""
    trained = model.get("train_wait_k")
    return f"{model.get('wait_k', NOT_STATED)}" + (f" (trained with {trained})" if trained else "")


def _table(header: Sequence[str], rows: Any) -> str:
    lines = [header, ["---"] * len(header), *rows]
    cells = ([str(cell).replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)
