"""Dataset of features in memory."""

from collections import deque
from collections.abc import Sequence

import numpy as np
from fairseq.data import Dictionary

from interactive_st.batch import Batch
from interactive_st.data.datasets.config import JointDataConfig
from interactive_st.data.datasets.joint_dataset import JointItem, JointSpeechToTextDataset


class FeaturesDataset(JointSpeechToTextDataset):
    """Utterances without texts whose features are already in memory, each (T, F) float32.

    ``batches`` lists the ids of each batch that was made, in the order of its rows.
    ``first_line`` is how many utterances were read before these.
    """

    def __init__(
        self,
        cfg: JointDataConfig,
        features: Sequence[np.ndarray],
        n_frames: Sequence[int],
        dictionary: Dictionary,
        first_line: int = 0,
    ) -> None:
        super().__init__("interactive", False, cfg, [""] * len(features), n_frames, dictionary)
        self._features = features
        self.first_line = first_line
        self.batches: deque[list[int]] = deque()

    def collater(self, samples: list[JointItem], return_order: bool = False) -> Batch:
        """As the parent's, and remember whose rows these are."""
        batch = super().collater(samples, return_order)
        self.batches.append(batch["id"].tolist())
        return batch

    def _read_features(self, row: int) -> np.ndarray:
        return self._features[row]
