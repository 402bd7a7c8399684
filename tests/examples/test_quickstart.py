"""The quickstart corpus: its grammar word by word, its voices, who says what in which split."""

import importlib.util
import itertools
import random

import numpy as np
import pytest
import soundfile

from examples.quickstart import clause, corpus, grammar, run, speech, spoken
from examples.quickstart import lexicon as lx
from interactive_st.data.manifest import read_manifest

needs_espeak = pytest.mark.skipif(
    importlib.util.find_spec("espeakng_loader") is None,
    reason="espeak-ng is not installed (pip install espeakng-loader)",
)

# Written by hand; the grammar has to make each of them, by the construction named.
HAND_CHECKED = {
    "plan": {
        "we must sign the contract today": "Wir müssen heute den Vertrag unterschreiben.",
        "my sister wants to visit the museum": "Meine Schwester will das Museum besuchen.",
        "i would like to order a coffee": "Ich möchte einen Kaffee bestellen.",
    },
    "plan time first": {
        "tomorrow we must check the invoice": "Morgen müssen wir die Rechnung prüfen.",
        "on friday she will print the report": "Am Freitag wird sie den Bericht ausdrucken.",
    },
    "habit": {
        "every morning she opens the window": "Jeden Morgen macht sie das Fenster auf.",
        "the driver picks up the guest every day": "Der Fahrer holt jeden Tag den Gast ab.",
    },
    "deed": {
        "i have lost my passport": "Ich habe meinen Pass verloren.",
        "he has already called my sister": "Er hat meine Schwester schon angerufen.",
        "they have just paid for the taxi": "Sie haben gerade das Taxi bezahlt.",
        "we have already booked a room": "Wir haben schon ein Zimmer gebucht.",
    },
    "have you": {
        "have you already printed the report": "Haben Sie den Bericht schon ausgedruckt?",
    },
    "departed": {
        "the train has already left": "Der Zug ist schon abgefahren.",
        "the flight from vienna has just arrived": "Der Flug aus Wien ist gerade angekommen.",
    },
    "timetable": {
        "the train to berlin leaves at seven": "Der Zug nach Berlin fährt um sieben Uhr ab.",
        "the bus to cologne leaves at half past seven": "Der Bus nach Köln fährt um halb acht ab.",
    },
    "when does": {
        "when does the train to hamburg leave": "Wann fährt der Zug nach Hamburg ab?",
    },
    "meeting begins": {
        "the meeting begins today at nine": "Die Besprechung fängt heute um neun Uhr an.",
    },
    "please": {
        "please open the window": "Bitte machen Sie das Fenster auf.",
    },
    "can you": {
        "can you please book a room": "Können Sie bitte ein Zimmer buchen?",
    },
    "cannot": {
        "i cannot find my passport": "Ich kann meinen Pass nicht finden.",
    },
    "lack": {
        "we do not need a taxi today": "Wir brauchen heute kein Taxi.",
        "i do not have a ticket": "Ich habe keine Fahrkarte.",
    },
    "seek": {
        "do you have a quiet room": "Haben Sie ein ruhiges Zimmer?",
        "i am looking for my black suitcase": "Ich suche meinen schwarzen Koffer.",
        "we are looking for a cheap hotel": "Wir suchen ein billiges Hotel.",
    },
    "wait": {
        "he is waiting for the train at the station": "Er wartet am Bahnhof auf den Zug.",
    },
    "quality": {
        "is the hotel very expensive": "Ist das Hotel sehr teuer?",
    },
    "where": {
        "where is my old suitcase": "Wo ist mein alter Koffer?",
    },
    "price": {
        "how much does a ticket to vienna cost": "Wie viel kostet eine Fahrkarte nach Wien?",
    },
    "spot": {
        "please put the bag under the table": "Bitte stellen Sie die Tasche unter den Tisch.",
        "the book is on the table": "Das Buch liegt auf dem Tisch.",
    },
    "hand over": {
        "please give the key to the guest": "Bitte geben Sie dem Gast den Schlüssel.",
        "he will send the report to my colleague": "Er wird meiner Kollegin den Bericht schicken.",
    },
    "travel": {
        "we have gone to berlin by car": "Wir sind mit dem Auto nach Berlin gefahren.",
        "she goes to the office by bus every day": "Sie fährt jeden Tag mit dem Bus ins Büro.",
    },
    "that": {
        "i think that the train leaves at seven": "Ich glaube, dass der Zug um sieben Uhr abfährt.",
        "we know that she has signed the contract": ("Wir wissen, dass sie den Vertrag unterschrieben hat."),
        "she says that you must open the window": ("Sie sagt, dass Sie das Fenster aufmachen müssen."),
    },
    "cannot come": {
        "i cannot come because i have lost my ticket": (
            "Ich kann nicht kommen, weil ich meine Fahrkarte verloren habe."
        ),
    },
    "taxi because": {
        "we need a taxi because the suitcase is very heavy": (
            "Wir brauchen ein Taxi, weil der Koffer sehr schwer ist."
        ),
    },
    "if first": {
        "if the train is late we will take a taxi": ("Wenn der Zug Verspätung hat, nehmen wir ein Taxi."),
        "if it rains i will call the driver": "Wenn es regnet, rufe ich den Fahrer an.",
    },
    "whether": {
        "i do not know if the bus has already left": ("Ich weiß nicht, ob der Bus schon abgefahren ist."),
    },
    "indirect question": {
        "do you know where my key is": "Wissen Sie, wo mein Schlüssel ist?",
        "do you know when the bus to munich leaves": ("Wissen Sie, wann der Bus nach München abfährt?"),
    },
    "infinitive": {
        "i have forgotten to close the window": "Ich habe vergessen, das Fenster zuzumachen.",
        "it is important to sign the contract today": (
            "Es ist wichtig, heute den Vertrag zu unterschreiben."
        ),
    },
    "relative": {
        "the suitcase that i have lost is black": "Der Koffer, den ich verloren habe, ist schwarz.",
        "the room that we have booked is very quiet": ("Das Zimmer, das wir gebucht haben, ist sehr ruhig."),
    },
}


