"""What tests of several examples share: an empty run of a recipe, recordings of digits."""

import pytest
from digit_tones import SPEAKERS, write_takes

from examples.runner import Recipe
from examples.spoken_digits import corpus


@pytest.fixture
def run(tmp_path):
    """A recipe that has done nothing yet."""
    return Recipe(tmp_path / "run", threads=1, seed=7)


@pytest.fixture(scope="session")
def recordings(tmp_path_factory):
    """Eleven takes of ten tones by three speakers, numbered up to 49."""
    folder = tmp_path_factory.mktemp("recordings")
    write_takes(folder, SPEAKERS, (*range(8), 20, 48, 49))
    (folder / "README.wav").touch()
    return folder


@pytest.fixture(scope="session")
def takes(recordings):
    return corpus.list_takes(recordings)


@pytest.fixture
def data(tmp_path):
    """A data folder by its names; what is in the files is nothing to read."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("train.tsv", "train.zip", "dev.tsv", "dev.zip", "dict.txt", "config_joint.yaml"):
        (folder / name).write_text(name)
    (folder / "test.tsv").write_text("test")
    return folder
