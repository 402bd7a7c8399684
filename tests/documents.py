"""Reads Markdown documents: their sections, tables, blocks of code, links and anchors."""

import re
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

#: Languages of indented blocks by their first word.
INDENTED = {"make": "bash", "interactive-st": "bash", "fairseq-train": "bash", "fairseq-generate": "bash",
            "from": "python", "@inproceedings": "bibtex"}  # fmt: skip

#: Lines that are indented by four spaces, after an empty line.
INDENTED_BLOCK = re.compile(r"(?<=\n\n)(?:    .*\n|\n(?=    ))+")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
_LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Row:
    """A row of a table; a cell by the name of its column."""

    columns: list[str]
    cells: list[str]

    def __getitem__(self, column: str) -> str:
        return self.cells[self.columns.index(column)]


@dataclass(frozen=True)
class Table:
    """A table of a document."""

    columns: list[str]
    rows: list[Row]


@dataclass
class Section:
    """What stands under a heading of the second level."""

    title: str
    text: str
    tables: list[Table] = field(default_factory=list)


@dataclass(frozen=True)
class Block:
    """A block of code: its language, its content, and the file that the line before it names, if any."""

    language: str
    content: str
    file: str = ""

    @property
    def first_line(self) -> str:
        return self.content.split("\n", 1)[0].strip()


def read_sections(document: Path) -> dict[str, Section]:
    """The sections of the second level, by title."""
    parts = re.split(r"^## (.+)$", document.read_text(encoding="utf-8"), flags=re.MULTILINE)
    sections = {}
    for title, text in zip(parts[1::2], parts[2::2], strict=True):
        sections[title] = Section(title, text.strip(), read_tables(text))
    return sections


def read_tables(text: str) -> list[Table]:
    """All tables of a text."""
    tables = []
    for lines in re.findall(r"(?:^\|.*\n?)+", _FENCE.sub("", text), flags=re.MULTILINE):
        header, rule, *rest = (
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
            for line in lines.splitlines()
        )
        assert all(set(cell) <= set("-:") for cell in rule), lines
        assert all(len(cells) == len(header) for cells in rest), lines
        tables.append(Table(header, [Row(header, cells) for cells in rest]))
    return tables


def read_code(document: Path) -> list[Block]:
    """The blocks of code, in order. A line such as ``` `train.tsv`: ``` before one names its file.

    Blocks are fenced; in the README they are indented, and their first word says what they are.
    """
    text = document.read_text(encoding="utf-8")
    if document.name == "README.md" and not _FENCE.search(text):
        blocks = [textwrap.dedent(block) for block in INDENTED_BLOCK.findall(text)]
        return [Block(INDENTED[re.match(r"@?[\w-]+", block)[0]], block) for block in blocks]
    blocks = []
    for match in _FENCE.finditer(text):
        before = text[: match.start()].rstrip().rsplit("\n", 1)[-1]
        named = re.fullmatch(r"`([\w./]+)`:", before)
        blocks.append(Block(match[1], match[2], named[1] if named else ""))
    return blocks


def read_links(document: Path) -> list[str]:
    """The targets of all links and pictures."""
    text = re.sub(r"`[^`\n]*`", "", _FENCE.sub("", document.read_text(encoding="utf-8")))
    return [target for _, target in _LINK.findall(text)]


def anchors(document: Path) -> set[str]:
    """The anchors that GitHub gives to the headings: lower case, no punctuation, ``-`` for spaces."""
    found: set[str] = set()
    for _, title in _HEADING.findall(_FENCE.sub("", document.read_text(encoding="utf-8"))):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
        name = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        found.add(next(n for n in (name, *(f"{name}-{i}" for i in range(1, 99))) if n not in found))
    return found
