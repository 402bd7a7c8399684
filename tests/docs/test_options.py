"""docs/options.md lists every option there is, with its default: compared with the real parsers."""

import argparse
import dataclasses
import re
from argparse import Namespace

import pytest
from documents import Section, read_sections
from fairseq.criterions import CRITERION_DATACLASS_REGISTRY
from fairseq.models import ARCH_CONFIG_REGISTRY, ARCH_MODEL_REGISTRY, MODEL_REGISTRY
from fairseq.models.speech_to_text.s2t_transformer import S2TTransformerModel
from fairseq.tasks import TASK_REGISTRY

import interactive_st  # noqa: F401 (registers)
from interactive_st.cli.main import find_commands
from interactive_st.inference.options import Options
from interactive_st.tasks.checks.generation_options import DEFAULTS, HARMLESS, REASONS, SETTINGS

CRITERION = CRITERION_DATACLASS_REGISTRY["joint_label_smoothed_cross_entropy"]
#: What argparse calls the value of an option, and what the page does.
METAVARS = {"LANG": "language", "FILE": "file", "CKPT": "file", "DIR": "folder", "JSON": "JSON",
            "K": "whole number or `inf`", "K,K,…": "values of `--wait-k` with commas between",
            None: "text"}  # fmt: skip
TYPES = {int: "whole number", float: "number", bool: "flag"}
#: Refused by the joint task, so it has no row.
REFUSED = "--multitask-config-yaml"


@pytest.fixture(scope="module")
def sections(repository) -> dict[str, Section]:
    return read_sections(repository / "docs" / "options.md")


def options_of(add_arguments) -> dict[str, argparse.Action]:
    """Options that a function declares, by name."""
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    return {action.option_strings[-1]: action for action in parser._actions if action.option_strings}


def choices_of(choices) -> str:
    *first, last = (f"`{choice}`" for choice in choices)
    return f"{', '.join(first)} or {last}"


def type_of(action: argparse.Action) -> str:
    """How the page names the type of an option."""
    if action.nargs == 0:
        return "flag"
    if action.choices:
        return choices_of(action.choices)
    return TYPES.get(action.type) or METAVARS[action.metavar]


def default_of(value: object) -> str:
    """How the page writes a default."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return "none" if value is None else f"`{value}`"


def described(section: Section, *columns: str) -> dict[str, tuple[str, ...]]:
    """The columns of the rows that begin with an option, from the first table that has them."""
    table = next(table for table in section.tables if set(columns) <= set(table.columns))
    assert all(row["meaning"] for row in table.rows)
    return {row["option"].strip("`"): tuple(row[name] for name in columns) for row in table.rows}


def test_task(sections):
    actions = options_of(TASK_REGISTRY["joint_speech_to_text"].add_args)
    real = {name: (type_of(a), default_of(a.default)) for name, a in actions.items() if name != REFUSED}
    assert described(sections["Task"], "type", "default") == real
    assert REFUSED in sections["Task"].text


def test_models(sections):
    stock = options_of(S2TTransformerModel.add_args)
    rows = described(sections["Model"], "of", "type", "default")
    args = Namespace()
    ARCH_CONFIG_REGISTRY["interactive_st_s"](args)
    real = {}
    for model in {model for name, model in ARCH_MODEL_REGISTRY.items() if is_ours(model)}:
        registered = next(name for name, known in MODEL_REGISTRY.items() if known is model)
        for name, action in options_of(model.add_args).items():
            if name not in stock:
                real.setdefault(name, ([], action))[0].append(registered)
    assert set(rows) == set(real)
    for name, (of, kind, default) in rows.items():
        models, action = real[name]
        assert of == ("all" if len(models) == 2 else "`interactive_st*`"), name
        assert kind == type_of(action), name
        if name == "--front-end":
            assert default == "by `--arch`"
        else:
            assert default == default_of(getattr(args, name.lstrip("-").replace("-", "_"))), name


def is_ours(model: type) -> bool:
    return model.__module__.startswith("interactive_st")


def test_architectures(sections):
    systems, sizes = sections["Architectures"].tables
    listed = {cell.strip("`") for row in systems.rows for cell in row.cells[1:]}
    assert listed == {name for name, model in ARCH_MODEL_REGISTRY.items() if is_ours(model)}
    for row in sizes.rows:
        args = Namespace()
        size = "" if row["size"] == "none" else row["size"].strip("`")
        ARCH_CONFIG_REGISTRY[f"interactive_st{size}"](args)
        real = [args.encoder_embed_dim, args.encoder_ffn_embed_dim]
        real += [f"{args.encoder_layers} + {args.decoder_layers}", args.encoder_attention_heads, args.dropout]
        real += ["before" if args.encoder_normalize_before else "after", args.front_end]
        assert row.cells[1:] == [str(value) for value in real], size
    assert len(sizes.rows) == len(systems.columns) - 1


def test_criterion(sections):
    fields = {f.name: f for f in dataclasses.fields(CRITERION) if not f.name.startswith("_")}
    del fields["sentence_avg"]  # an option of the optimisation, passed on
    real = {
        "--" + name.replace("_", "-"): (
            TYPES.get(field.type) or choices_of(choice.value for choice in field.type),
            default_of(field.default),
        )
        for name, field in fields.items()
    }
    assert described(sections["Criterion"], "type", "default") == real
    assert "--sentence-avg" in sections["Criterion"].text


def test_generation(sections):
    section = sections["Generation"]
    dashed = {"--" + name.replace("_", "-"): name for name in DEFAULTS}
    honoured = described(section, "default")
    for option, (default,) in honoured.items():
        assert default == default_of(DEFAULTS[dashed[option]]), option
    used = {*SETTINGS, "nbest", "unnormalized", "prefix_size"}
    assert {dashed[option] for option in honoured} == used
    refused = section.tables[1]
    reasons = {
        dashed[option]: row["reason"]
        for row in refused.rows
        for option in re.findall(r"`(--[\w-]+)`", row["option"])
    }
    assert set(reasons) == set(DEFAULTS) - used - HARMLESS
    for name, reason in reasons.items():
        expected = REASONS.get(name, "it belongs to iterative refinement")
        assert similar(expected) in similar(reason) or "iterative refinement" in reason, name
    harmless = section.text.rsplit("\n\n", 1)[-1]
    assert {dashed[option] for option in re.findall(r"`(--[\w-]+)`", harmless)} == HARMLESS - used


def similar(text: str) -> str:
    """A reason without what only the page or only the message has: backquotes, and _ for -."""
    return text.replace("`", "").replace("_mt", "-mt")


def test_commands(sections):
    (table,) = sections["Commands"].tables
    assert {row["command"].strip("`") for row in table.rows} == {
        f"interactive-st {n}" for n in find_commands()
    }


def test_python(sections):
    rows = described(sections["Python"], "default")
    assert rows == {field.name: (f"`{field.default}`",) for field in dataclasses.fields(Options)}
