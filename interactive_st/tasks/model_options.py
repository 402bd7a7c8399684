"""Options of the model that have another meaning in training than with a checkpoint."""

import math
from argparse import Namespace

from interactive_st.models.interactive_st import INTERACTION


def settle_model_options(args: Namespace, from_checkpoint: bool) -> None:
    """Check the options of a model that is to be trained; settle, in place, those of a trained one.

    Args:
        args: the model's options, the architecture's defaults filled in.
        from_checkpoint: the model is built for the weights of a checkpoint, not for training.

    Raises:
        ValueError: a λ was given to the gate, which has none, or one that is no number.
    """
    if from_checkpoint:  # the encoder comes from there, and what it began with may be gone
        args.load_pretrained_encoder_from = None
    usual = INTERACTION["fusion_lambda"]
    given = getattr(args, "fusion_lambda", usual)
    name = "fusion_lambda" if from_checkpoint else "--fusion-lambda"
    if not math.isfinite(given):
        raise ValueError(f"{name} {given:g} is no weight; give a number, such as {usual:g}, or 0 for none")
    if getattr(args, "fusion", None) == "gate" and given != usual:
        raise ValueError(
            f"{name} {given:g} has no meaning with --fusion gate: the gate has no λ; leave it out, or "
            f"give {usual:g}, which stands for none"
        )
