"""Europarl-ST: debates of the European Parliament (Iranzo-Sánchez et al., ICASSP 2020).

    ROOT/en/audios/en.20081117.22.1-114.m4a    (v1.1)
    ROOT/en/de/train/segments.lst     en.20081117.22.1-114 0.0 7.13    recording, start, end
    ROOT/en/de/train/segments.en      the sentence of each segment, line by line
    ROOT/en/de/train/segments.de
    ROOT/en/de/train/speeches.lst     the recordings,
    ROOT/en/de/train/speakers.lst     and who speaks in each, line by line
"""

import math
from pathlib import Path

from interactive_st.data.corpora.reading import (
    Request,
    check_aligned,
    collect,
    find_readable,
    read_lines,
    segment_ids,
)
from interactive_st.data.manifest import Line
from interactive_st.data.utterances import Split
from interactive_st.errors import DataError

#: ``train-noisy`` is taken as a further training split where it is asked for.
SPLITS = ("train", "dev", "test")
SEGMENTS, AUDIOS = "segments.lst", "audios"


def read_europarl_st(request: Request) -> dict[str, Split]:
    """Read Europarl-ST.

    Raises:
        DataError: files are missing or do not fit each other, or recordings are m4a, and PyAV is not there.
    """
    spoken = request.root / request.source_lang
    recordings = _Recordings(spoken / AUDIOS)
    splits: dict[str, Split] = {}
    for lang in request.target_langs:
        folder = spoken / lang
        if not folder.is_dir():
            request.refuse_folder_of_language(AUDIOS)
            there = sorted(p.parent.parent.name for p in spoken.glob(f"*/*/{SEGMENTS}"))
            raise DataError(
                f"{folder}: no such folder; {spoken} has {', '.join(dict.fromkeys(there)) or 'no languages'}"
            )
        names = request.choose_splits(SPLITS, lambda s, f=folder: (f / s / SEGMENTS).is_file(), folder)
        for split in names:
            lines = _read_segments(request, folder / split, lang, recordings)
            splits[request.split_name(split, lang)] = collect(
                request, split, lang, folder / split / SEGMENTS, lines
            )
    langs = request.target_langs
    order = [request.split_name(split, lang) for split in request.splits or SPLITS for lang in langs]
    return {name: splits[name] for name in order if name in splits}


def _read_segments(request: Request, folder: Path, lang: str, recordings: "_Recordings") -> list[Line]:
    table = folder / SEGMENTS
    segments = [_parse(table, number, line) for number, line in enumerate(read_lines(table), start=1)]
    texts = {}
    for language in (request.source_lang, lang):
        path = folder / f"segments.{language}"
        texts[language] = read_lines(path)
        check_aligned(table, len(segments), (path, texts[language]))
    speakers = _read_speakers(folder)
    ids = segment_ids([name for name, _, _ in segments], [start for _, start, _ in segments])
    return [
        Line(
            i + 1,
            {
                "id": ids[i],
                "audio": str(recordings.find(name)),
                "src_text": texts[request.source_lang][i],
                "tgt_text": texts[lang][i],
                "speaker": speakers.get(name, ""),
                "offset": repr(start),
                "duration": repr(round(end - start, 6)),
            },
        )
        for i, (name, start, end) in enumerate(segments)
    ]


def _parse(table: Path, number: int, line: str) -> tuple[str, float, float]:
    """Return the recording, start and end of a line of ``segments.lst``."""
    try:
        name, start, end = line.split()
        times = float(start), float(end)
        if all(map(math.isfinite, times)):
            return name, *times
    except ValueError:
        pass
    raise DataError(f"{table}:{number}: {line!r} must be a recording with its start and end in seconds")


def _read_speakers(folder: Path) -> dict[str, str]:
    """Return the speaker of each recording; nothing where the lists are not there."""
    speeches, speakers = folder / "speeches.lst", folder / "speakers.lst"
    if not (speeches.is_file() and speakers.is_file()):
        return {}
    names, people = read_lines(speeches), read_lines(speakers)
    check_aligned(speeches, len(names), (speakers, people))
    return dict(zip(names, people, strict=True))


class _Recordings:
    """Finds the audio file of a recording by its name, which may hold dots; one that was converted first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[str, Path] = {}

    def find(self, name: str) -> Path:
        """Return the file to read; one that does not exist, for the error message, if it is missing.

        Raises:
            DataError: it is there as m4a alone, and PyAV is not installed.
        """
        if name not in self._found:
            path = self._folder / f"{name}.wav"
            self._found[name] = find_readable(path) or path
        return self._found[name]
