"""What is written to the pairs file of a decoding run."""

import sys
from collections.abc import Sequence

from fairseq.data import ConcatDataset, FairseqDataset
from fairseq.data.data_utils import post_process
from fairseq.data.iterators import EpochBatchIterator

from interactive_st.batch import Batch
from interactive_st.conventions import STREAM_NAMES
from interactive_st.data.datasets.config import JointDataConfig
from interactive_st.data.datasets.features_dataset import FeaturesDataset
from interactive_st.scoring.pairs_file import PairEntry, PairSource, make_entry, make_pair
from interactive_st.search.hypotheses import NBest
from interactive_st.standard_output import outlive_reader
from interactive_st.tasks.detokenise import Detokeniser
from interactive_st.tasks.pairs_writer import PairsWriter


def describe_hypotheses(hypotheses: NBest, detokenise: Detokeniser) -> list[PairEntry]:
    """Return the texts and scores of the hypotheses of one utterance, best first.

    Scores are natural logarithms (fairseq's tools print base 2). A text that the model does not write is
    None, and so is its score.
    """
    nbest = []
    for hypothesis in hypotheses:
        written = [hypothesis[name] for name in STREAM_NAMES]
        texts = [None if text is None else detokenise(text["tokens"]) for text in written]
        scores = [None if text is None else float(text["score"]) for text in written]
        nbest.append(make_entry(texts, scores, float(hypothesis["pair_score"])))
    return nbest


def describe_row(dataset: FairseqDataset, number: int, pieces: str | None = None) -> PairSource:
    """Return what the corpus says of sentence `number`.

    Args:
        dataset: a `JointSpeechToTextDataset`, or several one after the other.
        number: the ``id`` of its sample.
        pieces: fairseq's ``--post-process``, for references that are written in pieces.
    """
    row = number
    if isinstance(dataset, ConcatDataset):
        part, row = dataset._get_dataset_and_sample_index(number)
        dataset = dataset.datasets[part]
    texts = dataset.texts or ((), ())
    return PairSource(
        id=dataset.ids[row] if dataset.ids else str(number),
        languages=(dataset.src_langs[row], dataset.tgt_langs[row]),
        references=tuple((post_process(stream[row], pieces) or None) if stream else None for stream in texts),
        speaker=(dataset.speakers[row] or None) if dataset.speakers else None,
    )


class PairsOutput:
    """Follows a run of fairseq's decoding tools and writes what it decodes to a pairs file.

    ``fairseq-generate`` decodes a corpus of known size, and the file is written with the last
    sentence. ``fairseq-interactive`` decodes until its input ends, and the file is written when
    the process ends.

    Args:
        path: the pairs file.
        config: the data folder's configuration.
    """

    def __init__(self, path: str, config: JointDataConfig) -> None:
        self.path, self.config = path, config
        self._nbest = 1
        self._writer: PairsWriter | None = None
        self._iterator: EpochBatchIterator | None = None

    def open(self, nbest: int) -> None:
        """Make ready for `nbest` hypotheses per sentence.

        Raises:
            UserError: nothing can be written at the path.
        """
        self._nbest = nbest
        self._writer = self._writer or PairsWriter(self.path)
        outlive_reader(sys.stdout)
        if self._iterator is not None:  # fairseq-generate makes it first
            self._begin()

    def follow(self, iterator: EpochBatchIterator) -> None:
        """Take note of what will be decoded: the batches of `iterator` in their order."""
        self._iterator = iterator
        if self._writer is not None:
            self._begin()

    def _begin(self) -> None:
        iterator = self._iterator
        if isinstance(iterator.dataset, FeaturesDataset):
            self._writer.write_at_exit()
            return
        batches = iterator.ordered_batches(iterator.epoch, fix_batches_to_gpus=False, shuffle=False)
        shard = iterator.shard_id if iterator.num_shards > 1 else None
        self._writer.expect((int(number) for batch in batches for number in batch), shard)

    def add(
        self,
        sample: Batch,
        hypotheses: Sequence[NBest],
        detokenise: Detokeniser,
    ) -> None:
        """Add a decoded batch.

        Args:
            sample: the batch as the tool handed it over.
            hypotheses: for each utterance, best first.
            detokenise: turns ids into text.
        """
        if self._iterator is None or self._writer is None:
            return  # decoded by another program than fairseq's tools
        dataset = self._iterator.dataset
        if isinstance(dataset, FeaturesDataset):
            # fairseq-interactive hands over features only; batches come in the order they are made
            numbers = [dataset.first_line + row for row in dataset.batches.popleft()]
            languages = (self.config.source_lang, self.config.target_lang)
            sources = [PairSource(str(number), languages) for number in numbers]
        else:
            numbers = sample["id"].tolist()
            sources = [describe_row(dataset, number, detokenise.post_process) for number in numbers]
        for number, source, nbest in zip(numbers, sources, hypotheses, strict=True):
            entries = describe_hypotheses(nbest[: self._nbest], detokenise)
            self._writer.add(number, make_pair(source, entries))
