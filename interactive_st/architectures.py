"""What fairseq's registries say of an architecture."""

from argparse import ArgumentParser, Namespace


def option_names(arch: str) -> set[str]:
    """Return the names of a registered architecture's options, with those that it sets without an option."""
    from fairseq.models import ARCH_CONFIG_REGISTRY, ARCH_MODEL_REGISTRY

    parser, preset = ArgumentParser(add_help=False), Namespace()
    ARCH_MODEL_REGISTRY[arch].add_args(parser)
    ARCH_CONFIG_REGISTRY[arch](preset)
    return {action.dest for action in parser._actions} | set(vars(preset))
