"""What importing the package does not import: every start of fairseq's tools would pay for it."""

import json
import subprocess
import sys

import pytest

#: Needed by some commands and datasets only.
LATER = {
    "interactive_st.inference", "jiwer", "kaldi_native_fbank", "matplotlib", "safetensors", "silero_vad",
    "soundfile", "soxr",
}  # fmt: skip
SCRIPT = "import sys, json, interactive_st; print(json.dumps(sorted(sys.modules)))"


def test_libraries_that_only_some_need_come_later():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    imported = set(json.loads(done.stdout.splitlines()[-1]))
    assert "interactive_st.tasks.joint_speech_to_text" in imported
    assert not imported & LATER


@pytest.mark.parametrize("module", ["interactive_st", "benchmarks.growth"])
def test_logging_is_left_to_the_program(module):
    script = f"import logging, {module}; print(logging.root.level, logging.root.handlers)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "30 []"
    assert "INFO" not in done.stderr


def test_logging_of_fairseq_where_it_came_first():
    script = (
        "import fairseq.models, logging; before = logging.root.level, logging.root.handlers[:]; "
        "import interactive_st; assert before == (logging.root.level, logging.root.handlers), before"
    )
    subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
