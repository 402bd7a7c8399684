import pytest

from tests.joint_corpus import write_corpus


@pytest.fixture
def folder(tmp_path):
    return write_corpus(tmp_path)
