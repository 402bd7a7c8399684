"""The spoken-digits corpus: which recordings go into which split, what is written of them."""

import numpy as np
import pytest
import soundfile
from digit_tones import SPEAKERS

from examples.runner import Recipe, RecipeError
from examples.spoken_digits import corpus, readings, run
from examples.spoken_digits.corpus import RATE


def arguments(recordings, *more):
    common = ["--recordings", str(recordings), "--utterances", "60", "--dev-utterances", "12"]
    return run.parse([*common, "--test-utterances", "15", "--seed", "3", *more])


def plan(recordings, takes, *more):
    args = arguments(recordings, *more)
    speakers = run.choose_speakers(takes, args.speakers, args.test_speakers)
    return run.plan_splits(takes, speakers, args)


def numbers(utterances):
    return {take.number for utterance in utterances for take in utterance.takes}


def test_takes_are_read_from_the_names(takes):
    assert len(takes) == 3 * 10 * 11
    assert {take.speaker for take in takes} == SPEAKERS.keys()
    take = next(take for take in takes if take.path.name == "7_bob_48.wav")
    assert (take.digit, take.speaker, take.number) == (7, "bob", 48)


def test_a_folder_without_recordings_says_which_is_meant(tmp_path):
    with pytest.raises(FileNotFoundError, match="recordings"):
        corpus.list_takes(tmp_path)


def test_no_take_is_in_both_training_and_test(recordings, takes):
    splits = plan(recordings, takes)
    assert {split: len(group) for split, group in splits.items()} == {
        "train": 60, "dev": 12, "test": 15,
    }  # fmt: skip
    assert numbers(splits["train"]) <= {5, 6, 7, 20, 48, 49}
    assert numbers(splits["dev"]) <= {5, 6, 7, 20, 48, 49}
    assert numbers(splits["test"]) <= set(range(5))


def test_dev_utterances_are_other_combinations_than_training(recordings, takes):
    # with one pair an utterance, 12 of 3 × 3600 combinations: collisions are drawn on purpose
    few = [take for take in takes if take.speaker == "ann" and take.number == 5]
    shape = corpus.Shape(pairs=(1, 1))
    train = corpus.draw(few, "dev", 60, 3, shape)
    seen = frozenset(utterance.takes for utterance in train)
    dev = corpus.draw(few, "dev", 10, 3, shape, avoid=seen)
    assert not seen & {utterance.takes for utterance in dev}


def test_dev_takes_are_kept_from_training(recordings, takes):
    splits = plan(recordings, takes, "--dev-takes", "2")
    assert numbers(splits["dev"]) == {48, 49}
    assert not numbers(splits["train"]) & {48, 49}


def test_unseen_speakers_are_in_their_own_test_only(recordings, takes):
    splits = plan(recordings, takes, "--test-speakers", "bob")
    for split, speakers in {
        "train": {"ann", "cem"},
        "dev": {"ann", "cem"},
        "test": {"ann", "cem"},
        "test_unseen": {"bob"},
    }.items():
        assert {utterance.speaker for utterance in splits[split]} == speakers
        for utterance in splits[split]:
            assert {take.speaker for take in utterance.takes} == {utterance.speaker}
    assert numbers(splits["test_unseen"]) <= set(range(5))


@pytest.mark.parametrize(
    ("wanted", "unseen", "message"),
    [
        (["zoe"], [], "no recordings of zoe.*ann, bob, cem"),
        (["ann"], ["ann"], "ann: both"),
        ([], ["ann", "bob", "cem"], "no speaker is left"),
    ],
)
def test_impossible_choices_of_speakers(takes, wanted, unseen, message):
    with pytest.raises(RecipeError, match=message):
        run.choose_speakers(takes, wanted, unseen)


def test_the_same_seed_draws_the_same(recordings, takes):
    assert plan(recordings, takes) == plan(recordings, takes)
    assert plan(recordings, takes)["train"] != plan(recordings, takes, "--seed", "4")["train"]


def test_a_longer_training_set_changes_no_other_set(recordings, takes):
    one, other = plan(recordings, takes), plan(recordings, takes, "--utterances", "90")
    assert one["test"] == other["test"]
    assert one["train"][:20] == other["train"][:20]


def test_a_set_is_shared_evenly_and_recordings_are_used_evenly(takes):
    ann = [take for take in takes if take.speaker != "cem" and take.number < 5]
    utterances = corpus.draw(ann, "test", 201, 1, corpus.Shape())
    by_speaker = [utterance.speaker for utterance in utterances]
    assert (by_speaker.count("ann"), by_speaker.count("bob")) == (101, 100)
    uses = {}
    for utterance in utterances:
        assert len(utterance.takes) in (2, 4, 6, 8, 10)
        for take in utterance.takes:
            uses.setdefault((take.speaker, take.digit), {}).setdefault(take, 0)
            uses[take.speaker, take.digit][take] += 1
    for counts in uses.values():
        assert max(counts.values()) - min(counts.values()) <= 1
    assert {len(utterance.takes) for utterance in utterances} == {2, 4, 6, 8, 10}
    assert len({utterance.id for utterance in utterances}) == 201


def test_a_missing_digit_is_named(takes):
    without = [take for take in takes if take.digit != 4]
    with pytest.raises(ValueError, match=r"'ann'.*digit 4"):
        corpus.draw(without, "train", 5, 1, corpus.Shape())
    with pytest.raises(ValueError, match="no recordings for the set 'dev'"):
        corpus.draw([], "dev", 5, 1, corpus.Shape())


@pytest.mark.parametrize("processes", [1, 2])
def test_corpus_on_disk(recordings, takes, tmp_path, processes):
    from interactive_st.data.manifest import read_manifest

    splits = plan(recordings, takes, "--utterances", "6", "--dev-utterances", "3")
    recipe = Recipe(tmp_path / "run", threads=processes)
    manifests = run.make_corpus(recipe, splits)
    assert list(manifests) == ["train", "dev", "test"]
    rows = read_manifest(manifests["train"])
    assert [row["id"] for row in rows] == [utterance.id for utterance in splits["train"]]
    for row, utterance in zip(rows, splits["train"], strict=True):
        assert row["src_text"] == readings.transcript(utterance.digits)
        assert row["tgt_text"] == readings.translation(utterance.digits)
        assert (row["src_lang"], row["tgt_lang"]) == ("en", "de")
        sound, rate = soundfile.read(recipe.out / "corpus" / row["audio"], dtype="float32")
        assert rate == RATE
        np.testing.assert_allclose(sound, corpus.render(utterance), atol=1 / 32768)


def test_corpus_is_kept_unless_the_plan_or_the_recordings_change(recordings, takes, tmp_path):
    recipe = Recipe(tmp_path / "run", threads=1)
    small = ("--utterances", "3", "--dev-utterances", "3", "--test-utterances", "3")
    written = run.make_corpus(recipe, plan(recordings, takes, *small))["train"]
    when = written.stat().st_mtime_ns
    run.make_corpus(recipe, plan(recordings, takes, *small))
    assert written.stat().st_mtime_ns == when
    run.make_corpus(recipe, plan(recordings, takes, *small, "--perturb", "0"))
    assert written.stat().st_mtime_ns != when
