"""The pipeline behind the task: recogniser, text model, and what goes between them."""

import logging
import shutil
from argparse import Namespace
from types import SimpleNamespace

import pytest
import tiny
import torch
from fairseq.dataclass.configs import GenerationConfig
from torch import nn

from interactive_st.data.folder.translation_text import write_translation_text
from interactive_st.models import ARCHITECTURES
from interactive_st.tasks import JointSpeechToTextTask
from interactive_st.tasks.cascade import CascadeGenerator, Translator, text_options
from tests.joint_corpus import ROWS, task_arguments, write_corpus
from tests.searching import has_repeats
from tests.text_model import save_text_model

OPTIONS = Namespace(beam=2, max_len_b=8)
PIECES = ["▁four ▁two", "▁one", "▁four", "▁one ▁one ▁three ▁two"]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A data folder with the texts of its rows and two text models."""
    folder = write_corpus(tmp_path_factory.mktemp("cascade") / "data", {"train": ROWS, "test": ROWS[:3]})
    write_translation_text(folder, ["train", "test"])
    save_text_model(folder / "mt", folder / "mt.pt")
    return folder


def task_of(data, **changes):
    args = task_arguments(data, mt_path=str(data / "mt.pt"), **changes)
    return JointSpeechToTextTask.setup_task(args)


def translator(folder, dictionary, **changes):
    given = {"path": str(folder / "mt.pt"), "data": str(folder / "mt"), "options": OPTIONS}
    return Translator(dictionary=dictionary, like=nn.Linear(1, 1), **given | changes)


def test_sentences_are_translated_in_a_batch_as_alone(data):
    found = translator(data, task_of(data).target_dictionary)
    together = found.translate(PIECES)
    for text, nbest in zip(PIECES, together, strict=True):
        assert len(nbest) == 2
        alone = found.translate([text])[0]
        assert [h["tokens"].tolist() for h in nbest] == [h["tokens"].tolist() for h in alone]
    assert len({tuple(nbest[0]["tokens"].tolist()) for nbest in together}) > 1
    assert found.translate([""])[0][0]["tokens"][-1] == 2


def test_forced_beginnings_stay_with_their_sentences(data):
    found = translator(data, task_of(data).target_dictionary)
    prefix = torch.tensor([[7], [8], [9], [10]])
    for nbest, first in zip(found.translate(PIECES, prefix), prefix, strict=True):
        assert nbest[0]["tokens"][0] == first


@pytest.mark.parametrize("size", [1, 2, 3])
def test_no_repeated_ngrams(data, size):
    """fairseq's own code blocks none on a CPU."""
    dictionary = task_of(data).target_dictionary
    long = {"beam": 2, "max_len_b": 12, "min_len": 11}
    free = translator(data, dictionary, options=Namespace(**long)).translate(PIECES)
    assert any(has_repeats(nbest[0]["tokens"].tolist(), size) for nbest in free)
    found = translator(data, dictionary, options=Namespace(**long, no_repeat_ngram_size=size))
    for nbest in found.translate(PIECES):
        for hypothesis in nbest:
            assert len(hypothesis["tokens"]) > 11
            assert not has_repeats(hypothesis["tokens"].tolist(), size)
    forced = found.translate(PIECES, torch.tensor([[7] * 6] * len(PIECES)))
    for nbest in forced:
        tokens = nbest[0]["tokens"].tolist()
        assert tokens[:6] == [7] * 6
        assert not has_repeats(tokens[5:], size)


def test_what_does_not_go_together_is_refused(data, tmp_path):
    dictionary = task_of(data).target_dictionary
    with pytest.raises(ValueError, match="its dictionary is not that of the speech model"):
        translator(data, tiny.dictionary())
    with pytest.raises(ValueError, match=r"gone\.pt: no such checkpoint"):
        translator(data, dictionary, path=str(tmp_path / "gone.pt"))
    found = translator(data, dictionary)
    german, french = (dictionary.index(f"<lang:{language}>") for language in ("de", "fr"))
    found.check_language(torch.tensor([german, german]))
    with pytest.raises(ValueError, match="translates to de, and the corpus asks for other languages"):
        found.check_language(torch.tensor([german, french]))
    recogniser = SimpleNamespace(models=[SimpleNamespace(streams=(1,))])
    with pytest.raises(ValueError, match="give a model of --arch asr"):
        CascadeGenerator(recogniser, found, str, str)


