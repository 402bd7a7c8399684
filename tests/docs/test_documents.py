"""Every example of the documents is run, or checked, on a few recordings."""

import argparse
import json
import re
import shlex
import subprocess

import numpy as np
import pysubs2
import pytest
from documents import anchors, read_code, read_links
from espeak import needs_espeak
from fairseq import options as fairseq_options
from fairseq.checkpoint_utils import load_checkpoint_to_cpu
from fairseq_prep import prepare_as_fairseq
from mini_corpora import make_mustc
from recipe_shell import missing_lines, read_blocks

import interactive_st  # noqa: F401 (registers)
from benchmarks import speed, systems
from docs.draw_wait_k import PICTURE, draw
from interactive_st.cli.main import build_parser
from interactive_st.scoring.pairs_file import read_pairs
from interactive_st.tasks.checks.generation_options import DEFAULTS

#: Blocks that no test can run, by their first line, and why.
NOT_RUN = {
    "make demo    # installs, makes a small corpus of synthetic speech, trains, decodes, scores, shows": (
        "installs from the network and trains for minutes; that make knows the targets is checked"
    ),
    "make setup && . .venv/bin/activate": (
        "installs; what follows needs a corpus and is run with examples/mustc/README.md"
    ),
}
#: What a page begins with beside recordings and manifests, and variables that make it shorter.
BEGIN = {
    "README.md": ((), {}),
    "docs/choosing.md": (("data", "checkpoints"), {"KS": "0 inf", "SEEDS": "1"}),
    "docs/data_formats.md": (("checkpoints",), {}),
    "docs/from_espnet.md": ((), {}),
    "docs/from_fairseq.md": ((), {"MUSTC_ROOT": "corpus"}),
    "docs/from_whisper.md": (("model",), {}),
}
#: All are run, written to files, compared below, or (bibtex) nothing to run.
LANGUAGES = {"bash", "text", "python", "tsv", "yaml", "json", "bibtex"}
#: Options of other programs that the documents name.
FOREIGN = {
    "--no-build-isolation",  # pip
    "--inputs", "--num-epoch-checkpoints", "--output",  # fairseq's scripts/average_checkpoints.py
    "--parallel-text-data", "--upsample-primary",  # its examples/speech_text_joint_to_text, and translation
    "--model", "--language", "--output_dir", "--output_format",  # Whisper
    "--stage", "--stop_stage", "--src_lang", "--tgt_lang", "--token_joint", "--tgt_nbpe", "--tgt_bpemode",
    "--feats_type", "--speed_perturb_factors",  # ESPnet's st.sh
}  # fmt: skip


def documents(repository):
    return [repository / "README.md", *sorted((repository / "docs").glob("*.md"))]


@pytest.fixture
def run(shell, place, repository):
    """Run a document and check the output that it shows; return its folder."""

    def run_document(name, before=lambda folder: None):
        document, (pieces, env) = repository / name, BEGIN[name]
        folder = place(*pieces)
        before(folder)
        outputs = shell.run(document, folder, env, NOT_RUN)
        for (commands, shown), output in zip(read_blocks(document, NOT_RUN), outputs, strict=True):
            missing = missing_lines(shown, output)
            assert not missing, f"{missing} not in the output of\n{commands}\nwhich is\n{output[-6000:]}"
        return folder

    return run_document


def test_readme(run):
    folder = run("README.md")
    assert (folder / "subtitles" / "talk.srt").exists()
    assert len(read_pairs(folder / "test.jsonl")) == 3


def test_choosing(run, repository):
    folder = run("docs/choosing.md")
    rows = [line.split("\t") for line in (folder / "k.tsv").read_text(encoding="utf-8").splitlines()]
    assert [row[:2] for row in rows] == [["k", "seed"], ["0", "1"], ["inf", "1"]]
    assert (folder / "k.png").exists()
    shown = next(
        json.loads(block.content)
        for block in read_code(repository / "docs" / "data_formats.md")
        if block.language == "json"
    )
    real = read_pairs(folder / "rank.jsonl")[0]
    assert list(real) == list(shown)
    assert list(real["nbest"][0]) == list(shown["nbest"][0])


