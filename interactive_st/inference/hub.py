"""The Python interface: a trained model that takes recordings."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from interactive_st.errors import DataError
from interactive_st.inference.decoding import Decoding, check_features, check_languages
from interactive_st.inference.model_path import read_model
from interactive_st.inference.options import Options
from interactive_st.inference.quieting import quiet
from interactive_st.inference.recordings import Outcome, decode_recordings
from interactive_st.inference.results import Recording
from interactive_st.inference.sources import ArraySource, Source, open_file
from interactive_st.inference.voice_activity import VoiceActivity
from interactive_st.modules.fast.onednn_linear import has_fast_bfloat16

if TYPE_CHECKING:
    from interactive_st.tasks import JointSpeechToTextTask

logger = logging.getLogger(__name__)

#: Samples of speech have thousands a second: fewer are kHz, or a mistake that would be resampled for hours.
LOWEST_RATE = 1000
SLOW_HALF = (
    "this CPU has no instructions for bfloat16, so half precision is several times slower here than single; "
    "leave out --half (half=True)"
)


class InteractiveST:
    """Transcribes and translates recordings.

        model = InteractiveST.from_pretrained("model")
        result = model("talk.wav")
        print(result.transcript, result.translation, result.score)
        for segment in result.segments:
            print(segment.start, segment.end, segment.transcript, segment.translation)

    Args:
        task: the task of the model.
        model: the model.
    """

    def __init__(self, task: JointSpeechToTextTask, model: nn.Module) -> None:
        check_features(task.data_cfg)
        self.task, self.model = task, model.eval()
        with quiet():
            _ = task.detokenise  # reads the subword model, once for all calls

    @classmethod
    def from_pretrained(
        cls,
        path: str | os.PathLike,
        data: str | os.PathLike | None = None,
        device: str | torch.device | None = None,
        half: bool = False,
    ) -> InteractiveST:
        """Load a model.

        Args:
            path: a model folder made by ``interactive-st export``, or a checkpoint of
                ``fairseq-train``.
            data: data folder of a checkpoint, where it is not where it was in training.
            device: as torch names it; the first GPU if there is one, else the CPU, if None.
            half: compute in half precision, float16 on a GPU and bfloat16 on the CPU.

        Raises:
            DataError: there is no such model, it does not read audio, or there is no such device.
            SettingError: the options in a checkpoint cannot be honoured.
        """
        stored = read_model(Path(path), None if data is None else Path(data))
        return cls(*stored.build()).to(device, half)

    def to(
        self, device: str | torch.device | None = None, half: bool | None = None
    ) -> InteractiveST:
        """Move the model to a device; return self. A CPU that has no instructions for bfloat16 is several
        times slower with it than with float32, so the log warns of it.

        Args:
            device: as torch names it; the first GPU if there is one, else the CPU, if None.
            half: True for half precision, float16 on a GPU and bfloat16 on the CPU; False for single;
                None leaves it as it is.

        Raises:
            DataError: there is no such device.
        """
        try:
            if device is None:
                device = "cuda" if torch.cuda.is_available() else "cpu"
            place = torch.device(device)
            if place.type == "meta":
                raise RuntimeError("it holds no numbers")
            self.model.to(place)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).splitlines()[0]
            raise DataError(f"device {device!r} cannot be used: {reason}") from error
        if half:
            if place.type == "cpu" and not has_fast_bfloat16():
                logger.warning(SLOW_HALF)
            self.model.to(torch.bfloat16 if place.type == "cpu" else torch.float16)
        elif half is not None:
            self.model.float()
        return self

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return next(self.model.parameters()).device

    @property
    def sample_rate(self) -> int:
        """Rate in Hz to which recordings are resampled."""
        return int(self.task.data_cfg.features["sample_rate"])

    @property
    def languages(self) -> tuple[str | None, str | None]:
        """Language of the speech and of its translation where the options name none."""
        config, args = self.task.data_cfg, self.task.args
        return args.source_lang or config.source_lang, args.target_lang or config.target_lang

    def languages_of(
        self, source_lang: str | None = None, target_lang: str | None = None
    ) -> tuple[str | None, str | None]:
        """Language of the speech and of its translation with these options.

        Raises:
            OptionError: the model does not know one of them.
        """
        source, target = self.languages
        found = source_lang or source, target_lang or target
        check_languages(self.task, found)
        return found

    def __call__(
        self, audio: Any, sample_rate: int | None = None, **options: Any
    ) -> Recording | list[Recording]:
        """Transcribe and translate.

        Args:
            audio: a file of any rate and number of channels, as `load_audio` reads it; samples as a numpy
                array or a tensor, (N,), (channels, N) or (N, channels), signed integers, or floats with
                full scale = 1.0, and not a batch of several, which would be averaged; such samples with
                their rate, as `soundfile.read` returns them or as a dict of ``array`` and
                ``sampling_rate``, or what answers like one (Hugging Face's); or a list of these.
            sample_rate: of samples that come without it, in Hz, at least 1000.
            options: see `Options`.

        Returns:
            the recording, or a list of them if a list was given.

        Raises:
            ValueError: a recording cannot be read, or an option has no meaning. Of a list the first
                recording that fails ends the call; `stream` goes on with the others.
            TypeError: there is no such option.
        """
        many = isinstance(audio, list | tuple) and not _has_rate(audio)
        recordings: list[Recording] = []
        for _, result in self.stream(audio if many else [audio], sample_rate, **options):
            if isinstance(result, DataError):
                raise result
            if isinstance(result, Recording):
                recordings.append(result)
        return recordings if many else recordings[0]

    def stream(
        self,
        audios: Iterable[Any],
        sample_rate: int | None = None,
        progress: Callable[[float], None] = lambda seconds: None,
        **options: Any,
    ) -> Iterator[tuple[int, Outcome]]:
        """Transcribe and translate recordings, handing over texts as they are ready.

        Streams may take turns, and run in several threads: each gives what it would give alone. Speech is
        found in all threads at once; batches are decoded one at a time, see `decoding_lock`.

        Args:
            audios: recordings as `__call__` takes them, read one after the other.
            sample_rate: of samples that come without it, in Hz.
            progress: is told of seconds of audio that are done with.
            options: see `Options`.

        Returns:
            an iterator of the number of a recording and what comes of it: its segments in order,
            then the `Recording`, or the `DataError` that says why it failed. The others go on.

        Raises:
            ValueError: an option has no meaning, or `audios` is a single recording.
            TypeError: there is no such option.
        """
        if _is_recording(audios):
            raise DataError(
                "stream takes several recordings, one after the other: put a single one into a list, as in "
                'stream(["talk.wav"])'
            )
        decoding = Decoding(self.task, self.model, Options.of(options))
        openers = (partial(_open, audio, sample_rate) for audio in audios)
        return decode_recordings(openers, decoding, VoiceActivity(self.sample_rate), progress)


def _open(audio: Any, sample_rate: Any) -> Source:
    if isinstance(audio, str | os.PathLike):
        return open_file(audio)
    if _has_rate(audio):
        audio, sample_rate = audio
    elif isinstance(audio, Mapping) or _is_decoder(audio):
        audio, sample_rate = _by_keys(audio) or (audio, sample_rate)
    if isinstance(audio, Sequence) or not hasattr(audio, "shape"):
        raise DataError(f"{type(audio).__name__} is not a recording; give a file name, an array or a tensor")
    sample_rate = _number(sample_rate)
    if sample_rate is None:
        raise DataError("samples need their rate: give sample_rate in Hz, such as 16000")
    if not _is_rate(sample_rate):
        raise DataError(f"sample_rate is {sample_rate!r}; a number of Hz is needed, such as 16000")
    return ArraySource(audio, int(sample_rate))


def _is_decoder(audio: Any) -> bool:
    """Tell what Hugging Face's datasets hold since version 4, which answers like a dict, from several
    recordings."""
    return hasattr(audio, "__getitem__") and not any(hasattr(audio, name) for name in ("__iter__", "shape"))


def _by_keys(audio: Any) -> tuple[Any, Any] | None:
    """Samples and rate of a dict or a decoder; None where it has no such keys.

    Raises:
        DataError: the decoder fails.
    """
    try:
        return audio["array"], audio["sampling_rate"]
    except (KeyError, TypeError):
        return None
    except Exception as error:  # of its library, for a file that is damaged
        raise DataError(f"{type(audio).__name__}: cannot be read ({error})") from error


def _number(value: Any) -> Any:
    """Take a number out of an array or a tensor of no dimension, as datasets give it that make tensors of
    all they hold (Hugging Face's `with_format("torch")`)."""
    return value.item() if getattr(value, "shape", None) == () else value


def _is_rate(value: Any) -> bool:
    """Tell whether it is a whole number of Hz, and enough for speech."""
    if isinstance(value, bool) or not isinstance(value, Real) or not LOWEST_RATE <= value < math.inf:
        return False
    return value == int(value)


def _is_recording(audios: Any) -> bool:
    """Tell one recording, whose letters, samples or keys would be taken for recordings, from several."""
    if isinstance(audios, str | bytes | os.PathLike | Mapping) or _has_rate(audios) or _is_decoder(audios):
        return True
    return hasattr(audios, "shape") and len(audios.shape) < 2


def _has_rate(audio: Any) -> bool:
    """Tell samples with their rate, as `soundfile.read` returns them, from several recordings."""
    pair = isinstance(audio, tuple) and len(audio) == 2
    return pair and hasattr(audio[0], "shape") and isinstance(_number(audio[1]), Real)