def test_a_model_of_as_many_other_words_is_warned_of(data, tmp_path, caplog):
    """Its pieces would be read as those of the speech model."""
    other = shutil.copytree(data / "mt", tmp_path / "mt")
    for file in other.glob("dict.*.txt"):
        lines = file.read_text("utf-8").splitlines(keepends=True)
        file.write_text("".join([*lines[:3], *lines[:2:-1]]), encoding="utf-8")
    model = save_text_model(other, tmp_path / "mt.pt")
    dictionary = task_of(data).target_dictionary
    message = f"{model}: was trained on {other}, and the dictionary there is not that of the speech model"
    ours = data / "mt.pt"
    for paths, warned in ((f"{model}", True), (f"{ours}:{model}", True), (f"{ours}", False)):
        caplog.clear()
        translator(data, dictionary, path=paths)
        assert (message in caplog.text) == warned
    caplog.clear()
    translator(data, dictionary, path=str(model), warns_of_other_words=False)
    for file in other.glob("dict.*.txt"):
        file.write_text("no count\n")
    caplog.clear()
    translator(data, dictionary, path=str(model))
    assert "was trained on" not in caplog.text
    shutil.rmtree(other)
    translator(data, dictionary, path=str(model))
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_rows_into_another_language_are_refused_before_they_are_heard(data):
    dictionary = task_of(data).target_dictionary
    english, french = (dictionary.index(f"<lang:{language}>") for language in ("en", "fr"))
    recogniser = SimpleNamespace(
        models=[SimpleNamespace(streams=(0,))],
        eos=dictionary.eos(),
        symbols_to_strip_from_output=set(),
        generate=lambda *_, **__: pytest.fail("nothing is to be decoded"),
    )
    cascade = CascadeGenerator(recogniser, translator(data, dictionary), str, str)
    with pytest.raises(ValueError, match="translates to de, and the corpus asks for other languages"):
        cascade.generate([], {"lang_tags": torch.tensor([[english], [french]])})


def test_dictionaries_are_looked_for_where_the_text_model_was_trained(data, tmp_path):
    without = shutil.copytree(data, tmp_path / "data", ignore=shutil.ignore_patterns("mt"))
    task = task_of(without)
    generator = task.build_generator([recogniser(task)], GenerationConfig(beam=2, max_len_b=8))
    assert generator.translator.task.cfg.data == str(data / "mt")


def test_options_of_the_text_models_own_validation_have_no_effect(data, tmp_path):
    state = torch.load(data / "mt.pt", weights_only=False)
    state["cfg"]["task"] |= {"eval_bleu": True, "eval_bleu_detok": "not installed here"}
    torch.save(state, tmp_path / "mt.pt")
    found = translator(data, task_of(data).target_dictionary, path=str(tmp_path / "mt.pt"))
    assert len(found.translate(PIECES[:1])) == 1


def test_options_of_the_text_model():
    config = GenerationConfig(beam=4, nbest=2, max_len_a=0.5, lenpen=0.6)
    same = text_options(config, "{}")
    assert (same.beam, same.lenpen, same.max_len_b) == (4, 0.6, 200)
    assert not hasattr(same, "max_len_a")  # tokens per frame of speech
    assert text_options(config, '{"beam": 3, "max_len_a": 1.5}').max_len_a == 1.5
    with pytest.raises(ValueError, match="--nbest 2 needs a beam of at least as many"):
        text_options(config, '{"beam": 1}')
    with pytest.raises(ValueError, match='--mt-args: "beam" is "x"; a whole number is needed'):
        text_options(config, '{"beam": "x"}')
    with pytest.raises(ValueError, match="--mt-args: no generation option bem"):
        text_options(config, '{"bem": 1}')


def test_options_of_the_speech_model_are_those_of_the_text_model():
    given = {"min_len": 3, "unkpen": 1.5, "temperature": 1.2, "no_repeat_ngram_size": 2, "lenpen": 0.6}
    given |= {"unnormalized": True, "nbest": 2, "beam": 4, "max_len_b": 70}
    assert vars(text_options(GenerationConfig(**given), "{}")) == given


@pytest.mark.parametrize(("max_len_a", "max_len_b"), [(0, 60), (0.1, 200)])
def test_a_limit_by_frames_is_not_the_text_models(max_len_a, max_len_b):
    options = text_options(GenerationConfig(max_len_a=max_len_a, max_len_b=60), "{}")
    assert options.max_len_b == max_len_b
    assert not hasattr(options, "max_len_a")
    given = text_options(GenerationConfig(max_len_a=0.1, max_len_b=10), '{"max_len_b": 70}')
    assert given.max_len_b == 70


