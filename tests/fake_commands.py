"""Commands of recipes that only leave something behind."""

import itertools
import json
from pathlib import Path


class FakeCommands:
    """Stands in for `Recipe.command`: notes the calls and does what a tool would leave behind."""

    def __init__(self, effect=lambda arguments: None, lines=()):
        self.calls, self.effect, self.lines = [], effect, lines

    def __call__(self, name, module, arguments, listener=None):
        self.calls.append((name, module, list(arguments)))
        for line in self.lines:
            listener(line)
        self.effect(arguments)


def option(arguments, name):
    """The last value of an option, which is the one that counts."""
    return arguments[len(arguments) - arguments[::-1].index(name)]


class FakeSteps:
    """Stands in for the tools: notes what is asked for, and fails where it is told to."""

    def __init__(self):
        self.done, self.failing = [], {}

    def command(self, recipe, name, module, arguments, listener=None):
        place = f"{recipe.out.parent.name}/{recipe.out.name}: {name}"
        self.done.append(place)
        if place in self.failing:
            raise self.failing[place]
        values = dict(itertools.pairwise(arguments))
        if module == "fairseq_cli.train":
            Path(values["--save-dir"]).mkdir(parents=True, exist_ok=True)
            (Path(values["--save-dir"]) / "checkpoint_last.pt").write_text(" ".join(arguments))
        elif module == "fairseq_cli.generate":
            pair = {
                "id": "a", "transcript": "one", "translation": "eins", "reference_transcript": "one",
                "reference_translation": "eins",
            }  # fmt: skip
            Path(values["--pairs-path"]).write_text(json.dumps(pair) + "\n")
        else:
            listener('{\n"wer": 1.0, "bleu": 2.0, "chrf": 3.0}\n')
