"""What the files of a data folder are called, and the columns of its tables."""

CONFIG = "config_joint.yaml"
MODEL = "spm_joint.model"
VOCAB = "spm_joint.vocab"
DICTIONARY = "dict.txt"
GLOBAL_CMVN = "gcmvn.npz"
SKIPPED = "skipped.tsv"
#: The folder in it that the text model of a pipeline is trained on.
MT_FOLDER = "mt"

#: Columns of its manifests.
COLUMNS = ("id", "audio", "n_frames", "tgt_text", "src_text", "speaker", "src_lang", "tgt_lang")
#: Those of them that hold the transcript and the translation.
TEXT_COLUMNS = ("src_text", "tgt_text")
#: Those that hold the languages of the two.
LANGUAGE_COLUMNS = ("src_lang", "tgt_lang")
TRAIN_PREFIX = "train"


def is_train(split: str) -> bool:
    """Tell whether a split is training data, on which vocabulary and global CMVN are estimated too."""
    return split.startswith(TRAIN_PREFIX)
