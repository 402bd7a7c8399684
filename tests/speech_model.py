"""A model of random weights that reads audio, with its data folder and its checkpoint."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from fairseq import options, tasks
from fairseq.dataclass.utils import convert_namespace_to_omegaconf
from omegaconf import OmegaConf

from tests import small_corpus

RATE = 8000
OPTIONS = {
    "task": "joint_speech_to_text",
    "criterion": "joint_label_smoothed_cross_entropy",
    "optimizer": "adam",
    "max-tokens": 1000,
    "encoder-layers": 1,
    "decoder-layers": 1,
    "encoder-embed-dim": 16,
    "encoder-ffn-embed-dim": 32,
    "encoder-attention-heads": 2,
    "decoder-attention-heads": 2,
    "conv-channels": 16,
    "max-source-positions": 300,
    "max-target-positions": 30,
}
#: Short outputs, for random weights know no end.
SHORT = {"max_len_b": 6}


@dataclass(frozen=True)
class Made:
    """Paths of what `make` made."""

    data: Path
    checkpoint: Path


def make(folder: Path, cmvn: str = "utterance", arch: str = "interactive_st_tiny", **changes: object) -> Made:
    """Prepare a few noises and save a checkpoint of random weights, as fairseq's trainer saves it.

    Args:
        folder: where both go.
        cmvn: see `interactive_st.data.preparation.prepare`.
        arch: architecture of the model.
        changes: options of ``fairseq-train`` beside or instead of `OPTIONS`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    small_corpus.run(
        folder, small_corpus.make_rows(folder), out="data", num_mel_bins=8, sample_rate=RATE, cmvn=cmvn
    )
    named = {**OPTIONS, "arch": arch, "save-dir": folder / "checkpoints", **changes}
    words = [word for name, value in named.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    args = options.parse_args_and_arch(options.get_training_parser(), [str(folder / "data"), *words])
    cfg = convert_namespace_to_omegaconf(args)
    torch.manual_seed(1)
    task = tasks.setup_task(cfg.task)
    model = task.build_model(cfg.model)
    with torch.no_grad():  # peaked distributions, so that hypotheses differ
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.mul_(2.0)
        for name, table in model.named_parameters():
            if name.endswith("embed_tokens.weight"):
                table[: task.tgt_dict.nspecial] = 0.0  # words are likelier than what is no text
                table[sorted(task.tag_ids)] *= 0.2
    checkpoint = folder / "checkpoint_best.pt"
    state = {
        "args": None,
        "cfg": OmegaConf.to_container(cfg, resolve=True, enum_to_str=True),
        "model": model.state_dict(),
        "optimizer_history": [{"num_updates": 12, "optimizer_name": "", "lr_scheduler_state": {}}],
        "extra_state": {},
        "last_optimizer_state": None,
    }
    torch.save(state, checkpoint)
    return Made(folder / "data", checkpoint)


def bursts(spans: list[tuple[float, float]], seconds: float, rate: int = RATE, seed: int = 0) -> np.ndarray:
    """Return noise in some spans of time (seconds) and that of a quiet room elsewhere, (N,) float32."""
    noise = np.random.default_rng(seed)
    samples = noise.normal(0, 0.001, round(seconds * rate)).astype(np.float32)
    for start, end in spans:
        first, last = round(start * rate), round(end * rate)
        samples[first:last] = noise.normal(0, 0.1, last - first)
    return samples


def write(path: Path, samples: np.ndarray, rate: int = RATE) -> Path:
    """Write a recording and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, rate)
    return path
