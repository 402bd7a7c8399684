"""Starting from the checkpoint of another system, ours or stock fairseq's ``s2t_transformer``.

The interactive term adds no parameter, so the model of another system of the same sizes fits: its encoder
(``--load-pretrained-encoder-from``) or all of it (``--finetune-from-model``). Both decoders of a
two-stage model start from the one decoder of another system. The log lists what was loaded; a shape mismatch
not due to the vocabulary is an error.
"""

import logging
from argparse import Namespace
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from interactive_st.checkpoint_reading import UNSEEN_OPTIONS, load_state, options_of
from interactive_st.errors import DataError, SettingError
from interactive_st.wording import counted

logger = logging.getLogger(__name__)

MARKER = "decoder.interactive_version"
VOCABULARY = ("decoder.embed_tokens.weight", "decoder.output_projection.weight")
TABLES = tuple(name.removeprefix("decoder") for name in VOCABULARY)
LEFT = "left at their initial values"
FRONT_END, LAYERS = "subsample.", "transformer_layers."  # of an encoder's tensors
STAGES = ("decoder.first.", "decoder.second.")


@dataclass(frozen=True)
class LoadingRules:
    """What ``upgrade_state_dict`` of a model takes or refuses of a checkpoint.

    Attributes:
        require_gates: refuse checkpoints without gate weights (when decoding).
        allow_new_vocabulary: keep initial values for embedding tables of another size (when training from
            a checkpoint).
        discard_embeddings: keep initial values for embedding tables of the same size, too: they are of other
            words. Only with ``allow_new_vocabulary``.
    """

    require_gates: bool = False
    allow_new_vocabulary: bool = False
    discard_embeddings: bool = False


def is_stock(state_dict: dict[str, Tensor]) -> bool:
    """Whether a model's state dict was written by stock fairseq rather than by this package."""
    return MARKER not in state_dict


def load_encoder(encoder: nn.Module, path: str, args: Namespace) -> None:
    """Load the encoder of the checkpoint at ``path`` (ours or stock) into ``encoder``.

    Args:
        encoder: of the model; its tensors are overwritten.
        path: of a checkpoint as fairseq writes it.
        args: the options of the model.

    Raises:
        FileNotFoundError: when there is no such file (stock fairseq would train from scratch).
        DataError: when it is no checkpoint.
        SettingError: when the sizes differ, or more than the front end is missing there.
    """
    if not Path(path).exists():
        raise FileNotFoundError(
            f"--load-pretrained-encoder-from {path}: no such file; name an existing checkpoint or "
            f"leave the option out to start from scratch"
        )
    try:
        state = load_state(path)
    except DataError as error:
        raise DataError(f"--load-pretrained-encoder-from {error}") from error
    offered = {k[len("encoder.") :]: v for k, v in state["model"].items() if k.startswith("encoder.")}
    own = encoder.state_dict()
    started = [name for name in own if name not in offered]
    missing = [name for name in started if not name.startswith(FRONT_END)]
    if missing:
        raise SettingError(
            f"--load-pretrained-encoder-from {path}: {len(missing)} of this encoder's {len(own)} tensors are "
            f"not there, the first is {missing[0]}; choose --arch and --encoder-layers as that checkpoint "
            "was trained with, or another checkpoint"
        )
    not_taken = fit(own, offered, f"encoder of {path}")
    encoder.load_state_dict(offered, strict=True)
    if any(name.startswith(LAYERS) for name in not_taken):
        logger.warning(
            f"--load-pretrained-encoder-from {path}: the encoder there has more layers, of which the first "
            "ones are taken; choose --encoder-layers as that checkpoint was trained with"
        )
    others = [name for name in UNSEEN_OPTIONS if not name.startswith(("decoder", "cross_attention"))]
    warn_of_other_meaning(f"--load-pretrained-encoder-from {path}", options_of(state), args, others)
    left = f"; {_listing(LEFT, started)}" if started else ""
    logger.info(f"loaded pretrained encoder from: {path}; {_listing('not taken', not_taken)}{left}")


