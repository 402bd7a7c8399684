"""Speech with its transcript and its translation; either text may be missing, or the speech.

Stream 0 is the transcript, stream 1 the translation, everywhere.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from fairseq.data import Dictionary
from fairseq.data.audio.dataset_transforms.concataugment import ConcatAugment
from fairseq.data.audio.speech_to_text_dataset import (
    SpeechToTextDataset,
    SpeechToTextDatasetItem,
)

from interactive_st.conventions import BOTH, STREAM_NAMES, option_name
from interactive_st.data.datasets.config import JointDataConfig
from interactive_st.data.datasets.joint_batches import FRAMES_PER_PIECE, JointBatches
from interactive_st.data.datasets.token_store import TokenStore
from interactive_st.data.features.archive_reader import FeatureReader
from interactive_st.data.features.compute import features_from_file
from interactive_st.errors import DataError

logger = logging.getLogger(__name__)


@dataclass
class JointItem(SpeechToTextDatasetItem):
    """One utterance; a text is its token ids with ``</s>``, empty where it is missing."""

    texts: tuple[torch.Tensor, torch.Tensor] | None = None
    tags: tuple[int, int] | None = None


class JointSpeechToTextDataset(JointBatches, SpeechToTextDataset):
    """`SpeechToTextDataset` with two texts a row, each begun by its language tag.

    The parent is given no texts and does what concerns speech: reading, transforms, order.
    Texts are tokenised once, when the dataset is made.

    Args:
        split: name of the split.
        is_train_split: whether training transforms apply.
        cfg: the data folder's configuration.
        audio_paths: path, or ``file.zip:offset:length``, of each row.
        n_frames: length of each row in frames, 0 where there is text alone.
        dictionary: the joint dictionary of both languages.
        texts: transcripts and translations, empty where missing; None if there are none at all.
        languages: languages of the transcripts and of the translations, empty for the
            configuration's default.
        rows: where each row comes from, for messages, such as ``train.tsv:7 (theo_3)``.
        others: `SpeechToTextDataset`'s own.

    Raises:
        DataError: a row has no language, or one whose tag is not in the dictionary.
    """

    def __init__(
        self,
        split: str,
        is_train_split: bool,
        cfg: JointDataConfig,
        audio_paths: Sequence[str],
        n_frames: Sequence[int],
        dictionary: Dictionary,
        *,
        texts: tuple[Sequence[str], Sequence[str]] | None = None,
        languages: tuple[Sequence[str], Sequence[str]] | None = None,
        rows: Sequence[str] | None = None,
        **others: Any,
    ) -> None:
        count = len(audio_paths)
        self.texts = texts
        self._rows = rows or [f"{split}: utterance {i}" for i in range(count)]
        defaults = (cfg.source_lang or "", cfg.target_lang or "")
        named = languages or (("",) * count, ("",) * count)
        src_langs, tgt_langs = (
            [language or default for language in stream]
            for stream, default in zip(named, defaults, strict=True)
        )
        #: What is added to a row's number to make the ``id`` of its sample.
        self.first_id = 0
        self._archives = FeatureReader()
        self.has_speech = np.asarray(n_frames) > 0
        super().__init__(
            split,
            is_train_split,
            cfg,
            audio_paths,
            list(n_frames),
            src_langs=src_langs,
            tgt_langs=tgt_langs,
            **others,
        )
        self.tgt_dict = dictionary
        self.tags = np.array([self._tag_ids(stream) for stream in BOTH], dtype=np.int64)
        self._tokens = None
        if texts is not None:
            self._tokens = tuple(self._tokenise_all(stream) for stream in BOTH)
            self.set_target_streams(BOTH)

    def set_target_streams(self, streams: Sequence[int]) -> None:
        """Set the target lengths, which fairseq's limits are for, to those of the longer text of these."""
        if self._tokens is None:
            return
        lengths = [self._tokens[stream].lengths for stream in streams]
        # a text that is there has one token more, its </s>
        self.tgt_lens = np.maximum.reduce([np.where(n > 0, n + 1, 0) for n in lengths]).tolist()
        alone = np.flatnonzero(~self.has_speech)
        for row in alone:  # so that they are sorted by length
            self.n_frames[row] = FRAMES_PER_PIECE * self.tgt_lens[row]
        if empty := sum(self.tgt_lens[row] == 0 for row in alone):
            lacking = f"neither speech nor a {' or a '.join(STREAM_NAMES[stream] for stream in streams)}"
            logger.info(f"NOTE: '{self.split}': {empty} rows have {lacking}, and are left out")

    def size(self, index: int) -> tuple[int, int]:
        """Frames, 0 without speech, and length of the text: what fairseq's limits on positions are for."""
        return (self.n_frames[index] if self.has_speech[index] else 0), self.tgt_lens[index]

    def has_texts(self, stream: int, with_speech: bool = False) -> bool:
        """Whether any row has a transcript (0) or a translation (1); ``with_speech``: of rows with speech."""
        if self.texts is None:
            return False
        rows = np.flatnonzero(self.has_speech) if with_speech else range(len(self.has_speech))
        return any(self.texts[stream][row] for row in rows)

    def without_speech(self) -> list[str]:
        """Where the rows come from that have text alone."""
        return [self._rows[row] for row in np.flatnonzero(~self.has_speech)]

    def _tag_ids(self, stream: int) -> list[int]:
        known: dict[str, int] = {}
        for row, language in enumerate((self.src_langs, self.tgt_langs)[stream]):
            if language not in known:
                known[language] = self._tag_id(stream, row, language)
        return [known[language] for language in (self.src_langs, self.tgt_langs)[stream]]

    def _tag_id(self, stream: int, row: int, language: str) -> int:
        prefix = ("src", "tgt")[stream]
        key = ("source_lang", "target_lang")[stream]
        if not language:
            raise DataError(
                f"{self._rows[row]}: the {STREAM_NAMES[stream]} has no language; add a column "
                f"{prefix}_lang, {key} to {self.cfg.path}, or {option_name(key)}"
            )
        tag = self.LANG_TAG_TEMPLATE.format(language)
        if tag not in self.tgt_dict:
            raise DataError(
                f"{self._rows[row]}: the {STREAM_NAMES[stream]} is in {language!r}, but {tag} is not in "
                f"the dictionary {self.cfg.vocab_filename}; correct {prefix}_lang (or {key}), or "
                "prepare the vocabulary with that language"
            )
        return self.tgt_dict.index(tag)

    def _tokenise(self, text: str) -> list[int]:
        text = self.tokenize(self.pre_tokenizer, text)
        pieces = self.tokenize(self.bpe_tokenizer, text).split()
        ids = [self.tgt_dict.index(piece) for piece in pieces]
        # without subwords a word may be written like padding, whose place holds no token
        special = (self.tgt_dict.bos(), self.tgt_dict.pad(), self.tgt_dict.eos())
        return [self.tgt_dict.unk() if index in special else index for index in ids]

    def _tokenise_all(self, stream: int) -> TokenStore:
        tokens = TokenStore(self._tokenise(text) for text in self.texts[stream])
        if len(tokens.ids):
            unknown = 100 * np.mean(tokens.ids == self.tgt_dict.unk())
            logger.info(f"'{self.split}' has {unknown:.2f}% OOV ({STREAM_NAMES[stream]}s)")
        return tokens

    def _token_ids(self, stream: int, row: int) -> list[int]:
        # with subword sampling a text is another one each time
        if getattr(self.bpe_tokenizer, "enable_sampling", False):
            return self._tokenise(self.texts[stream][row])
        return self._tokens[stream][row].tolist()

    def _target(self, stream: int, rows: Sequence[int]) -> torch.Tensor:
        """Return the ids of the text of these rows, spoken one after the other, and ``</s>``."""
        parts = [self._token_ids(stream, row) for row in rows]
        if not all(parts):  # what is said in part of the speech is unknown
            return torch.empty(0, dtype=torch.long)
        return torch.tensor([*(i for ids in parts for i in ids), self.tgt_dict.eos()])

    def _choose_rows(self, row: int) -> list[int]:
        """Return the rows to join into one utterance, more than one with ConcatAugment."""
        concat = self.dataset_transforms.get_transform(ConcatAugment)
        if concat is None:
            return [row]
        rows = concat.find_indices(row, self.n_frames, self.n_samples)
        same = (self.has_speech[rows] == self.has_speech[row]).all()
        same &= (self.tags[:, rows] == self.tags[:, [row]]).all()
        for tokens in self._tokens or ():  # joined, what one of them lacks all would lack
            same &= ((tokens.lengths[rows] > 0) == (tokens.lengths[row] > 0)).all()
        return list(rows) if same else [row]

    def __getitem__(self, index: int) -> JointItem:
        index = int(index)
        rows = self._choose_rows(index)
        source = self._get_source_audio(rows)
        if self.has_speech[index]:
            self._check_source(index, source)
        speaker_id = None
        if self.speaker_to_id is not None:
            speaker_id = self.speaker_to_id[self.speakers[index]]
        texts = None
        if self._tokens is not None:
            texts = (self._target(0, rows), self._target(1, rows))
        return JointItem(
            index=self.first_id + index,
            source=self.pack_frames(source),
            speaker_id=speaker_id,
            texts=texts,
            tags=tuple(self.tags[:, index].tolist()),
        )

    def _get_source_audio(self, index: int | Sequence[int]) -> torch.Tensor:
        """Return the transformed features of a row, or of rows one after the other, (T, F)."""
        rows = index if isinstance(index, Sequence) else [index]
        if not self.has_speech[rows[0]]:
            return torch.zeros(0, self.cfg.input_feat_per_channel * self.cfg.input_channels)
        source = np.concatenate([self._read_features(row) for row in rows])
        if self.feature_transforms is not None:
            source = self.feature_transforms(source)
        return torch.from_numpy(source).float()

    def _read_features(self, row: int) -> np.ndarray:
        path = self.audio_paths[row]
        try:
            archive, *place = path.rsplit(":", 2)
            if len(place) == 2 and all(number.isdigit() for number in place):
                return self._archives.read(archive, *map(int, place))
            if path.endswith(".npy"):
                return np.load(path)
            # fairseq would need torchaudio for this
            return features_from_file(path, self.cfg.features)
        except (OSError, ValueError) as error:
            raise DataError(
                f"{self._rows[row]}: {path}: no features ({error}); does audio_root in "
                f"{self.cfg.path} fit, and has the split been moved or prepared again?"
            ) from error

    def _check_source(self, row: int, source: torch.Tensor) -> None:
        if not len(source):
            raise DataError(
                f"{self._rows[row]}: its features have no frame; leave it out, or prepare the split again"
            )
        size = self.cfg.input_feat_per_channel * self.cfg.input_channels
        if source.dim() != 2 or source.size(1) != size:
            raise DataError(
                f"{self._rows[row]}: features of shape {tuple(source.shape)}, (frames, {size}) is "
                f"expected; correct input_feat_per_channel or input_channels in {self.cfg.path}"
            )
        if not source.sum().isfinite():  # which is far faster than a look at each
            raise DataError(
                f"{self._rows[row]}: its features hold NaN or infinite values; leave it out, or prepare the "
                "split again"
            )

    def collater(self, samples: list[JointItem], return_order: bool = False) -> dict[str, Any]:
        """Return a batch of B utterances, longest speech first, padded on the right.

        Keys: ``id`` (B,); ``net_input``: ``src_tokens`` (B, T, F), ``src_lengths`` (B,),
        ``prev_output_tokens`` (2, B, L): tag, y1 … yn; ``targets`` (2, B, L): y1 … yn, ``</s>``; ``target``
        and ``transcript`` (B, L), its two halves; ``target_lengths`` and ``transcript_lengths`` (B,), with
        ``</s>``; ``lang_tags`` (2, B); ``ntokens`` of both; plain numbers of each: ``ntokens_by_stream``,
        ``ntokens_alone`` (of utterances that lack the other text), ``longest_by_stream``; ``nsentences``;
        ``speaker``. A text that is missing is padding throughout, its length 0. Without speech T is 0.
        """
        if not samples:
            return {}
        batch = super().collater(samples, return_order=True)
        order = batch["order"]
        if not return_order:
            del batch["order"]
        samples = [samples[i] for i in order.tolist()]
        batch["lang_tags"] = torch.tensor([item.tags for item in samples]).t().contiguous()
        if samples[0].texts is None:
            return batch
        lengths = torch.tensor([[len(text) for text in item.texts] for item in samples]).t()
        shape = (2, len(samples), max(int(lengths.max()), 1))
        targets = torch.full(shape, self.tgt_dict.pad())
        previous = targets.clone()
        for row, item in enumerate(samples):
            for stream, text in enumerate(item.texts):
                if len(text):
                    targets[stream, row, : len(text)] = text
                    previous[stream, row, 0] = item.tags[stream]
                    previous[stream, row, 1 : len(text)] = text[:-1]
        batch["net_input"]["prev_output_tokens"] = previous
        batch["targets"] = targets
        batch["transcript"], batch["target"] = targets
        batch["transcript_lengths"], batch["target_lengths"] = lengths.contiguous()
        batch["ntokens"] = int(lengths.sum())
        batch["ntokens_by_stream"] = lengths.sum(dim=1).tolist()
        batch["ntokens_alone"] = lengths.masked_fill(lengths.flip(0) > 0, 0).sum(dim=1).tolist()
        batch["longest_by_stream"] = lengths.amax(dim=1).tolist()
        return batch
