"""The quickstart corpus: which sentences are in which split, who says them, what is written."""

import random
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from espeak import needs_espeak

from examples.quickstart import corpus, grammar, room, run, speech, spoken
from examples.quickstart.room import Room
from interactive_st.data.manifest import read_manifest


@pytest.fixture(scope="module")
def splits():
    sizes = {"train": 4000, "dev": 200, "test": 300, "other": 150}
    return grammar.split(sizes, seed=1)


class TestSplit:
    def test_sizes(self, splits):
        assert {name: len(pairs) for name, pairs in splits.items()} == {
            "train": 4000, "dev": 200, "test": 300, "other": 150
        }  # fmt: skip

    def test_no_sentence_in_two_sets(self, splits):
        everything = [pair for pairs in splits.values() for pair in pairs]
        assert len({pair.english for pair in everything}) == len(everything)
        assert len({pair.german for pair in everything}) == len(everything)

    def test_training_shows_every_word(self, splits):
        known = {word for pair in splits["train"] for word in grammar.words(pair)}
        for name in ("dev", "test", "other"):
            for pair in splits[name]:
                assert known.issuperset(grammar.words(pair)), pair

    def test_test_set_has_most_constructions(self, splits):
        """Training uses up the smallest ones: there are few trains that can have left."""
        absent = set(grammar.CONSTRUCTIONS) - {pair.construction for pair in splits["test"]}
        assert absent <= {"departed", "when does", "indirect question", "meeting begins"}

    def test_too_many(self):
        with pytest.raises(ValueError, match="ask for fewer"):
            grammar.split({"train": 1, "test": 500})


class TestCorpus:
    SIZES = corpus.Sizes(train=120, dev=6, test=12, new_voice=5)

    def test_who_speaks(self):
        splits = corpus.plan(self.SIZES, seed=2)
        for split, each in (("train", 20), ("dev", 1), ("test", 2)):
            names = [utterance.voice.name for utterance in splits[split]]
            assert {name: names.count(name) for name in names} == {
                voice.name: each for voice in speech.TRAINING_VOICES
            }
        assert {u.voice for u in splits[corpus.HELD_OUT]} == {speech.HELD_OUT_VOICE}

    def test_same_seed_same_plan(self):
        assert corpus.plan(self.SIZES, 2) == corpus.plan(self.SIZES, 2)
        assert corpus.plan(self.SIZES, 2) != corpus.plan(self.SIZES, 3)

    def test_ids_and_sounds_are_distinct(self):
        utterances = [u for group in corpus.plan(self.SIZES, 2).values() for u in group]
        assert len({u.id for u in utterances}) == len(utterances)
        assert len({u.audio for u in utterances}) == len(utterances)

    def test_several_voices_a_sentence(self):
        train = corpus.plan(corpus.Sizes(100, 0, 0, 0, voices_each=4), 2)["train"]
        assert len(train) == 400
        for group in zip(*[iter(train)] * 4, strict=True):
            assert len({u.english for u in group}) == 1
            assert len({u.voice for u in group}) == 4

    def test_mistakes(self):
        voice = speech.TRAINING_VOICES[0]
        with pytest.raises(ValueError, match="held out"):
            corpus.plan(self.SIZES, new_voice=voice)
        with pytest.raises(ValueError, match="ask for 1 to 6"):
            corpus.plan(corpus.Sizes(voices_each=7))

    @needs_espeak
    def test_six_sentences_spoken(self, tmp_path):
        utterances = corpus.plan(corpus.Sizes(6, 0, 0, 0), 1)["train"]
        assert list(spoken.write_audio(utterances, tmp_path)) == utterances
        for utterance in utterances:
            info = soundfile.info(tmp_path / utterance.audio)
            assert (info.samplerate, info.channels) == (16000, 1)
            spoken_for = len(speech.speak(utterance.english, utterance.voice)) / speech.RATE
            quiet = utterance.room.before + utterance.room.after
            assert info.duration == pytest.approx(spoken_for + quiet, abs=0.01)

    @needs_espeak
    def test_files_already_there_are_kept_and_others_removed(self, tmp_path):
        utterances = corpus.plan(corpus.Sizes(3, 0, 0, 0), 1)["train"]
        kept = tmp_path / utterances[0].audio
        kept.parent.mkdir()
        kept.write_bytes(b"spoken before")
        stray = kept.with_name("stray.flac")
        stray.write_bytes(b"of another corpus")
        spoken.remove_others(tmp_path, utterances)
        list(spoken.write_audio(utterances, tmp_path))
        assert kept.read_bytes() == b"spoken before"
        assert not stray.exists()
        assert len(list(tmp_path.rglob("*.*"))) == 3


