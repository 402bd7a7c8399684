"""Where the features of a row come from, and what they have to be."""

import numpy as np
import pytest
import torch

from interactive_st.data.features.archive import FeatureArchive
from interactive_st.errors import DataError
from tests.joint_corpus import FEATURES, ROWS, load, write_config

MANIFEST = "id\taudio\tn_frames\ttgt_text\tsrc_text\n"


def test_features_of_an_archive_are_those_of_a_file(folder):
    alone = load(folder)
    with FeatureArchive(folder / "some.zip") as archive:
        places = [archive.add(np.load(folder / f"test_{name}.npy")) for name, *_ in ROWS]
    lines = [
        f"{name}\t{place}\t{n_frames}\t{translation}\t{transcript}\n"
        for (name, n_frames, translation, transcript, *_), place in zip(ROWS[:3], places, strict=False)
    ]
    (folder / "test.tsv").write_text(MANIFEST + "".join(lines), encoding="utf-8")
    archived = load(folder)
    for row in range(3):
        assert torch.equal(archived[row].source, alone[row].source)


@pytest.mark.parametrize("kind", [np.float64, np.float16])
def test_features_of_another_precision_become_32_bits(folder, kind):
    write_config(folder, feature_transforms=None)
    features = np.load(folder / "test_a.npy").astype(kind)
    np.save(folder / "test_a.npy", features)
    source = load(folder)[0].source
    assert source.dtype == torch.float32
    assert torch.equal(source, torch.from_numpy(features.astype(np.float32)))


@pytest.mark.parametrize("shape", [(30,), (30, FEATURES, 2), (30, FEATURES + 1)])
def test_features_of_another_shape_are_named(folder, shape):
    write_config(folder, feature_transforms=None)
    np.save(folder / "test_a.npy", np.zeros(shape, np.float32))
    with pytest.raises(DataError, match=r"test\.tsv:2 \(a\): features of shape \(30.*\(frames, 8\) is"):
        load(folder)[0]
