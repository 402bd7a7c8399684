"""What `fairseq-interactive` reads: a path of audio in each line."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from fairseq.data import Dictionary

from interactive_st.data.datasets.config import JointDataConfig
from interactive_st.data.datasets.features_dataset import FeaturesDataset
from interactive_st.data.features.compute import features_from_file


class AudioLines:
    """For the task: from lines to datasets. Lines are counted: ids go on from one call to the next."""

    data_cfg: JointDataConfig
    tgt_dict: Dictionary
    _lines_read = 0

    def get_interactive_tokens_and_lengths(
        self, lines: Sequence[str], encode_fn: Any
    ) -> tuple[list[np.ndarray], list[int]]:
        """Compute the features of audio files.

        Args:
            lines: a path each.
            encode_fn: unused; it is for text.

        Returns:
            features, each (T, F), and their lengths T.

        Raises:
            DataError: a file cannot be read; the message names it.
        """
        features = [features_from_file(line, self.data_cfg.features) for line in lines]
        return features, [len(utterance) for utterance in features]

    def build_dataset_for_inference(
        self, src_tokens: Sequence[np.ndarray], src_lengths: Sequence[int], **kwargs: Any
    ) -> FeaturesDataset:
        """Return a dataset of features in memory; evaluation transforms apply to them."""
        first_line = self._lines_read
        self._lines_read += len(src_tokens)
        return FeaturesDataset(self.data_cfg, src_tokens, src_lengths, self.tgt_dict, first_line=first_line)
