"""Synthetic speech: sentences spoken by espeak-ng, which the package espeakng-loader brings along.

espeak-ng (GPL-3) is a formant synthesiser: small, quick and robotic. It is called through its C
interface, speak_lib.h; the numbers below are those of that header.
"""

from __future__ import annotations

import _ctypes
import ctypes
from dataclasses import dataclass
from pathlib import Path

import numpy as np

RATE = 22050  # Hz, of what espeak-ng makes

_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: samples go to the callback before Synth returns
_DONT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT
_UTF8 = 1  # espeakCHARS_UTF8
_PARAMETER_RATE, _PARAMETER_PITCH = 1, 3
_OK = 0
_SEED = 1

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class SpeechError(RuntimeError):
    """espeak-ng is missing or refused to speak; the message says what to do."""


@dataclass(frozen=True)
class Voice:
    """A speaker: an espeak-ng voice with a variant, words a minute, and pitch from 0 to 99."""

    name: str
    espeak: str
    rate: int
    pitch: int


TRAINING_VOICES = (
    Voice("us-male", "en-us", 200, 45),
    Voice("us-female", "en-us+f2", 215, 55),
    Voice("gb-male", "en+m3", 210, 40),
    Voice("gb-female", "en+f3", 200, 50),
    Voice("scotland-male", "en-gb-scotland+m7", 205, 50),
    Voice("rp-female", "en-gb-x-rp+f4", 210, 45),
)
HELD_OUT_VOICE = Voice("lancaster-male", "en-gb-x-gbclan+m1", 205, 55)


def speak(text: str, voice: Voice) -> np.ndarray:
    """The sound of an English text: (samples,) int16 at `RATE`.

    The same text and voice give the same samples, whatever was spoken before: espeak-ng goes on
    from the state of its last utterance, so each one gets a library freshly loaded (4 ms).

    Raises `SpeechError` where espeak-ng is not installed or does not know the voice.
    """
    library = ctypes.CDLL(_library_path())
    try:
        return _synthesise(library, text, voice)
    finally:
        _unload(library)


def _library_path() -> str:
    try:
        import espeakng_loader
    except ImportError as error:
        raise SpeechError(
            "espeak-ng is not installed; install it with: pip install espeakng-loader"
        ) from error
    return espeakng_loader.get_library_path()


def _synthesise(library: ctypes.CDLL, text: str, voice: Voice) -> np.ndarray:
    import espeakng_loader

    pieces: list[np.ndarray] = []

    @_Callback
    def receive(samples: object, count: int, _events: object) -> int:
        if samples and count > 0:
            pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0  # go on

    folder = str(Path(espeakng_loader.get_data_path()).parent)
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, folder.encode(), _DONT_EXIT)
    if rate != RATE:
        raise SpeechError(
            f"espeak-ng did not start with its data in {folder} (got {rate} where {RATE} Hz was "
            "expected); reinstall espeakng-loader"
        )
    try:
        library.espeak_SetSynthCallback(receive)
        library.espeak_ng_SetRandSeed(ctypes.c_long(_SEED))  # breath noise; else seeded by time
        if library.espeak_SetVoiceByName(voice.espeak.encode()) != _OK:
            raise SpeechError(f"voice {voice.name!r}: espeak-ng does not know {voice.espeak!r}")
        library.espeak_SetParameter(_PARAMETER_RATE, voice.rate, 0)
        library.espeak_SetParameter(_PARAMETER_PITCH, voice.pitch, 0)
        data = text.encode() + b"\0"
        size = ctypes.c_size_t(len(data))
        status = library.espeak_Synth(data, size, 0, 0, 0, _UTF8, None, None)
    finally:
        library.espeak_Terminate()
    if status != _OK or not pieces:
        raise SpeechError(f"voice {voice.name!r}: espeak-ng made no sound of {text!r}")
    return np.concatenate(pieces)


def _unload(library: ctypes.CDLL) -> None:
    close = getattr(_ctypes, "dlclose", None) or _ctypes.FreeLibrary
    close(library._handle)
