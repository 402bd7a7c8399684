"""From the manifests of a data folder to datasets."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fairseq.data import ConcatDataset, Dictionary, FairseqDataset
from fairseq.data.audio.speech_to_text_dataset import SpeechToTextDatasetCreator

from interactive_st.data.datasets.config import JointDataConfig
from interactive_st.data.datasets.joint_batches import JointBatches
from interactive_st.data.datasets.joint_dataset import JointSpeechToTextDataset
from interactive_st.data.datasets.samples import Samples
from interactive_st.data.folder.layout import SKIPPED
from interactive_st.data.manifest import set_apart, stream_manifest
from interactive_st.errors import DataError
from interactive_st.wording import counted

logger = logging.getLogger(__name__)


class JointConcatDataset(JointBatches, ConcatDataset):
    """Several splits, one after the other."""

    def has_texts(self, stream: int, with_speech: bool = False) -> bool:
        """Whether any row of any split has a transcript (0) or a translation (1); see that of a split."""
        return any(part.has_texts(stream, with_speech) for part in self._parts())

    def count_texts(self, stream: int) -> int:
        """How many rows of all splits have one."""
        return sum(part.count_texts(stream) for part in self._parts())

    def without_speech(self) -> Iterator[str]:
        """Where the rows come from that have text alone."""
        return (row for part in self._parts() for row in part.without_speech())

    def set_target_streams(self, streams: Sequence[int]) -> None:
        """As that of each split."""
        for part in self._parts():
            part.set_target_streams(streams)

    def _parts(self) -> list[JointSpeechToTextDataset]:
        # one that is resampled is wrapped
        return [getattr(part, "dataset", part) for part in self.datasets]


class JointDatasetCreator(SpeechToTextDatasetCreator):
    """`SpeechToTextDatasetCreator` for two texts per row.

    Of the columns only ``id``, ``audio`` and ``n_frames`` have to be there: stock fairseq
    manifests without ``src_text`` are corpora without transcripts.
    """

    REQUIRED = (
        SpeechToTextDatasetCreator.KEY_ID,
        SpeechToTextDatasetCreator.KEY_AUDIO,
        SpeechToTextDatasetCreator.KEY_N_FRAMES,
    )

    @classmethod
    def _load_samples_from_tsv(cls, root: str, split: str) -> Samples:
        path = Path(root) / f"{split}.tsv"
        if not path.is_file():
            tables = sorted(file for file in Path(root).glob("*.tsv") if file.name != SKIPPED)
            present = ", ".join(file.stem for file in tables)
            raise FileNotFoundError(f"{path}: no such split; {root} holds {present or 'no .tsv'}")
        samples, bad = Samples(path), []
        for line in set_apart(stream_manifest(path, split, cls.REQUIRED)[1], bad):
            samples.add(line)
        if bad:
            raise DataError(f"{bad[0]}; correct this line ({len(bad)} bad in all)")
        if not samples:
            raise DataError(f"{path}: no rows below the header; prepare the split again")
        return samples

    @classmethod
    def _from_list(
        cls,
        split_name: str,
        is_train_split: bool,
        samples: Samples,
        cfg: JointDataConfig,
        tgt_dict: Dictionary,
        pre_tokenizer: Any,
        bpe_tokenizer: Any,
        n_frames_per_step: int,
        speaker_to_id: dict[str, int] | None,
        multitask: None = None,
    ) -> JointSpeechToTextDataset:
        if is_train_split:
            samples = cls._with_text(split_name, samples)
        columns, root = samples.columns, Path(cfg.audio_root)
        return JointSpeechToTextDataset(
            split_name,
            is_train_split,
            cfg,
            [(root / audio).as_posix() if audio else "" for audio in columns[cls.KEY_AUDIO]],
            _frames(samples),
            tgt_dict,
            texts=(columns[cls.KEY_SRC_TEXT], columns[cls.KEY_TGT_TEXT]),
            languages=(columns[cls.KEY_SRC_LANG], columns[cls.KEY_TGT_LANG]),
            rows=samples.places(),
            speakers=columns[cls.KEY_SPEAKER],
            ids=columns[cls.KEY_ID],
            pre_tokenizer=pre_tokenizer,
            bpe_tokenizer=bpe_tokenizer,
            n_frames_per_step=n_frames_per_step,
            speaker_to_id=speaker_to_id,
        )

    @classmethod
    def _with_text(cls, split: str, samples: Samples) -> Samples:
        """Leave out rows that have neither text: there is nothing to learn from them."""
        keys = (cls.KEY_SRC_TEXT, cls.KEY_TGT_TEXT)
        texts = zip(*(samples.columns[key] for key in keys), strict=True)
        kept = [row for row, both in enumerate(texts) if any(both)]
        if not kept:
            raise DataError(
                f"{split}: no row has a transcript ({keys[0]}) or a translation ({keys[1]}); "
                "nothing can be learnt from it"
            )
        if len(kept) < len(samples):
            lost = counted(len(samples) - len(kept), "row")
            logger.warning(f"'{split}': {lost} without any text left out")
            return samples.only(kept)
        return samples

    @classmethod
    def get_size_ratios(cls, datasets: Sequence[JointSpeechToTextDataset], alpha: float = 1.0) -> list[float]:
        """As fairseq's.

        Raises:
            DataError: a subset mixes language pairs, so that it cannot be resampled as one.
        """
        for dataset in datasets:
            if len(set(zip(dataset.src_langs, dataset.tgt_langs, strict=True))) > 1:
                raise DataError(
                    f"{dataset.split}: sampling_alpha balances subsets of one language pair each, "
                    "this one holds several; split it by language, or remove sampling_alpha"
                )
        return super().get_size_ratios(datasets, alpha)

    @classmethod
    def from_tsv(cls, *args: Any, **kwargs: Any) -> FairseqDataset:
        """As fairseq's, and ``id`` of a sample is its place in all the splits together."""
        dataset = super().from_tsv(*args, **kwargs)
        if isinstance(dataset, ConcatDataset):
            for part, end in zip(dataset.datasets, dataset.cumulative_sizes, strict=True):
                if isinstance(part, JointSpeechToTextDataset):  # not one that is resampled
                    part.first_id = end - len(part)
            return JointConcatDataset(dataset.datasets)
        return dataset


def _frames(samples: Samples) -> list[int]:
    keys = (SpeechToTextDatasetCreator.KEY_AUDIO, SpeechToTextDatasetCreator.KEY_N_FRAMES)
    known: dict[str, int] = {}  # a number of its own for each row would take four times the memory
    frames = []
    for row, (audio, text) in enumerate(zip(*(samples.columns[key] for key in keys), strict=True)):
        if not audio and text in ("", "0"):
            frames.append(0)
            continue
        if text not in known and (not text.isdecimal() or int(text) == 0):
            raise DataError(
                f"{samples.places()[row]}: n_frames is {text!r}; a whole number above 0 is needed, or 0 and "
                "no audio for a row of text alone"
            )
        if not audio:
            raise DataError(
                f"{samples.places()[row]}: audio is empty, but n_frames is {text}; name the audio, or write 0"
            )
        frames.append(known.setdefault(text, int(text)))
    return frames
