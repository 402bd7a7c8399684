"""The configuration of a data folder: fairseq's keys, and those of two texts per utterance."""

import copy
from collections.abc import Collection
from pathlib import Path
from typing import Any

from fairseq.data import Dictionary
from fairseq.data.audio.data_cfg import S2TDataConfig
from fairseq.data.audio.dataset_transforms import AUDIO_DATASET_TRANSFORM_REGISTRY as DATASET_TRANSFORMS
from fairseq.data.audio.feature_transforms import AUDIO_FEATURE_TRANSFORM_REGISTRY as FEATURE_TRANSFORMS

from interactive_st.data.features import dynamic_range
from interactive_st.data.features.settings import FBANK, KINDS, FeatureSettings, filterbanks
from interactive_st.data.folder.config_check import check_mappings, check_numbers, check_texts
from interactive_st.data.languages import language_tag
from interactive_st.errors import DataError

#: fairseq keys that contradict what the joint task does, and why.
REFUSED_KEYS = {
    "prepend_tgt_lang_tag": "both texts always start from their language tags",
    "prepend_bos_and_append_tgt_lang_tag": "both texts always start from their language tags",
    "use_audio_input": "the models read features, not samples",
    "eos_token": "both texts end with </s>",
    "waveform_transforms": "features are stored, so there is no waveform to transform",
}
#: fairseq transforms that cannot work here, and why.
REFUSED_TRANSFORMS = {
    "noisyoverlapaugment": "it mixes waveforms, and features are stored",
    "delta_deltas": "it needs torchaudio, which is not part of this project; store the features "
    "with their deltas instead",
}
#: Keys whose values are keys and values themselves.
MAPPINGS = (
    "features",
    "bpe_tokenizer",
    "pre_tokenizer",
    "global_cmvn",
    "transforms",
    "feature_transforms",
    "dataset_transforms",
)
#: Entries of these that are texts: names of files of the folder, or kinds of tokenisers.
INNER_TEXTS = (
    ("bpe_tokenizer", "bpe"),
    ("bpe_tokenizer", "sentencepiece_model"),
    ("pre_tokenizer", "tokenizer"),
    ("global_cmvn", "stats_npz_path"),
)
ADVICE = "write it as interactive-st prepare does"
#: Entries that name a kind of tokeniser, never a file.
TOKENISER_KINDS = ("bpe", "tokenizer")