def test_data_formats(run, repository):
    folder = run("docs/data_formats.md")
    blocks = read_code(repository / "docs" / "data_formats.md")
    (config,) = (block.content for block in blocks if block.language == "yaml")
    assert (folder / "data" / "config_joint.yaml").read_text(encoding="utf-8") == config
    assert np.load(folder / "f0.npy").shape == (120, 13)


def test_from_espnet(run):
    def make_kaldi_folder(folder):
        files = {
            "train/wav.scp": "rec1 talk1.flac",
            "train/segments": "rec1_0 rec1 0.00 1.50\nrec1_1 rec1 1.50 3.00\nrec1_2 rec1 3.00 4.00",
            "train/utt2spk": "rec1_0 anna\nrec1_1 anna\nrec1_2 anna",
            "train/text.lc.rm.en": "rec1_0 good morning\nrec1_1 we are here\nrec1_2 yes",
            "train/text.tc.de": "rec1_0 Guten Morgen\nrec1_1 wir sind hier\nrec1_2",  # an empty text
            "dev/wav.scp": "talk3 talk3.flac",
            "dev/utt2spk": "talk3 ben",
            "dev/text.lc.rm.en": "talk3 it works",
            "dev/text.tc.de": "talk3 es läuft",
        }
        for name, content in files.items():
            path = folder / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content + "\n", encoding="utf-8")

    folder = run("docs/from_espnet.md", make_kaldi_folder)
    lines = (folder / "espnet_train.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[2] == "rec1_1\ttalk1.flac\t1.50\t1.500\tanna\twe are here\twir sind hier"
    assert lines[3] == "rec1_2\ttalk1.flac\t3.00\t1.000\tanna\tyes\t"


def test_from_fairseq(run):
    folder = run("docs/from_fairseq.md", lambda folder: prepare_as_fairseq(make_mustc(folder / "corpus")))
    state = load_checkpoint_to_cpu(str(folder / "checkpoints" / "joint" / "checkpoint_last.pt"))
    assert state["cfg"]["model"].arch == "interactive_st_s"
    assert state["optimizer_history"][-1]["num_updates"] > 0
    assert "decoder.interactive_version" in state["model"]


@needs_espeak  # its page writes subtitles, and what nobody says has none
def test_from_whisper(run):
    folder = run("docs/from_whisper.md")
    cues = list(pysubs2.SSAFile.load(str(folder / "talk.srt")))
    times = [time for cue in cues for time in (cue.start, cue.end)]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= 4100  # milliseconds
    assert all(cue.text for cue in cues)
    own = [(folder / f"talk.{language}.srt").read_text() for language in ("en", "de")]
    assert all(text.startswith("1\n") for text in own)
    rows = read_pairs(folder / "texts" / "talk1.jsonl")
    assert {row["audio"] for row in rows} == {"talk1.flac"}
    assert all((folder / "texts" / f"talk{n}.vtt").read_text().startswith("WEBVTT\n\n") for n in (1, 2))


# what is not run -------------------------------------------------------------------------------------


def test_every_block_is_run_or_has_a_reason(repository):
    first_lines = set()
    for document in documents(repository):
        blocks = read_code(document)
        assert {block.language for block in blocks} <= LANGUAGES, document
        if any(block.language in ("bash", "python") for block in blocks):
            assert document.relative_to(repository).as_posix() in BEGIN
        first_lines |= {block.first_line for block in blocks}
    assert set(NOT_RUN) <= first_lines


def test_make_knows_the_targets(repository):
    blocks = [b for b in read_code(repository / "README.md") if b.first_line in NOT_RUN]
    targets = re.findall(r"^make (\w+)", "".join(b.content for b in blocks), flags=re.MULTILINE)
    assert targets == ["demo", "test", "setup"]
    subprocess.run(["make", "-n", *targets], cwd=repository, check=True, capture_output=True)


def known_options():
    """All options of the commands, and of fairseq's tools with our task, models and criterion."""
    parsers = [fairseq_options.get_training_parser(), fairseq_options.get_generation_parser()]
    found = set(FOREIGN) | {"--" + name.replace("_", "-") for name in DEFAULTS}
    for words in (["--arch", "interactive_st"], ["--arch", "two_stage_st"]):
        parser = fairseq_options.get_training_parser()
        command = ["data", "--task", "joint_speech_to_text", *words, "--optimizer", "adam"]
        command += ["--lr-scheduler", "inverse_sqrt", "--criterion", "joint_label_smoothed_cross_entropy"]
        fairseq_options.parse_args_and_arch(parser, command, modify_parser=lambda p: parsers.append(p))
        parsers.append(parser)
    parsers.append(build_parser())
    while parsers:
        for action in parsers.pop()._actions:
            found.update(action.option_strings)
            if isinstance(action, argparse._SubParsersAction):
                parsers += action.choices.values()
    return found


def parsed_by_the_benchmark(command: re.Match[str]) -> str:
    """Nothing, in the place of a command that a benchmark takes."""
    {"speed": speed, "systems": systems}[command[1]].parse(shlex.split(command[2]))
    return ""


def test_every_option_that_is_named_exists(repository, monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 1)  # the benchmarks refuse a GPU that is not there
    known = known_options()
    for document in documents(repository):
        text = re.sub(r'ARGS="[^"]*"', "", document.read_text(encoding="utf-8"))  # of the examples
        text = re.sub(r"`python -m\s+benchmarks\.(speed|systems)\s+([^`]*)`", parsed_by_the_benchmark, text)
        named = set(re.findall(r"(?<![\w-])--[a-z][\w-]*", text))
        unknown = {option for option in named if option.rstrip("-") not in known}
        assert not unknown, f"{document.name}: {unknown}"


def test_every_command_that_is_named_exists(repository):
    commands = next(a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction)).choices
    for document in documents(repository):
        text = document.read_text(encoding="utf-8")
        named = set(re.findall(r"interactive-st ([a-z][a-z-]*)", text))
        assert named <= set(commands), document.name


