"""The list of runs, a YAML file: data sets, variants of the systems, and which of them are compared.

``runs.yaml`` beside this file is the list that is used where no other is named; it explains its fields.
Options are texts, split as a shell does; those further down a list win, as on a command line.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.quality.runs import DataSet, Group, Run, RunError, Variant

DEFAULT = Path(__file__).with_name("runs.yaml")
REFERENCE = "interactive"  # of groups that name none
_TOP = ("common", "data", "variants", "groups")
_COMMON = ("size", "average", "max_minutes", "train", "train_text", "decode", "decode_transcripts")


class ListError(ValueError):
    """The list cannot be used; the message names the file, the line or field, and the way out."""


@dataclass(frozen=True)
class RunList:
    """Everything the file says, by name and in its order."""

    path: Path
    data: dict[str, DataSet]
    variants: dict[str, Variant]
    groups: dict[str, Group]

    def runs(self, groups: Iterable[str]) -> list[Run]:
        """The runs of some groups, each once: data set by data set, and there seed by seed, so that a list
        that is stopped early has compared all systems on the first seeds."""
        found: dict[str, Run] = {}
        for group in (self.groups[name] for name in groups):
            for data, seeds in group.seeds.items():
                for seed in seeds:
                    for variant in group.variants.values():
                        run = self.run(data, variant, seed)
                        found.setdefault(run.name, run)
        return list(found.values())

    def run(self, data: str, variant: str, seed: int) -> Run:
        """One run, with the runs that it builds on."""
        wanted = self.variants[variant]
        needs = {role: self.run(data, name, seed) for role, name in wanted.needs.items()}
        return Run(self.data[data], wanted, seed, needs)


def read_list(path: Path = DEFAULT) -> RunList:
    """Read a list of runs.

    Raises:
        ListError: it cannot be read, or says something that has no meaning.
    """
    content = _Part(path, (), _load(path))
    content.only(_TOP)
    common = content.part("common", {})
    common.only(_COMMON)
    data = {name: _data_set(part, name, common) for name, part in content.part("data").parts().items()}
    variants = _variants(content.part("variants"))
    groups = {}
    for name, part in content.part("groups").parts().items():
        groups[name] = _group(part, name, data, variants)
    if not groups:
        raise content.error("groups", "there is none; name a group, its variants and seeds")
    return RunList(path, data, variants, groups)


def _data_set(part: _Part, name: str, common: _Part) -> DataSet:
    part.only(name for name in DataSet.__dataclass_fields__ if name not in ("name", "decode_transcripts"))
    average, minutes = (
        part.value.get(field, common.value.get(field, default))
        for field, default in (("average", 1), ("max_minutes", 0))
    )
    if type(minutes) not in (int, float) or not 0 <= minutes < math.inf:
        raise part.error("max_minutes", f"{minutes!r} is no number of minutes; 0 means no limit")
    return DataSet(
        name=name,
        recipe=part.text("recipe", needed=True),
        source=part.text("source", needed=True),
        corpus=part.words("corpus"),
        prepare=part.words("prepare"),
        updates=part.whole("updates", part.value.get("updates")),
        max_minutes=float(minutes),
        average=part.whole("average", average),
        size=part.text("size") or common.text("size") or DataSet.size,
        train=(*common.words("train"), *part.words("train")),
        train_text=(*common.words("train_text"), *part.words("train_text")),
        decode=(*common.words("decode"), *part.words("decode")),
        decode_transcripts=common.words("decode_transcripts"),
    )


def _variants(part: _Part) -> dict[str, Variant]:
    found: dict[str, Variant] = {}
    names = [
        name for name in Variant.__dataclass_fields__ if name not in ("name", "train", "decode", "updates")
    ]
    for name, own in part.parts().items():
        own.only([*names, "train", "decode", "updates", "like"])
        like = own.text("like")
        if like and like not in found:
            raise own.error("like", f"no variant {like!r} above this one; name one of {_or(found)}")
        base = vars(found[like]) if like else {}
        values = {field: own.text(field) or base.get(field, "") for field in names}
        words = {kind: (*base.get(kind, ()), *own.words(kind)) for kind in ("train", "decode")}
        updates = base.get("updates", 0)
        if "updates" in own.value:
            updates = own.whole("updates", own.value["updates"])
        try:
            found[name] = Variant(name, updates=updates, **values, **words)
        except RunError as error:
            raise own.error("", str(error)) from error
        for role, other in found[name].needs.items():
            if other == name or other not in found:
                raise own.error(role, f"no variant {other!r} above this one; name one of {_or(found, name)}")
    return found


def _group(part: _Part, name: str, data: Mapping[str, DataSet], variants: Mapping[str, Variant]) -> Group:
    part.only(name for name in Group.__dataclass_fields__ if name != "name")
    seeds = {}
    for set_name, own in part.part("seeds").value.items():
        if set_name not in data:
            raise part.error(f"seeds.{set_name}", f"no such data set; there are {_or(data)}")
        if not isinstance(own, list) or not own or not all(type(seed) is int and seed > 0 for seed in own):
            raise part.error(f"seeds.{set_name}", f"{own!r} is no list of seeds, as in [1, 2, 3]")
        seeds[str(set_name)] = tuple(own)
    listed = part.value.get("variants")
    pairs = list(listed.items()) if isinstance(listed, dict) else []
    if isinstance(listed, list):
        pairs = [(variant, variant) for variant in listed]
    if not pairs:
        raise part.error("variants", "a list of variants is needed, or values of the parameter: variant")
    for _, variant in pairs:
        if not isinstance(variant, str) or variant not in variants:
            raise part.error("variants", f"no variant {variant!r}; there are {_or(variants)}")
    named = {str(value): variant for value, variant in pairs}
    reference = part.text("reference") or REFERENCE
    if "reference" in part.value and reference not in named.values():
        raise part.error("reference", f"{reference!r} is not among the variants; name {_or(named.values())}")
    return Group(name, part.text("title") or name, part.text("parameter"), seeds, named, reference)


@dataclass(frozen=True)
class _Part:
    """A mapping in the file and the fields that lead to it, for messages."""

    path: Path
    place: tuple[str, ...]
    value: Any

    def error(self, field: str, message: str) -> ListError:
        return ListError(f"{self.path}: {'.'.join(filter(None, [*self.place, field]))}: {message}")

    def part(self, name: Any, default: Any = None) -> _Part:
        value = self.value.get(name, default)
        if not isinstance(value, dict):
            raise self.error(str(name), "has to be there, and to hold fields (name: value)")
        return _Part(self.path, (*self.place, str(name)), value)

    def parts(self) -> dict[str, _Part]:
        return {str(name): self.part(name) for name in self.value}

    def only(self, allowed: Iterable[str]) -> None:
        allowed = list(allowed)
        for name in self.value:
            if name not in allowed:
                raise self.error(str(name), f"no such field; there are {_or(allowed)}")

    def text(self, name: str, needed: bool = False) -> str:
        value = self.value.get(name, "")
        if not isinstance(value, str) or (needed and not value):
            raise self.error(name, f"{value!r} is no text; write it in quotation marks")
        return value

    def words(self, name: str) -> tuple[str, ...]:
        try:
            return tuple(shlex.split(self.text(name)))
        except ValueError as error:
            raise self.error(name, f"{error}; options are written as on a command line") from error

    def whole(self, name: str, value: Any) -> int:
        if type(value) is not int or value < 1:
            raise self.error(name, f"{value!r} is no whole number above 0")
        return value


class _Loader(yaml.SafeLoader):
    """Refuses a name that is used twice, of which the first would be lost without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if not isinstance(name, Hashable):
                continue  # refused below
            if name in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{name!r} is there twice; keep one of them", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep)


def _load(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
        content = yaml.load(text, _Loader)
    except OSError as error:
        raise ListError(
            f"{path}: cannot be read ({error.strerror}); name a list of runs with --runs"
        ) from error
    except yaml.MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ListError(f"{path}{line}: not YAML that can be used: {error.problem}") from error
    except yaml.reader.ReaderError as error:  # has no line
        line = text.count("\n", 0, error.position) + 1
        raise ListError(
            f"{path}:{line}: not YAML that can be used: the character U+{error.character:04X}; remove it"
        ) from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: no UTF-8, or no such date or number
        raise ListError(f"{path}: not YAML that can be used: {error}") from error
    if not isinstance(content, dict):
        raise ListError(f"{path}: has to hold the fields {_or(_TOP)}")
    return content


def _or(names: Iterable[str], but: str = "") -> str:
    return ", ".join(str(name) for name in names if name != but) or "none"
