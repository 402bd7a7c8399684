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

from interactive_st.data.corpora.common import (
    Request,
    collect,
    find_readable,
    read_aligned,
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
    folders = {lang: spoken / lang for lang in request.target_langs}
    for folder in folders.values():
        if not folder.is_dir():
            request.refuse_folder_of_language(AUDIOS)
            if not spoken.is_dir():
                speech = ", ".join(sorted(p.parent.name for p in request.root.glob(f"*/{AUDIOS}")))
                way_out = f"--source-lang names the speech, of which there is {speech}"
                if not speech:
                    way_out = "give the folder v1.1 of the corpus, which holds one for each language"
                raise DataError(f"{spoken}: no such folder; {way_out}")
            there = sorted(p.parent.parent.name for p in spoken.glob(f"*/*/{SEGMENTS}"))
            raise DataError(
                f"{folder}: no such folder; {spoken} has {', '.join(dict.fromkeys(there)) or 'no languages'}"
            )
    wanted = request.choose_splits(
        SPLITS, folders, lambda split, lang: (folders[lang] / split / SEGMENTS).is_file()
    )
    splits: dict[str, Split] = {}
    for split, lang in wanted:
        table = folders[lang] / split / SEGMENTS
        lines = _read_segments(request, table, lang, spoken / AUDIOS)
        splits[request.split_name(split, lang)] = collect(request, split, lang, table, lines)
    return splits


def _read_segments(request: Request, table: Path, lang: str, audios: Path) -> list[Line]:
    folder = table.parent
    segments = [_parse(table, number, line) for number, line in enumerate(read_lines(table), start=1)]
    texts = {
        language: read_aligned(folder / f"segments.{language}", table, len(segments))
        for language in (request.source_lang, lang)
    }
    speakers = _read_speakers(folder)
    # names hold dots; one that was converted is read rather than the original
    audio = {name: audios / f"{name}.wav" for name, _, _ in segments}
    audio = {name: str(find_readable(path) or path) for name, path in audio.items()}
    ids = segment_ids([name for name, _, _ in segments], [start for _, start, _ in segments])
    return [
        Line(
            i + 1,
            {
                "id": ids[i],
                "audio": audio[name],
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
    names = read_lines(speeches)
    return dict(zip(names, read_aligned(speakers, speeches, len(names)), strict=True))
