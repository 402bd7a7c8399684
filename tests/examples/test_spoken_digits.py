"""The spoken-digits corpus: readings, what goes into which split, the sound of an utterance."""

import csv
import importlib
import math

import numpy as np
import pytest
import soundfile
from small_corpus import make_rows
from small_corpus import run as run_prepare

from examples.runner import Recipe, RecipeError
from examples.spoken_digits import corpus, readings, run, stock
from interactive_st.scoring.pairs import read_pairs, score_pairs

KNOWN_READINGS = {
    (0, 0): "null null",
    (0, 7): "null sieben",
    (1, 0): "zehn",
    (1, 1): "elf",
    (1, 2): "zwölf",
    (1, 6): "sechzehn",
    (1, 7): "siebzehn",
    (2, 0): "zwanzig",
    (2, 1): "einundzwanzig",
    (3, 3): "dreiunddreißig",
    (4, 2): "zweiundvierzig",
    (5, 5): "fünfundfünfzig",
    (6, 0): "sechzig",
    (7, 1): "einundsiebzig",
    (7, 6): "sechsundsiebzig",
    (9, 8): "achtundneunzig",
}


@pytest.mark.parametrize(("pair", "reading"), KNOWN_READINGS.items())
def test_known_readings(pair, reading):
    assert readings.read_pair(*pair) == reading


def test_readings_equal_the_shared_table(shared_data):
    with (shared_data / "fsdd" / "german_pairs.tsv").open(encoding="utf-8") as file:
        table = {row["spoken"]: row["german"] for row in csv.DictReader(file, delimiter="\t")}
    ours = {
        readings.transcript(pair): readings.read_pair(*pair)
        for pair in ((tens, units) for tens in range(10) for units in range(10))
    }
    assert ours == table


def test_all_pairs_read_differently():
    different = {readings.translation([t, u]) for t in range(10) for u in range(10)}
    assert len(different) == 100


def test_several_pairs():
    assert readings.transcript([4, 2, 7, 1]) == "four two seven one"
    assert readings.translation([4, 2, 7, 1]) == "zweiundvierzig einundsiebzig"
    with pytest.raises(ValueError, match="3 digits"):
        readings.translation([1, 2, 3])
    with pytest.raises(ValueError, match="10 is not a digit"):
        readings.read_pair(10, 2)


RATE = corpus.RATE
SPEAKERS = {"ann": 200.0, "bob": 300.0, "cem": 400.0}


