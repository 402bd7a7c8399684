"""Options that a training cannot honour."""

from argparse import Namespace

import pytest

from interactive_st.tasks.checks.training_options import check_training_options


@pytest.mark.parametrize("name", ["pairs_path", "mt_path", "mt_data", "mt_args"])
def test_options_of_decoding_are_refused_in_training(name):
    with pytest.raises(ValueError, match=f"--{name.replace('_', '-')} has a meaning in decoding alone"):
        check_training_options(Namespace(**{name: "x"}))
    none_is_given = Namespace(pairs_path=None, mt_path=None, mt_data=None, mt_args="{}")
    check_training_options(none_is_given)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"finetune_from_model": "a.pt", "load_pretrained_encoder_from": "b.pt"},
            "--load-pretrained-encoder-from has no effect beside --finetune-from-model",
        ),
        ({"eval_bleu_args": "nonsense"}, "--eval-bleu-args is for validation that decodes; add"),
        ({"eval_bleu_print_samples": True}, "--eval-bleu-print-samples is for validation that decodes"),
        ({"encoder_max_tokens": 900}, "--encoder-max-tokens is for validation that decodes; add --eval-bleu"),
        ({"no_cuda_graphs": True}, "--no-cuda-graphs is for validation that decodes; add --eval-bleu or"),
        ({"combine_valid_subsets": True}, "--combine-valid-subsets cannot be honoured; leave it out, and"),
    ],
)
def test_options_without_effect_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        check_training_options(Namespace(**options))


def test_options_of_validation_that_decodes_are_taken_where_it_does():
    given = {"eval_bleu_args": '{"beam": 4}', "eval_bleu_print_samples": True}
    check_training_options(Namespace(eval_bleu=True, **given))
    check_training_options(Namespace(eval_wer=True, **given))
    check_training_options(Namespace(eval_bleu_args='{"beam": 1}', eval_bleu_print_samples=False))
    check_training_options(Namespace(**given), trains=False)  # of a checkpoint, by fairseq-validate


def test_half_precision_without_a_gpu_is_refused(monkeypatch):
    """fairseq's optimizer for it looks for one: Torch not compiled with CUDA enabled."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ValueError, match="--fp16 needs a GPU, and there is none; leave it out, or give --bf"):
        check_training_options(Namespace(fp16=True))
    check_training_options(Namespace(fp16=True, memory_efficient_fp16=True))
    check_training_options(Namespace(fp16=True, fp16_no_flatten_grads=True))
    check_training_options(Namespace(fp16=True), trains=False)  # fairseq-validate converts the model alone
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    check_training_options(Namespace(fp16=True))


def test_a_tpu_without_its_library_is_refused(monkeypatch):
    """fairseq looks for it without asking: 'NoneType' object has no attribute 'xla_device'."""
    with pytest.raises(ValueError, match="--tpu needs torch_xla, which is not installed; leave it out"):
        check_training_options(Namespace(tpu=True))
    check_training_options(Namespace(tpu=True), trains=False)
    monkeypatch.setattr("interactive_st.tasks.checks.training_options.find_spec", lambda name: name)
    check_training_options(Namespace(tpu=True))
