"""Splits without the text that is learnt or scored are refused before a training begins."""

from argparse import Namespace
from types import SimpleNamespace

import pytest
from fairseq.criterions import CRITERION_REGISTRY
from fairseq.tasks.speech_to_text import SpeechToTextTask

from interactive_st.conventions import BOTH, TRANSCRIPT, TRANSLATION
from interactive_st.errors import DataError
from interactive_st.tasks.required_texts import check_options, checked_criterion
from tests.fake_decoding import setup
from tests.joint_corpus import COLUMNS, ROWS, write_split

ONE = {"asr": (TRANSCRIPT,), "st": (TRANSLATION,), "both": BOTH}


@pytest.fixture
def load(folder, monkeypatch):
    """Loads a split of the rows that lack a text, as fairseq-train does; True: as fairseq-generate."""
    # read by the columns of ROWS: id, frames, translation, transcript, …
    rows = {"asr": [row for row in ROWS if not row[2]], "st": [row for row in ROWS if not row[3]]}

    def run(split: str, model: str, decodes: bool = False, metric: str = "loss", **options: object) -> None:
        for stream, chosen in rows.items():
            for kind in ("train", "dev"):
                write_split(folder, f"{kind}_{stream}", chosen)
        task = setup(folder, **options)
        monkeypatch.setattr(SpeechToTextTask, "build_model", lambda *_: SimpleNamespace(streams=ONE[model]))
        task.build_model(SimpleNamespace(arch="model"))
        monkeypatch.setattr(SpeechToTextTask, "build_criterion", lambda *_: None)
        if not decodes:
            task.build_criterion(None)
        task.args.best_checkpoint_metric = metric
        task.load_dataset(split)

    return run


@pytest.mark.parametrize(
    ("split", "model", "message"),
    [
        ("train_asr", "st", r"train_asr: no row has a translation \(tgt_text\), so nothing can be learnt"),
        ("train_st", "asr", r"train_st: no row has a transcript \(src_text\), so nothing can be learnt"),
        ("dev_asr", "st", r"dev_asr: no row has a translation \(tgt_text\), so it has no loss"),
    ],
)
def test_splits_that_say_nothing_of_the_model_are_refused(load, split, model, message):
    with pytest.raises(DataError, match=message):
        load(split, model)
    load(split, "both")
    load(split, model, decodes=True)


def test_ctc_learns_from_transcripts_alone(load):
    load("train_asr", "st", ctc_weight=0.3)
    with pytest.raises(DataError, match="it has no loss"):
        load("dev_asr", "st", ctc_weight=0.3)


@pytest.mark.parametrize(
    ("split", "metric"),
    [("dev_asr", "bleu"), ("dev_asr", "st_loss"), ("dev_st", "wer"), ("dev_st", "asr_accuracy")],
)
def test_the_metric_that_chooses_has_to_be_there(load, split, metric):
    with pytest.raises(DataError, match=rf"{split}: .* no {metric}, by which --best-checkpoint-metric"):
        load(split, "both", metric=metric)
    load(split, "both", metric="loss")
    load(split.replace("dev", "train"), "both", metric=metric)


@pytest.mark.parametrize("name", ["pairs_path", "mt_path", "mt_data", "mt_args"])
def test_options_of_decoding_are_refused_in_training(name):
    with pytest.raises(ValueError, match=f"--{name.replace('_', '-')} has a meaning in decoding alone"):
        check_options(Namespace(**{name: "x"}))
    check_options(Namespace(pairs_path=None, mt_path=None, mt_data=None, mt_args="{}"))  # none is given


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"finetune_from_model": "a.pt", "load_pretrained_encoder_from": "b.pt"},
            "--load-pretrained-encoder-from has no effect beside --finetune-from-model",
        ),
        ({"combine_valid_subsets": True}, "--combine-valid-subsets cannot be honoured; leave it out, and"),
    ],
)
def test_options_without_effect_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        check_options(Namespace(**options))


