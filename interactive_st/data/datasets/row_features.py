"""The features of rows: read, transformed and checked."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from interactive_st.data.datasets.config import JointDataConfig
from interactive_st.data.features.archive_reader import FeatureReader
from interactive_st.data.features.compute import features_from_file
from interactive_st.errors import DataError


class RowFeatures:
    """For the dataset of fairseq that has the attributes below."""

    cfg: JointDataConfig
    #: Path, or ``file.zip:offset:length``, of each row.
    audio_paths: Sequence[str]
    feature_transforms: Any
    #: Whether a row has more than text, (rows,).
    has_speech: np.ndarray
    #: Where each row comes from, for messages.
    _rows: Sequence[str]
    _archives: FeatureReader

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
