"""The floor under filterbanks: what is raised, what is not, and its way through a data folder."""

import numpy as np
import pytest
import soundfile
import yaml
from fairseq.data.audio.audio_utils import get_features_or_waveform
from small_corpus import contents, make_rows, run

from interactive_st.data.datasets.config import JointDataConfig
from interactive_st.data.features.dynamic_range import DynamicRange
from interactive_st.data.manifest import read_manifest
from interactive_st.errors import DataError

TEN_DECIBELS = np.log(10.0)  # in natural logarithms of power


def test_what_is_far_below_the_peak_of_its_filter_is_raised():
    features = np.zeros((300, 2), dtype=np.float32)
    features[:, 1] = 7.0
    features[:100] -= 4 * TEN_DECIBELS
    features[100:110] -= 2 * TEN_DECIBELS
    before = features.copy()
    limited = DynamicRange(30)(features)
    np.testing.assert_array_equal(features, before)
    assert limited.dtype == np.float32
    np.testing.assert_allclose(limited[:100], [[-3 * TEN_DECIBELS, 7 - 3 * TEN_DECIBELS]] * 100, rtol=1e-6)
    np.testing.assert_array_equal(limited[100:], features[100:])


def test_a_click_is_no_peak():
    features = np.zeros((300, 1), dtype=np.float32)
    features[:150] -= 2 * TEN_DECIBELS
    features[7] = 5 * TEN_DECIBELS
    np.testing.assert_array_equal(DynamicRange(30)(features), features)


def test_one_frame():
    features = np.ones((1, 3), dtype=np.float32)
    np.testing.assert_array_equal(DynamicRange(20)(features), features)


@pytest.mark.parametrize("decibels", [0, -3, "30", None, True, float("nan")])
def test_impossible_ranges(decibels):
    with pytest.raises(ValueError, match="above 0"):
        DynamicRange(decibels)


def test_the_entry_has_to_be_there():
    with pytest.raises(ValueError, match=r"dynamic_range: \{decibels: 30\}"):
        DynamicRange.from_config_dict(None)


def test_prepared_and_taken_over_by_like(tmp_path):
    from fairseq.data.audio.feature_transforms import CompositeAudioFeatureTransform

    rows = make_rows(tmp_path)
    run(tmp_path, rows, dynamic_range=25.0)
    run(tmp_path, rows, "more", vocab_size=None, like=tmp_path / "out")
    for folder in ("out", "more"):
        config = JointDataConfig(tmp_path / folder / "config_joint.yaml")
        for split, expected in (("train", 3), ("dev", 2)):
            keys = config.get_feature_transforms(split, split == "train")
            transforms = CompositeAudioFeatureTransform.from_config_dict(keys).transforms
            assert len(transforms) == expected
            assert repr(transforms[0]) == "DynamicRange(decibels=25.0)"


def test_global_cmvn_normalises_what_is_limited(tmp_path):
    from fairseq.data.audio.feature_transforms import CompositeAudioFeatureTransform

    rows = make_rows(tmp_path)
    for i, row in enumerate(rows):  # half a second of near silence before each noise, another one in each
        samples, rate = soundfile.read(tmp_path / row["audio"])
        quiet = np.random.default_rng(i).normal(0, 1e-4 * (i + 1), rate // 2)
        soundfile.write(tmp_path / row["audio"], np.concatenate([quiet, samples]), rate)
    run(tmp_path, rows, "plain", cmvn="global")
    run(tmp_path, rows, cmvn="global", dynamic_range=20.0)
    out = tmp_path / "out"
    assert (out / "train.zip").read_bytes() == (tmp_path / "plain/train.zip").read_bytes()
    keys = JointDataConfig(out / "config_joint.yaml").get_feature_transforms("dev", False)
    transform = CompositeAudioFeatureTransform.from_config_dict(keys)
    stored = (get_features_or_waveform(f"{out}/{row['audio']}") for row in read_manifest(out / "train.tsv"))
    frames = np.concatenate([transform(features) for features in stored])
    np.testing.assert_allclose(frames.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(frames.std(axis=0), 1, atol=1e-4)
    run(tmp_path, rows, "like", vocab_size=None, like=out)
    assert contents(tmp_path / "like") == contents(out)


def test_without_it_nothing_is_written(tmp_path):
    run(tmp_path, make_rows(tmp_path))
    assert "dynamic_range" not in (tmp_path / "out" / "config_joint.yaml").read_text()


def test_options_that_are_refused(tmp_path):
    rows = make_rows(tmp_path)
    with pytest.raises(DataError, match="--dynamic-range must be above 0"):
        run(tmp_path, rows, dynamic_range=0.0)
    run(tmp_path, rows)
    with pytest.raises(DataError, match="--dynamic-range cannot go with --like"):
        run(tmp_path, rows, "more", vocab_size=None, like=tmp_path / "out", dynamic_range=20.0)


def test_a_configuration_whose_entry_is_missing_is_named(tmp_path):
    run(tmp_path, make_rows(tmp_path), dynamic_range=25.0)
    path = tmp_path / "out" / "config_joint.yaml"
    config = yaml.safe_load(path.read_text())
    del config["dynamic_range"]
    path.write_text(yaml.safe_dump(config))
    with pytest.raises(DataError, match=r"config_joint\.yaml: dynamic_range"):
        JointDataConfig(path)