class TestRoom:
    """What is around a sentence."""

    SPEECH = np.full(1000, 0.1, np.float32)

    def test_digital_silence(self):
        sound = room.put_into(self.SPEECH, 1000, Room(0.25, 0.1, None), seed=1)
        assert len(sound) == 1350
        assert (np.flatnonzero(sound) == np.arange(250, 1250)).all()
        assert (sound[250:1250] == self.SPEECH).all()

    def test_noise_is_as_loud_as_said_and_is_under_the_speech_too(self):
        sound = room.put_into(self.SPEECH, 1000, Room(20.0, 0.0, -50.0), seed=1)
        loudness = 20 * np.log10(np.sqrt((sound[:20000] ** 2).mean()))
        assert loudness == pytest.approx(-50.0, abs=0.2)
        assert np.std(sound[20000:]) == pytest.approx(np.std(sound[:20000]), rel=0.1)
        assert sound[20000:].mean() == pytest.approx(0.1, rel=0.01)

    def test_full_scale_does_not_wrap(self, monkeypatch):
        loud = np.full(speech.RATE, 32767, np.int16)
        monkeypatch.setattr(speech, "speak", lambda text, voice: loud)
        voice = speech.TRAINING_VOICES[0]
        sound = spoken.Utterance("a", "hello", "Hallo.", voice, Room(0.0, 0.0, -45.0)).sound()
        assert sound.dtype == np.int16
        assert sound[1000:-1000].min() > 30000

    def test_what_is_drawn(self):
        rng = random.Random(1)
        rooms = [room.draw(rng) for _ in range(2000)]
        for side in ("before", "after"):
            quiet = np.array([getattr(each, side) for each in rooms])
            assert 0.45 < (quiet == 0).mean() < 0.55
            assert 0.59 < quiet.max() <= room.LONGEST
        assert 0.27 < np.mean([each.noise is None for each in rooms]) < 0.33
        levels = [each.noise for each in rooms if each.noise is not None]
        assert min(levels) >= room.NOISE[0]
        assert max(levels) <= room.NOISE[1]

    @needs_espeak
    def test_the_sound_of_an_utterance_is_the_same_each_time(self):
        utterance = spoken.Utterance("a", "hello", "Hallo.", speech.TRAINING_VOICES[0], Room(0.1, 0.2, -50.0))
        assert (utterance.sound() == utterance.sound()).all()
        elsewhere = replace(utterance, room=Room(0.1, 0.2, -60.0))
        assert elsewhere.audio != utterance.audio
        assert len(elsewhere.sound()) == len(utterance.sound())
        nowhere = replace(utterance, room=None)
        assert len(utterance.sound()) - len(nowhere.sound()) == 0.3 * spoken.SAMPLE_RATE


@needs_espeak
class TestRun:
    def make(self, out, **sizes):
        splits = corpus.plan(corpus.Sizes(**{"train": 80, "dev": 2, "test": 2, "new_voice": 2, **sizes}))
        recipe = run.Recipe(out, threads=1)
        return splits, recipe, run.make_corpus(recipe, splits)

    def test_make_corpus_and_resume(self, tmp_path, capsys):
        splits, recipe, manifests = self.make(tmp_path)
        assert list(manifests) == ["train", "dev", "test", "test_new_voice"]
        for split, path in manifests.items():
            rows = read_manifest(path)
            assert [row["src_text"] for row in rows] == [u.english for u in splits[split]]
            assert [row["tgt_text"] for row in rows] == [u.german for u in splits[split]]
            assert {(row["src_lang"], row["tgt_lang"]) for row in rows} == {("en", "de")}
            assert all((path.parent / row["audio"]).is_file() for row in rows)
        del recipe
        capsys.readouterr()
        self.make(tmp_path)
        assert "corpus: done before" in capsys.readouterr().out

    def test_options_are_documented(self, capsys):
        with pytest.raises(SystemExit):
            run.parse(["--help"])
        text = capsys.readouterr().out
        for option in ("--out", "--threads", "--seed", "--max-minutes", "--train-options"):
            assert option in text
