"""fairseq-validate says of a checkpoint what its training said."""

import pytest


@pytest.mark.parametrize("half", [False, True])
def test_same_values_as_the_validation_of_the_training(tools, trained, corpus, user_dir, half):
    """With --fp16 as well, where fairseq converts the model, and leaves the features to the task."""
    result = tools(
        "fairseq-validate", corpus.data, "--user-dir", user_dir, "--task", "joint_speech_to_text",
        "--path", trained.last, "--valid-subset", "dev", "--max-tokens", 1200, "--num-workers", 0,
        "--log-format", "json", "--no-progress-bar", *(["--fp16"] if half else []),
    )  # fmt: skip
    (values,) = result.logs("dev")
    expected = trained.result.logs("dev")[-1]
    names = ["loss", "nll_loss", "asr_loss", "st_loss", "ctc_loss"]
    if not half:
        names += ["accuracy", "asr_accuracy", "wer", "bleu"]
    assert {name: values[name] for name in names} == pytest.approx(
        {name: expected[name] for name in names}, abs=0.05 if half else 0.002
    )