class JointDataConfig(S2TDataConfig):
    """`S2TDataConfig` whose relative paths are relative to the folder of the file.

    Beside fairseq's keys: ``source_lang`` and ``target_lang``, the languages of rows (and of
    interactive input) that name none, and ``features``, how audio becomes features.

    Args:
        yaml_path: the file, ``config_joint.yaml`` of a data folder.
        source_lang: takes the place of the file's ``source_lang``.
        target_lang: takes the place of the file's ``target_lang``.

    Raises:
        FileNotFoundError: there is no such file.
        DataError: it is not YAML, or a key has a value that cannot be honoured.
    """

    def __init__(
        self, yaml_path: Path, source_lang: str | None = None, target_lang: str | None = None
    ) -> None:
        self.path = Path(yaml_path)
        try:
            super().__init__(self.path)
        except FileNotFoundError:
            raise
        except Exception as error:  # fairseq raises a bare one for what is not YAML
            reason = " ".join(str(error.__context__ or error).split())
            raise DataError(
                f"{self.path}: not readable as YAML ({reason}); copy it again, or make the folder again"
            ) from error
        if not isinstance(self.config, dict):
            raise DataError(f"{self.path}: no keys; write vocab_filename, bpe_tokenizer, …")
        check_mappings(self.path, self.config, MAPPINGS, ADVICE)
        for key in MAPPINGS:
            if not self.config.get(key):
                self.config.pop(key, None)  # fairseq stumbles over empty ones
        check_texts(self.path, self._texts(), ADVICE)
        for key, reason in REFUSED_KEYS.items():
            if self.config.get(key):
                raise DataError(f"{self.path}: {key} cannot be honoured: {reason}; remove the key")
        self._check_transforms()
        for key, language in (("source_lang", source_lang), ("target_lang", target_lang)):
            if language is not None:
                self.config[key] = language
        stats = self.config.get("global_cmvn") or {}
        if stats.get("stats_npz_path"):
            # the transform opens the path as it stands, so it has to be whole here
            path = stats["stats_npz_path"] = self._auto_convert_to_abs_path(stats["stats_npz_path"])
            if not Path(path).is_file():
                raise DataError(
                    f"{self.path}: global_cmvn names the statistics {path}, which do not exist; copy them to "
                    f"{self.root} or correct the path"
                )
        self._check_features()

    def _texts(self) -> dict[str, Any]:
        """What is to name files of the folder, or kinds of tokenisers, by the keys; whatever it is."""
        found = {name: (self.config.get(key) or {}).get(name) for key, name in INNER_TEXTS}
        found["speaker_set_filename"] = self.speaker_set_filename
        given = {key: name for key, name in found.items() if name is not None}
        return {"vocab_filename": self.vocab_filename, **given}

    def with_languages(self, source_lang: str | None, target_lang: str | None) -> "JointDataConfig":
        """Return the same with other languages (None: its own), without reading the file again."""
        other = copy.copy(self)
        given = {"source_lang": source_lang, "target_lang": target_lang}
        other.config = self.config | {key: value for key, value in given.items() if value is not None}
        return other

    def _auto_convert_to_abs_path(self, x: Any) -> Any:
        """Look beside the file first: fairseq prefers the working directory's file of that name."""
        if isinstance(x, dict):
            return {
                key: value if key in TOKENISER_KINDS else self._auto_convert_to_abs_path(value)
                for key, value in x.items()
            }
        if isinstance(x, str) and (self.root / x).exists():
            return (self.root / x).as_posix()
        return x

    @property
    def audio_root(self) -> str:
        """Folder of relative audio paths: that of the file, or ``audio_root`` relative to it."""
        return (self.root / (self.config.get("audio_root") or "")).as_posix()

    @property
    def bpe_tokenizer(self) -> dict[str, Any]:
        """fairseq's entry with whole paths.

        Raises:
            DataError: its sentencepiece model does not exist.
        """
        tokenizer = super().bpe_tokenizer
        model = tokenizer.get("sentencepiece_model")
        if model is not None and not Path(model).is_file():
            raise DataError(
                f"{self.path}: bpe_tokenizer names the sentencepiece model {model}, which is not "
                f"in {self.root}; copy it there or correct the path"
            )
        return tokenizer

    @property
    def source_lang(self) -> str | None:
        """Language of transcripts that name none, as in ``<lang:en>``."""
        return self.config.get("source_lang")

    @property
    def target_lang(self) -> str | None:
        """Language of translations that name none."""
        return self.config.get("target_lang")

    def default_tags(self, dictionary: Dictionary) -> tuple[int, int] | None:
        """Return the language tags of input that names no languages; None if there are none."""
        tags = [language_tag(str(language)) for language in (self.source_lang, self.target_lang)]
        known = all(tag in dictionary for tag in tags)
        return (dictionary.index(tags[0]), dictionary.index(tags[1])) if known else None

    @property
    def features(self) -> FeatureSettings:
        """How audio becomes features.

        fairseq's own configurations have no such entry; theirs are filterbanks.
        """
        default = filterbanks(self.input_feat_per_channel, self.sample_rate)
        found = self.config.get("features") or default
        return default | found if found.get("type") == FBANK else found

    def _check_transforms(self) -> None:
        for kind in ("transforms", "feature_transforms", "dataset_transforms"):
            for split, names in (self.config.get(kind) or {}).items():
                if not isinstance(names or [], list):
                    raise DataError(f"{self.path}: {kind} of {split} is {names!r}; write a list, [{names}]")
                known = DATASET_TRANSFORMS if kind == "dataset_transforms" else FEATURE_TRANSFORMS
                for name in names or ():
                    self._check_transform(name, f"{kind}, {split}", known)

    def _check_transform(self, name: Any, where: str, known: Collection[str]) -> None:
        check_texts(self.path, {where: name}, ADVICE)
        if name in REFUSED_TRANSFORMS:
            raise DataError(
                f"{self.path}: {name} ({where}) cannot be honoured: {REFUSED_TRANSFORMS[name]}; remove it"
            )
        if name not in known:
            raise DataError(
                f"{self.path}: {name} ({where}) is not a transform of fairseq; known are "
                + ", ".join(sorted(known))
            )
        if name == dynamic_range.NAME:
            try:
                dynamic_range.DynamicRange.from_config_dict(self.config.get(dynamic_range.NAME))
            except ValueError as error:
                raise DataError(f"{self.path}: {error}") from error

    def _check_features(self) -> None:
        size = _whole_number(self.features.get("num_mel_bins", self.features.get("dim")))
        if size is not None and size != self.input_feat_per_channel:
            raise DataError(
                f"{self.path}: features are {size} a frame but input_feat_per_channel is "
                f"{self.input_feat_per_channel}; the two have to agree"
            )
        numbers = {key: getattr(self, key) for key in ("input_feat_per_channel", "input_channels")}
        if self.features.get("type") == FBANK:
            of_features = {key: self.features[key] for key in KINDS[FBANK]}
            numbers |= {f"{key} of features": _whole_number(value) for key, value in of_features.items()}
        check_numbers(self.path, numbers, ADVICE)


def _whole_number(value: Any) -> Any:
    """The number that ``8000.0`` and ``"8000"`` stand for, as `int` makes it; anything else as it is."""
    is_one = value.is_integer() if isinstance(value, float) else isinstance(value, str) and value.isdecimal()
    return int(value) if is_one else value
