"""The task `joint_speech_to_text`: speech with its transcript and its translation."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import torch
from fairseq import utils
from fairseq.data import Dictionary, FairseqDataset
from fairseq.data.audio.speech_to_text_dataset import SpeechToTextDataset
from fairseq.data.iterators import EpochBatchIterator
from fairseq.tasks import register_task
from fairseq.tasks.speech_to_text import SpeechToTextTask

from interactive_st.batch import Batch
from interactive_st.conventions import BOTH, TASK, TRANSLATION
from interactive_st.data.datasets.config import JointDataConfig
from interactive_st.data.datasets.creator import JointDatasetCreator
from interactive_st.data.folder.layout import is_train
from interactive_st.errors import SettingError
from interactive_st.models.pretrained import LoadingRules
from interactive_st.modules.streams import Streams
from interactive_st.modules.wait_k import WaitK
from interactive_st.search import DualBeamGenerator
from interactive_st.search.hypotheses import NBest
from interactive_st.tasks.arguments import add_joint_arguments
from interactive_st.tasks.audio_lines import AudioLines
from interactive_st.tasks.cascade import CascadeGenerator, build_cascade
from interactive_st.tasks.checks.batches import check_batches
from interactive_st.tasks.checks.best_checkpoint import check_best_checkpoint_metric
from interactive_st.tasks.checks.criterion import check_same_criterion, checked_criterion
from interactive_st.tasks.checks.data_folder import check_config_path, check_dictionary, naming_tokeniser
from interactive_st.tasks.checks.data_parallel import check_text_alone
from interactive_st.tasks.checks.datasets import check_speech, check_texts
from interactive_st.tasks.checks.decoding_options import check_decoding_options
from interactive_st.tasks.checks.generation_options import (
    check_generation_options,
    check_options_of_translations,
)
from interactive_st.tasks.checks.model_options import settle_model_options
from interactive_st.tasks.checks.training_options import check_scored_texts, check_training_options
from interactive_st.tasks.detokenise import DecodesOnce, Detokeniser, PlainText
from interactive_st.tasks.missing_references import fill_missing, warn_of_missing
from interactive_st.tasks.pairs import PairsOutput
from interactive_st.tasks.precision import in_precision_of
from interactive_st.tasks.recognised_speech import RecognisedSpeech
from interactive_st.tasks.search_settings import ctc_weight, search_settings
from interactive_st.tasks.starting_point import (
    check_going_on,
    first_checkpoint,
    rules_of_first,
    warn_of_other_words,
)
from interactive_st.tasks.validation import DecodesInValidation
from interactive_st.tasks.written_texts import streams_to_write


@register_task(TASK)
class JointSpeechToTextTask(AudioLines, DecodesInValidation, SpeechToTextTask):
    """fairseq's task for speech-to-text with two texts per utterance, decoded at the same time.

    Args:
        args: the options.
        tgt_dict: the joint dictionary of both languages.

    Raises:
        SettingError: options ask for what cannot be honoured.
        DataError: the configuration does.
    """

    #: k of the wait-k policy by which generators decode, of one call in Python; None: the models' own
    decoding_wait_k: WaitK | None = None

    @classmethod
    def add_args(cls, parser: ArgumentParser) -> None:
        """Declare the options: those of `speech_to_text` and the task's own."""
        super().add_args(parser)
        add_joint_arguments(parser)

    @classmethod
    def setup_task(cls, args: Namespace, **kwargs: Any) -> "JointSpeechToTextTask":
        """As fairseq's, after checking the configuration, which fairseq reads unchecked."""
        check_config_path(args)
        config = JointDataConfig(Path(args.data) / args.config_yaml)
        check_decoding_options(args, config)
        check_dictionary(Path(args.data) / config.vocab_filename)
        task = super().setup_task(args, **kwargs)
        if getattr(args, "path", None):  # not a training, whose model is asked about
            warn_of_other_words(args, task.tgt_dict)
        return task

    def __init__(self, args: Namespace, tgt_dict: Dictionary) -> None:
        if getattr(args, "multitask_config_yaml", None) is not None:
            raise SettingError(
                "--multitask-config-yaml cannot be honoured: the joint task has its own two texts; "
                "leave it out, or use the task speech_to_text"
            )
        super().__init__(args, tgt_dict)
        self.data_cfg = JointDataConfig(
            Path(args.data) / args.config_yaml,
            getattr(args, "source_lang", None),
            getattr(args, "target_lang", None),
        )
        self.tag_ids = {i for s, i in tgt_dict.indices.items() if SpeechToTextDataset.is_lang_tag(s)}
        self._source_dictionary = RecognisedSpeech()
        self._detokeniser: Detokeniser | None = None
        self._pairs: PairsOutput | None = None
        if getattr(args, "pairs_path", None):
            self._pairs = PairsOutput(args.pairs_path, self.data_cfg)
        self._has_references, self._has_criterion = True, False
        self._streams: Streams | None = None
        self._reads_other_text = True
        self._trains = True
        self._mt_path = getattr(args, "mt_path", None)

    # ---- data

    def load_dataset(self, split: str, epoch: int = 1, combine: bool = False, **kwargs: Any) -> None:
        """Load a split, or several separated by commas; what is drawn at random (masks, subwords, rows by
        ``sampling_alpha``) is for training alone, whatever their names."""
        trains = is_train(split) and not getattr(self.args, "path", None)
        bpe = self.build_bpe(self.args)
        self.datasets[split] = JointDatasetCreator.from_tsv(
            root=self.args.data,
            cfg=self.data_cfg,
            splits=split,
            tgt_dict=self.tgt_dict,
            pre_tokenizer=self.build_tokenizer(self.args),
            bpe_tokenizer=bpe if trains or bpe is None else bpe.without_sampling(),
            is_train_split=trains,
            epoch=epoch,
            seed=self.args.seed,
            speaker_to_id=self.speaker_to_id,
        )
        self.datasets[split].set_target_streams(self.streams)
        if trains:
            self.datasets[split].limit_text(getattr(self.args, "max_text_tokens", None))
        if self._has_criterion:
            check_texts(split, self.datasets[split], self.streams, self.args, self._trains)
            check_text_alone(split, self.datasets[split], self.args)
        else:
            check_speech(self.datasets[split])
            warn_of_missing(split, self.datasets[split], self.streams[-1])

    def build_tokenizer(self, args: Any) -> DecodesOnce | None:
        """Return the configuration's pre-tokeniser, whatever `args` says, as `speech_to_text`."""
        with naming_tokeniser(self.data_cfg.path, "pre_tokenizer", self.data_cfg.pre_tokenizer):
            tokeniser = super().build_tokenizer(args)
        return None if tokeniser is None else DecodesOnce(tokeniser)

    def build_bpe(self, args: Any) -> DecodesOnce | None:
        """Return the configuration's subword tokeniser, whatever `args` says."""
        with naming_tokeniser(self.data_cfg.path, "bpe_tokenizer", self.data_cfg.bpe_tokenizer):
            bpe = super().build_bpe(args)
        return None if bpe is None else DecodesOnce(bpe)

    @property
    def streams(self) -> Streams:
        """The texts that are written; the tools print the last one, and the transcript beside it."""
        if self._mt_path:
            return BOTH
        if self._streams is None:
            self._streams = streams_to_write(self.args)
        return self._streams

    @property
    def source_dictionary(self) -> RecognisedSpeech | None:
        """Renders speech as what was recognised in it, for the tools' ``S-`` lines; None: no such lines,
        as there is but one text."""
        return self._source_dictionary if len(self.streams) == 2 else None

    @property
    def detokenise(self) -> Detokeniser:
        """Turns token ids into text, without language tags."""
        if self._detokeniser is None:
            tokenisers = [self.build_tokenizer(self.args), self.build_bpe(self.args)]
            pieces = getattr(self.args, "post_process", None) if getattr(self.args, "path", None) else None
            self._detokeniser = Detokeniser(self.tgt_dict, tokenisers, self.tag_ids, pieces)
        return self._detokeniser

    def get_batch_iterator(self, dataset: FairseqDataset, *args: Any, **kwargs: Any) -> EpochBatchIterator:
        """As fairseq's; records what will be decoded, for the pairs file, and whether it has references."""
        iterator = super().get_batch_iterator(dataset, *args, **kwargs)
        check_batches(iterator, self.args)
        if hasattr(dataset, "has_texts"):
            self._has_references = dataset.has_texts(self.streams[-1])
        if self._pairs is not None:
            self._pairs.follow(iterator)
        return iterator

    # ---- decoding

    def build_generator(
        self,
        models: list[torch.nn.Module],
        args: Any,
        seq_gen_cls: type | None = None,
        extra_gen_cls_kwargs: dict[str, Any] | None = None,
        prefix_allowed_tokens_fn: Any = None,
    ) -> DualBeamGenerator | CascadeGenerator:
        """Return what decodes as fairseq's generation options describe; with ``--mt-path`` the pipeline.

        Raises:
            SettingError: an option cannot be honoured; the message names it.
        """
        if seq_gen_cls is not None or prefix_allowed_tokens_fn is not None:
            raise SettingError(
                "seq_gen_cls and prefix_allowed_tokens_fn cannot be honoured: two texts are "
                "decoded by DualBeamGenerator; leave them out"
            )
        check_generation_options(args, extra_gen_cls_kwargs)
        if TRANSLATION not in self.streams:
            check_options_of_translations(args)
        if getattr(args, "prefix_size", 0) and not self._has_references:
            raise SettingError(
                f"--prefix-size {args.prefix_size} forces the beginning of the references, and there are "
                "none; leave it out"
            )
        if self._pairs is not None:
            self._pairs.open(nbest=getattr(args, "nbest", 1))
        search = self._build_search(models, args)
        return build_cascade(self, search, args) if self._mt_path else search

    def _build_search(self, models: list[torch.nn.Module], args: Any) -> DualBeamGenerator:
        return DualBeamGenerator(
            models,
            self.tgt_dict,
            search=self.args.search,
            ctc_weight=ctc_weight(self.args, models),
            encoder_max_tokens=getattr(self.args, "encoder_max_tokens", None),
            wait_k=self.decoding_wait_k,
            cuda_graphs=not getattr(self.args, "no_cuda_graphs", False),
            default_tags=self.data_cfg.default_tags(self.tgt_dict),
            symbols_to_strip_from_output=set(self.tag_ids),
            **search_settings(args),
        )

    def inference_step(
        self,
        generator: DualBeamGenerator | CascadeGenerator,
        models: list[torch.nn.Module],
        sample: Batch,
        prefix_tokens: torch.Tensor | None = None,
        constraints: torch.Tensor | None = None,
    ) -> list[NBest]:
        """Decode a batch and keep the transcripts for the ``S-`` lines and the pairs file.

        Returns:
            the hypotheses of each of the B utterances, best first, as `DualBeamGenerator` has it.
        """
        source = sample["net_input"]["src_tokens"]
        decoded = in_precision_of(models[0], sample)
        with torch.no_grad():
            hypotheses = generator.generate(
                models, decoded, prefix_tokens=prefix_tokens, constraints=constraints
            )
        if self.source_dictionary is not None:
            for features, nbest in zip(source, hypotheses, strict=True):
                transcript = PlainText(self.detokenise(nbest[0]["transcript"]["tokens"]))
                seen = utils.strip_pad(features, self.tgt_dict.pad())  # as the tools do
                self.source_dictionary.record(seen, transcript)
        if self._pairs is not None:
            self._pairs.add(sample, hypotheses, self.detokenise)
        if sample.get("targets") is not None:
            # from here on fairseq-generate only prints and scores it; None if no sentence has a reference
            target = sample["targets"][self.streams[-1]]
            sample["target"] = fill_missing(target, self.tgt_dict) if self._has_references else None
        return hypotheses

    # ---- models and criteria

    def build_model(self, args: Namespace, from_checkpoint: bool = False) -> torch.nn.Module:
        """As `speech_to_text`; prepares decoding in validation if ``--eval-bleu`` or ``--eval-wer`` is given.

        Raises:
            SettingError: validation is to score a text that the model does not write, or the model's options
                contradict each other.
        """
        settle_model_options(args, self.args, from_checkpoint)
        arch = getattr(args, "arch", "")
        model = super().build_model(args, from_checkpoint)
        model.loading = LoadingRules(require_gates=from_checkpoint)
        self._trains = not from_checkpoint
        self._streams = getattr(model, "streams", BOTH)
        self._reads_other_text = getattr(getattr(model, "decoder", None), "reads_other_text", True)
        check_scored_texts(self.args, arch, self.streams)
        if not from_checkpoint:
            check_best_checkpoint_metric(self.args, arch, self.streams)
            model.loading = rules_of_first(first_checkpoint(self.args), args, self.tgt_dict)
            check_going_on(self.args, args, self.tgt_dict)
        self._prepare_validation(model)
        return model

    def build_criterion(self, *args: Any, **kwargs: Any) -> torch.nn.Module:
        """As fairseq's, but refuses what cannot handle two texts; splits loaded later need the texts."""
        self._has_criterion = True
        check_training_options(self.args, self._trains)
        check_same_criterion(self.args, *args[:1])
        criterion = super().build_criterion(*args, **kwargs)
        return checked_criterion(criterion, self.streams, self._reads_other_text, self._trains)
