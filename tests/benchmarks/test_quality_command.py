"""The command: what it does, skips, resumes and reports; all systems once, with the real tools."""

import json
import os
import re
import shutil

import pytest
from commands.tools import Tools
from digit_tones import write_takes
from fake_commands import FakeSteps
from tiny_runs import LIST

from benchmarks.quality import __main__ as quality
from benchmarks.quality import corpora, reports, run, run_list
from benchmarks.quality.corpora import Prepared
from examples.runner import Recipe, RecipeError, shown

SCRIPTS = {
    "interactive_st_cli": "interactive-st",
    "fairseq_cli.train": "fairseq-train",
    "fairseq_cli.generate": "fairseq-generate",
}


@pytest.fixture
def listed(tmp_path):
    path = tmp_path / "runs.yaml"
    path.write_text(LIST, encoding="utf-8")
    return path


def command_line(listed, tmp_path, *words):
    places = {"--runs": listed, "--out": tmp_path / "runs", "--results": tmp_path / "results"}
    given = [str(word) for place in places.items() for word in place]
    return quality.main([*given, "--resamples", "50", *words])


# with the real tools -----------------------------------------------------------------------------


@pytest.fixture
def recordings(tmp_path):
    """Two takes for training and one for the test of each digit, as tones of 0.1 s, by two speakers."""
    folder = tmp_path / "recordings"
    folder.mkdir()
    write_takes(folder, ("ann", "bob"), (0, 5, 6))
    return folder


@pytest.fixture
def real_tools(tmp_path, repository, monkeypatch):
    """Lets recipes run their commands through a fork server; yields those that were run."""
    tools = Tools(tmp_path / "tools", repository)
    done = []

    def command(self, name, module, arguments, listener=None):
        done.append(f"{self.out.parent.name}: {name}")
        result = tools.try_to(SCRIPTS[module], *arguments)
        (self.out / "logs" / f"{name}.log").write_text(result.output, encoding="utf-8")
        if result.status:
            raise RecipeError(f"{shown(module, arguments)}: {result.output[-3000:]}")
        for line in result.stdout.splitlines(keepends=True) if listener else ():
            listener(line)

    monkeypatch.setattr(Recipe, "command", command)
    yield done
    tools.close()


def test_all_systems(listed, recordings, real_tools, tmp_path, capsys):
    words = ("--data", f"digits={recordings}")
    assert command_line(listed, tmp_path, *words) == 0
    output = capsys.readouterr().out
    assert "absent: skipped; name its source by --data absent=PATH (the data set AN4)" in output
    assert re.search(r"^7 runs to do, \d+ asked for$", output, re.MULTILINE)
    content = json.loads((tmp_path / "results/quality.json").read_text(encoding="utf-8"))
    [systems, search] = content["tables"]
    rows = {row["variant"]: row for row in systems["rows"]}
    assert list(rows) == ["asr", "pipeline", "e2e", "multitask", "two_stage", "interactive"]
    for name, row in rows.items():
        assert (row["wer"]["mean"] is None) == (name == "e2e")
        assert (row["bleu"]["mean"] is None) == (name == "asr")
    assert [found["updates"] for found in content["runs"]] == [2, 2, 2, 2, 2, 2, 0]
    assert rows["pipeline"]["wer"]["mean"] == rows["asr"]["wer"]["mean"]
    assert [row["value"] for row in search["rows"]] == ["rank", "joint"]
    assert search["rows"][1]["train_seconds"] == []
    commands = {found["run"]: "\n".join(found["commands"]) for found in content["runs"]}
    assert "--arch two_stage_st_tiny" in commands["digits/two_stage/1"]
    assert "--decoding-ctc-weight" not in commands["digits/e2e/1"]
    assert "asr/1/checkpoints/checkpoint_average.pt" in commands["digits/e2e/1"]
    assert "--mt-path" in commands["digits/pipeline/1"]
    assert "fairseq_cli.train" not in commands["digits/joint/1"]
    assert "loaded pretrained encoder" in (
        tmp_path / "runs/digits/e2e/1/logs/train-checkpoints.log"
    ).read_text(encoding="utf-8")
    assert str(recordings) not in json.dumps(content["settings"])
    for name in ("quality.md", "systems.png", "search.png"):
        assert (tmp_path / "results" / name).stat().st_size > 500
    # optimisers are kept where a higher limit would need them, only
    sizes = {path.name: path.stat().st_size for path in tmp_path.glob("runs/digits/asr/1/checkpoints/*")}
    assert sizes.keys() == {
        "checkpoint_1_1.pt", "checkpoint_1_2.pt", "checkpoint_average.pt", "checkpoint_last.pt",
    }  # fmt: skip
    assert 2 * sizes["checkpoint_1_2.pt"] < sizes["checkpoint_last.pt"]

    count = len(real_tools)
    assert command_line(listed, tmp_path, *words) == 0
    assert re.search(r"^0 runs to do, \d+ asked for$", capsys.readouterr().out, re.MULTILINE)
    assert len(real_tools) == count  # all was done before

    # with the results alone nothing is done again; with the runs as well, only what has changed
    (tmp_path / "runs").rename(tmp_path / "elsewhere")
    assert command_line(listed, tmp_path, *words) == 0
    assert {step.split(":")[0] for step in real_tools[count:]} == {"data"}
    again = json.loads((tmp_path / "results/quality.json").read_text(encoding="utf-8"))
    assert again["tables"] == content["tables"]
    shutil.rmtree(tmp_path / "runs")
    (tmp_path / "elsewhere").rename(tmp_path / "runs")
    count = len(real_tools)
    listed.write_text(LIST.replace("multitask}", "multitask, decode: --beam 1}"), encoding="utf-8")
    assert command_line(listed, tmp_path, *words) == 0
    assert real_tools[count:] == ["multitask: generate-test", "multitask: score-test"]


