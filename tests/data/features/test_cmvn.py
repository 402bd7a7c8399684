"""Mean and standard deviation over a corpus, one utterance after the other."""

import numpy as np

from interactive_st.data.features.cmvn import RunningStatistics


def test_statistics_are_those_of_all_frames_together():
    random = np.random.default_rng(1)
    parts = [random.normal(mean, 3.0, (frames, 4)).astype("float32") for mean, frames in ((9, 3), (-2, 50))]
    statistics = RunningStatistics()
    for part in parts:
        statistics.add(part)
    frames = np.concatenate(parts)
    np.testing.assert_allclose(statistics.mean, frames.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(statistics.std, frames.std(axis=0), rtol=1e-5)


def test_a_dimension_that_is_constant_can_be_divided_by():
    """As of a silent band, or of features that were padded: 0 / 0 would be no number."""
    statistics = RunningStatistics()
    statistics.add(np.full((5, 2), 3.5, dtype=np.float32))
    np.testing.assert_allclose(statistics.std, 1e-4)