@pytest.fixture
def silent(folder):
    """Adds a split of text alone."""
    lines = ["\t".join(COLUMNS), "\t".join(["a", "", "0", "elf", "four two", "", "en", "de"])]

    def write(split: str) -> str:
        (folder / f"{split}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return split

    return write


@pytest.mark.parametrize("metric", ["wer", "bleu", "ctc_loss"])
def test_text_alone_has_no_score_of_speech(load, silent, metric):
    silent("dev_text"), silent("train_text")
    text = r"translation \(tgt_text\)" if metric == "bleu" else r"transcript \(src_text\)"
    message = f"dev_text: no row with speech has a {text}, so there is no {metric}, by which"
    with pytest.raises(DataError, match=message):
        load("dev_text", "both", metric=metric)
    load("train_text", "both", metric=metric)
    load("dev_text", "both", metric="st_loss")
    load("dev_asr,dev_text", "both", metric="wer")
    with pytest.raises(DataError, match="dev_st,dev_text: no row with speech has a transcript"):
        load("dev_st,dev_text", "both", metric="wer")


@pytest.mark.parametrize(
    ("options", "fits"),
    [
        ({"ddp_backend": "fully_sharded"}, False),
        ({"ddp_backend": "fully_sharded", "distributed_world_size": 1}, True),
        ({"ddp_backend": "legacy_ddp"}, True),
        ({"ddp_backend": "pytorch_ddp"}, True),
    ],
)
def test_backends_that_wait_for_processes_of_text(load, silent, options, fits):
    options = {"distributed_world_size": 2, **options}
    load("train_asr", "both", **options)
    split = silent("train_text")
    if fits:
        return load(split, "both", **options)
    with pytest.raises(ValueError, match=f"--ddp-backend {options['ddp_backend']} would wait for it; add"):
        load(split, "both", **options)


@pytest.mark.parametrize(
    ("options", "fits"),
    [
        ({"ddp_backend": "pytorch_ddp"}, False),
        ({"ddp_backend": "fully_sharded", "find_unused_parameters": True}, False),
        ({"ddp_backend": "pytorch_ddp", "find_unused_parameters": True}, True),
        ({"ddp_backend": "legacy_ddp"}, True),
        ({"ddp_backend": "pytorch_ddp", "distributed_world_size": 1}, True),
        ({"ddp_backend": "pytorch_ddp", "encoder_freezing_updates": 0}, True),
    ],
)
def test_backends_that_wait_for_the_gradient_of_a_frozen_encoder(options, fits):
    args = Namespace(**{"distributed_world_size": 2, "encoder_freezing_updates": 9, **options})
    if fits:
        return check_options(args)
    message = f"freezing-updates 9: .* --ddp-backend {options['ddp_backend']} would wait for it; add"
    with pytest.raises(ValueError, match=message):
        check_options(args)


def test_text_alone_is_not_decoded(load, silent):
    load(silent("train_text"), "both")
    with pytest.raises(DataError, match=r"train_text.tsv:2 \(a\): has text alone, and there is nothing"):
        load("train_text", "both", decodes=True)


def made(name: str, **attributes: object) -> object:
    """A criterion of that name, which was not given its options."""
    kind = CRITERION_REGISTRY[name]
    criterion = kind.__new__(kind)
    vars(criterion).update(attributes)
    return criterion


def test_criteria_that_know_one_text_are_refused():
    refused = [
        (made("cross_entropy"), ONE["asr"]),
        (made("label_smoothed_cross_entropy", ignore_prefix_size=0), ONE["st"]),
        (made("label_smoothed_cross_entropy", ignore_prefix_size=1), BOTH),
        (made("label_smoothed_cross_entropy_with_ctc", ignore_prefix_size=0), BOTH),
    ]
    for criterion, streams in refused:
        with pytest.raises(ValueError, match="give --criterion joint_label_smoothed_cross_entropy"):
            checked_criterion(criterion, streams)


def test_criteria_that_add_up_tokens_or_are_not_fairseq_s_are_taken():
    own = type("Own", (CRITERION_REGISTRY["cross_entropy"],), {"__module__": "my.criteria"})
    taken = [
        (made("cross_entropy"), BOTH),
        (made("label_smoothed_cross_entropy", ignore_prefix_size=0), BOTH),
        (made("joint_label_smoothed_cross_entropy", ignore_prefix_size=0), ONE["asr"]),
        (own.__new__(own), ONE["asr"]),
    ]
    for criterion, streams in taken:
        assert checked_criterion(criterion, streams) is criterion