def test_the_help_gives_fairseq_the_folder_that_user_dir_prints(monkeypatch):
    """`--user-dir interactive_st` is a path, which is there in the root of the checkout alone."""
    monkeypatch.setenv("COLUMNS", "80")  # where argparse may break what is to be copied
    parsers, named = [build_parser()], []
    while parsers:
        parser = parsers.pop()
        named += re.findall(r"--user-dir\s+(\S+)\s+(\S+)", parser.format_help())
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                parsers += action.choices.values()
    assert {" ".join(words) for words in named} == {'"$(interactive-st user-dir)"'}


def test_links(repository):
    pages = [*documents(repository), *sorted((repository / "examples").glob("*/README.md"))]
    count = 0
    for page in pages:
        for target in read_links(page):
            if re.match(r"\w+:", target):
                continue
            path, _, anchor = target.partition("#")
            found = (page.parent / path).resolve() if path else page
            assert found.exists(), f"{page}: {target}"
            assert not anchor or anchor in anchors(found), f"{page}: {target}"
            count += 1
    assert count > 40


def test_the_index_names_every_page(repository):
    docs = repository / "docs"
    pages = {page.name for page in docs.glob("*.md")} - {"README.md"}
    assert pages <= set(read_links(docs / "README.md"))
    assert {f"docs/{page}" for page in pages} <= set(read_links(repository / "README.md"))


def test_the_picture_is_what_the_code_draws():
    assert PICTURE.read_text(encoding="utf-8") == draw()
