"""The AN4 corpus: reading its lists and features, who is in which split, what is written."""

import json

import numpy as np
import pytest

from examples.an4 import corpus, run
from examples.runner import Recipe, RecipeError
from interactive_st.data.manifest import read_manifest

TRAIN_SPEAKERS = [f"f{name}" for name in "abc"] + [f"m{name}" for name in "abcdefghijk"]
SAID = {"an1": "ERASE C Q FIVE", "cen8": "MAY NINTH SIXTY TWO"}
SMALL = (
    "--encoder-layers 1 --decoder-layers 1 --encoder-embed-dim 16 --decoder-embed-dim 16 "
    "--encoder-ffn-embed-dim 16 --decoder-ffn-embed-dim 16 --encoder-attention-heads 2 "
    "--decoder-attention-heads 2 --conv-channels 16"
)


def features(seed, frames):
    return np.random.default_rng(seed).normal(size=(frames, corpus.DIM)).astype(np.float32)


def write_part(an4, part, speakers):
    files, lines = [], []
    for speaker in speakers:
        for number, (kind, text) in enumerate(SAID.items()):
            name = f"{kind}-{speaker}-b"
            files.append(f"{part}_clstk/{speaker}/{name}")
            lines.append(f"<s> {text} </s> ({name})" if part == "an4" else f"{text} ({name})")
            path = an4 / "feat" / f"{files[-1]}.mfc"
            path.parent.mkdir(parents=True, exist_ok=True)
            values = features(number, 20 + number).astype(">f4")
            path.write_bytes(values.size.to_bytes(4, "big") + values.tobytes())
    (an4 / "etc").mkdir(exist_ok=True)
    split = "train" if part == "an4" else "test"
    (an4 / "etc" / f"an4_{split}.fileids").write_text("\n".join(files) + "\n")
    (an4 / "etc" / f"an4_{split}.transcription").write_text("\n".join(lines) + "\n")


@pytest.fixture
def an4(tmp_path):
    """A data set of fourteen training and two test speakers with two utterances each."""
    write_part(tmp_path / "an4", "an4", TRAIN_SPEAKERS)
    write_part(tmp_path / "an4", "an4test", ["fz", "mz"])
    return tmp_path / "an4"


def plan(an4, *more):
    return run.plan_splits(run.parse(["--an4", str(an4), *more]))


def speakers(utterances):
    return sorted({utterance.speaker for utterance in utterances})


def test_utterances_are_read_with_speaker_text_and_german(an4):
    found = corpus.list_utterances(an4, "train")
    assert len(found) == 28
    assert (found[0].id, found[0].speaker) == ("an1-fa-b", "fa")
    assert (found[0].english, found[0].german) == ("erase c q five", "C Q fünf löschen")
    assert corpus.list_utterances(an4, "test")[1].german == "neunter Mai zweiundsechzig"
    by_name = corpus.list_utterances(an4, "test", "alphabet")[0]
    assert by_name.german == "Chemnitz Quickborn fünf löschen"


def test_features_are_big_endian_floats_in_frames_of_thirteen(an4):
    utterance = corpus.list_utterances(an4, "train")[1]
    read = corpus.read_mfcc(utterance.mfcc)
    assert read.dtype == np.float32
    assert np.array_equal(read, features(1, 21))


@pytest.mark.parametrize("content", [b"", b"\0\0\0\x0d" + b"\0" * 51, b"\0\0\0\x0e" + b"\0" * 56])
def test_broken_features_are_refused(tmp_path, content):
    (tmp_path / "a.mfc").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.mfc: no MFCC"):
        corpus.read_mfcc(tmp_path / "a.mfc")


def test_no_data_set(tmp_path):
    with pytest.raises(FileNotFoundError, match="AN4"):
        corpus.list_utterances(tmp_path, "train")


def test_lists_that_do_not_pair(an4):
    path = an4 / "etc" / "an4_test.transcription"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[1], lines[0], *lines[2:]]))
    with pytest.raises(ValueError, match=r"line 1: .*cen8-fz-b.* is no transcript of .*an1-fz-b"):
        corpus.list_utterances(an4, "test")
    path.write_text("\n".join(lines[1:]))
    with pytest.raises(ValueError, match=r"4 lines and .* 3"):
        corpus.list_utterances(an4, "test")


def test_nobody_is_in_two_splits(an4):
    splits = plan(an4, "--tempos", "1")
    assert speakers(splits["dev"]) == ["mb", "mk"]  # the fifth and the fourteenth
    assert speakers(splits["test"]) == ["fz", "mz"]
    assert speakers(splits["train"]) == sorted({*TRAIN_SPEAKERS} - {"mb", "mk"})
    assert [len(splits[split]) for split in ("train", "dev", "test")] == [24, 4, 4]


