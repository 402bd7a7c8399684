"""The pipeline: a recogniser's best transcript, translated by a text model of stock fairseq."""

from __future__ import annotations

import logging
import os
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from fairseq import checkpoint_utils, utils
from fairseq.data import Dictionary
from fairseq.data.audio.speech_to_text_dataset import SpeechToTextDataset
from fairseq.tasks import TASK_REGISTRY
from fairseq.tasks.translation import TranslationTask
from torch import nn

from interactive_st.batch import Batch
from interactive_st.checkpoint_reading import option_of, read_checkpoint, task_name
from interactive_st.conventions import TRANSCRIPT, TRANSLATION
from interactive_st.data.folder.layout import MT_FOLDER
from interactive_st.errors import DataError, SettingError
from interactive_st.search import DualBeamGenerator
from interactive_st.search.hypotheses import NBest, TextHypothesis, make_hypotheses
from interactive_st.search.repeats import RepeatBlocker
from interactive_st.tasks.checks.data_folder import check_dictionary
from interactive_st.tasks.checks.generation_options import DEFAULTS, SETTINGS
from interactive_st.tasks.search_settings import parse_generation_options

if TYPE_CHECKING:
    from interactive_st.tasks.joint_speech_to_text import JointSpeechToTextTask

logger = logging.getLogger(__name__)

#: Stands for <unk> in a text that is cut into pieces again: a character for private use, and so one that no
#: vocabulary has, becomes the one piece that it was.
UNKNOWN = "\ue000"


class Translator:
    """One text model, or an ensemble, trained by stock fairseq's task ``translation``.

    Args:
        path: checkpoint, or several as fairseq's ``--path`` has them.
        data: the folder with its dictionaries; where it was trained if None.
        dictionary: that of the speech models, which it has to share.
        options: generation options.
        like: a model whose device and precision it takes.
        warns_of_other_words: look for other dictionaries than that of ``data`` where it was trained.

    Raises:
        SettingError: it is no such model, or has another dictionary.
        DataError: a file is damaged.
    """

    def __init__(
        self,
        path: str,
        data: str | None,
        dictionary: Dictionary,
        options: Namespace,
        like: nn.Module,
        warns_of_other_words: bool = True,
    ) -> None:
        overrides = {"eval_bleu": False} | ({} if data is None else {"data": data})
        for each in utils.split_paths(path):
            trained_by = self._checked_task(each)
            if warns_of_other_words:
                _warn_of_other_words(each, trained_by, dictionary)
            for file in _dictionaries(trained_by, data):
                check_dictionary(file)
        other_words = SettingError(
            f"{path}: its dictionary is not that of the speech model; train it on the folder {MT_FOLDER} of "
            "the same data folder"
        )
        try:
            self.models, _, self.task = checkpoint_utils.load_model_ensemble_and_task(
                utils.split_paths(path), arg_overrides=overrides
            )
        except RuntimeError as error:
            if "size mismatch" not in str(error):
                raise
            raise other_words from error
        if any(side != dictionary for side in (self.task.source_dictionary, self.task.target_dictionary)):
            raise other_words
        weight = next(like.parameters())
        for model in self.models:
            model.to(device=weight.device, dtype=weight.dtype)
            model.make_generation_fast_(need_attn=False)
        self.generator = self.task.build_generator(self.models, options)
        if self.generator.repeat_ngram_blocker is not None:
            size = self.generator.repeat_ngram_blocker.no_repeat_ngram_size
            self.generator.repeat_ngram_blocker = RepeatBlocker(size, dictionary.pad())
        tag = SpeechToTextDataset.LANG_TAG_TEMPLATE.format(self.task.cfg.target_lang)
        self.tag = dictionary.index(tag) if tag in dictionary else None

    @staticmethod
    def _checked_task(path: str) -> Any:
        """The options of the task that trained it; ``SettingError`` for another one, whose loading would fail
        for reasons that mislead."""
        config = read_checkpoint(path)[1]
        name = task_name(config)
        if not issubclass(TASK_REGISTRY.get(name, object), TranslationTask):
            raise SettingError(
                f"{path}: trained by the task {name}, not by translation; train the text model by "
                f"fairseq-train DATA/{MT_FOLDER} --task translation"
            )
        return config["task"]

    def check_language(self, tags: torch.Tensor) -> None:
        """Raise ``SettingError`` if translations are wanted with language tags ``(B,)`` not its own."""
        if self.tag is not None and bool(tags.ne(self.tag).any()):
            raise SettingError(
                f"the text model translates to {self.task.cfg.target_lang}, and the corpus asks for other "
                "languages as well; decode the rows of each target language with a model of its own"
            )

    def translate(
        self, texts: Sequence[str], prefix_tokens: torch.Tensor | None = None
    ) -> list[list[TextHypothesis]]:
        """Return fairseq's hypotheses of each text, best first.

        Args:
            texts: pieces separated by spaces.
            prefix_tokens: ``(B, P)`` forced beginnings of the translations, or None.
        """
        tokens = [
            self.task.source_dictionary.encode_line(text, add_if_not_exist=False).long() for text in texts
        ]
        dataset = self.task.build_dataset_for_inference(tokens, [len(ids) for ids in tokens])
        batch = dataset.collater([dataset[row] for row in range(len(tokens))])
        order = batch["id"]
        device = next(self.models[0].parameters()).device
        batch = utils.move_to_cuda(batch, device) if device.type == "cuda" else batch
        prefixes = None if prefix_tokens is None else prefix_tokens[order.to(prefix_tokens.device)]
        found = self.task.inference_step(self.generator, self.models, batch, prefix_tokens=prefixes)
        by_row = dict(zip(order.tolist(), found, strict=True))
        return [by_row[row] for row in range(len(texts))]


