"""Speech with its transcript and its translation; either text may be missing, or the speech.

Stream 0 is the transcript, stream 1 the translation, everywhere.
"""

import logging
from collections.abc import Iterator, Sequence
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

from interactive_st.batch import Batch
from interactive_st.conventions import BOTH, STREAM_NAMES, TRANSCRIPT, TRANSLATION
from interactive_st.data.datasets.config import JointDataConfig
from interactive_st.data.datasets.joint_batches import FRAMES_PER_PIECE, JointBatches
from interactive_st.data.datasets.row_features import RowFeatures
from interactive_st.data.datasets.target_texts import TargetTexts, tag_ids
from interactive_st.data.datasets.text_collation import collate_texts
from interactive_st.data.features.archive_reader import FeatureReader
from interactive_st.errors import DataError
from interactive_st.wording import counted

logger = logging.getLogger(__name__)


@dataclass
class JointItem(SpeechToTextDatasetItem):
    """One utterance; a text is its token ids with ``</s>``, empty where it is missing."""

    texts: tuple[torch.Tensor, torch.Tensor] | None = None
    tags: tuple[int, int] | None = None


class JointSpeechToTextDataset(JointBatches, RowFeatures, SpeechToTextDataset):
    """`SpeechToTextDataset` with two texts per row, each begun by its language tag.

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
        DataError: a row has no language, or one whose tag is not in the dictionary, or a speaker who is not
            in the set of speakers.
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
        self._check_speakers()
        self.tgt_dict = dictionary
        languages = (self.src_langs, self.tgt_langs)
        tags = [tag_ids(stream, languages[stream], self._rows, dictionary, cfg) for stream in BOTH]
        self.tags = np.array(tags, dtype=np.int64)
        self._targets: TargetTexts | None = None
        if texts is not None:
            self._targets = TargetTexts(split, texts, dictionary, [self.pre_tokenizer, self.bpe_tokenizer])
            self._set_target_lengths(BOTH)

    def _check_speakers(self) -> None:
        """Raise ``DataError`` for a row whose speaker ``speaker_set_filename`` does not list."""
        if self.speaker_to_id is None or self.speakers is None:
            return
        for row, speaker in enumerate(self.speakers):
            if speaker not in self.speaker_to_id:
                raise DataError(
                    f"{self._rows[row]}: the speaker {speaker!r} is not in {self.cfg.speaker_set_filename}; "
                    f"add it, or remove speaker_set_filename from {self.cfg.path}"
                )

    def set_target_streams(self, streams: Sequence[int]) -> None:
        """Set the target lengths, which fairseq's limits are for, to those of the longer text of these; the
        log says how many rows have nothing of them."""
        if self._targets is None:
            return
        self._set_target_lengths(streams)
        if empty := sum(self.tgt_lens[row] == 0 for row in np.flatnonzero(~self.has_speech)):
            lacking = f"neither speech nor a {' or a '.join(STREAM_NAMES[stream] for stream in streams)}"
            logger.info(f"NOTE: '{self.split}': {counted(empty, 'row')} left out that have {lacking}")

    def _set_target_lengths(self, streams: Sequence[int]) -> None:
        lengths = self._targets.lengths[list(streams)].max(axis=0)
        # a text that is there has one token more, its </s>
        self.tgt_lens = np.where(lengths > 0, lengths + 1, 0).tolist()
        for row in np.flatnonzero(~self.has_speech):  # so that they are sorted by length
            self.n_frames[row] = FRAMES_PER_PIECE * self.tgt_lens[row]

    def size(self, index: int) -> tuple[int, int]:
        """Frames, 0 without speech, and length of the text: what fairseq's limits on positions are for."""
        return (self.n_frames[index] if self.has_speech[index] else 0), self.tgt_lens[index]

    def has_texts(self, stream: int, with_speech: bool = False) -> bool:
        """Whether any row has a transcript (0) or a translation (1); ``with_speech``: of rows with speech."""
        return self.count_texts(stream, with_speech) > 0

    def count_texts(self, stream: int, with_speech: bool = False) -> int:
        """How many rows have a text; as `has_texts`."""
        if self.texts is None:
            return 0
        rows = np.flatnonzero(self.has_speech) if with_speech else range(len(self.has_speech))
        return sum(bool(self.texts[stream][row]) for row in rows)

    def without_speech(self) -> Iterator[str]:
        """Where the rows come from that have text alone."""
        return (self._rows[row] for row in np.flatnonzero(~self.has_speech))

    def _choose_rows(self, row: int) -> list[int]:
        """Return the rows to join into one utterance, more than one with ConcatAugment."""
        concat = self.dataset_transforms.get_transform(ConcatAugment)
        if concat is None:
            return [row]
        rows = concat.find_indices(row, self.n_frames, self.n_samples)
        same = (self.has_speech[rows] == self.has_speech[row]).all()
        same &= (self.tags[:, rows] == self.tags[:, [row]]).all()
        if self._targets is not None:  # joined, what one of them lacks all would lack
            there = self._targets.lengths[:, rows] > 0
            same &= (there == there[:, :1]).all()
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
        if self._targets is not None:
            texts = (self._targets.target(TRANSCRIPT, rows), self._targets.target(TRANSLATION, rows))
        return JointItem(
            index=self.first_id + index,
            source=self.pack_frames(source),
            speaker_id=speaker_id,
            texts=texts,
            tags=tuple(self.tags[:, index].tolist()),
        )

    def collater(self, samples: list[JointItem], return_order: bool = False) -> Batch:
        """Return the batch of these utterances, empty where there are none; with ``return_order`` also
        ``order`` (B,), whose they are."""
        if not samples:
            return {}
        batch = super().collater(samples, return_order=True)
        order = batch["order"]
        if not return_order:
            del batch["order"]
        samples = [samples[i] for i in order.tolist()]
        tags = batch["lang_tags"] = torch.tensor([item.tags for item in samples]).t().contiguous()
        if samples[0].texts is not None:
            batch |= collate_texts([item.texts for item in samples], tags, self.tgt_dict.pad())
            batch["net_input"]["prev_output_tokens"] = batch.pop("prev_output_tokens")
        return batch
