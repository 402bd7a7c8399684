"""fairseq-generate: what it prints, the pairs file, and what the outputs depend on."""

import math
import os

import pytest
import sentencepiece
from commands.spoken import SPLITS
from commands.tools import read_jsonl

COUNT = SPLITS["test"]
BEAM, NBEST = 4, 3


def completed(result):
    assert result.status == 0, result.output[-3000:]
    return result


@pytest.fixture(scope="module")
def decode(generate, corpus, trained, tmp_path_factory):
    """A function that decodes the test set and returns the pairs."""

    def run(checkpoint=trained.best, **options):
        path = tmp_path_factory.mktemp("decoded") / "pairs.jsonl"
        completed(generate(corpus.data, checkpoint, pairs_path=path, **options))
        return read_jsonl(path)

    return run


@pytest.fixture(scope="module")
def printed(generate, corpus, trained, tmp_path_factory):
    """One run with everything: its result and its pairs."""
    path = tmp_path_factory.mktemp("printed") / "pairs.jsonl"
    result = generate(corpus.data, trained.best, scoring="sacrebleu", beam=BEAM, nbest=NBEST, pairs_path=path)
    return completed(result), read_jsonl(path)


@pytest.fixture(scope="module")
def usual(decode):
    """The pairs that the other runs are compared with."""
    return decode()


def texts(pairs):
    return [(pair["transcript"], pair["translation"]) for pair in pairs]


def scores(pairs):
    names = ("transcript_score", "translation_score", "score")
    return [pair[name] for pair in pairs for name in names]


def same(pairs, others, tolerance=1e-4):
    return texts(pairs) == texts(others) and scores(pairs) == pytest.approx(scores(others), abs=tolerance)


def test_lines_of_every_sentence(printed, corpus):
    result, _ = printed
    for kind, count in {"S": 1, "T": 1, "H": NBEST, "D": NBEST, "P": NBEST}.items():
        lines = result.lines(kind)
        assert sorted(lines) == list(range(COUNT))
        assert {len(rows) for rows in lines.values()} == {count}
    references = {number: row["tgt_text"] for number, row in enumerate(corpus.rows("test"))}
    assert {number: rows[0][0] for number, rows in result.lines("T").items()} == references
    first = result.stdout.index("S-")
    assert "<lang:" not in result.stdout[first:]
    assert result.stdout.splitlines()[-1].startswith(f"Generate test with beam={BEAM}: BLEU = ")


def test_printed_and_pairs_are_the_same(printed):
    result, pairs = printed
    for number, pair in enumerate(pairs):
        assert result.lines("S")[number] == [[pair["transcript"]]]
        hypotheses = zip(result.lines("H")[number], result.lines("D")[number], strict=True)
        for ((score, _), (_, text)), noted in zip(hypotheses, pair["nbest"], strict=True):
            assert text == noted["translation"]
            assert float(score) * math.log(2) == pytest.approx(noted["translation_score"], abs=1e-5)
        for (score, _), (positions,) in zip(
            result.lines("H")[number], result.lines("P")[number], strict=True
        ):
            each = [float(word) for word in positions.split()]
            assert float(score) == pytest.approx(sum(each) / len(each), abs=1e-3)


def test_pairs_are_complete_and_in_corpus_order(printed, corpus):
    _, pairs = printed
    rows = corpus.rows("test")
    assert [pair["id"] for pair in pairs] == [row["id"] for row in rows]
    assert [pair["reference_transcript"] for pair in pairs] == [row["src_text"] for row in rows]
    assert [pair["reference_translation"] for pair in pairs] == [row["tgt_text"] for row in rows]
    assert [pair["speaker"] for pair in pairs] == [row["speaker"] for row in rows]
    assert {(pair["src_lang"], pair["tgt_lang"]) for pair in pairs} == {("en", "de")}
    for pair in pairs:
        assert len(pair["nbest"]) == NBEST
        best = [hypothesis["score"] for hypothesis in pair["nbest"]]
        assert best == sorted(best, reverse=True)
        assert pair["nbest"][0].items() <= pair.items()


