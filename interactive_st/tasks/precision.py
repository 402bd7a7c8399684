"""Batches in the precision of a model: with --fp16 fairseq's tools convert models only."""

from torch import nn

from interactive_st.batch import Batch


def in_precision_of(model: nn.Module, sample: Batch) -> Batch:
    """Return a batch whose features ``(B, T, F)`` have the type of the model's parameters."""
    source, wanted = sample["net_input"]["src_tokens"], next(model.parameters()).dtype
    if source.dtype == wanted:
        return sample
    return sample | {"net_input": sample["net_input"] | {"src_tokens": source.to(wanted)}}
