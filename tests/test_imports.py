"""What importing the package does not import, as every start of fairseq's tools would pay for it; and which
of its parts may import which."""

import json
import re
import subprocess
import sys

import pytest

#: Needed by some commands and datasets only.
LATER = {
    "interactive_st.inference", "jiwer", "kaldi_native_fbank", "matplotlib", "safetensors", "silero_vad",
    "soundfile", "soxr",
}  # fmt: skip
#: The parts of the package, lowest first: each knows those above it in this list alone.
LAYERS = (
    ("data", "modules"),
    ("criterions", "models", "scoring"),
    ("search",),
    ("tasks",),
    ("inference",),
    ("plots",),
    ("report",),
    ("cli",),
)
IMPORT = re.compile(r"^ *(?:from|import) interactive_st\.(\w+)", re.MULTILINE)
SCRIPT = "import sys, json, interactive_st; print(json.dumps(sorted(sys.modules)))"


def test_libraries_that_only_some_need_come_later():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    imported = set(json.loads(done.stdout.splitlines()[-1]))
    assert "interactive_st.tasks.joint_speech_to_text" in imported
    assert not imported & LATER


def test_parts_import_from_those_below_alone(repository):
    """The modules beside the parts import none of them, but for the package itself, when it is asked for."""
    package = repository / "interactive_st"
    height = {name: place for place, names in enumerate(LAYERS) for name in names}
    assert height.keys() == {path.parent.name for path in package.glob("*/__init__.py")}
    files = {path.relative_to(package): path.read_text("utf-8") for path in package.rglob("*.py")}
    wrong = [
        f"{file} imports {name}"
        for file, text in files.items()
        for name in IMPORT.findall(text)
        if name in height and file.parts[0] not in (name, "__init__.py")
        and height[name] >= height.get(file.parts[0], 0)
    ]
    assert not wrong


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