# with tools that only leave something behind ------------------------------------------------------


@pytest.fixture
def fake(tmp_path, monkeypatch):
    steps = FakeSteps()
    monkeypatch.setattr(Recipe, "command", lambda *args: steps.command(*args))
    folder = tmp_path / "prepared"
    (folder / "mt").mkdir(parents=True)
    for name in ("train.tsv", "dict.txt", "mt/train.en-de.en", "mt/train.en-de.de"):
        (folder / name).write_text(name)
    prepared = {"digest": "1"}

    def prepare(data, source, out, threads):
        if not source.exists():
            raise FileNotFoundError(f"{source}: no recordings")
        return Prepared(folder, ("test",), prepared["digest"])

    def average(recipe, save_dir, count):
        (save_dir / "checkpoint_average.pt").write_text((save_dir / "checkpoint_last.pt").read_text())

    monkeypatch.setattr(corpora, "prepare", prepare)
    monkeypatch.setattr(run.steps, "average", average)
    monkeypatch.setattr(quality, "_write", lambda *args: None)
    steps.prepared = prepared
    return steps


def test_what_fails_is_reported_and_the_rest_goes_on(listed, fake, tmp_path, capsys):
    words = ("--data", f"digits={tmp_path}", "--only", "digits/[apm]*")
    fake.failing["asr/1: generate-test"] = RecipeError("out of memory\nthe log")
    assert command_line(listed, tmp_path, *words) == 1
    output = capsys.readouterr().out
    log = os.path.join("digits", "asr", "1", "run.log")
    assert f"FAILED digits/asr/1: out of memory (log: {tmp_path / 'runs' / log})" in output
    assert "FAILED digits/pipeline/1: needs digits/asr/1, which failed\n" in output  # was not begun: no log
    assert "multitask/1: score-test" in fake.done
    assert not any(step.startswith("pipeline") for step in fake.done)

    del fake.failing["asr/1: generate-test"]
    fake.done.clear()
    assert command_line(listed, tmp_path, *words) == 0
    # the recogniser's training was done, and so was all of the multi-task model
    assert fake.done == [
        "asr/1: generate-test", "asr/1: score-test",
        "pipeline/1: train-checkpoints", "pipeline/1: generate-test", "pipeline/1: score-test",
    ]  # fmt: skip


