import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from interactive_st.data.datasets.token_store import TokenStore


@given(st.lists(st.lists(st.integers(0, 2**31 - 1), max_size=6), max_size=8))
def test_sequences_come_back_as_they_went_in(sequences):
    store = TokenStore(sequences)
    assert [store[i].tolist() for i in range(len(store))] == sequences
    assert store.lengths.tolist() == [len(sequence) for sequence in sequences]
    assert store.ids.dtype == np.int32
