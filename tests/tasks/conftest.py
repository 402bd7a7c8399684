"""What the tests of the task share."""

import pytest

from interactive_st.tasks import joint_speech_to_text
from tests.fake_decoding import FakeGenerator
from tests.joint_corpus import write_corpus


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A small data folder; what the task decodes with is the fake generator."""
    monkeypatch.setattr(joint_speech_to_text, "DualBeamGenerator", FakeGenerator)
    FakeGenerator.made.clear()
    folder = write_corpus(tmp_path / "data")
    # whole words, so that the fake generator needs no tokeniser
    path = folder / "dict.txt"
    entries = path.read_text(encoding="utf-8")
    known = {line.split(" ")[0] for line in entries.splitlines()}
    words = {f"▁{word}" for word in ("one", "two", "four", "elf")}
    path.write_text(entries + "".join(f"{word} 1\n" for word in sorted(words - known)), "utf-8")
    return folder