def test_results_path_gets_what_would_be_printed(generate, corpus, trained, printed, tmp_path):
    result = completed(
        generate(
            corpus.data, trained.best, scoring="sacrebleu", beam=BEAM, nbest=NBEST, results_path=tmp_path
        )
    )
    written = (tmp_path / "generate-test.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line for line in printed[0].stdout.splitlines() if line[1:2] == "-" or "BLEU" in line]
    assert [line for line in written if line[1:2] == "-" or line.startswith("Generate")] == wanted
    assert "H-0" not in result.stdout


def test_pairs_are_complete_when_the_reader_of_the_output_leaves(
    tools, corpus, trained, user_dir, printed, tmp_path
):
    """As in `fairseq-generate … | head -3`."""
    os.mkfifo(tmp_path / "pipe")
    process = tools.start(
        "fairseq-generate", corpus.data, "--user-dir", user_dir, "--task", "joint_speech_to_text",
        "--path", trained.best, "--gen-subset", "test", "--beam", BEAM, "--nbest", NBEST, "--max-len-b", 12,
        "--batch-size", 1, "--num-workers", 0, "--no-progress-bar", "--pairs-path", tmp_path / "P.jsonl",
        stdout=tmp_path / "pipe",
        env={"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    with open(tmp_path / "pipe", encoding="utf-8") as reader:
        assert len([reader.readline() for _ in range(3)]) == 3
    result = tools.finish(process)
    assert result.status == 0, result.stderr[-3000:]
    assert same(read_jsonl(tmp_path / "P.jsonl"), printed[1])


def test_batches_change_nothing(decode, usual):
    assert len(set(texts(usual))) > 1
    assert same(decode(max_tokens=None, batch_size=1), usual)


def test_searches(decode, usual):
    """Pairs are ranked by their own score in joint search, which is the usual one, and by that of the
    translation in rank search."""
    found = {search: decode(search=search, nbest=NBEST) for search in ("joint", "rank")}
    assert same(found["joint"], usual)
    assert not same(found["rank"], usual, tolerance=1e-6)
    for search, key in (("joint", "score"), ("rank", "translation_score")):
        for pair in found[search]:
            ranked = [hypothesis[key] for hypothesis in pair["nbest"]]
            assert ranked == sorted(ranked, reverse=True)
    for pair in found["joint"]:
        assert pair["score"] == pytest.approx(pair["transcript_score"] + pair["translation_score"], abs=1e-5)


def test_an_ensemble_of_a_model_with_itself_is_the_model(decode, usual, trained):
    assert same(decode(f"{trained.best}:{trained.best}"), usual)


def test_an_ensemble_of_two_models(decode, usual, trained, early):
    both = decode(f"{trained.best}:{early}")
    assert not same(both, usual, tolerance=1e-3)
    assert same(decode(f"{early}:{trained.best}"), both)


@pytest.fixture(scope="module")
def early(train, corpus, tmp_path_factory):
    """The model after few updates."""
    folder = tmp_path_factory.mktemp("early")
    completed(train(corpus.data, folder, max_update=2))
    return folder / "checkpoint_last.pt"


def test_overriding_wait_k_and_fusion_at_decoding(decode, usual):
    two_stage = decode(model_overrides="{'wait_k': 'inf'}")
    assert not same(two_stage, usual, tolerance=1e-3)
    apart = decode(model_overrides="{'fusion_lambda': 0}")
    assert not same(apart, usual, tolerance=1e-3)
    # without interaction the delay cannot matter
    assert same(decode(model_overrides="{'fusion_lambda': 0, 'wait_k': 'inf'}"), apart)
    assert not same(decode(model_overrides="{'fusion': 'tanh'}"), usual, tolerance=1e-3)


def test_overriding_with_nonsense_is_refused(generate, corpus, trained):
    result = generate(corpus.data, trained.best, model_overrides="{'wait_k': 'never'}")
    assert result.status != 0
    assert "--wait-k" in result.stderr.splitlines()[-1]


def test_overriding_by_a_gate_that_was_not_trained_is_refused(generate, corpus, trained):
    result = generate(corpus.data, trained.best, model_overrides="{'fusion': 'gate'}")
    assert result.status != 0
    assert "SettingError: fusion 'gate' has weights that this checkpoint lacks" in result.stderr
    assert not result.lines("H")


def test_shards_have_files_of_their_own(generate, corpus, trained, usual, tmp_path):
    for rank in (0, 1):
        shard = {"distributed_world_size": 2, "distributed_rank": rank, "batch_size": 1}
        completed(generate(corpus.data, trained.best, pairs_path=tmp_path / "pairs.jsonl", **shard))
    found = [pair for rank in (0, 1) for pair in read_jsonl(tmp_path / f"pairs.jsonl.{rank}")]
    order = [pair["id"] for pair in usual]
    assert same(sorted(found, key=lambda pair: order.index(pair["id"])), usual)
    assert len(list(tmp_path.iterdir())) == 2


def test_prefix_size_forces_the_beginning_of_the_translation(generate, corpus, trained):
    result = completed(generate(corpus.data, trained.best, nbest=2, prefix_size=1))
    model = sentencepiece.SentencePieceProcessor(str(corpus.data / "spm_joint.model"))
    for number, row in enumerate(corpus.rows("test")):
        forced = model.encode(row["tgt_text"], out_type=str)[0]
        assert [pieces.split()[0] for _, pieces in result.lines("H")[number]] == [forced] * 2


def test_half_precision_stays_near(decode, usual):
    """fairseq converts the models to fp16 on a CPU as well."""
    half = decode(fp16=True)
    assert scores(half) == pytest.approx(scores(usual), abs=0.05)


def test_partly_labelled_rows(decode, corpus):
    pairs = decode(gen_subset="train_b", beam=1)
    rows = corpus.rows("train_b")
    assert [pair["reference_transcript"] or "" for pair in pairs] == [row["src_text"] for row in rows]
    assert [pair["reference_translation"] or "" for pair in pairs] == [row["tgt_text"] for row in rows]
    assert {pair["reference_transcript"] for pair in pairs} >= {None}
    assert all(pair["transcript"] and pair["translation"] for pair in pairs)
