"""What silence around the speech does to a model: ``python -m benchmarks.silence --help``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import timing
from benchmarks.arguments import add_shared, check_arguments, check_there
from benchmarks.console import number, run_command, say, show_table, write_result
from examples.quickstart.room import Room, put_into
from interactive_st.conventions import BOTH, TRANSCRIPT, TRANSLATION
from interactive_st.modules.streams import Streams

DESCRIPTION = """\
Puts silence before and behind the recordings of a manifest and scores what a model writes of them: decoded
whole, as fairseq-generate and fairseq-interactive do, and by translate, which cuts silence off. Noise is
white, in decibels below full scale, and under the speech too.
"""
#: Seconds of silence on either side, and its noise in decibels, None for digital silence.
SILENCES: tuple[tuple[float, float | None], ...] = (
    (0.0, None), (0.3, None), (0.5, None), (0.9, None), (0.3, -60.0), (0.5, -60.0), (0.9, -60.0), (0.5, -80.0)
)  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    args = parse(argv)
    from interactive_st import InteractiveST

    timing.set_threads(args.threads)
    model = InteractiveST.from_pretrained(args.model)
    rows = read(args.manifest, args.utterances, model.sample_rate)
    result: dict[str, Any] = {
        "model": args.model.name,
        "utterances": len(rows),
        "scores": [
            {"seconds": seconds, "noise": noise, **measure(model, rows, seconds, noise)}
            for seconds, noise in SILENCES
        ],
        "machine": timing.describe_machine(torch.device("cpu"), torch.get_num_threads()),
    }
    show(result)
    write_result(args.json, result)
    return 0


def read(manifest: Path, count: int, rate: int) -> list[dict[str, Any]]:
    """The first rows of a manifest with both texts, and their ``samples`` (N,) float32.

    Raises:
        DataError: there are none, or a recording cannot be read.
    """
    from interactive_st.data.audio.waveform import load_audio
    from interactive_st.data.manifest import read_manifest
    from interactive_st.data.utterances import read_times
    from interactive_st.errors import DataError

    needed = ("audio", "src_text", "tgt_text")
    rows = [row for row in read_manifest(manifest) if all(row.get(name) for name in needed)][:count]
    if not rows:
        raise DataError(f"{manifest}: no row has {', '.join(needed)}; give a manifest of recordings")
    sounds = (load_audio(manifest.parent / row["audio"], rate, *read_times(row))[0] for row in rows)
    return [row | {"samples": samples} for row, samples in zip(rows, sounds, strict=True)]


def measure(
    model: Any, rows: Sequence[dict[str, Any]], seconds: float, noise: float | None
) -> dict[str, dict[str, float | None]]:
    """Scores of the texts of ``rows`` in this silence, decoded whole and by translate."""
    say(f"{seconds:g} s, {in_words(noise)} …")
    rate = model.sample_rate
    room = Room(seconds, seconds, noise)
    sounds = [
        put_into(row["samples"], rate, room, seed).astype(np.float32) for seed, row in enumerate(rows)
    ]
    ways: dict[str, Callable[[], list[Any]]] = {
        "whole": lambda: whole(model, sounds),
        "translate": lambda: model(sounds, sample_rate=rate),
    }
    return {name: scores(rows, decode(), model.model.streams) for name, decode in ways.items()}


def whole(model: Any, sounds: Sequence[np.ndarray]) -> list[Any]:
    """The best hypothesis of each recording, with nothing cut off."""
    from interactive_st.data.features.compute import fbank
    from interactive_st.inference.decoding import Decoding
    from interactive_st.inference.options import Options

    decoding = Decoding(model.task, model.model, Options())
    bins = int(decoding.config.features["num_mel_bins"])
    return [nbest[0] for nbest in decoding([fbank(sound, model.sample_rate, bins) for sound in sounds])]


def scores(
    rows: Sequence[dict[str, Any]], texts: Sequence[Any], streams: Streams = BOTH
) -> dict[str, float | None]:
    """WER and BLEU of the ``streams`` that were written, as `interactive-st score` computes them."""
    from interactive_st.scoring.corpus_scores import score_pairs

    pairs = [
        {"transcript": text.transcript if TRANSCRIPT in streams else None,
         "translation": text.translation if TRANSLATION in streams else None,
         "reference_transcript": row["src_text"], "reference_translation": row["tgt_text"]}
        for row, text in zip(rows, texts, strict=True)
    ]  # fmt: skip
    found = score_pairs(pairs)
    return {name: found[name] for name in ("wer", "bleu")}


def in_words(noise: float | None) -> str:
    return "digital silence" if noise is None else f"noise at {noise:g} dB"


def show(result: dict[str, Any]) -> None:
    """Print a row for each silence."""
    rows = [
        [f"{found['seconds']:g} s, {in_words(found['noise'])}" if found["seconds"] else "as it is"]
        + [number(found[way][score], 1) for way in ("whole", "translate") for score in ("wer", "bleu")]
        for found in result["scores"]
    ]
    note = f"{result['utterances']} utterances; {timing.machine_in_words(result['machine'])}"
    columns = ["before and behind", "whole: WER", "BLEU", "translate: WER", "BLEU"]
    show_table("Silence around the speech", columns, rows, note)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.silence", description=DESCRIPTION)
    parser.add_argument("model", type=Path, metavar="MODEL", help="a model folder, or a checkpoint")
    parser.add_argument("manifest", type=Path, metavar="TSV", help="manifest of recordings with both texts")
    parser.add_argument(
        "--utterances", type=int, default=100, metavar="N", help="rows to take (default: 100)"
    )
    add_shared(parser, "threads", "json")
    args = parser.parse_args(argv)
    check_there(parser, args.model, "model folder or checkpoint", folder=True)
    check_there(parser, args.manifest, "manifest")
    check_arguments(parser, args)
    return args


if __name__ == "__main__":
    sys.exit(run_command(main))
