"""Messages in docs/troubleshooting.md are those of the code."""

import ast
import re
from argparse import Namespace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from documents import INDENTED_BLOCK
from fairseq import utils
from fairseq.data.data_utils import batch_by_size

#: Messages of other programs that were seen while installing, and cannot be had in a test.
SEEN = {
    "ValueError: mutable default <class 'fairseq.dataclass.configs.CommonConfig'> for field common is not "
    "allowed: use default_factory": "importing fairseq 0.12.2 on Python 3.11",
    "Please use pip<24.1 if you need to use this version.": "pip 26.3, asked for omegaconf<2.1",
    "ModuleNotFoundError: No module named 'torch'": "pip download --no-build-isolation fairseq-fixed",
    "fairseq-train: error: argument --task: invalid choice: 'joint_speech_to_text' (choose from …": (
        "argparse"
    ),
    "fairseq-train: error: unrecognized arguments: --wait-k 3": "argparse",
    "FileNotFoundError: …/interactive_st": "checked below",
    "AssertionError: Sentences lengths should not exceed max_tokens=…": "checked below",
    "_pickle.UnpicklingError: Weights only load failed. …": "torch; checked in tests/test_install.py",
}
#: Messages of fairseq, and the module that holds their words.
FAIRSEQ = {
    "please ensure that the architectures match.": "fairseq.trainer",
    "Criterion does not match; please reset the optimizer (--reset-optimizer).": "fairseq.trainer",
    'Train splits should be named like "train*".': "fairseq.tasks.speech_to_text",
    "skip this example with --skip-invalid-size-inputs-valid-test": "fairseq.tasks.fairseq_task",
    "samples have invalid sizes and will be skipped, ": "fairseq.tasks.fairseq_task",
    "Model file not found: ": "fairseq.checkpoint_utils",
    "Could not infer language pair, please provide it explicitly": "fairseq.tasks.translation",
}
PREFIX = re.compile(r"(interactive-st \S+: ((error|failed): )?|\w+(Error|Exception): |setup: error: )?")


def read_messages(repository: Path) -> list[str]:
    text = (repository / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    return [line.strip() for block in INDENTED_BLOCK.findall(text) for line in block.splitlines() if line]


def templates(repository: Path) -> list[list[str]]:
    """The literal parts of every string and f-string of the package and the setup script."""
    found = []
    for path in [*(repository / "interactive_st").rglob("*.py"), *(repository / "scripts").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append([node.value])
            elif isinstance(node, ast.JoinedStr):
                parts = [""]
                for value in node.values:
                    if isinstance(value, ast.Constant):
                        parts[-1] += value.value
                    else:
                        parts.append("")
                found.append(parts)
    return [parts for parts in found if sum(map(len, parts)) >= 16]


def is_written(message: str, parts: list[str]) -> bool:
    """Whether a message is what the parts become with something between them, or consists mostly of them."""
    pattern = ".*".join(map(re.escape, parts))
    mostly = sum(map(len, parts)) >= 0.6 * len(message) and re.search(pattern, message)
    return bool(mostly or (len(parts) > 1 and re.fullmatch(pattern, message)))


def test_messages_are_those_of_the_code(repository):
    known = templates(repository)
    messages = read_messages(repository)
    assert len(messages) > 30
    for message in messages:
        if message in SEEN or any(fragment.strip() in message for fragment in FAIRSEQ):
            continue
        plain = PREFIX.sub("", message, count=1)
        assert any(is_written(plain, parts) for parts in known), message


def test_lists_of_this_test_hold_nothing_else(repository):
    messages = read_messages(repository)
    assert set(SEEN) <= set(messages)
    for fragment in FAIRSEQ:
        assert any(fragment.strip() in message for message in messages), fragment


@pytest.mark.parametrize(("fragment", "module"), FAIRSEQ.items())
def test_messages_of_fairseq(fragment, module):
    content = Path(find_spec(module).origin).read_bytes()
    assert fragment.encode() in content


def test_a_user_dir_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError) as error:
        utils.import_user_module(Namespace(user_dir=str(tmp_path / "interactive_st")))
    assert str(error.value).endswith("/interactive_st")


def test_an_utterance_longer_than_a_batch():
    with pytest.raises(AssertionError, match="Sentences lengths should not exceed max_tokens=5"):
        batch_by_size(np.arange(2), lambda index: 10, np.full(2, 10), max_tokens=5)


def test_a_changed_message_is_found():
    parts = ["--", " ", " contradicts --arch ", ": leave the option out"]
    assert is_written("--wait-k 3 contradicts --arch asr: leave the option out", parts)
    assert not is_written("--wait-k 3 contradicts --arch asr: omit the option", parts)
