"""Every example of the documents is run, or checked, on a few recordings."""

import json

import pytest
from documents import read_code
from recipe_shell import missing_lines, read_blocks

from interactive_st.scoring.pairs_file import REQUIRED_KEYS

#: Blocks that no test can run, by their first line, and why; they are checked otherwise below.
NOT_RUN = {
    "make demo    # installs, makes a small corpus of synthetic speech, trains, decodes, scores, shows": (
        "installs from the network and trains for minutes; the targets are checked"
    ),
}
#: What each document begins with, beside recordings and manifests, and variables that make it shorter.
BEGIN = {
    "README.md": ((), {}),
    "docs/data_formats.md": (("checkpoints",), {}),
}
#: Languages of blocks that are run, written to files, or compared with files by the tests below.
LANGUAGES = {"bash", "text", "python", "tsv", "yaml", "json", "bibtex"}


def documents(repository):
    return [repository / "README.md", *sorted((repository / "docs").glob("*.md"))]


def name_of(document, repository):
    return document.relative_to(repository).as_posix()


@pytest.fixture
def run(shell, place, repository):
    """Run a document and check the output that it shows; return its folder."""

    def run_document(name):
        document, (pieces, env) = repository / name, BEGIN[name]
        folder = place(*pieces)
        outputs = shell.run(document, folder, env, NOT_RUN)
        for (commands, shown), output in zip(read_blocks(document, NOT_RUN), outputs, strict=True):
            missing = missing_lines(shown, output)
            assert not missing, f"{missing} not in the output of\n{commands}\nwhich is\n{output[-6000:]}"
        return folder

    return run_document


def test_readme(run):
    folder = run("README.md")
    assert (folder / "subtitles" / "talk.srt").exists()


def test_data_formats(run, repository):
    folder = run("docs/data_formats.md")
    blocks = read_code(repository / "docs" / "data_formats.md")
    (config,) = (block.content for block in blocks if block.language == "yaml")
    assert (folder / "data" / "config_joint.yaml").read_text(encoding="utf-8") == config
    (pair,) = (json.loads(block.content) for block in blocks if block.language == "json")
    assert set(pair) > set(REQUIRED_KEYS)
