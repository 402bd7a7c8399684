"""Every command of every recipe, on miniatures of the corpora, and the output that recipes show."""

import numpy as np
import pytest
import soundfile
from commands.tools import read_jsonl
from fairseq_prep import prepare_as_fairseq, prepare_covost_as_fairseq
from mini_corpora import ENGLISH, RATE, TRANSLATIONS, make_covost2, make_europarl_st, make_mustc
from recipe_shell import SMALLER, TINY, alone, make_small, missing_lines, read_blocks

RECIPES = ("mustc", "covost2", "europarl_st", "own_corpus")


@pytest.fixture
def run(shell, repository, tmp_path):
    """Run a recipe in an empty folder and check the output that it shows; return its command lines."""

    def run_recipe(name, **env):
        document = repository / "examples" / name / "README.md"
        shell.calls.clear()
        outputs = shell.run(document, tmp_path, env)
        for (commands, shown), output in zip(read_blocks(document), outputs, strict=True):
            missing = missing_lines(shown, output)
            assert not missing, f"{missing} not in the output of\n{commands}\nwhich is\n{output[-6000:]}"
        return list(shell.calls)

    return run_recipe


def references(path):
    return [(pair["reference_transcript"], pair["reference_translation"]) for pair in read_jsonl(path)]


def sentences(*numbers, lang="de"):
    return [(ENGLISH[number], TRANSLATIONS[lang][number]) for number in numbers]


def programs(calls):
    return {call[0] for call in calls}


def test_mustc(run, tmp_path):
    root = make_mustc(tmp_path / "corpus", ("de", "fr"))
    prepare_as_fairseq(root, "de")
    calls = run("mustc", MUSTC_ROOT=str(root))
    assert references(tmp_path / "results" / "tst-COMMON.jsonl") == sentences(10, 11)
    assert references(tmp_path / "results" / "pipeline.jsonl") == sentences(10, 11)
    assert references(tmp_path / "results" / "tst-COMMON_fr.jsonl") == sentences(10, 11, lang="fr")
    assert programs(calls) == {"interactive-st", "fairseq-train", "fairseq-generate", "torchrun", "srun"}
    saved = {path.parent.name for path in (tmp_path / "checkpoints").glob("*/checkpoint_last.pt")}
    assert saved == {
        "mustc_asr", "mustc_de", "mustc_de_8gpu", "mustc_de_slurm", "mustc_de_torchrun", "fairseq_asr",
        "mustc_de_stock_encoder", "mustc_de_stock_model", "mustc_many", "mustc_many_balanced", "mustc_mt",
    }  # fmt: skip


def test_covost2(run, tmp_path):
    root = make_covost2(tmp_path / "corpus")
    prepare_covost_as_fairseq(root)
    run("covost2", COVOST_ROOT=str(root))
    assert references(tmp_path / "results" / "covost2_en_de.jsonl") == sentences(10, 11)


def test_europarl_st(run, tmp_path):
    root = make_europarl_st(tmp_path / "corpus")
    run("europarl_st", EUROPARL_ROOT=str(root))
    assert references(tmp_path / "results" / "europarl_en_de.jsonl") == sentences(10, 11)


def test_own_corpus(run, tmp_path):
    for number in (1, 2, 3):
        noise = np.random.default_rng(number).normal(0, 0.1, 4 * RATE)
        soundfile.write(tmp_path / f"talk{number}.flac", noise, RATE)
    run("own_corpus")
    assert references(tmp_path / "results" / "new.jsonl") == [("good evening", None)]
    assert (tmp_path / "checkpoints" / "adapted" / "checkpoint_last.pt").exists()


# what the checks above rely on ------------------------------------------------------------------------


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_have_commands_and_show_their_output(repository, name):
    blocks = read_blocks(repository / "examples" / name / "README.md")
    assert len(blocks) >= 3
    assert sum(bool(shown) for _, shown in blocks) >= 3
    tools = {tool for tool in ("prepare", "average", "score") if any(tool in text for text, _ in blocks)}
    assert tools == {"prepare", "average", "score"}


def test_a_shown_line_that_is_not_printed_is_found():
    output = "train: 8 rows, 700 frames\nready: data\n"
    assert missing_lines("train: … rows, … frames\nready: data\n", output) == []
    assert missing_lines("train: … lines\nready", output) == ["train: … lines", "ready"]


def test_a_failing_command_is_an_error(shell, tmp_path):
    document = tmp_path / "README.md"
    document.write_text("```bash\nX=1\n```\n```bash\nset +u\ninteractive-st score absent.jsonl\n```\n")
    with pytest.raises(AssertionError, match=r"(?s)score absent\.jsonl.*ended with 2.*error: absent\.jsonl"):
        shell.run(document, tmp_path, {})


def test_only_sizes_are_changed():
    words = ["fairseq-train", "data", "--task", "joint_speech_to_text", "--max-update", "100000",
             "--lr", "2e-3", "--update-freq", "8"]  # fmt: skip
    small = make_small(words)
    assert small[: len(words)] == [*words[:5], SMALLER["--max-update"], "--lr", "2e-3", "--update-freq", "1"]
    assert small[len(words) :: 2] == list(TINY)
    assert make_small(["interactive-st", "average", "a"]) == ["interactive-st", "average", "a"]


def test_launchers_hand_over_the_whole_command():
    command = ["fairseq-train", "data", "--lr", "1"]
    assert alone(["srun", "--nodes", "2", "--gpus-per-node", "8", *command]) == command
    options = ["--nnodes", "2", "--nproc-per-node", "8", "--rdzv-endpoint", "localhost:29400"]
    assert alone(["torchrun", *options, "/bin/fairseq-train", *command[1:]]) == command
