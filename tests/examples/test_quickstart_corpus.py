"""The quickstart corpus: which sentences are in which split, who says them, what is written."""

import pytest
import soundfile
from espeak import needs_espeak

from examples.quickstart import corpus, grammar, run, speech, spoken
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
            expected = len(speech.speak(utterance.english, utterance.voice)) / speech.RATE
            assert info.duration == pytest.approx(expected, abs=0.01)

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
