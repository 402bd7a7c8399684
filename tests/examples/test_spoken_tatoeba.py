"""The spoken Tatoeba corpus: reading pairs, which sentence is in which split, voices, what is written."""

import pytest
import soundfile
from espeak import needs_espeak

from examples.quickstart.spoken import make_corpus
from examples.runner import Recipe, RecipeError
from examples.spoken_tatoeba import corpus, run
from interactive_st.data.manifest import read_manifest

# Ten sentences, of which one is written in two ways and some have several translations.
TABLE = '''1\t2
Go.\tGeh.
Hi!\tHallo!
Hi.\tGrüß Gott!
Hi!\tHallo!
I hid.\tIch versteckte mich.
I hid.\tIch habe mich versteckt.
"Say ""aah."""\tSag „Ah!“
Tom's gone.\tTom ist weg.
He's 19.\tEr ist\u00a019\u200b.
Can you swim?\tKannst du schwimmen?
Our fridge is broken.\tUnser Kühlschrank ist kaputt.
Keep looking.\tSucht weiter!
Just check it.\tPrüf es einfach.
'''
SAID = [
    "can you swim", "go", "he's 19", "hi", "i hid", "just check it", "keep looking",
    "our fridge is broken", "say aah", "tom's gone",
]  # fmt: skip


@pytest.fixture
def table(tmp_path):
    (tmp_path / "en-de.tsv").write_text(TABLE, "utf-8")
    return tmp_path / "en-de.tsv"


def arguments(table, *more):
    few = ["--utterances", "20", "--dev-utterances", "1", "--test-utterances", "1"]
    return run.parse(["--pairs", str(table), "--seed", "3", *few, *more])


def sentences(pairs, utterances):
    """What is said in some utterances, sentence by sentence."""
    found = []
    for utterance in utterances:
        rest = utterance.english
        while rest:
            sentence = max(
                (english for group in pairs.values() for english, _ in group if rest.startswith(english)),
                key=len,
            )
            found.append(corpus.said(sentence))
            rest = rest.removeprefix(sentence).strip()
    return found


def test_pairs_are_read_by_what_is_said(table):
    pairs = corpus.read_pairs(table)
    assert sorted(pairs) == SAID
    assert pairs["hi"] == [("Hi!", "Hallo!"), ("Hi.", "Grüß Gott!")]
    assert pairs["say aah"] == [('Say "aah."', "Sag „Ah!“")]
    assert pairs["he's 19"] == [("He's 19.", "Er ist 19.")]


@pytest.mark.parametrize("line", ["one field", "a\tb\tc", "\tnothing said", "...\tnothing said", "yes\t"])
def test_lines_that_are_no_pair(table, line):
    table.write_text(f"1\t2\nGo.\tGeh.\n{line}\n", "utf-8")
    with pytest.raises(ValueError, match=r"en-de\.tsv, line 3"):
        corpus.read_pairs(table)


def test_no_table(tmp_path):
    with pytest.raises(FileNotFoundError, match="name a table"):
        corpus.read_pairs(tmp_path / "en-de.tsv")


@pytest.mark.parametrize("seed", range(5))
def test_no_sentence_is_in_two_splits(table, seed):
    pairs = corpus.read_pairs(table)
    splits = run.plan_splits(arguments(table, "--seed", str(seed)))
    assert {split: len(group) for split, group in splits.items()} == {
        "train": 20, "dev": 1, "test": 1, "test_new_voice": 1,
    }  # fmt: skip
    heard = {split: set(sentences(pairs, group)) for split, group in splits.items()}
    assert not heard["train"] & heard["dev"]
    assert not heard["train"] & heard["test"]
    assert not heard["dev"] & heard["test"]
    # six of the ten are kept for dev and test; the four for training recur, with all their translations
    assert len(heard["train"]) == 4
    spoken = " ".join(utterance.german for utterance in splits["train"])
    assert all(german in spoken for said in heard["train"] for _, german in pairs[said])
    # dev and test say nothing twice
    for split in ("dev", "test"):
        assert len(sentences(pairs, splits[split])) == len(heard[split])


def test_two_or_three_sentences_an_utterance_with_their_own_translations(table):
    pairs = corpus.read_pairs(table)
    sizes = corpus.Sizes(train=200, dev=0, test=0)
    train = corpus.plan(pairs, sizes, 1, corpus.VOICES)["train"]
    german = {said: {german for _, german in group} for said, group in pairs.items()}
    lengths = []
    for utterance in train:
        lengths.append(len(found := sentences(pairs, [utterance])))
        rest = utterance.german
        for said in found:
            translation = next(text for text in german[said] if rest.startswith(text))
            rest = rest.removeprefix(translation).strip()
        assert not rest
    assert set(lengths) == {2, 3}
    # rounds: every sentence as often as every other
    counts = [sentences(pairs, train).count(said) for said in SAID]
    assert max(counts) - min(counts) <= 1


