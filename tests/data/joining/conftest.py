import pytest
from fairseq_prep import prepare_as_fairseq
from mini_corpora import make_mustc


@pytest.fixture
def folder(tmp_path):
    """A corpus as fairseq prepared it, to be changed."""
    return prepare_as_fairseq(make_mustc(tmp_path / "mustc"))