@pytest.fixture(scope="module")
def many():
    """Enough sentences that the commoner ones are all among them."""
    return list(itertools.islice(grammar.stream(seed=7), 25000))


@pytest.fixture(scope="module")
def splits():
    sizes = {"train": 4000, "dev": 200, "test": 300, "other": 150}
    return grammar.split(sizes, seed=1)


class TestGrammar:
    @pytest.mark.parametrize("name", grammar.CONSTRUCTIONS)
    def test_hand_checked_pairs(self, name):
        construct, _ = grammar.CONSTRUCTIONS[name]
        wanted, rng = dict(HAND_CHECKED[name]), random.Random(name)
        for _ in range(60000):
            english, german = construct(rng)
            assert wanted.pop(english, german) == german
            if not wanted:
                break
        assert not wanted

    def test_same_seed_same_sentences(self):
        first, again, other = (list(itertools.islice(grammar.stream(seed), 200)) for seed in (3, 3, 4))
        assert first == again
        assert first != other

    def test_no_sentence_twice(self, many):
        assert len({pair.english for pair in many}) == len(many)
        assert len({pair.german for pair in many}) == len(many)

    def test_an_english_sentence_has_one_german(self):
        german_of = {}
        rng = random.Random(5)
        for construct, _ in grammar.CONSTRUCTIONS.values():
            for _ in range(2000):
                english, german = construct(rng)
                assert german_of.setdefault(english, german) == german

    def test_lengths(self, many):
        assert {len(pair.english.split()) for pair in many} == set(range(4, 11))

    def test_writing(self, many):
        for pair in many:
            assert pair.english == pair.english.lower()
            assert pair.english.replace(" ", "").isalpha()
            assert pair.german[0].isupper()
            assert pair.german[-1] in ".?"
            assert "  " not in pair.german
            assert not {" ,", " .", " ?"} & {pair.german[i : i + 2] for i in range(80)}

    def test_questions_are_marked(self, many):
        asking = ("where", "when", "how", "is ", "do you", "have you", "can you")
        for pair in many:
            assert (pair.german[-1] == "?") == pair.english.startswith(asking), pair

    def test_vocabulary_is_small(self, many):
        assert 120 <= len({word for pair in many for word in pair.english.split()}) <= 200