@pytest.fixture(scope="session")
def recordings(tmp_path_factory):
    """Fifty takes of ten tones by three speakers, 0.1 s each, at the original's rate."""
    folder = tmp_path_factory.mktemp("recordings")
    time = np.arange(RATE // 10) / RATE
    for speaker, base in SPEAKERS.items():
        for digit in range(10):
            for take in (*range(8), 20, 48, 49):
                tone = 0.3 * np.sin(2 * np.pi * (base + 40 * digit + take) * time)
                soundfile.write(folder / f"{digit}_{speaker}_{take}.wav", tone, RATE)
    (folder / "README.wav").touch()
    return folder


@pytest.fixture(scope="session")
def takes(recordings):
    return corpus.list_takes(recordings)


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


def test_sound_is_the_recordings_with_quiet_pauses(takes):
    [utterance] = corpus.draw(takes, "test", 1, 1, corpus.Shape(pairs=(1, 1), pause=(0.1, 0.1)))
    sound = corpus.render(utterance)
    pause, digit = RATE // 10, RATE // 10
    assert sound.shape == (3 * pause + 2 * digit,)
    assert sound.dtype == np.float32
    for place, take in enumerate(utterance.takes):
        start = pause + place * (pause + digit)
        recorded, _ = soundfile.read(take.path, dtype="float32")
        np.testing.assert_array_equal(sound[start : start + digit], recorded)
    # a tone has no silence: its quietest 20 ms are as loud as the rest, 0.3 / √2
    assert sound[:pause].std() == pytest.approx(0.3 / 2**0.5, rel=0.1)
    np.testing.assert_array_equal(corpus.render(utterance), sound)


def test_pauses_are_never_digital_silence(tmp_path):
    soundfile.write(tmp_path / "0_ann_0.wav", np.zeros(400), RATE)
    take = corpus.Take("ann", 0, 0, tmp_path / "0_ann_0.wav")
    utterance = corpus.Utterance(
        "a", "ann", (take, take), (0.1, 0.1), (1.0, 1.0), (1.0, 1.0), math.inf, 0.0, 5
    )
    sound = corpus.render(utterance)
    assert 0.5 / 32768 < sound[: RATE // 10].std() < 2 / 32768


def test_speed_and_gain(takes):
    [plain] = corpus.draw(takes, "test", 1, 1, corpus.Shape())
    assert (set(plain.speeds), set(plain.gains), plain.snr) == ({1.0}, {1.0}, math.inf)
    perturbed = corpus.draw(takes, "train", 50, 1, corpus.Shape(perturb=0.2))
    voices = [np.mean([min(utterance.speeds), max(utterance.speeds)]) for utterance in perturbed]
    assert 0.75 <= min(voices) < 0.84 < 1.16 < max(voices) <= 1.25
    for utterance in perturbed:
        assert 0 < max(utterance.speeds) - min(utterance.speeds) <= 2 * 0.2 * 0.25
    gains = [gain for utterance in perturbed for gain in utterance.gains]
    assert 0.7 < min(gains) < 0.72 < 1.38 < max(gains) < 1.42
    faster = corpus.Utterance(**vars(plain) | {"speeds": (1.25,) * len(plain.takes)})
    shorter = len(plain.takes) * (RATE // 10) / 5
    assert len(corpus.render(plain)) - len(corpus.render(faster)) == pytest.approx(shorter, abs=10)


def test_noise_is_as_loud_as_said(takes):
    [plain] = corpus.draw(takes, "test", 1, 1, corpus.Shape(pairs=(1, 1), pause=(0.1, 0.1)))
    sound = corpus.render(plain)
    for slope in corpus.SLOPE:
        noisy = corpus.Utterance(**vars(plain) | {"snr": 20.0, "slope": slope})
        added = corpus.render(noisy) - sound
        # tones of 0.3 / √2, and ten times less noise
        assert added.std() == pytest.approx(0.03 / 2**0.5, rel=0.1)
        power = np.abs(np.fft.rfft(added)) ** 2
        hiss = power[len(power) // 2 :].sum() / power.sum()
        assert (hiss > 0.4) if slope == 0 else (hiss < 0.1)
        np.testing.assert_array_equal(corpus.render(noisy), sound + added)


def test_noise_is_in_the_share_asked_for_and_changes_nothing_else(takes):
    quiet = corpus.draw(takes, "train", 90, 1, corpus.Shape(perturb=0.2))
    noisy = corpus.draw(takes, "train", 90, 1, corpus.Shape(perturb=0.2, noisy=0.5))
    levels = [utterance.snr for utterance in noisy if utterance.snr < math.inf]
    assert 30 < len(levels) < 60
    assert 10 <= min(levels) < 20 < 40 < max(levels) <= 50
    assert [u.takes for u in noisy] == [u.takes for u in quiet]
    assert [(u.speeds, u.pauses, u.noise_seed) for u in noisy] == [
        (u.speeds, u.pauses, u.noise_seed) for u in quiet
    ]


def test_a_loud_utterance_is_not_clipped(takes):
    [plain] = corpus.draw(takes, "test", 1, 1, corpus.Shape())
    loud = corpus.Utterance(**vars(plain) | {"gains": (9.0,) * len(plain.takes)})
    assert np.abs(corpus.render(loud)).max() == pytest.approx(0.97)


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


def test_real_recordings_give_all_readings(shared_data):
    found = corpus.list_takes(shared_data / "fsdd" / "recordings")
    assert len(found) == 2000
    training = corpus.select(found, ["george"], range(5, 50))
    assert len(training) == 450
    utterance = corpus.draw(training, "train", 1, 1, corpus.Shape(perturb=0.1))[0]
    sound = corpus.render(utterance)
    assert 0.3 < len(sound) / RATE / len(utterance.takes) < 1.2


@pytest.fixture
def data(tmp_path):
    """A data folder of three utterances, one of them without a transcript, made by `prepare`."""
    folder = tmp_path / "made"
    folder.mkdir()
    rows = make_rows(folder, 3)
    rows[2]["src_text"] = ""
    run_prepare(folder, rows, "data")
    return folder / "data"


def test_stock_fairseq_reads_what_is_made_for_it(data, tmp_path):
    from fairseq.data import Dictionary
    from fairseq.data.audio.data_cfg import S2TDataConfig
    from fairseq.data.audio.speech_to_text_dataset import SpeechToTextDatasetCreator

    (data / "config_joint.yaml").write_text(
        (data / "config_joint.yaml").read_text().replace("- utterance_cmvn", "- of_ours\n  - utterance_cmvn")
    )
    recipe = Recipe(tmp_path / "stock")
    made, splits = stock.make_data(recipe, data, "data")
    assert splits == ["train"]
    config = S2TDataConfig(made / stock.CONFIG)
    assert config.config["feature_transforms"] == {
        "*": ["utterance_cmvn"], "_train": ["utterance_cmvn", "specaugment"],
    }  # fmt: skip
    dictionary = Dictionary.load(config.vocab_filename)
    dataset = SpeechToTextDatasetCreator.from_tsv(
        str(made), config, "train", dictionary, None, None, is_train_split=False, epoch=1, seed=1
    )
    assert dataset.tgt_texts == ["one two three", "two three four"]
    for index in range(2):
        source = dataset[index].source
        assert source.shape == (dataset.n_frames[index], 80)
        np.testing.assert_allclose(source.mean(0), 0, atol=1e-3)


def test_stock_transcripts_become_pairs_that_are_scored(data, tmp_path, monkeypatch):
    recipe = Recipe(tmp_path / "stock")
    made, _ = stock.make_data(recipe, data, "data")
    checkpoint = tmp_path / "checkpoint_best.pt"
    checkpoint.touch()
    lines = ["S-1\tnoise\n", "D-1\t-0.1\ttwo three five\n", "D-0\t-0.2\tone two three\n"]

    def play(name, module, arguments, listener):
        assert (name, module) == ("generate-new-train", "fairseq_cli.generate")
        assert arguments[0] == str(made)
        assert "interactive_st" not in " ".join(arguments[1:])
        for line in lines:
            listener(line)

    monkeypatch.setattr(recipe, "command", play)
    which = ("new-train", data, made, "train", checkpoint)
    pairs = read_pairs(stock.generate(recipe, *which, ["--beam", "5"]))
    assert [pair["transcript"] for pair in pairs] == ["one two three", "two three five"]
    assert score_pairs(pairs)["wer"] == pytest.approx(100 / 6)
    lines.pop()
    with pytest.raises(RecipeError, match="1 of 2"):
        stock.generate(recipe, *which, ["--beam", "4"])


def test_stock_needs_a_data_folder(tmp_path):
    with pytest.raises(RecipeError, match=r"no config_joint\.yaml"):
        stock.make_data(Recipe(tmp_path / "stock"), tmp_path, "data")


def test_safe_loading_lets_torch_read_what_fairseq_stores(tmp_path):
    import argparse

    import torch

    torch.save({"args": argparse.Namespace(arch="a")}, tmp_path / "checkpoint.pt")
    importlib.import_module("examples.spoken_digits.safe_loading")
    assert torch.load(tmp_path / "checkpoint.pt")["args"].arch == "a"
