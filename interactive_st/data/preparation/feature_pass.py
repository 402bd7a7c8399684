"""Goes through the rows of all splits once: features to archives, rows to fairseq's manifests."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from interactive_st.data.features.archive import FeatureArchive
from interactive_st.data.features.cmvn import RunningStatistics
from interactive_st.data.features.compute import is_longer
from interactive_st.data.features.range_limit import limit_range
from interactive_st.data.features.settings import FeatureSettings
from interactive_st.data.folder.layout import COLUMNS, is_train
from interactive_st.data.manifest import write_manifest
from interactive_st.data.preparation.extraction import Extractor, Result, default_workers
from interactive_st.data.progress import progress_bar
from interactive_st.data.utterances import Segment, Split, Utterance
from interactive_st.errors import BadRow
from interactive_st.wording import counted


class FeaturePass:
    """One pass over the audio.

    Attributes:
        dim: dimension of the features; that of the first good row where it was not given.
        kept: the rows that were written.
        bad: the rows whose features cannot be had.
        too_long: rows of each split that were left out as they are too long, where there are any.
        frames: frames of each split, those of rows that share their audio counted once.
        statistics: over the training splits, of features as `global_cmvn` gets them.
    """

    def __init__(
        self,
        folder: Path,
        features: FeatureSettings,
        dim: int | None,
        keep_going: bool,
        dynamic_range: float | None = None,
    ) -> None:
        """Prepare to write into a folder.

        Args:
            folder: where archives and manifests go.
            features: how they are made.
            dim: dimension that all features must have, None for that of the first.
            keep_going: go on writing after a bad row; otherwise the rest is only checked.
            dynamic_range: decibels that features are limited to before global CMVN, which the statistics
                take into account; what is stored is not limited. None for no limit.
        """
        self.dim = dim
        self.kept: list[Utterance] = []
        self.bad: list[BadRow] = []
        self.too_long: dict[str, int] = {}
        self.frames: dict[str, int] = {}
        self.statistics = RunningStatistics()
        self._folder = folder
        self._features = features
        self._writing = True
        self._keep_going = keep_going
        self._dynamic_range = dynamic_range

    def run(
        self,
        splits: Mapping[str, Split],
        workers: int | None,
        progress: bool,
    ) -> None:
        """Compute and write the features of all splits, in their order.

        Args:
            splits: the splits by name; those that have an archive in common store each segment once.
            workers: processes, as many as useful if None.
            progress: show a bar on standard error.

        Raises:
            DataError: a worker process ended early.
        """
        groups: dict[str, dict[str, Split]] = {}
        for name, split in splits.items():
            groups.setdefault(split.archive or name, {})[name] = split
        # Rows of one recording in several languages share its features.
        segments = {
            archive: list(dict.fromkeys(row.segment for split in group.values() for row in split.utterances))
            for archive, group in groups.items()
        }
        total = sum(map(len, segments.values()))
        workers = workers or default_workers(total)
        with (
            Extractor(self._features, workers) as extractor,
            progress_bar(total, "features", "utt", shown=bool(progress and total)) as bar,
        ):
            for archive, group in groups.items():
                self._run_group(archive, group, segments[archive], extractor, bar)

    def write_texts(self, split: str, rows: Sequence[Utterance]) -> None:
        """Write a split of text alone."""
        self.kept += rows
        self.frames[split] = 0
        write_manifest(self._folder / f"{split}.tsv", (_output_row(row, "", 0) for row in rows), COLUMNS)

    def stop_writing(self) -> None:
        """From now on only look for bad rows."""
        self._writing = False

    def _run_group(
        self,
        archive: str,
        group: Mapping[str, Split],
        segments: Sequence[Segment],
        extractor: Extractor,
        bar: tqdm,
    ) -> None:
        places: dict[Segment, tuple[str, int]] = {}
        reasons: dict[Segment, str] = {}
        too_long: set[Segment] = set()
        limit = max(split.max_seconds for split in group.values())
        with FeatureArchive(self._folder / f"{archive}.zip") as file:
            for segment, result in zip(segments, extractor.run(segments), strict=True):
                result = self._check_dimension(segment, result)
                if isinstance(result, str):
                    reasons[segment] = result
                    bar.set_postfix(bad=len(self.bad) + len(reasons), refresh=False)
                    if not self._keep_going:
                        self.stop_writing()
                elif segment.duration is None and is_longer(len(result), limit):
                    too_long.add(segment)
                elif self._writing:
                    places[segment] = (file.add(result), len(result))
                    if is_train(archive):
                        decibels = self._dynamic_range
                        self.statistics.add(result if decibels is None else limit_range(result, decibels))
                bar.update()
        for name, split in group.items():
            rows = split.utterances
            if count := sum(row.segment in too_long for row in rows):
                self.too_long[name] = count
            self.bad += [row.bad(reasons[row.segment]) for row in rows if row.segment in reasons]
            kept = [row for row in rows if row.segment in places]
            self.kept += kept
            used = {row.segment for row in kept}
            self.frames[name] = sum(places[segment][1] for segment in used)
            write_manifest(
                self._folder / f"{name}.tsv",
                (_output_row(row, *places[row.segment]) for row in kept),
                COLUMNS,
            )

    def _check_dimension(self, segment: Segment, result: Result) -> Result:
        if not isinstance(result, np.ndarray):
            return result
        if self.dim is None:
            self.dim = result.shape[1]
        if result.shape[1] != self.dim:
            return (
                f"{segment.path}: has {counted(result.shape[1], 'dimension')}, "
                f"{self.dim} are expected as in the first row"
            )
        return result


def _output_row(row: Utterance, audio: str, frames: int) -> dict[str, object]:
    features = {"audio": audio, "n_frames": frames}
    return features | {name: getattr(row, name) for name in COLUMNS if name not in features}