class TestAgreement:
    def test_articles_agree_with_nouns(self, many):
        """der, die, das and their like stand before nouns of a gender that allows them."""
        gender = {noun.de: noun.gender for noun in lx.NOUNS.values()}
        # each word may be several cases: nominative, accusative or dative
        allowed = {
            "den": "m", "dem": "mn", "das": "n", "die": "f", "der": "mf",
            "einen": "m", "eine": "f", "ein": "mn", "meinen": "m", "meine": "f", "mein": "mn",
            "meinem": "mn", "meiner": "f", "keinen": "m", "keine": "f", "kein": "mn",
        }  # fmt: skip
        checked = 0
        for pair in many:
            tokens = pair.german.rstrip(".?").replace(",", " ,").split()
            for article, noun in itertools.pairwise(tokens):
                if noun in gender and article.lower() in allowed:
                    assert gender[noun] in allowed[article.lower()], pair.german
                    checked += 1
        assert checked > 10000

    def test_der_before_feminine_is_dative(self, many):
        feminine = {noun.de for noun in lx.NOUNS.values() if noun.gender == "f"}
        for pair in many:
            tokens = pair.german.rstrip(".?").split()
            for article, noun in itertools.pairwise(tokens):
                assert article not in ("Der", "der") or noun not in feminine, pair.german

    @pytest.mark.parametrize(
        ("english", "german"),
        [("i", ("habe", "muss", "mache", "bin")), ("we", ("haben", "müssen", "machen", "sind")),
         ("she", ("hat", "muss", "macht", "ist")), ("they", ("haben", "müssen", "machen", "sind"))],
    )  # fmt: skip
    def test_verbs_agree_with_subjects(self, english, german):
        subject = next(s for s in lx.PRONOUNS if s.en == english)
        verb = lx.TRANSITIVE["open"][0]
        forms = (
            clause.perfect(verb, subject), clause.modal("must", verb, subject),
            clause.present(verb, subject), clause.copula(subject),
        )  # fmt: skip
        assert tuple(form.finite for form in forms) == german

    @pytest.mark.parametrize(
        ("noun", "determiner", "case", "english", "german"),
        [
            ("suitcase", "a", "acc", "a heavy suitcase", "einen schweren Koffer"),
            ("suitcase", "my", "nom", "my heavy suitcase", "mein schwerer Koffer"),
            ("suitcase", "the", "nom", "the heavy suitcase", "der schwere Koffer"),
            ("suitcase", "the", "acc", "the heavy suitcase", "den schweren Koffer"),
            ("bag", "a", "nom", "a heavy bag", "eine schwere Tasche"),
            ("bag", "the", "acc", "the heavy bag", "die schwere Tasche"),
            ("phone", "my", "acc", "my heavy phone", "mein schweres Handy"),
            ("phone", "the", "acc", "the heavy phone", "das schwere Handy"),
        ],
    )
    def test_adjective_endings(self, noun, determiner, case, english, german):
        phrase = lx.noun_phrase(lx.NOUNS[noun], determiner, case, lx.ADJECTIVES["heavy"])
        assert (phrase.en, phrase.de) == (english, german)

    def test_teuer_loses_its_e_and_an_comes_before_vowels(self):
        phrase = lx.noun_phrase(lx.NOUNS["room"], "a", "acc", lx.ADJECTIVES["expensive"])
        assert (phrase.en, phrase.de) == ("an expensive room", "ein teures Zimmer")

    def test_one_clause_in_three_orders(self):
        subject = lx.PRONOUNS[0]
        verb = lx.TRANSITIVE["open"][0]
        said = clause.Clause(
            subject, clause.present(verb, subject), "the door", "die Tür",
            lx.Phrase("today", "heute"),
        )  # fmt: skip
        assert said.statement() == "ich mache heute die Tür auf"
        assert said.fronted() == "heute mache ich die Tür auf"
        assert said.final() == "ich heute die Tür aufmache"
        assert said.english() == "i open the door today"
        assert said.english_fronted() == "today i open the door"

    def test_a_clause_without_time_cannot_be_fronted(self):
        subject = lx.PRONOUNS[0]
        with pytest.raises(ValueError, match="no time to put first"):
            clause.Clause(subject, clause.copula(subject)).fronted()


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


@needs_espeak
class TestSpeech:
    TEXT = "we must sign the contract today"

    def test_same_words_same_samples(self):
        voice = speech.TRAINING_VOICES[0]
        first = speech.speak(self.TEXT, voice)
        speech.speak("something else was said before", speech.HELD_OUT_VOICE)
        again = speech.speak(self.TEXT, voice)
        assert first.dtype == np.int16
        np.testing.assert_array_equal(first, again)

    def test_voices_differ(self):
        voices = (*speech.TRAINING_VOICES, speech.HELD_OUT_VOICE)
        sounds = {speech.speak(self.TEXT, voice).tobytes() for voice in voices}
        assert len(sounds) == len(voices)

    @pytest.mark.parametrize("voice", [*speech.TRAINING_VOICES, speech.HELD_OUT_VOICE])
    def test_sound(self, voice):
        sound = speech.speak(self.TEXT, voice)
        assert 0.8 < len(sound) / speech.RATE < 3.0  # seconds for six words
        loudest = np.abs(sound.astype(int)).max()
        assert 5000 < loudest < 32767  # neither whispered nor clipped

    def test_longer_text_takes_longer(self):
        voice = speech.TRAINING_VOICES[0]
        twice = speech.speak(f"{self.TEXT} and {self.TEXT}", voice)
        assert len(twice) > 1.7 * len(speech.speak(self.TEXT, voice))

    def test_unknown_voice(self):
        voice = speech.Voice("nobody", "en-nowhere", 200, 50)
        with pytest.raises(speech.SpeechError, match=r"nobody.*does not know 'en-nowhere'"):
            speech.speak(self.TEXT, voice)


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
