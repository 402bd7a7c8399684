"""MuST-C, versions 1 to 3: TED talks in English with translations (Di Gangi et al., NAACL 2019).

    ROOT/en-de/data/train/txt/train.yaml   - {duration: 3.5, offset: 16.08, speaker_id: spk.1, wav: ted_1.wav}
    ROOT/en-de/data/train/txt/train.en     the sentence of each segment, line by line
    ROOT/en-de/data/train/txt/train.de
    ROOT/en-de/data/train/wav/ted_1.wav
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import yaml

from interactive_st.data.corpora.common import (
    Request,
    collect,
    find_readable,
    read_aligned,
    segment_ids,
)
from interactive_st.data.manifest import Line
from interactive_st.data.progress import progress_bar
from interactive_st.data.text_encoding import not_utf8
from interactive_st.data.utterances import Split
from interactive_st.errors import DataError

SPLITS = ("train", "dev", "tst-COMMON", "tst-HE")
SOURCE_LANG = "en"
KEYS, SPEAKER = ("wav", "offset", "duration"), "speaker_id"

#: Segments that are parsed at once: the whole file in one go takes minutes and shows nothing.
CHUNK = 2000
#: Reads strings only, and safely; the one in C is some ten times as fast.
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
COMPARED = 1 << 16  # bytes at the beginning, in the middle and at the end of a recording


def read_mustc(request: Request) -> dict[str, Split]:
    """Read MuST-C; ids are those of fairseq's ``prep_mustc_data.py``.

    Raises:
        DataError: files are missing or do not fit each other.
    """
    if request.source_lang != SOURCE_LANG:
        raise DataError(f"MuST-C is spoken in {SOURCE_LANG}; leave out --source-lang")
    folders = {lang: _data_folder(request.root, lang) for lang in request.target_langs}
    wanted = request.choose_splits(
        SPLITS, folders, lambda split, lang: (folders[lang] / split / "txt").is_dir()
    )
    splits: dict[str, Split] = {}
    recordings = _Recordings()
    for split, lang in wanted:
        table = folders[lang] / split / "txt" / f"{split}.yaml"
        lines = _read_segments(request, split, lang, table, recordings)
        splits[request.split_name(split, lang)] = collect(request, split, lang, table, lines)
    return splits


def _data_folder(root: Path, lang: str) -> Path:
    pair = f"{SOURCE_LANG}-{lang}"
    folder = root / pair / "data"
    if folder.is_dir():
        return folder
    if root.name == pair and (root / "data").is_dir():
        raise DataError(f"{root}: give the folder above, {root.parent}, which holds {pair}")
    there = sorted(path.parent.name for path in root.glob(f"{SOURCE_LANG}-*/data"))
    raise DataError(
        f"{folder}: no such folder; {root} holds {', '.join(there) or 'no MuST-C data'}, and MuST-C of "
        f"{lang} is a folder {pair} with data/train/{{wav,txt}} in it"
    )


def _read_segments(
    request: Request, split: str, lang: str, table: Path, recordings: "_Recordings"
) -> Iterator[Line]:
    segments = list(_parse(request, table))
    texts = {
        language: read_aligned(table.with_suffix(f".{language}"), table, len(segments))
        for language in (SOURCE_LANG, lang)
    }
    wav = table.parents[1] / "wav"
    talks = [Path(segment["wav"]).stem for _, segment in segments]
    # By the text of the offset, as fairseq sorts: "16.08" is before "9.5".
    ids = segment_ids(talks, [segment["offset"] for _, segment in segments])
    return (
        Line(
            number,
            {
                "id": ids[i],
                "audio": str(recordings.find(split, wav / segment["wav"])),
                "src_text": texts[SOURCE_LANG][i],
                "tgt_text": texts[lang][i],
                "speaker": segment[SPEAKER],
                "offset": segment["offset"],
                "duration": segment["duration"],
            },
        )
        for i, (number, segment) in enumerate(segments)
    )


def _parse(request: Request, table: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number and those entries of each segment that are needed."""
    lines = _read_yaml_lines(table)
    starts = [number for number, line in enumerate(lines) if line.startswith("- ")]
    stray = [line for line in lines[: starts[0] if starts else None] if line.strip(" -") and line[0] != "#"]
    if stray or not starts:
        raise DataError(f"{table}: no list of segments; take the file from the corpus again")
    what = f"{table.parents[3].name} {table.stem}"
    with progress_bar(len(starts), what, " segments", shown=request.progress, scaled=True) as bar:
        for first in range(0, len(starts), CHUNK):
            numbers = starts[first : first + CHUNK]
            end = starts[first + CHUNK] if first + CHUNK < len(starts) else len(lines)
            try:
                segments = yaml.load("\n".join(lines[numbers[0] : end]), Loader=LOADER)
            except yaml.YAMLError as error:
                mark = getattr(error, "problem_mark", None)
                line = numbers[0] + 1 + (mark.line if mark else 0)
                reason = getattr(error, "problem", error)
                raise DataError(f"{table}:{line}: not YAML ({reason}); correct the line") from error
            if len(segments) != len(numbers):
                raise DataError(f"{table}:{numbers[0] + 1}: no list of segments, each on lines of its own")
            for number, segment in zip(numbers, segments, strict=True):
                missing = [key for key in KEYS if not isinstance(segment, dict) or key not in segment]
                if missing:
                    raise DataError(
                        f"{table}:{number + 1}: a segment without {', '.join(missing)}; correct the line"
                    )
                read = {key: segment.get(key, "") for key in (*KEYS, SPEAKER)}
                wrong = next((key for key, value in read.items() if not isinstance(value, str)), None)
                if wrong is not None:
                    raise DataError(
                        f"{table}:{number + 1}: {wrong} is {segment[wrong]!r}, where one value is needed; "
                        "correct the line"
                    )
                yield number + 1, read
            bar.update(len(numbers))


def _read_yaml_lines(path: Path) -> list[str]:
    """Read the lines of a YAML file as they are, indentation included; a byte order mark is left out.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise not_utf8(path, error) from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error}); is the corpus complete?") from error


class _Recordings:
    """Finds audio files, and one for all languages where they have the same talk.

    Each language of MuST-C brings its own copy of a talk. Segments that two languages have in
    common are then the same piece of the same file, and their features are stored once.
    """

    def __init__(self) -> None:
        self._found: dict[Path, Path] = {}
        self._talks: dict[tuple, Path] = {}

    def find(self, split: str, path: Path) -> Path:
        """Return the file to read; `path` itself, for the error message, where none can be read."""
        if path not in self._found:
            readable = find_readable(path)
            try:
                key = None if readable is None else (split, readable.name, _sample(readable))
            except OSError:
                key = None
            self._found[path] = path if key is None else self._talks.setdefault(key, readable)
        return self._found[path]


def _sample(path: Path) -> tuple[int, bytes]:
    """Return the size of a file and a digest of parts of it, by which copies are known."""
    size = path.stat().st_size
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for place in (0, max(0, size // 2 - COMPARED // 2), max(0, size - COMPARED)):
            file.seek(place)
            digest.update(file.read(COMPARED))
    return size, digest.digest()
