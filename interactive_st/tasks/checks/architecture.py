"""Refuses the architectures of fairseq, whose models know batches of one text."""

from fairseq.models import ARCH_MODEL_REGISTRY

from interactive_st.errors import SettingError


def check_architecture(arch: str, from_checkpoint: bool) -> None:
    """Raise ``SettingError`` for a model of fairseq's, before fairseq stumbles over it: they read batches of
    one text, and the text models among them no speech.

    Args:
        arch: of any model; those that are not fairseq's are taken to know what the task's batches are.
        from_checkpoint: the model is one that ``--path`` names, not one to be trained.
    """
    model = ARCH_MODEL_REGISTRY.get(arch)
    if model is None or not model.__module__.startswith("fairseq."):
        return
    if not from_checkpoint:
        raise SettingError(
            f"--arch {arch} expects batches of one text, and those of this task have two; give "
            "--arch interactive_st_s, asr_s, e2e_st_s or another of this package"
        )
    raise SettingError(
        f"--path names a model of fairseq (--arch {arch}), which writes one text: give a text model as "
        "--mt-path, behind a recogniser as --path; decode a speech model by the task that it was trained "
        "with, --task speech_to_text, or begin a training of two texts with it, --finetune-from-model"
    )
