"""The arguments of `interactive-st translate`."""

import argparse

from interactive_st.cli import path_name, whole_number
from interactive_st.cli.translate.search_options import DEFAULTS, add_languages, add_search
from interactive_st.conventions import STREAM_NAMES
from interactive_st.inference.options import FORMATS, MAX_SEGMENT

DESCRIPTION = """\
Decodes recordings of any length, rate and number of channels, in any format of libsndfile (wav,
flac, ogg, mp3 …) or PyAV (m4a, mp4, webm …; pip install av). Transcript and translation are printed
as they are ready, or written under --out, one file a recording and format, or more with --show each.

A recording is cut at pauses of --min-pause or longer, and where it would be longer than
--max-segment; silence is left out. A recording that fails is reported, and the others go on,
until nothing more can be written, as on a full disk.
"""
EPILOG = """\
exit status: 0 all recordings were decoded, 1 some failed, 2 nothing could be begun.

examples:
  interactive-st translate talk.wav --model model
  interactive-st translate recordings/ --model model --out subtitles --format srt,jsonl --skip-existing
  interactive-st translate talk.mp4 --model model --out subtitles --format srt --show each
  interactive-st translate talk.mp4 --model checkpoint_best.pt --data data --format vtt > talk.vtt
"""
#: Of --show: a file for each text.
EACH = "each"
#: More threads than a machine has cores make nothing faster; far more cannot be started, which ends torch.
MOST_THREADS = 1024


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add = parser.add_argument
    add(
        "audio",
        nargs="+",
        metavar="AUDIO",
        help="a recording, or a folder that is searched for recordings, also below",
    )
    add(
        "--model",
        required=True,
        type=path_name,
        metavar="PATH",
        help="model folder made by `interactive-st export`, or a checkpoint of fairseq-train",
    )
    add("--data", type=path_name, metavar="DIR", help="data folder of a checkpoint that was moved")
    add_languages(parser)
    _add_output(parser.add_argument_group("output"))
    _add_search(parser.add_argument_group("search"))
    _add_cutting(parser.add_argument_group("cutting"))
    _add_machine(parser.add_argument_group("machine"))


def _formats(text: str) -> list[str]:
    forms = list(dict.fromkeys(form.strip() for form in text.split(",")))
    for form in forms:
        if form not in FORMATS:
            raise argparse.ArgumentTypeError(f"no format {form!r}; choose from {', '.join(FORMATS)}")
    return forms


def _add_output(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--out",
        type=path_name,
        metavar="DIR",
        help="write one file a recording and format there (see --show each), in sub-folders like those that "
        "were searched; existing files are replaced, unless --skip-existing is given (default: print)",
    )
    group.add_argument(
        "--format",
        type=_formats,
        default=["text"],
        metavar="FORMAT",
        help=f"{', '.join(FORMATS)}, or several with commas (default: text)",
    )
    group.add_argument(
        "--show",
        choices=("both", *STREAM_NAMES, EACH),
        default="both",
        help="what text, srt and vtt show (default: both, the transcript above); each: every text in a file "
        "of its own, named by its language, as talk.en.srt and talk.de.srt, or talk.transcript.srt and "
        "talk.translation.srt where the languages are the same",
    )
    group.add_argument(
        "--skip-existing",
        action="store_true",
        help="leave out recordings that have all their files under --out, as after an interruption; only "
        "names are compared, so a recording of another folder that would get the same files is left out too",
    )
    group.add_argument(
        "--quiet", action="store_true", help="no progress bar and no real-time factor at the end"
    )


def _add_search(group: argparse._ArgumentGroup) -> None:
    add_search(group)
    group.add_argument(
        "--nbest",
        type=whole_number,
        metavar="N",
        help=f"hypotheses in jsonl, at most --beam (default: {DEFAULTS.nbest})",
    )
    group.add_argument(
        "--max-len-a",
        type=float,
        metavar="A",
        help=f"longest text = A · frames (100 a second) + B tokens (default: {DEFAULTS.max_len_a:g})",
    )
    group.add_argument(
        "--max-len-b", type=int, metavar="B", help=f"see --max-len-a (default: {DEFAULTS.max_len_b})"
    )


def _add_cutting(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--max-segment",
        type=float,
        metavar="S",
        help=f"longest piece decoded at once, in seconds (default: {MAX_SEGMENT:g}, or less if the "
        "model reads less)",
    )
    group.add_argument(
        "--min-pause",
        type=float,
        metavar="S",
        help=f"shortest pause to cut at, in seconds (default: {DEFAULTS.min_pause:g})",
    )


def _add_machine(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--device", metavar="DEVICE", help="cpu, cuda, cuda:1 … (default: a GPU if there is one)"
    )
    group.add_argument(
        "--half",
        action="store_true",
        help="half precision: float16 on a GPU, bfloat16 on the CPU (one without instructions for it is "
        "slower than in single precision, of which this warns)",
    )
    group.add_argument("--threads", type=_threads, metavar="N", help="CPU threads (default: torch's)")
    group.add_argument(
        "--batch-seconds",
        type=float,
        metavar="S",
        help="audio decoded in one batch; changes speed and memory only "
        f"(default: {DEFAULTS.batch_seconds:g})",
    )
    group.add_argument(
        "--no-cuda-graphs",
        dest="cuda_graphs",
        action="store_const",
        const=False,
        help="on a GPU: do not record steps of decoding and repeat them; slower, with the same results",
    )


def _threads(text: str) -> int:
    number = whole_number(text)
    if number > MOST_THREADS:
        raise argparse.ArgumentTypeError(
            f"{number} is more than {MOST_THREADS}; give as many threads as there are cores, or leave it out"
        )
    return number