def warn_of_other_meaning(
    what: str, trained: Mapping[str, Any], args: Namespace, names: Sequence[str] = UNSEEN_OPTIONS
) -> None:
    """Warn of options that differ, with which the same weights compute something else.

    Args:
        what: option and file, for the message.
        trained: options of the model that the weights come from, as a checkpoint holds them.
        args: options of the model that takes them.
        names: the options to compare; one that either side lacks counts as equal.
    """
    for name in names:
        there, here = trained.get(name), getattr(args, name, None)
        if there is not None and here is not None and there != here:
            logger.warning(
                f"{what}: trained with {name} {there}, and this model has {here}, with which the same "
                "weights compute something else; choose the same"
            )


def adapt_stock_state_dict(model: nn.Module, state_dict: dict[str, Tensor]) -> None:
    """Make a stock ``s2t_transformer`` state dict loadable into ``model``, in place, and log how.

    Raises:
        SettingError: a tensor other than the vocabulary's has another shape.
    """
    own = model.state_dict()
    if untied := _is_untied(model, state_dict):
        state_dict[VOCABULARY[1]] = state_dict[VOCABULARY[0]]
    started = [name for name in own if name not in state_dict and name != MARKER]
    foreign = [name for name in state_dict if name not in own]
    not_taken = fit(own, state_dict, "stock fairseq checkpoint", may_differ=VOCABULARY)
    if untied and not any(name.startswith(VOCABULARY[1]) for name in not_taken):
        not_taken.append(f"{VOCABULARY[1]} (tied to the input table here)")
    taken = len(own) - 1 - len(started) - (len(not_taken) - len(foreign))
    logger.info(
        f"started from a stock fairseq checkpoint: {taken} of {len(own) - 1} tensors taken; "
        f"{_listing('not taken', not_taken)}; "
        f"{_listing(LEFT, started)}"
    )


def adapt_fusion(model: nn.Module, state_dict: dict[str, Tensor]) -> None:
    """Make a state dict of ours fit another fusion, in place, and log how.

    A gate or a learned λ that ``--model-overrides`` has replaced by a fixed fusion is left out; one that
    the checkpoint lacks, such as a multi-task model's, starts at its initial values.

    Raises:
        SettingError: the model's rules ``require_gates``, and the checkpoint lacks them.
    """
    own = model.state_dict()
    overridden = [name for name in state_dict if ".fusion." in name and name not in own]
    for name in overridden:
        del state_dict[name]
    started = [name for name in own if ".fusion." in name and name not in state_dict]
    if model.loading.require_gates and any(".fusion.gate." in name for name in started):
        raise SettingError(
            "fusion 'gate' has weights that this checkpoint lacks, as it was trained with another fusion; "
            "leave 'fusion' out of --model-overrides, or train a gate from it: --fusion gate "
            "--finetune-from-model"
        )
    for name in started:
        state_dict[name] = own[name]
    if overridden or started:
        logger.warning(
            f"the checkpoint has another fusion; {_listing('not taken', overridden)}; "
            f"{_listing(LEFT, started)}"
        )


def _is_untied(model: nn.Module, state_dict: dict[str, Tensor]) -> bool:
    """Whether a state dict has two tables of words where ``model`` has one."""
    table, output = (state_dict.get(name) for name in VOCABULARY)
    if table is None or output is None or not model.decoder.share_input_output_embed:
        return False
    return not (table.shape == output.shape and bool((table == output).all()))


def restore_versions(model: nn.Module, state_dict: dict[str, Tensor]) -> None:
    """Give a state dict of ``model`` the versions that fairseq's EMA leaves out, in place.

    Without them it is taken for one of stock fairseq, of a time when decoders had no last norm.
    """
    own = model.state_dict()
    versions = {name for name in own if "version" in name}  # as EMA chooses them
    if own.keys() - state_dict.keys() != versions:
        return
    if _is_untied(model, state_dict):  # stock fairseq's, whose tables need not be one
        versions.discard(MARKER)
    state_dict.update((name, own[name].clone()) for name in versions)


