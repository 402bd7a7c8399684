"""The list of runs: what it means, and what is said about mistakes in it."""

from pathlib import Path

import pytest

from benchmarks.quality.corpora import MAKERS
from benchmarks.quality.run_list import DEFAULT, ListError, read_list
from benchmarks.quality.runs import SYSTEMS, effective

PAPER_SIZE = DEFAULT.with_name("paper_size.yaml")
#: The text model's options, so that it has the dimensions of the speech models.
DIMENSIONS = {
    f"--{side}-{name}": value
    for side in ("encoder", "decoder")
    for name, value in
    (("layers", "6"), ("embed-dim", "512"), ("ffn-embed-dim", "2048"), ("attention-heads", "8"))
}  # fmt: skip
LIST = """\
common:
  size: tiny
  average: 2
  train: --lr 1 --betas '(1, 2)'
  train_text: --lr 2
  decode: --beam 5
  decode_transcripts: --ctc 0.3
data:
  a: {recipe: spoken_digits, source: some recordings, updates: 10, train: --lr 3, prepare: --mel 4}
  b: {recipe: spoken_digits, source: others, updates: 20, size: paper, max_minutes: 1.5, average: 3}
variants:
  asr: {system: asr}
  pipeline: {system: pipeline, recogniser: asr}
  e2e: {system: e2e, encoder_from: asr}
  interactive: {system: interactive, train: --wait-k 3}
  k1: {like: interactive, train: --wait-k 1}
  joint: {system: interactive, model_of: interactive, decode: --search joint}
groups:
  systems:
    variants: [asr, pipeline, e2e, interactive]
    seeds: {a: [1, 2], b: [7]}
  wait_k:
    title: Waiting
    parameter: wait_k
    variants: {1: k1, 3: interactive, joint: joint}
    seeds: {a: [1]}
"""
VARIANTS = ("asr", "pipeline", "e2e", "interactive", "k1", "joint")


def write(folder: Path, *changes: tuple[str, str]) -> Path:
    text = LIST
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "runs.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def runs(tmp_path):
    return read_list(write(tmp_path))


def test_runs_are_ordered_by_data_and_seed_and_are_there_once(runs):
    assert [run.name for run in runs.runs(["systems", "wait_k"])] == [
        "a/asr/1", "a/pipeline/1", "a/e2e/1", "a/interactive/1",
        "a/asr/2", "a/pipeline/2", "a/e2e/2", "a/interactive/2",
        "b/asr/7", "b/pipeline/7", "b/e2e/7", "b/interactive/7",
        "a/k1/1", "a/joint/1",
    ]  # fmt: skip


def test_a_group_may_name_its_reference(tmp_path):
    groups = read_list(write(tmp_path, ("title: Waiting", "reference: k1"))).groups
    assert (groups["wait_k"].reference, groups["systems"].reference) == ("k1", "interactive")


def test_options_come_from_all_to_one(runs):
    k1 = runs.run("a", "k1", 1)
    assert k1.train_words() == [
        "--arch", "interactive_st_tiny", "--lr", "1", "--betas", "(1, 2)", "--lr", "3",
        "--wait-k", "3", "--wait-k", "1",
    ]  # fmt: skip
    assert k1.decode_words() == ["--beam", "5", "--ctc", "0.3"]
    e2e = runs.run("b", "e2e", 1)
    assert e2e.train_words()[:2] == ["--arch", "e2e_st"]
    assert e2e.decode_words() == ["--beam", "5"]
    assert runs.run("a", "pipeline", 1).train_words() == ["--arch", "transformer", "--lr", "2"]
    assert runs.run("a", "joint", 1).train_words() == []
    assert runs.run("a", "joint", 1).decode_words()[-2:] == ["--search", "joint"]


def test_budgets(runs):
    a, b = runs.data["a"], runs.data["b"]
    assert (a.updates, a.max_minutes, a.average) == (10, 0.0, 2)
    assert (b.updates, b.max_minutes, b.average) == (20, 1.5, 3)


def test_a_variant_may_have_its_own_budget_and_hands_it_on(tmp_path):
    runs = read_list(
        write(
            tmp_path,
            ("asr: {system: asr}", "asr: {system: asr, updates: 4}"),
            ("k1: {like: interactive,", "k1: {like: asr, system: interactive,"),
        )
    )
    assert [runs.run("a", name, 1).updates for name in ("asr", "k1", "interactive")] == [4, 4, 10]
    assert runs.run("a", "asr", 1).definition()["updates"] == 4
    with pytest.raises(ListError, match=r"variants\.asr\.updates: 0 is no whole number above 0"):
        read_list(write(tmp_path, ("asr: {system: asr}", "asr: {system: asr, updates: 0}")))