def recogniser(task, name="asr"):
    args = tiny.arguments(input_feat_per_channel=8, arch=name)
    ARCHITECTURES[f"{name}_s"](args)
    torch.manual_seed(3)
    return task.build_model(args).eval()


@pytest.mark.parametrize("name", ["asr", "multitask_st"])
def test_the_task_decodes_with_both_models(data, tmp_path, name):
    task = task_of(data, pairs_path=str(tmp_path / "pairs.jsonl"))
    model = recogniser(task, name)
    assert task.source_dictionary is not None
    task.load_dataset("test")
    iterator = task.get_batch_iterator(task.dataset("test"), max_sentences=4)
    generator = task.build_generator([model], GenerationConfig(beam=2, nbest=2, max_len_b=8))
    sample = next(iterator.next_epoch_itr(shuffle=False))
    references = sample["targets"].clone()
    heard = generator.recogniser.generate([model], sample)
    found = task.inference_step(generator, [model], sample)
    assert torch.equal(sample["target"][0], references[1][0])
    translated = translator(data, task.target_dictionary)
    encode = task.build_bpe(None).encode
    for row, nbest in enumerate(found):
        transcript = heard[row][0]["transcript"]
        text = task.detokenise(transcript["tokens"])
        expected = translated.translate([encode(text)])[0]
        assert [h["tokens"].tolist() for h in nbest] == [h["tokens"].tolist() for h in expected]
        assert all(torch.equal(h["transcript"]["tokens"], transcript["tokens"]) for h in nbest)
        assert torch.allclose(nbest[0]["pair_score"], transcript["score"] + expected[0]["score"])
        features = sample["net_input"]["src_tokens"][row]
        assert task.source_dictionary.string(features[features.ne(1)]) == text
    assert len((tmp_path / "pairs.jsonl").read_text(encoding="utf-8").splitlines()) == 3


def test_a_word_that_is_not_known_stays_one(data):
    """Not the pieces of the text "<unk>"."""
    task = task_of(data)
    bpe = task.build_bpe(None)
    pieces = bpe.encode("one two").split()
    tokens = task.tgt_dict.encode_line(" ".join([*pieces, "▁", "<unk>"]), add_if_not_exist=False)
    read = []

    class Recogniser:
        models, eos, symbols_to_strip_from_output = [recogniser(task, "asr")], 2, set()

        def generate(self, *_, **__):
            return [[{"transcript": {"tokens": tokens, "score": torch.tensor(0.0)}}]]

    class Translating:
        def translate(self, texts, prefix_tokens):
            read.extend(texts)
            return [[{"tokens": tokens, "score": torch.tensor(0.0)}]]

    CascadeGenerator(Recogniser(), Translating(), task.detokenise, bpe.encode).generate([], {})
    found = task.tgt_dict.encode_line(read[0], add_if_not_exist=False)
    assert found.tolist() == tokens.tolist()
    assert found.tolist().count(task.tgt_dict.unk()) == 1


def test_the_text_model_reads_pieces_that_the_outputs_have_joined(data):
    """Of a configuration without a subword tokeniser, with --post-process."""
    config = (data / "config_joint.yaml").read_text(encoding="utf-8")
    (data / "config_pieces.yaml").write_text(config.replace("bpe_tokenizer", "none"), encoding="utf-8")
    options = {"config_yaml": "config_pieces.yaml", "path": "asr.pt", "post_process": "sentencepiece"}
    task = task_of(data, **options)
    generator = task.build_generator([recogniser(task)], GenerationConfig())
    pieces = task_of(data).build_bpe(None).encode("four two")
    tokens = task.tgt_dict.encode_line(pieces, add_if_not_exist=False)
    assert task.detokenise(tokens) == "four two"
    assert generator.tokenise(generator.detokenise(tokens)) == pieces


def test_the_text_model_has_the_precision_of_the_recogniser(data):
    like = nn.Linear(1, 1).bfloat16()
    folder, dictionary = str(data / "mt"), task_of(data).target_dictionary
    made = Translator(str(data / "mt.pt"), folder, dictionary, OPTIONS, like)
    assert {p.dtype for p in made.models[0].parameters()} == {torch.bfloat16}