def test_dev_speakers_can_be_named(an4):
    splits = plan(an4, "--dev-speakers", "ma, fb")
    assert speakers(splits["dev"]) == ["fb", "ma"]
    assert not {"fb", "ma"} & set(speakers(splits["train"]))
    with pytest.raises(RecipeError, match="fz: name some"):
        plan(an4, "--dev-speakers", "fz,ma")
    with pytest.raises(RecipeError, match="all: name some"):
        plan(an4, "--dev-speakers", ",".join(TRAIN_SPEAKERS))


def test_training_alone_is_heard_at_several_tempos(an4):
    splits = plan(an4, "--tempos", "1,0.8,1.25")
    assert len(splits["train"]) == 3 * 24
    assert len({utterance.id for utterance in splits["train"]}) == 3 * 24
    assert {utterance.tempo for utterance in splits["train"]} == {0.8, 1.0, 1.25}
    assert {utterance.tempo for utterance in [*splits["dev"], *splits["test"]]} == {1.0}
    with pytest.raises(SystemExit):
        run.parse(["--an4", str(an4), "--tempos", "0"])


def test_a_change_of_tempo_keeps_the_ends_and_the_course():
    ramp = np.linspace(0, 10, 21, dtype=np.float32)[:, None] * np.ones((1, 3), np.float32)
    for tempo, frames in ((0.5, 42), (0.9, 23), (1.0, 21), (1.1, 19), (2.0, 10)):
        changed = corpus.change_tempo(ramp, tempo)
        assert changed.shape == (frames, 3)
        assert changed.dtype == np.float32
        assert np.allclose(changed[:, 0], np.linspace(0, 10, frames), atol=1e-5)


def test_the_corpus_written(an4, tmp_path):
    splits = plan(an4, "--tempos", "1,1.25")
    recipe = Recipe(tmp_path / "out")
    manifests = run.make_corpus(recipe, splits)
    assert list(manifests) == ["train", "dev", "test"]
    rows = read_manifest(manifests["train"])
    assert len(rows) == 48
    assert rows[1] == {
        "id": "cen8-fa-b",
        "audio": "features/train/cen8-fa-b.npy",
        "src_text": "may ninth sixty two",
        "tgt_text": "neunter Mai zweiundsechzig",
        "speaker": "fa",
        "src_lang": "en",
        "tgt_lang": "de",
    }
    folder = manifests["train"].parent
    assert np.array_equal(np.load(folder / rows[1]["audio"]), features(1, 21))
    assert rows[25]["id"] == "cen8-fa-b_1.25"
    assert np.load(folder / rows[25]["audio"]).shape == (17, corpus.DIM)
    when = manifests["dev"].stat().st_mtime_ns
    run.make_corpus(recipe, splits)
    assert manifests["dev"].stat().st_mtime_ns == when
    run.make_corpus(recipe, plan(an4, "--tempos", "1"))
    assert len(read_manifest(manifests["train"])) == 24


def test_the_real_data_set(shared_data):
    splits = plan(shared_data / "an4", "--tempos", "1")
    assert speakers(splits["dev"]) == ["ffmm", "fmjd", "mblw", "mdmc", "mjbh", "mmaf", "mrab", "msmn"]
    assert len(speakers(splits["test"])) == 10
    assert len(speakers(splits["train"])) == 66
    assert [len(splits[split]) for split in ("train", "dev", "test")] == [848, 100, 130]
    utterance = splits["test"][0]
    assert (utterance.id, utterance.german) == ("an406-fcaw-b", "G M E F drei neun ausradieren")
    assert corpus.read_mfcc(utterance.mfcc).shape[1] == corpus.DIM


def test_from_corpus_to_report(an4, tmp_path, capsys):
    """Two updates of each step, so no checkpoint but the last one is there to be averaged."""
    out = tmp_path / "run"
    words = ["--an4", str(an4), "--out", str(out), "--threads", "1", "--tempos", "1"]
    words += ["--hearing-update", "2", "--max-update", "2", "--prepare-options", "--vocab-size 40"]
    words += ["--hearing-options", SMALL, "--train-options", SMALL]
    words += ["--generate-options", "--beam 2 --max-len-b 5"]
    run.main(words)
    report = json.loads((out / "report.json").read_text("utf-8"))
    assert report["sentences"] == 4
    assert report["speakers"]["test"] == ["fz", "mz"]
    trainings = [line for line in report["commands"] if "fairseq_cli.train" in line]
    assert ["--arch asr_tiny" in line for line in trainings] == [True, False]
    log = (out / "logs" / "train-checkpoints.log").read_text("utf-8")
    assert "hearing/checkpoint_average.pt" in log
    assert run.RULE_MADE in capsys.readouterr().out