def test_what_a_run_builds_on(runs):
    pipeline = runs.run("a", "pipeline", 2)
    assert [run.name for run in pipeline.with_needs()] == ["a/asr/2", "a/pipeline/2"]
    assert [run.name for run in runs.run("a", "joint", 1).with_needs()] == ["a/interactive/1", "a/joint/1"]


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (("--mel 4", "--mel 5"), {f"a/{name}/1" for name in VARIANTS}),
        (("average: 2", "average: 1"), {f"a/{name}/1" for name in VARIANTS}),
        (("--wait-k 1", "--wait-k 2"), {"a/k1/1"}),
        (("{system: asr}", "{system: asr, train: --x}"), {"a/asr/1", "a/e2e/1", "a/pipeline/1"}),
        (("--search joint", "--search other"), {"a/joint/1"}),
        (("--lr 2", "--lr 5"), {"a/pipeline/1"}),
        (("updates: 20", "updates: 30"), set()),
        (("a: [1, 2]", "a: [1, 2, 3]"), set()),
    ],
)
def test_definitions_change_with_what_they_depend_on(runs, tmp_path, change, changed):
    others = read_list(write(tmp_path, change))
    names = {run.name for run in runs.runs(runs.groups) if run.seed == 1}
    assert changed <= names
    for name in names:
        data, variant, seed = name.split("/")
        one, other = (found.run(data, variant, int(seed)).definition() for found in (runs, others))
        assert (one == other) == (name not in changed), name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("updates: 10", "updates: 0"), r"data\.a\.updates: 0 is no whole number above 0"),
        (("updates: 10, ", ""), r"data\.a\.updates: None"),
        (("source: others, ", ""), r"data\.b\.source"),
        (("max_minutes: 1.5", "max_minutes: long"), r"data\.b\.max_minutes: 'long'"),
        (("prepare: --mel 4", "prepares: --mel 4"), r"data\.a\.prepares: no such field; there are recipe"),
        (("--betas '(1, 2)'", "--betas '(1, 2)"), r"common\.train: No closing quotation"),
        (("{system: asr}", "{system: whisper}"), r"variants\.asr: system 'whisper': there are asr, e2e"),
        (("pipeline, recogniser: asr", "pipeline"), r"variants\.pipeline: a pipeline.*needs recogniser"),
        (("encoder_from: asr", "encoder_from: mt"), r"variants\.e2e\.encoder_from: no variant 'mt' above"),
        (("like: interactive", "like: joint"), r"variants\.k1\.like: no variant 'joint' above"),
        (("decode: --search joint", "train: --lr 1"), r"variants\.joint: with model_of nothing is trained"),
        (("1: k1", "1: k7"), r"groups\.wait_k\.variants: no variant 'k7'; there are asr"),
        (("variants: [asr", "variants: [{asr: e2e}"), r"systems\.variants: no variant {'asr': 'e2e'};"),
        (("variants: [asr", "variants: [[asr]"), r"systems\.variants: no variant \['asr'\]; there are"),
        (("3: interactive", "3: [interactive]"), r"groups\.wait_k\.variants: no variant \['interactive'\];"),
        (("3: interactive", "[3]: interactive"), r"runs\.yaml:25: not YAML .*: found unhashable key"),
        (("  a: {recipe: spoken_digits", "  1: {recipe: 3"), r"data\.1\.recipe: 3 is no text"),
        (("  a: {recipe", "  1: 5\n  a: {recipe"), r"data\.1: has to be there, and to hold fields"),
        (("--wait-k 3", "--wait-k \x1b 3"), r"runs\.yaml:15: not YAML .*: the character U\+001B; remove it"),
        (("--wait-k 3", "--wait-k \0 3"), r"runs\.yaml:15: not YAML .*: the character U\+0000; remove it"),
        (("title: Waiting", "title: 2020-13-45"), r"not YAML that can be used: month must be in 1\.\.12"),
        (("b: [7]", "c: [7]"), r"groups\.systems\.seeds\.c: no such data set; there are a, b"),
        (("title: Waiting", "reference: asr"), r"groups\.wait_k\.reference: 'asr' is not among"),
        (("b: [7]", "b: 7"), r"groups\.systems\.seeds\.b: 7 is no list of seeds"),
        (("groups:", "group:"), r"group: no such field; there are common, data, variants, groups"),
        (("  b: {", "  a: {"), r"runs\.yaml:10: .*'a' is there twice"),
        (("variants: [asr,", "variants: [[asr,"), r"runs\.yaml:\d+: not YAML"),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_their_place(tmp_path, change, message):
    path = write(tmp_path, change)
    with pytest.raises(ListError, match=message) as caught:
        read_list(path)
    assert str(caught.value).startswith(str(path))


