"""Processes that compute features."""

import multiprocessing
import os
import signal

import numpy as np
from small_corpus import make_rows

from interactive_st.data.preparation.extraction import BATCH, Extractor
from interactive_st.data.utterances import Segment

SPEC = {"type": "fbank", "num_mel_bins": 80, "sample_rate": 16000}


def test_ctrl_c_is_left_to_the_parent_from_the_start(tmp_path, capfd):
    """A terminal sends it to all processes, also to those that have only begun to start."""
    make_rows(tmp_path, 1)

    def segments():
        for number in range(2 * BATCH):
            if number == BATCH:  # the first ones were handed to a process
                for process in multiprocessing.active_children():
                    os.kill(process.pid, signal.SIGINT)
            yield Segment(str(tmp_path / "u0.wav"))

    with Extractor(SPEC, 2) as extractor:
        results = list(extractor.run(segments()))
    assert len(results) == 2 * BATCH
    assert all(isinstance(result, np.ndarray) for result in results)
    assert "KeyboardInterrupt" not in capfd.readouterr().err