def test_more_training_leaves_the_test_sets_as_they_are(table):
    few, many = (run.plan_splits(arguments(table, "--utterances", n)) for n in ("10", "30"))
    assert {split: few[split] for split in few if split != "train"} == {
        split: many[split] for split in many if split != "train"
    }
    assert few["train"] == many["train"][:10]
    assert few["test"] != run.plan_splits(arguments(table, "--seed", "4"))["test"]


def test_voices_of_the_new_voice_test_are_heard_nowhere_else(table):
    splits = run.plan_splits(arguments(table, "--dev-utterances", "0", "--test-utterances", "2"))
    names = {split: {u.voice.name for u in group} for split, group in splits.items()}
    assert names["test_new_voice"] == set(corpus.TEST_VOICES)
    assert names["train"] == {voice.name for voice in corpus.VOICES} - set(corpus.TEST_VOICES)
    assert not names["test"] & names["test_new_voice"]
    texts = [[(u.english, u.german) for u in splits[split]] for split in ("test", "test_new_voice")]
    assert texts[0] == texts[1]


def test_voices_can_be_chosen(table):
    chosen = ["--voices", "us-male,gb-female", "--test-voices", "rp-female"]
    splits = run.plan_splits(arguments(table, *chosen))
    assert {u.voice.name for u in splits["train"]} == {"us-male", "gb-female"}
    assert {u.voice.name for u in splits["test_new_voice"]} == {"rp-female"}
    assert "test_new_voice" not in run.plan_splits(arguments(table, "--test-voices", ""))


def test_mistakes(table):
    with pytest.raises(RecipeError, match="no voice nobody; there are us-male, "):
        run.plan_splits(arguments(table, "--voices", "nobody"))
    with pytest.raises(RecipeError, match="us-male: training needs voices of its own"):
        run.plan_splits(arguments(table, "--voices", "us-male", "--test-voices", "us-male"))
    with pytest.raises(RecipeError, match="10 different sentences are too few for 3 test"):
        run.plan_splits(arguments(table, "--test-utterances", "3"))


@needs_espeak
def test_the_corpus_written(table, tmp_path):
    splits = run.plan_splits(arguments(table, "--utterances", "2"))
    recipe = Recipe(tmp_path / "out", threads=1)
    manifests = make_corpus(recipe, splits)
    assert list(manifests) == ["train", "dev", "test", "test_new_voice"]
    for split, utterances in splits.items():
        rows = read_manifest(manifests[split])
        assert [(row["src_text"], row["tgt_text"], row["speaker"]) for row in rows] == [
            (u.english, u.german, u.voice.name) for u in utterances
        ]
        for row in rows:
            assert soundfile.info(manifests[split].parent / row["audio"]).duration > 0.5


@needs_espeak
@pytest.mark.parametrize("voice", corpus.VOICES, ids=lambda voice: voice.name)
def test_voices_exist_and_differ(voice):
    from examples.quickstart.speech import speak

    others = [other for other in corpus.VOICES if other != voice]
    assert voice.name not in {other.name for other in others}
    assert (voice.espeak, voice.rate, voice.pitch) not in {(o.espeak, o.rate, o.pitch) for o in others}
    assert len(speak("Can you swim?", voice)) > 5000


def test_the_real_pairs(shared_data):
    pairs = corpus.read_pairs(shared_data / "tatoeba_en_de" / "en-de.tsv")
    assert len(pairs) > 37_000
    assert sum(map(len, pairs.values())) > 49_000
    assert ("Get out.", "Geht raus!") in pairs["get out"]
    sizes = corpus.Sizes(train=1000, dev=100, test=200)
    splits = corpus.plan(pairs, sizes, 1, corpus.VOICES[:3], corpus.VOICES[3:])
    words = [len(utterance.english.split()) for utterance in splits["train"]]
    assert 8 < sum(words) / len(words) < 11
    assert max(words) <= 21


@pytest.mark.parametrize(
    "english",
    ['"Yes," he said, "I am."', 'Stop!" he cried.', '"I am tired.', "She said \"no\"."],
)
def test_marks_of_speech_are_no_quoting(tmp_path, english):
    table = tmp_path / "en-de.tsv"
    table.write_text(f"en\tde\n{english}\tJa.\nGo.\tGeh.\n")
    pairs = corpus.read_pairs(table)
    assert pairs[corpus.said(english)] == [(english, "Ja.")]
    assert pairs["go"] == [("Go.", "Geh.")]


def test_the_help_shows_voices_as_the_option_takes_them(capsys):
    with pytest.raises(SystemExit):
        run.parse(["--help"])
    shown = "(default: lancaster-female,lancaster-male)"
    assert shown.replace(" ", "") in "".join(capsys.readouterr().out.split())
    assert run.parse(["--pairs", "x"]).test_voices == ["lancaster-female", "lancaster-male"]
