"""The architectures of all systems, each in the paper's size and in those of ``s2t_transformer``.

    interactive_st*  both texts, each stream reading the other
    multitask_st*    both texts, one shared decoder, no interaction (λ = 0)
    e2e_st*          the translation alone
    asr*             the transcript alone
    two_stage_st*    the transcript, then the translation by a second decoder that reads its states

``*`` is empty (the paper's size), ``_xs``, ``_s``, ``_m`` or ``_tiny``. All but the last system are
:class:`~interactive_st.models.interactive_st.InteractiveSTModel`.
"""

from argparse import ArgumentParser, Namespace
from typing import Any

from fairseq.models import ARCH_CONFIG_REGISTRY, ARCH_MODEL_REGISTRY, register_model_architecture

from interactive_st.conventions import option_name
from interactive_st.errors import SettingError
from interactive_st.models import interactive_st, two_stage_st
from interactive_st.models.sizes import NO_INTERACTION, SIZES, Architecture

#: System: (registered model, options it fixes).
SYSTEMS: dict[str, tuple[str, dict[str, Any]]] = {
    "multitask_st": (interactive_st.NAME, {"streams": "both", **NO_INTERACTION}),
    "e2e_st": (interactive_st.NAME, {"streams": "st", **NO_INTERACTION}),
    "asr": (interactive_st.NAME, {"streams": "asr", **NO_INTERACTION}),
    two_stage_st.NAME: (two_stage_st.NAME, {"streams": "both"}),
}


def architecture(system: str, size: str) -> Architecture:
    """The function that fills in the options of ``system`` (key of `SYSTEMS`) in ``size`` (key of `SIZES`).

    It raises ``SettingError`` for an option that contradicts the system.
    """
    name, (_, fixed) = f"{system}{size}", SYSTEMS[system]

    def fill_in(args: Namespace) -> None:
        for option, value in fixed.items():
            given = getattr(args, option, value)
            if str(given) != str(value):  # --wait-k is text
                raise SettingError(
                    f"{option_name(option)} {given} contradicts --arch {name}, for which it is "
                    f"{value}: leave the option out, or use --arch {interactive_st.NAME}{size}"
                )
            setattr(args, option, value)
        SIZES[size](args)

    fill_in.__name__, fill_in.__doc__ = name, f"``{system}`` in the size of ``{interactive_st.NAME}{size}``."
    return fill_in


for _size, _fill_in in SIZES.items():
    register_model_architecture(interactive_st.NAME, f"{interactive_st.NAME}{_size}")(_fill_in)
#: Those of the other systems, by name.
ARCHITECTURES: dict[str, Architecture] = {
    f"{system}{size}": register_model_architecture(model, f"{system}{size}")(architecture(system, size))
    for system, (model, _) in SYSTEMS.items()
    for size in SIZES
}


def option_names(arch: str) -> set[str]:
    """Return the names of a registered architecture's options, with those that it sets without an option."""
    parser, preset = ArgumentParser(add_help=False), Namespace()
    ARCH_MODEL_REGISTRY[arch].add_args(parser)
    ARCH_CONFIG_REGISTRY[arch](preset)
    return {action.dest for action in parser._actions} | set(vars(preset))
