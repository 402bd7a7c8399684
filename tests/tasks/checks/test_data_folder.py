"""A configuration that is not there."""

import pytest

from tests.fake_decoding import setup


def test_a_configuration_of_stock_recipes_is_named_with_what_is_there(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"config_st\.yaml: no such file; leave --config-yaml out"):
        setup(folder, config_yaml="config_st.yaml")
    stock = tmp_path / "en-de"
    stock.mkdir()
    for name in ("config_asr.yaml", "config_st.yaml"):
        (stock / name).touch()
    message = r"config_joint\.yaml: no such file; .* holds config_asr\.yaml, config_st\.yaml; make joint data"
    with pytest.raises(FileNotFoundError, match=message):
        setup(folder, data=str(stock))
    with pytest.raises(FileNotFoundError, match="gone: no such folder; name one made by"):
        setup(folder, data=str(tmp_path / "gone"))
