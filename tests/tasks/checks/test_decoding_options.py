"""Options of decoding that the task refuses before a model is loaded."""

import pytest

from interactive_st.tasks.checks.training_options import check_training_options
from tests.fake_decoding import setup
from tests.joint_corpus import write_config


def test_a_folder_is_no_checkpoint(folder, tmp_path):
    with pytest.raises(ValueError, match=r"--path .*: is a folder; name a checkpoint"):
        setup(folder, path=str(tmp_path))
    with pytest.raises(ValueError, match=r"--path m/model\.safetensors: is of a model folder, which inter"):
        setup(folder, path="m/model.safetensors")


@pytest.mark.parametrize("options", [{"mt_data": "."}, {"mt_args": '{"beam": 2}'}])
def test_options_of_a_text_model_that_there_is_not(folder, options):
    option = next(iter(options)).replace("_", "-")
    with pytest.raises(ValueError, match=f"--{option} is for the text model of --mt-path, and there is none"):
        setup(folder, path="model.pt", **options)
    setup(folder, path="model.pt", mt_path=__file__, **options)


def test_a_text_model_that_is_not_there(folder, tmp_path):
    with pytest.raises(ValueError, match=r"--mt-path .*gone\.pt: no such file"):
        setup(folder, path="model.pt", mt_path=f"{__file__}:{tmp_path}/gone.pt")
    with pytest.raises(ValueError, match=r"--mt-path .*: is a folder; name a checkpoint"):
        setup(folder, path="model.pt", mt_path=str(tmp_path))
    with pytest.raises(ValueError, match=r"--mt-data .*gone: no such folder"):
        setup(folder, path="model.pt", mt_path=__file__, mt_data=str(tmp_path / "gone"))


def test_beginnings_are_forced_where_there_are_references(folder):
    setup(folder, path="model.pt", prefix_size=1)
    with pytest.raises(ValueError, match=r"--prefix-size 1 forces .* and fairseq-interactive has none"):
        setup(folder, path="model.pt", prefix_size=1, buffer_size=0)


def test_pieces_are_joined_once(folder):
    """fairseq would join them, and the tokeniser then take the spaces away: BLEU of texts without any."""
    with pytest.raises(ValueError, match=r"--post-process sentencepiece .*leave it out"):
        setup(folder, path="model.pt", post_process="sentencepiece")
    setup(folder, post_process="letter")  # of a criterion
    write_config(folder, bpe_tokenizer=None)
    setup(folder, path="model.pt", post_process="sentencepiece")


@pytest.mark.parametrize(
    ("options", "given"), [({"num_shards": 2}, "num-shards 2"), ({"shard_id": 1}, "shard-id 1")]
)
def test_parts_are_shared_out_by_other_options(folder, options, given):
    """Every process would decode everything, and all write one file of pairs."""
    with pytest.raises(ValueError, match=f"--{given} changes nothing .* --distributed-world-size N"):
        setup(folder, path="model.pt", **options)
    with pytest.raises(ValueError, match=f"--{given} changes nothing .* give each its part of the input"):
        setup(folder, path="model.pt", buffer_size=0, **options)
    setup(folder, path="model.pt", num_shards=1, shard_id=0)


@pytest.mark.parametrize(
    "options",
    [{"eval_bleu": True}, {"eval_wer": True}, {"eval_bleu_args": '{"beam": 2}'},
     {"eval_bleu_print_samples": True}, {"max_text_tokens": 9}],
)  # fmt: skip
def test_options_of_training_and_validation_are_refused(folder, options):
    option = next(iter(options)).replace("_", "-")
    with pytest.raises(ValueError, match=f"--{option} has a meaning in training and validation alone"):
        setup(folder, path="model.pt", beam=5, **options)
    setup(folder, path="model.pt", **options)  # of a checkpoint, by fairseq-validate
    setup(folder, path="model.pt", beam=5, **dict.fromkeys(options, getattr(setup(folder).args, *options)))


@pytest.mark.parametrize("options", [{"results_path": "out"}, {"quiet": True}])
def test_options_that_only_fairseq_generate_heeds_are_refused(folder, options):
    option = next(iter(options)).replace("_", "-")
    with pytest.raises(ValueError, match=f"--{option} changes nothing in fairseq-interactive, which prints"):
        setup(folder, path="model.pt", beam=5, buffer_size=0, **options)
    with pytest.raises(ValueError, match=f"--{option} changes nothing in fairseq-validate, which prints"):
        setup(folder, path="model.pt", **options)
    setup(folder, path="model.pt", beam=5, **options)
    setup(folder, path="model.pt", beam=5, buffer_size=0, results_path=None, quiet=False)
    setup(folder, path="model.pt", results_path=None, quiet=False)


def test_the_model_is_that_of_the_checkpoint(folder):
    """fairseq-generate has --arch, and with it options of the model, and decodes as the checkpoint says."""
    with pytest.raises(ValueError, match=r"--arch interactive_st_s changes nothing, .* give --model-ov"):
        setup(folder, path="model.pt", beam=5, arch="interactive_st_s", wait_k="5")
    setup(folder, path="model.pt", beam=5, arch="wav2vec2")  # what fairseq gives
    setup(folder, path="model.pt", arch="interactive_st_s")  # of a checkpoint, by fairseq-validate


@pytest.mark.parametrize(
    ("options", "key"), [({"bpe": "subword_nmt"}, "bpe_tokenizer"), ({"tokenizer": "moses"}, "pre_tokenizer")]
)
def test_tokenisers_are_those_of_the_configuration(folder, options, key):
    """fairseq's task would take no notice of others either."""
    ((name, value),) = options.items()
    message = f"--{name} {value} changes nothing: .* as {key} of config_joint.yaml in the data folder says"
    with pytest.raises(ValueError, match=message):
        setup(folder, path="model.pt", beam=5, **options)
    with pytest.raises(ValueError, match=message):
        check_training_options(setup(folder, **options).args)
    check_training_options(setup(folder, **options).args, trains=False)
    setup(folder, path="model.pt", **options)  # of a checkpoint, by fairseq-validate
    setup(folder, path="model.pt", beam=5, bpe=None, tokenizer=None)
