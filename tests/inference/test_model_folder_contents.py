import pytest
import yaml

from interactive_st.inference.hub import InteractiveST
from interactive_st.inference.model_card import Card
from interactive_st.inference.model_folder import write_model_folder
from interactive_st.inference.stored_model import load_checkpoint
from tests.speech_model import SHORT

pytestmark = pytest.mark.usefixtures("hears_noise")


def test_a_limit_of_the_dynamic_range_goes_with_the_model(made, talk, tmp_path):
    """Without it the features would be others than in training."""
    import shutil

    data = shutil.copytree(made.data, tmp_path / "data")
    config = yaml.safe_load((data / "config_joint.yaml").read_text())
    limit = {
        "dynamic_range": {"decibels": 12},
        "feature_transforms": {"*": ["dynamic_range", "utterance_cmvn"]},
    }
    (data / "config_joint.yaml").write_text(yaml.safe_dump(config | limit))
    out = write_model_folder(load_checkpoint(made.checkpoint, data), tmp_path / "model", Card("test"))
    written = yaml.safe_load((out / "config_joint.yaml").read_text())
    assert {key: written.get(key) for key in limit} == limit
    expected = InteractiveST.from_pretrained(made.checkpoint, data, device="cpu")(talk, **SHORT)
    assert InteractiveST.from_pretrained(out, device="cpu")(talk, **SHORT).score == expected.score


@pytest.mark.parametrize(("positions", "version"), [(False, 1), (True, 2)])
def test_older_programs_read_what_they_can_compute(made, tmp_path, positions, version):
    import json

    stored = load_checkpoint(made.checkpoint)
    stored.options["cross_attention_positions"] = positions
    out = write_model_folder(stored, tmp_path / "model", Card("test"))
    assert json.loads((out / "config.json").read_text())["format_version"] == version
    model = InteractiveST.from_pretrained(out, device="cpu").model
    assert model.decoder.layers[0].encoder_attn.positions == positions


def test_a_folder_of_a_newer_format_is_refused(made, tmp_path):
    import json

    from interactive_st.errors import DataError
    from interactive_st.inference.model_folder import FORMAT_VERSION, read_model_folder

    out = write_model_folder(load_checkpoint(made.checkpoint), tmp_path / "model", Card("test"))
    settings = json.loads((out / "config.json").read_text())
    (out / "config.json").write_text(json.dumps(settings | {"format_version": FORMAT_VERSION + 1}))
    with pytest.raises(DataError, match="written by a newer interactive_st; update yours"):
        read_model_folder(out)
