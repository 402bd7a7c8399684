"""Every system trains, decodes and is scored by its command lines, and one starts from another."""

import json

import pytest
from commands.tools import options, read_jsonl
from text_model import SIZES

#: What each system writes, by the letters of the lines that are printed.
SYSTEMS = {
    "e2e_st": ("translation",),
    "asr": ("transcript",),
    "multitask_st": ("transcript", "translation"),
    "two_stage_st": ("transcript", "translation"),
}


@pytest.fixture(scope="module")
def systems(tmp_path_factory, corpus, train):
    """Checkpoints of all systems, the encoder of each but the recogniser's taken from the recogniser."""
    folders = {name: tmp_path_factory.mktemp(name) for name in SYSTEMS}
    found = {}
    for name in ("asr", "e2e_st", "multitask_st", "two_stage_st"):
        given = {} if name == "asr" else {"load_pretrained_encoder_from": found["asr"]}
        result = train(corpus.data, folders[name], arch=f"{name}_tiny", max_update=3, **given)
        assert result.status == 0, result.output[-3000:]
        assert ("loaded pretrained encoder from" in result.output) == (name != "asr")
        for stream, metric in (("transcript", "asr_loss"), ("translation", "st_loss")):
            assert (metric in result.logs("train_inner")[-1]) == (stream in SYSTEMS[name])
        found[name] = folders[name] / "checkpoint_last.pt"
    return found


def score(tools, path):
    return json.loads(tools("interactive-st", "score", path, "--json").stdout)


@pytest.mark.parametrize("name", SYSTEMS)
def test_it_decodes_and_is_scored(systems, corpus, generate, tools, tmp_path, name):
    path = tmp_path / "pairs.jsonl"
    result = generate(corpus.data, systems[name], pairs_path=path)
    assert result.status == 0, result.output[-3000:]
    rows, pairs = corpus.rows("test"), read_jsonl(path)
    assert [pair["id"] for pair in pairs] == [row["id"] for row in rows]
    written = SYSTEMS[name]
    assert bool(result.lines("S")) == (len(written) == 2)
    reference = "tgt_text" if "translation" in written else "src_text"
    for number, row in enumerate(rows):
        assert result.lines("T")[number] == [[row[reference]]]
        assert result.lines("D")[number][0][1] == pairs[number][written[-1]]
        if len(written) == 2:
            assert result.lines("S")[number] == [[pairs[number]["transcript"]]]
        for text in ("transcript", "translation"):
            assert (pairs[number][text] is not None) == (text in written)
            assert (pairs[number][f"{text}_score"] is not None) == (text in written)
    scores = score(tools, path)
    assert (scores["wer"] is not None) == ("transcript" in written)
    assert (scores["bleu"] is not None) == ("translation" in written)


def test_interactive_and_two_stage_start_from_a_multi_task_model(systems, corpus, train, tmp_path):
    for name, said in (("two_stage_st", "both decoders started"), ("interactive_st", "loading pretrained")):
        result = train(
            corpus.data, tmp_path / name, arch=f"{name}_tiny", finetune_from_model=systems["multitask_st"]
        )
        assert result.status == 0, result.output[-3000:]
        assert said in result.output


def test_the_pipeline(systems, corpus, tools, user_dir, tmp_path):
    sizes = {"encoder-layers": 1, "decoder-layers": 1, "encoder-embed-dim": 32, "decoder-embed-dim": 32}
    values = {
        "user-dir": user_dir, "task": "translation", "dataset-impl": "raw", "source-lang": "en",
        "target-lang": "de", "arch": "transformer", "share-all-embeddings": True, "optimizer": "adam",
        "lr": 1e-2, "max-tokens": 500, "max-update": 3, "train-subset": "train_a", "valid-subset": "dev",
        "encoder-attention-heads": 2, "decoder-attention-heads": 2, "num-workers": 0,
        "no-epoch-checkpoints": True, "save-dir": tmp_path / "mt", **sizes,
        # fairseq drops a last batch of another size, which is all of this dev set
        "required-batch-size-multiple": 1,
    }  # fmt: skip
    tools("fairseq-train", corpus.data / "mt", *options(values))
    path = tmp_path / "pairs.jsonl"
    result = tools(
        "interactive-st", "cascade", "--asr", systems["asr"], "--mt", tmp_path / "mt/checkpoint_last.pt",
        corpus.data, "--gen-subset", "test", "--pairs-path", path, "--beam", 3,
        "--generate-options=--max-len-b 12",
    )  # fmt: skip
    pairs = read_jsonl(path)
    assert len(pairs) == len(corpus.rows("test"))
    for number, pair in enumerate(pairs):
        assert result.lines("S")[number] == [[pair["transcript"]]]
        assert result.lines("D")[number][0][1] == pair["translation"]
        assert len(result.lines("P")[number]) == len(pair["nbest"]) == 1
    scores = score(tools, path)
    assert scores["wer"] is not None
    assert scores["bleu"] is not None

    spoken = corpus.recordings / corpus.rows("test")[0]["audio"]
    words = [corpus.data, "--user-dir", user_dir, "--task", "joint_speech_to_text", "--beam", 3]
    words += ["--max-len-b", 12, "--path", systems["asr"], "--mt-path", tmp_path / "mt/checkpoint_last.pt"]
    typed = tools("fairseq-interactive", *words, stdin=f"{spoken}\n")
    assert typed.lines("S")[0] == [[pairs[0]["transcript"]]]
    assert typed.lines("D")[0][0][1] == pairs[0]["translation"]


def test_one_text_of_a_recording(systems, corpus, tools, user_dir):
    spoken = corpus.recordings / corpus.rows("test")[0]["audio"]
    words = [corpus.data, "--user-dir", user_dir, "--task", "joint_speech_to_text", "--max-len-b", 12]
    typed = tools("fairseq-interactive", *words, "--path", systems["e2e_st"], stdin=f"{spoken}\n")
    assert list(typed.lines("D")) == [0]
    assert not typed.lines("S")


def test_a_text_model_reads_text_that_nobody_speaks(tools, corpus, tmp_path):
    """Where its split is called train1, as docs/data_formats.md says."""
    (tmp_path / "text.tsv").write_text("src_text\ttgt_text\none two\teins zwei\nfour\t\n", encoding="utf-8")
    tools(
        "interactive-st", "prepare", "--manifest", f"train={corpus.recordings / 'train_a.tsv'}",
        "--manifest", f"dev={corpus.recordings / 'dev.tsv'}", "--text", f"train1={tmp_path / 'text.tsv'}",
        "--like", corpus.data, "--out", tmp_path / "data", "--workers", 1,
    )  # fmt: skip
    result = tools.try_to(
        "fairseq-train", tmp_path / "data/mt", "--task", "translation", "--dataset-impl", "raw",
        "--source-lang", "en", "--target-lang", "de", "--arch", "transformer", *options(SIZES),
        "--optimizer", "adam", "--max-tokens", 200, "--max-update", 1, "--upsample-primary", 1,
        "--valid-subset", "dev", "--share-all-embeddings", "--no-save", "--num-workers", 0,
        "--required-batch-size-multiple", 1,
    )  # fmt: skip
    assert result.status == 0, result.output[-2000:]
    assert "mt train1 en-de 1 examples" in result.output
