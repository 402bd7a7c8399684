"""Tiny seeded models and batches that tests build on."""

from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import torch
from fairseq.data import Dictionary
from fairseq.models import ARCH_MODEL_REGISTRY
from fairseq.models.speech_to_text.s2t_transformer import S2TTransformerModel, s2t_transformer_s
from torch import Tensor

from interactive_st.data.datasets.text_collation import collate_texts
from interactive_st.models import ARCHITECTURES, InteractiveSTModel, sizes

FEATURES = 8


def dictionary(words: int = 12) -> Dictionary:
    """Special symbols, two language tags and ``words`` regular entries."""
    entries = Dictionary()
    for tag in ("<lang:en>", "<lang:de>"):
        entries.add_symbol(tag)
    for word in range(words):
        entries.add_symbol(f"w{word}")
    return entries


def arguments(**options: Any) -> Namespace:
    small = {
        "encoder_embed_dim": 16,
        "encoder_ffn_embed_dim": 32,
        "encoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_layers": 2,
        "decoder_attention_heads": 2,
        "conv_channels": 16,
        "dropout": 0.0,
        "input_feat_per_channel": FEATURES,
        "input_channels": 1,
        "max_source_positions": 200,
        "max_target_positions": 60,
    }
    return Namespace(**{**small, **options})


def model(
    words: int = 12, seed: int = 1, arch=sizes.interactive_st_s, spread: float = 1.0, **options: Any
) -> InteractiveSTModel:
    """A model in eval mode; ``spread`` > 1 makes its distributions peaked, so that beams differ."""
    torch.manual_seed(seed)
    args = arguments(**options)
    arch(args)
    task = Namespace(target_dictionary=dictionary(words))
    model_class = ARCH_MODEL_REGISTRY.get(arch.__name__, InteractiveSTModel)
    built = model_class.build_model(args, task)
    with torch.no_grad():
        for name, parameter in built.named_parameters():
            if parameter.dim() > 1 and "output_projection" not in name:
                parameter.mul_(spread)
    return built.eval()


def system(name: str, **options: Any) -> InteractiveSTModel:
    """As `model`, of ``interactive_st``, ``multitask_st``, ``e2e_st``, ``asr`` or ``two_stage_st``."""
    return model(arch=ARCHITECTURES.get(f"{name}_s", sizes.interactive_st_s), **options)


def stock(ours: InteractiveSTModel, words: int = 12, **options: Any) -> S2TTransformerModel:
    """fairseq's model of the same sizes in eval mode, holding the weights of ``ours``."""
    args = arguments(**{"share_decoder_input_output_embed": True} | options)  # as our sizes have it
    s2t_transformer_s(args)
    theirs = S2TTransformerModel.build_model(args, Namespace(target_dictionary=dictionary(words)))
    weights = ours.state_dict()
    del weights["decoder.interactive_version"]
    theirs.load_state_dict(weights)
    return theirs.eval()


def speech(lengths: Sequence[int], seed: int = 2) -> dict[str, Tensor]:
    """``net_input`` of utterances with the given frame counts, padded with zeros."""
    generator = torch.Generator().manual_seed(seed)
    src_tokens = torch.zeros(len(lengths), max(lengths), FEATURES)
    for row, length in enumerate(lengths):
        src_tokens[row, :length] = torch.randn(length, FEATURES, generator=generator)
    return {"src_tokens": src_tokens, "src_lengths": torch.tensor(list(lengths))}


def tags(batch: int) -> Tensor:
    """``(2, batch)`` the tags of :func:`dictionary`."""
    return torch.tensor([[4], [5]]).repeat(1, batch)


def prefixes(lengths: Sequence[Sequence[int]], words: int = 12, seed: int = 3) -> Tensor:
    """Random ``prev_output_tokens`` ``(2, B, T)``; ``lengths[s][b]`` tokens with the tag, 0 = missing."""
    generator = torch.Generator().manual_seed(seed)
    longest = max(max(row) for row in lengths)
    tokens = torch.ones(2, len(lengths[0]), longest, dtype=torch.long)
    for stream, row in enumerate(lengths):
        for sentence, length in enumerate(row):
            if length:
                words_drawn = torch.randint(6, 6 + words, (length,), generator=generator)
                tokens[stream, sentence, :length] = words_drawn
                tokens[stream, sentence, 0] = 4 + stream
    return tokens


def sample(lengths: Sequence[int], seed: int = 2) -> dict[str, Any]:
    return {"net_input": speech(lengths, seed), "lang_tags": tags(len(lengths))}


def utterance(net_input: dict[str, Tensor], row: int) -> dict[str, Tensor]:
    """The speech of one utterance of a batch alone, without padding."""
    lengths = net_input["src_lengths"][row : row + 1]
    return {"src_tokens": net_input["src_tokens"][row : row + 1, : int(lengths)], "src_lengths": lengths}


def row_of(batch: dict[str, Any], row: int) -> dict[str, Any]:
    """One utterance of a :func:`sample` alone."""
    net_input = utterance(batch["net_input"], row)
    return {"net_input": net_input, "lang_tags": batch["lang_tags"][:, row : row + 1]}


def training_sample() -> dict[str, Any]:
    """Four utterances, of which one has no transcript and one no translation."""
    rows = [[9, 5, 0, 7], [6, 8, 4, 0]]
    tokens, eos = prefixes(rows), torch.tensor([2])
    texts = [
        tuple(torch.cat([tokens[s, b, 1 : rows[s][b]], eos]) if rows[s][b] else eos[:0] for s in (0, 1))
        for b in range(4)
    ]
    batch = collate_texts(texts, tags(4), pad=1)
    net_input = {**speech([60, 33, 48, 51]), "prev_output_tokens": batch.pop("prev_output_tokens")}
    return {"net_input": net_input, **batch, "nsentences": 4}


def hypothesis_pairs(result: list[list[dict[str, Any]]]) -> list[list[tuple]]:
    """Readable form: for every sentence, (transcript, translation) token lists, best first."""
    return [
        [(h["transcript"]["tokens"].tolist(), h["tokens"].tolist()) for h in hypotheses]
        for hypotheses in result
    ]