def test_a_list_that_is_not_there(tmp_path):
    with pytest.raises(ListError, match=r"no\.yaml: cannot be read"):
        read_list(tmp_path / "no.yaml")
    (tmp_path / "runs.yaml").write_text("- asr\n")
    with pytest.raises(ListError, match="has to hold the fields common, data"):
        read_list(tmp_path / "runs.yaml")
    (tmp_path / "runs.yaml").write_bytes(LIST.replace("Waiting", "Wärten").encode("latin-1"))
    with pytest.raises(ListError, match=r"runs\.yaml: not YAML that can be used: .* can't decode byte 0xe4"):
        read_list(tmp_path / "runs.yaml")
    (tmp_path / "runs.yaml").write_text(LIST.partition("groups:")[0] + "groups: {}\n")
    with pytest.raises(ListError, match=r"runs\.yaml: groups: there is none; name a group, its variants"):
        read_list(tmp_path / "runs.yaml")


def test_options_that_others_override_define_nothing():
    assert effective(["--lr", "1", "--flag", "--betas", "(0.9, 0.98)", "--lr", "2"]) == [
        "--betas", "(0.9, 0.98)", "--flag", "--lr", "2",
    ]  # fmt: skip
    assert effective(["--lr", "-1"]) == ["--lr", "-1"]
    assert effective(["--lr=1", "--x=a=b", "--lr", "2"]) == ["--lr", "2", "--x", "a=b"]
    assert effective(["--lr", "1", "--lr=2"]) == ["--lr", "2"]
    assert effective([]) == []
    assert effective(["beam", "5", "--nbest", "1"]) == ["beam", "5", "--nbest", "1"]


def test_the_list_of_the_project():
    runs = read_list(DEFAULT)
    systems = runs.groups["systems"]
    assert set(systems.variants) == set(SYSTEMS)
    for name, data in runs.data.items():
        assert data.recipe in MAKERS
        assert systems.seeds[name]
    for group in runs.groups.values():
        # or there is nothing that the others are compared with
        assert group.reference in group.variants.values()
    assert systems.reference == "interactive"
    assert runs.groups["wait_k"].variants.keys() == {"0", "1", "3", "5", "inf"}
    assert runs.groups["fusion_lambda"].variants.keys() == {"0", "0.1", "0.3", "1", "learned"}
    assert "--search" in runs.run("digits", runs.groups["search"].variants["joint"], 1).decode_words()


@pytest.mark.parametrize(
    ("path", "layers"),
    [(DEFAULT, ["--decoder-layers", "4"]), (PAPER_SIZE, [])],
    ids=["runs", "paper_size"],
)
def test_all_systems_of_the_project_are_trained_alike(path, layers):
    """What differs is the architecture and what is the interactive model's own."""
    runs = read_list(path)
    for data in runs.data.values():
        own = {
            name: runs.run(data.name, name, 1).train_words()[2 + len(data.train) :]
            for name in ("asr", "e2e", "multitask", "two_stage", "interactive")
        }
        assert own["asr"] == own["e2e"] == layers
        both = [*own["asr"], "--asr-weight", "0.2"]  # those that write both texts
        assert own["multitask"] == own["two_stage"] == both
        assert own["interactive"] == [*both, "--wait-k", "3", "--fusion", "linear", "--fusion-lambda", "1"]
        text_model = runs.run(data.name, "pipeline", 1).train_words()[2 + len(data.train_text) :]
        assert text_model == (["--encoder-layers", "4", *layers] if layers else [])


def test_the_list_for_a_gpu_is_of_the_size_of_the_paper():
    runs = read_list(PAPER_SIZE)
    systems = runs.groups["systems"]
    assert {runs.variants[name].system for name in systems.variants} == set(SYSTEMS)
    for run in runs.runs(["systems"]):
        words = effective(run.train_words())
        if run.variant.system != "pipeline":
            assert words[words.index("--arch") + 1] == SYSTEMS[run.variant.system]
        else:  # of the same dimensions
            for option, value in DIMENSIONS.items():
                assert words[words.index(option) + 1] == value
        # the learning rate ends where the training does, and the decay is the same for all
        assert words[words.index("--total-num-update") + 1] == str(run.updates)
