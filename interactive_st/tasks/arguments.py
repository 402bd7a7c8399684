"""Command-line options of the task `joint_speech_to_text` beside those of `speech_to_text`."""

from argparse import ArgumentParser

from interactive_st.conventions import SEARCHES
from interactive_st.data.folder.layout import CONFIG

#: Generation options of validation that decodes.
EVAL_BLEU_ARGS = '{"beam": 1}'


def add_joint_arguments(parser: ArgumentParser) -> None:
    """Declare the options.

    Args:
        parser: already has the options of fairseq's `speech_to_text`.
    """
    parser.set_defaults(config_yaml=CONFIG)
    parser.add_argument(
        "--source-lang",
        metavar="LANG",
        help="language of transcripts whose row names none (default: source_lang of the data "
        "folder's configuration)",
    )
    parser.add_argument(
        "--target-lang",
        metavar="LANG",
        help="language of translations whose row names none (default: target_lang there)",
    )
    parser.add_argument(
        "--max-text-tokens",
        type=int,
        metavar="N",
        help="training: pieces of transcripts and translations in a batch, padding included, beside the "
        "frames that --max-tokens limits; batches with more are cut (default: no limit)",
    )
    parser.add_argument(
        "--search",
        choices=SEARCHES,
        help="rank (the paper's): a beam for each stream, where rank r attends to rank r of the other; "
        "joint: one beam of pairs with exact scores (default: joint; rank if the streams do not interact); "
        "models that write one text, or one after the other, have one beam at a time either way",
    )
    parser.add_argument(
        "--decoding-ctc-weight",
        type=float,
        default=None,
        metavar="W",
        help="score transcripts by (1 - W) attention + W CTC, for models trained with --ctc-weight; in "
        "validation too (default: in training 0, in decoding what the model's training had)",
    )
    parser.add_argument(
        "--encoder-max-tokens",
        type=int,
        metavar="N",
        help="decoding: frames that the encoder is given at once, so that many long utterances can be "
        "decoded together with less memory (default: the whole batch, of --max-tokens frames)",
    )
    parser.add_argument(
        "--no-cuda-graphs",
        action="store_true",
        help="decoding on a GPU: launch every operation by itself instead of recording a step once and "
        "repeating it; the results are the same, and decoding is slower",
    )
    parser.add_argument(
        "--pairs-path",
        metavar="FILE",
        help="fairseq-generate and fairseq-interactive: write transcripts, translations, scores "
        "and references here, one JSON object a line in corpus order, once all is decoded; of a shard, "
        "chosen by --distributed-world-size N and --distributed-rank R, FILE.R is written "
        "(fairseq-generate takes no notice of --num-shards and --shard-id)",
    )
    parser.add_argument(
        "--mt-path",
        metavar="CKPT",
        help="fairseq-generate and fairseq-interactive: a pipeline; the transcripts of the model at --path "
        "are translated by this one, of fairseq's task translation (see interactive-st cascade)",
    )
    parser.add_argument(
        "--mt-data",
        metavar="DIR",
        help="folder of the dictionaries of --mt-path (default: mt in the data folder)",
    )
    parser.add_argument(
        "--mt-args",
        metavar="JSON",
        default="{}",
        help="generation options of --mt-path where they differ from those of --path, as in "
        '\'{"beam": 4, "lenpen": 0.6}\'',
    )
    parser.add_argument(
        "--eval-bleu",
        action="store_true",
        help="validation: decode and log 'bleu' of the translations",
    )
    parser.add_argument(
        "--eval-wer",
        action="store_true",
        help="validation: decode and log 'wer' of the transcripts, words compared as they are",
    )
    parser.add_argument(
        "--eval-bleu-args",
        metavar="JSON",
        default=EVAL_BLEU_ARGS,
        help="generation options for decoding in validation, of BLEU and WER "
        '(default: %(default)s; as in \'{"beam": 4, "lenpen": 0.6}\')',
    )
    parser.add_argument(
        "--eval-bleu-print-samples",
        action="store_true",
        help="validation: log a hypothesis and its reference of each batch",
    )
