"""Splits that lack a text or the speech, loaded as fairseq's tools do."""

from types import SimpleNamespace

import pytest
from fairseq.tasks.speech_to_text import SpeechToTextTask

from interactive_st.conventions import BOTH, TRANSCRIPT, TRANSLATION
from tests.fake_decoding import setup
from tests.joint_corpus import COLUMNS, ROWS, write_split

ONE = {"asr": (TRANSCRIPT,), "st": (TRANSLATION,), "both": BOTH}


@pytest.fixture
def load(folder, monkeypatch):
    """Loads a split of the rows that lack a text, as fairseq-train does; True: as fairseq-generate."""
    # read by the columns of ROWS: id, frames, translation, transcript, …
    rows = {"asr": [row for row in ROWS if not row[2]], "st": [row for row in ROWS if not row[3]]}

    def run(
        split: str,
        model: str,
        decodes: bool = False,
        metric: str = "loss",
        from_checkpoint: bool = False,
        **options: object,
    ) -> None:
        for stream, chosen in rows.items():
            for kind in ("train", "dev"):
                write_split(folder, f"{kind}_{stream}", chosen)
        task = setup(folder, **options)
        monkeypatch.setattr(SpeechToTextTask, "build_model", lambda *_: SimpleNamespace(streams=ONE[model]))
        task.build_model(SimpleNamespace(arch="model"), from_checkpoint)
        monkeypatch.setattr(SpeechToTextTask, "build_criterion", lambda *_: None)
        if not decodes:
            task.build_criterion(None)
        task.args.best_checkpoint_metric = metric
        task.load_dataset(split)

    return run


@pytest.fixture
def silent(folder):
    """Adds a split of text alone."""
    lines = ["\t".join(COLUMNS), "\t".join(["a", "", "0", "elf", "four two", "", "en", "de"])]

    def write(split: str) -> str:
        (folder / f"{split}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return split

    return write