def test_an_interruption_leaves_what_the_next_call_continues(listed, fake, tmp_path):
    words = ("--data", f"digits={tmp_path}", "--only", "digits/multitask/1")
    fake.failing["multitask/1: train-checkpoints"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        command_line(listed, tmp_path, *words)
    folder = tmp_path / "runs/digits/multitask/1"
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints/checkpoint_last.pt").write_text("half way")
    fake.failing.clear()
    assert command_line(listed, tmp_path, *words) == 0
    assert not (folder / "checkpoints.1").exists()  # fairseq finds its last checkpoint where it was
    assert json.loads((folder / "report.json").read_text())["sets"]["test"]["wer"] == 1.0


def test_a_run_that_others_build_on_is_done_with_them(listed, fake, tmp_path):
    assert command_line(listed, tmp_path, "--data", f"digits={tmp_path}", "--only", "digits/joint/1") == 0
    assert fake.done == [
        "interactive/1: train-checkpoints", "interactive/1: generate-test", "interactive/1: score-test",
        "joint/1: generate-test", "joint/1: score-test",
    ]  # fmt: skip


def test_other_data_or_definitions_do_a_run_again(listed, fake, tmp_path):
    words = ("--data", f"digits={tmp_path}", "--only", "digits/e2e/1", "digits/multitask/1")
    assert command_line(listed, tmp_path, *words) == 0
    fake.done.clear()
    assert command_line(listed, tmp_path, *words) == 0
    assert fake.done == []
    # other weights in the checkpoint that it starts from, though its name is the same
    listed.write_text(LIST.replace("{system: asr}", "{system: asr, train: --lr 1}"), encoding="utf-8")
    assert command_line(listed, tmp_path, *words) == 0
    trained = [step for step in fake.done if "train" in step]
    assert trained == ["asr/1: train-checkpoints", "e2e/1: train-checkpoints"]
    fake.prepared["digest"] = "2"
    one = run_list.read_list(listed).run("digits", "multitask", 1)
    assert reports.read_report(one, tmp_path / "runs") is not None
    assert reports.read_report(one, tmp_path / "runs", Prepared(tmp_path, ("test",), "2")) is None


def test_data_that_cannot_be_made_are_reported(listed, fake, tmp_path, capsys):
    words = ("--data", f"digits={tmp_path / 'no'}", f"absent={tmp_path}", "--only", "*/multitask/1")
    assert command_line(listed, tmp_path, *words) == 1
    assert f"FAILED data/digits: {tmp_path / 'no'}: no recordings\n" in capsys.readouterr().out  # no log
    assert (tmp_path / "runs/absent/multitask/1/report.json").exists()


def test_the_list_shows_what_is_done(listed, fake, tmp_path, capsys):
    command_line(listed, tmp_path, "--data", f"digits={tmp_path}", "--only", "digits/multitask/1")
    (tmp_path / "runs/digits/e2e/1").mkdir(parents=True)
    capsys.readouterr()
    assert command_line(listed, tmp_path, "--list", "--only", "digits/*") == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert "min; test: wer 1.0, bleu 2.0, chrf 3.0" in lines["digits/multitask/1"]
    assert lines["digits/e2e/1"].endswith("  begun")
    assert lines["digits/asr/1"].endswith("  not begun")
    assert lines["1"] == "1 of 7 done"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--group", "sweep"], "no group sweep in the list; there are systems, search"),
        (["--data", "numbers=x"], "no data set numbers in the list; there are digits, absent"),
        (["--data", "digits"], "--data digits: write NAME=PATH"),
        (["--only", "asr"], "--only asr: there is no such run; --list shows their names"),
    ],
)
def test_mistakes_on_the_command_line(listed, tmp_path, words, message):
    with pytest.raises(RecipeError, match=message):
        command_line(listed, tmp_path, *words)


def test_groups_without_seeds_are_named(listed, tmp_path):
    listed.write_text(LIST.replace("seeds: {digits: [1]}", "seeds: {}"), encoding="utf-8")
    with pytest.raises(RecipeError, match=r"runs\.yaml: no seeds in search; write them, as in digits:"):
        command_line(listed, tmp_path, "--group", "search", "--list")


def test_the_command_without_this_machines_places(listed):
    args = quality.parse(["--group", "systems", "--data", "digits=/home/me/x", "--jobs", "2"])
    assert quality.command(args) == (
        "python -m benchmarks.quality --group systems --data digits=PATH --threads 1 --jobs 2"
    )


@pytest.mark.parametrize(
    ("source", "target"), [("en", "de"), ("en", "pt-BR"), ("zh-CN", "en"), ("en", "en-GB"), ("pt-BR", "pt")]
)
def test_languages_of_a_text_model(tmp_path, monkeypatch, source, target):
    """Those with a region have a hyphen of their own."""
    data = tmp_path / "data"
    (data / "mt").mkdir(parents=True)
    for language in (source, target):
        (data / "mt" / f"train.{source}-{target}.{language}").write_text("a\n", encoding="utf-8")
        (data / "mt" / f"dict.{language}.txt").write_text("a 1\n", encoding="utf-8")
    trained = []
    monkeypatch.setattr(run.steps, "fairseq_train", lambda *args, **_: trained.append(args[3]))
    run._train_text(Recipe(tmp_path / "run"), data, tmp_path / "checkpoints", [], {})
    [words] = trained
    assert words[words.index("--source-lang") + 1] == source
    assert words[words.index("--target-lang") + 1] == target
