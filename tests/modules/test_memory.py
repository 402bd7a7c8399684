"""What a decoder layer reads beside its own texts: masks, and sentences of which there is nothing to read."""

import tiny
import torch

from interactive_st.modules.lanes import Lanes
from interactive_st.modules.memory import Memory
from interactive_st.modules.token_rows import TokenRows
from interactive_st.modules.visibility import Visibility


def transcript(lengths: list[int]) -> Memory:
    exists = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
    return Memory(torch.randn(max(lengths), len(lengths), 16), Visibility.of(exists.unsqueeze(1)))


def test_speech_without_padding_hides_nothing():
    memory = Memory.of_speech({"encoder_out": [torch.zeros(3, 2, 4)], "encoder_padding_mask": []})
    assert memory.visibility is None
    assert memory.for_steps() is memory.for_sequences(None) is memory
    assert Memory.of_speech(None) == (None, None)


def test_padding_is_hidden():
    padding = torch.tensor([[False, False], [False, True]])
    speech = Memory.of_speech({"encoder_out": [torch.zeros(2, 2, 4)], "encoder_padding_mask": [padding]})
    seen = speech.for_sequences(None).visibility
    assert seen.mask.flatten(1).tolist() == [[True, True], [True, False]]
    assert speech.for_steps().visibility.mask.flatten(1).tolist() == [[0, 0], [0, -torch.inf]]
    assert seen.blind is None


def test_which_queries_have_nothing_to_read():
    memory = transcript([2, 0])
    exists = torch.tensor([[[True, True, False], [True, False, False]]])
    assert memory.for_sequences(None).visibility.blind.flatten().tolist() == [False, True]
    of_rows = memory.for_sequences(TokenRows.of(exists)).visibility.blind
    assert of_rows.tolist() == [[False], [False], [True]]


@torch.no_grad()
def test_the_second_decoder_gets_zero_from_an_empty_transcript():
    layer = tiny.system("two_stage_st").decoder.second.layers[0].eval()
    _, attention = layer.readers()[1]
    attention.out_proj.bias.normal_()
    memory = transcript([2, 0]).for_sequences(None)
    width = attention.embed_dim
    states = torch.randn(2, 2, width)
    read = attention(torch.randn(1, 2, 4, width), attention.project_memory(states), memory.visibility)
    assert read[:, 1].eq(0).all()
    assert read[:, 0].ne(0).any()


@torch.no_grad()
def test_so_does_a_step_of_decoding():
    layer = tiny.system("two_stage_st").decoder.second.layers[0].eval()
    layer.transcript_attn.out_proj.bias.normal_()
    _, attention = layer.for_steps().readers[1]
    lanes = Lanes.every(2, torch.device("cpu"), (1,))
    keys = layer.transcript_attn.project_memory(torch.randn(2, 2, 16))
    read = attention(torch.randn(2, 3, 16), keys, transcript([2, 0]).for_steps().visibility, lanes)
    assert read[1].eq(0).all()
    assert read[0].ne(0).any()