def leave_vocabulary(model: nn.Module, state_dict: dict[str, Tensor]) -> None:
    """Empty the embedding tables of a state dict, in place, if the model's rules ``discard_embeddings``:
    :func:`adapt_vocabulary` then leaves its own at their initial values, although the sizes fit."""
    if model.loading.discard_embeddings:
        for name in [name for name in state_dict if name.endswith(TABLES)]:
            state_dict[name] = state_dict[name][:0]


def adapt_vocabulary(model: nn.Module, state_dict: dict[str, Tensor]) -> None:
    """Replace embedding tables of another size in a state dict of ours by the initial ones, in place, and log
    it, if the model's rules ``allow_new_vocabulary``; otherwise torch refuses them."""
    if not model.loading.allow_new_vocabulary:
        return
    own = model.state_dict()
    unfit = [
        name
        for name, table in own.items()
        if name.endswith(TABLES) and name in state_dict and state_dict[name].shape != table.shape
    ]
    for name in unfit:
        state_dict[name] = own[name]
    if unfit:
        logger.warning(f"the checkpoint has another vocabulary; {_listing(LEFT, unfit)}")


def refuse_two_stage(state_dict: dict[str, Tensor]) -> None:
    """Raise ``SettingError`` for the state dict of a two-stage model: two decoders do not fit into one."""
    if any(name.startswith(STAGES) for name in state_dict):
        raise SettingError(
            "this is the checkpoint of a two-stage model, whose two decoders do not fit into one; start "
            "from a multitask_st, asr, e2e_st or interactive_st checkpoint, or take the encoder alone by "
            "--load-pretrained-encoder-from"
        )


def double_decoder(model: nn.Module, state_dict: dict[str, Tensor]) -> None:
    """Let both decoders of a two-stage ``model`` start from a state dict's one decoder, in place, and log
    how. A two-stage model's own state dict is left as it is.

    Raises:
        SettingError: a tensor other than the vocabulary's has another shape.
    """
    if any(name.startswith(STAGES) for name in state_dict):
        return
    if model.decoder.first.share_input_output_embed and VOCABULARY[0] in state_dict:
        state_dict[VOCABULARY[1]] = state_dict[VOCABULARY[0]]
    one = [name for name in state_dict if name.startswith("decoder.")]
    for name in one:
        tensor = state_dict.pop(name)
        for stage in STAGES:
            state_dict[stage + name.removeprefix("decoder.")] = tensor
    own = model.state_dict()
    started = [name for name in own if name not in state_dict]
    vocabulary = [stage + name.removeprefix("decoder.") for stage in STAGES for name in VOCABULARY]
    not_taken = fit(own, state_dict, "checkpoint of a model of one decoder", may_differ=vocabulary)
    logger.info(
        f"both decoders started from the one decoder of the checkpoint ({len(one)} tensors each); "
        f"{_listing('not taken', not_taken)}; {_listing(LEFT, started)}"
    )


def fit(
    own: dict[str, Tensor], offered: dict[str, Tensor], what: str, may_differ: Container[str] = ()
) -> list[str]:
    """Make ``offered`` loadable, in place: drop names and shapes that ``own`` does not have, and fill in the
    tensors of ``own`` that it lacks.

    Returns:
        The names of the offered tensors that were not taken.

    Raises:
        SettingError: shapes differ under a name that is not in ``may_differ``; ``what`` begins the message.
    """
    foreign = [name for name in offered if name not in own]
    unfit = [name for name in offered if name in own and offered[name].shape != own[name].shape]
    wrong = [name for name in unfit if name not in may_differ]
    if wrong:
        name = wrong[0]
        raise SettingError(
            f"{what}: {counted(len(wrong), 'tensor')} of other sizes than in this model, the first is "
            f"{name}, {tuple(offered[name].shape)} there and {tuple(own[name].shape)} here; choose the "
            f"architecture (interactive_st_xs, _s, _m for s2t_transformer_xs, _s, _m) and sizes that "
            f"the checkpoint was trained with"
        )
    for name in foreign + unfit:
        del offered[name]
    for name, tensor in own.items():
        offered.setdefault(name, tensor)
    return foreign + [f"{name} (another vocabulary)" for name in unfit]


def _listing(title: str, names: list[str]) -> str:
    return f"{title}: {', '.join(names) if names else 'nothing'}"
