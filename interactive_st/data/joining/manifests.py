"""Joins manifests of fairseq's recipes, one of transcripts and one of translations, by their ids.

The features stay where they are: the archive that fairseq's preparation made is used as it is.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from interactive_st.data.folder.layout import COLUMNS, TEXT_COLUMNS
from interactive_st.data.joining.fairseq_manifest import (
    Archives,
    FairseqRow,
    feature_shape,
    read_fairseq_manifest,
)
from interactive_st.data.languages import check_language, find_tag
from interactive_st.data.manifest import clean_text, write_manifest
from interactive_st.errors import DataError
from interactive_st.wording import counted, listed
from interactive_st.writing import explained, make_parents


@dataclass
class Joined:
    """Two manifests joined.

    Attributes:
        asr, st: the manifests.
        rows: rows of the joint manifest; ``audio`` is a whole path with the place in the archive.
        without_text: ids of rows that were left out as both texts are empty.
        only_asr, only_st: ids that one of them has and the other has not.
        corrected: ids whose place was not the one that the archive itself gives.
        archives: the archives that the rows name.
    """

    asr: Path
    st: Path
    rows: list[dict[str, str]] = field(default_factory=list)
    without_text: list[str] = field(default_factory=list)
    only_asr: list[str] = field(default_factory=list)
    only_st: list[str] = field(default_factory=list)
    corrected: list[str] = field(default_factory=list)
    archives: set[Path] = field(default_factory=set)

    def describe(self) -> list[str]:
        """Say what was joined and what does not match, a line each."""
        lines = [f"{counted(len(self.rows), 'row')} from {self.asr.name} and {self.st.name}"]
        without = [[row["id"] for row in self.rows if not row[text]] for text in TEXT_COLUMNS]
        for ids, what in (
            (without[0], "without a transcript"),
            (without[1], "without a translation"),
            (self.without_text, "with neither text, which were left out"),
            (self.only_asr, f"only in {self.asr.name}"),
            (self.only_st, f"only in {self.st.name}"),
            (self.corrected, "at another place in the archive than a manifest says, which was corrected"),
        ):
            if ids:
                lines.append(f"{len(ids)} {what} (first: {listed(ids)})")
        return lines


def join_manifests(
    asr: str | os.PathLike,
    st: str | os.PathLike,
    source_lang: str = "",
    target_lang: str = "",
    keep_unmatched: bool = False,
    archives: Archives | None = None,
) -> Joined:
    """Join a manifest of transcripts and one of translations; rows are in the order of the latter.

    Args:
        asr: the manifest whose ``tgt_text`` is the transcript.
        st: the manifest whose ``tgt_text`` is the translation.
        source_lang: language of the transcripts, written to each row.
        target_lang: language of the translations, written to each row.
        keep_unmatched: keep rows that only one manifest has, with one text; else leave them out.
        archives: what is known of archives already.

    Raises:
        DataError: they are one file, have no id in common, are of different recordings, name no archive of
            features or no place in it, or no row has a text.
    """
    for option, language in (("--source-lang", source_lang), ("--target-lang", target_lang)):
        if language:
            check_language(option, language)
    joined = Joined(Path(asr), Path(st))
    if joined.asr.resolve() == joined.st.resolve():
        raise DataError(f"{asr}: is named twice; name the manifest of transcripts and that of translations")
    archives = archives or Archives()
    transcripts, translations = read_fairseq_manifest(asr), read_fairseq_manifest(st)
    both = [name for name in translations if name in transcripts]
    if not both:
        examples = f"such as {next(iter(transcripts))} and {next(iter(translations))}"
        raise DataError(f"{asr} and {st}: no id in common ({examples}); are they of the same recordings?")
    differing = [name for name in both if transcripts[name].n_frames != translations[name].n_frames]
    if differing:
        raise DataError(
            f"{asr} and {st}: {counted(len(differing), 'id')} with other numbers of frames (first: "
            f"{listed(differing)}); they are not of the same features, prepare them again"
        )
    joined.only_asr = [name for name in transcripts if name not in translations]
    joined.only_st = [name for name in translations if name not in transcripts]
    names = [*translations, *joined.only_asr] if keep_unmatched else both
    for name in names:
        # not kept beside what is made of them: large corpora have hundreds of thousands
        row = _join_row(joined, archives, transcripts.pop(name, None), translations.pop(name, None))
        if row["src_text"] or row["tgt_text"]:
            joined.rows.append(row | {"src_lang": source_lang, "tgt_lang": target_lang})
        else:
            joined.without_text.append(name)
    if not joined.rows:
        raise DataError(f"{asr} and {st}: no row has a text; nothing can be learnt from them")
    return joined


def _join_row(
    joined: Joined, archives: Archives, asr: FairseqRow | None, st: FairseqRow | None
) -> dict[str, str]:
    """Return the fields of a joint row but the languages; one of the two rows may be missing."""
    known = [(path, row) for path, row in ((joined.st, st), (joined.asr, asr)) if row is not None]
    for path, row in known:
        where = f"{path}:{row.line} ({row.id})"
        if tag := find_tag(row.text):
            raise DataError(f"{where}: holds {tag}, which stands for a language")
        if not (row.n_frames.isdecimal() and int(row.n_frames) > 0):
            raise DataError(f"{where}: n_frames is {row.n_frames!r}; a whole number above 0 is needed")
    places = [archives.resolve(path, row.audio) for path, row in known]
    row = known[0][1]
    archive, place = places[0]
    frames = row.n_frames
    named = {other for file, other in places if file == archive}
    # Each run of fairseq's preparation writes the archive again, in any order: an older manifest may
    # point to the features of another utterance.
    own = archives.entry(archive, row.id)
    if own is not None and named != {own}:
        joined.corrected.append(row.id)
        place, frames = own, str(feature_shape(archive, own)[0])
    elif len(named) > 1:
        raise DataError(f"{joined.asr} and {joined.st}: {row.id} is at two places; prepare both again")
    if not archives.holds(archive, place):
        raise DataError(
            f"{known[0][0]}:{row.line} ({row.id}): {place!r} is not a valid offset:length in {archive}; "
            "prepare the features again"
        )
    joined.archives.add(archive)
    return {
        "id": row.id,
        "audio": f"{archive}:{place}",
        "n_frames": frames,
        "tgt_text": "" if st is None else clean_text(st.text),
        "src_text": "" if asr is None else clean_text(asr.text),
        "speaker": row.speaker,
    }


def join_files(asr: Path, st: Path, out: Path, overwrite: bool = False, **options: object) -> Joined:
    """Join two manifests into one; see `join_manifests`.

    Raises:
        DataError: `out` exists and is not to be replaced, or the two cannot be joined.
    """
    if out.is_dir() or (out.exists() and not overwrite):
        raise DataError(f"{out}: exists; choose another name, or pass --overwrite to replace a file")
    if out.resolve() in (asr.resolve(), st.resolve()):
        raise DataError(f"{out}: is input; choose another --out")
    joined = join_manifests(asr, st, **options)
    if out.resolve() in joined.archives:
        raise DataError(f"{out}: holds the features of the rows; choose another --out")
    with explained(out):
        make_parents(out)
        write_manifest(out, joined.rows, COLUMNS)
    return joined