def _dictionaries(task: Any, data: str | None = None) -> list[Path]:
    """The files of a text model's dictionaries, which need not be there.

    Args:
        task: the options of the task that trained it.
        data: their folder; that of its training if None.
    """
    folder = Path(data or next(iter(utils.split_paths(option_of(task, "data") or "")), ""))
    return [folder / f"dict.{option_of(task, side)}.txt" for side in ("source_lang", "target_lang")]


def _warn_of_other_words(path: str, task: Any, dictionary: Dictionary) -> None:
    """Warn where the folder that a text model was trained on holds another dictionary of as many words, by
    which its pieces would be read as other ones. It is no error: something else may be there by now.

    Args:
        path: of the model.
        task: the options of the task that trained it.
        dictionary: that of the speech models.
    """
    files = [file for file in _dictionaries(task) if os.access(file, os.R_OK)]
    try:
        for file in files:
            check_dictionary(file)
    except DataError:  # it says nothing of the model's words
        return
    if any(Dictionary.load(str(file)) != dictionary for file in files):
        logger.warning(
            f"{path}: was trained on {files[0].parent}, and the dictionary there is not that of the speech "
            "model; unless another corpus has been put there since, it knows other words and its "
            "translations are wrong. --mt-data says where its dictionaries are"
        )


class CascadeGenerator:
    """Recognises, then translates the best transcript; results are those of ``DualBeamGenerator``.

    Args:
        recogniser: of models that write the transcript.
        translator: translates it.
        detokenise: from token ids to text.
        tokenise: from text to pieces separated by spaces; the text model is to read the transcript in the
            pieces that it would have in a corpus, not in those that were recognised.

    Raises:
        SettingError: the models write no transcript.
    """

    def __init__(
        self,
        recogniser: DualBeamGenerator,
        translator: Translator,
        detokenise: Callable[..., str],
        tokenise: Callable[[str], str],
    ) -> None:
        if any(TRANSCRIPT not in model.streams for model in recogniser.models):
            raise SettingError(
                "the first model of the pipeline has to write the transcript, and this one writes only the "
                "translation; give a model of --arch asr"
            )
        self.recogniser, self.translator = recogniser, translator
        self.detokenise, self.tokenise = detokenise, tokenise
        self.eos = recogniser.eos
        self.symbols_to_strip_from_output = recogniser.symbols_to_strip_from_output

    def generate(
        self,
        models: list[nn.Module],
        sample: Batch,
        prefix_tokens: torch.Tensor | None = None,
        constraints: torch.Tensor | None = None,
    ) -> list[NBest]:
        """Decode a batch; arguments and result as those of ``DualBeamGenerator.generate``."""
        if sample.get("lang_tags") is not None:
            self.translator.check_language(sample["lang_tags"][TRANSLATION])
        recognised = self.recogniser.generate(models, sample, constraints=constraints)
        transcripts = [nbest[0]["transcript"] for nbest in recognised]
        texts = [self.tokenise(self.detokenise(text["tokens"], UNKNOWN)) for text in transcripts]
        translated = self.translator.translate(texts, prefix_tokens)
        return make_hypotheses(
            [
                [(transcript, translation) for translation in nbest]
                for transcript, nbest in zip(transcripts, translated, strict=True)
            ]
        )


def build_cascade(
    task: JointSpeechToTextTask, recogniser: DualBeamGenerator, options: Any
) -> CascadeGenerator:
    """Put the text model of ``--mt-path`` behind a recogniser.

    Its dictionaries are in ``--mt-data``, else in the data folder, else where it was trained.

    Args:
        task: that of the recogniser.
        recogniser: what the task decodes speech with.
        options: fairseq's generation options.

    Raises:
        SettingError: the two models, or the options, do not go together.
        OSError, DataError: a file cannot be read.
    """
    args, folder = task.args, Path(task.args.data) / MT_FOLDER
    data = args.mt_data or (str(folder) if folder.is_dir() else None)
    translator = Translator(
        args.mt_path,
        data,
        task.target_dictionary,
        text_options(options, args.mt_args),
        recogniser.models[0],
        warns_of_other_words=not args.mt_data,
    )
    tokenisers = [t for t in (task.build_tokenizer(args), task.build_bpe(args)) if t is not None]

    def tokenise(text: str) -> str:
        for tokeniser in tokenisers:
            text = tokeniser.encode(text)
        return text

    return CascadeGenerator(recogniser, translator, task.detokenise.keeping_pieces(), tokenise)


def text_options(args: Any, changes: str) -> Namespace:
    """The text model's generation options: those of the speech model but for ``changes``, a JSON object.

    A limit by frames says nothing about text: where there is a ``max_len_a``, neither it nor the
    ``max_len_b`` that goes with it is the text model's, which then has fairseq's default.

    Raises:
        SettingError: it is no such object, or an option cannot be honoured.
    """
    names = [name for name in (*SETTINGS, "unnormalized", "nbest") if name != "max_len_a"]
    options = Namespace(**{name: getattr(args, name, DEFAULTS[name]) for name in names})
    if getattr(args, "max_len_a", 0):
        options.max_len_b = DEFAULTS["max_len_b"]
    vars(options).update(vars(parse_generation_options(changes, "--mt-args")))
    if options.nbest > options.beam:
        raise SettingError(
            f"--nbest {options.nbest} needs a beam of at least as many, and --mt-args has fewer"
        )
    return options
