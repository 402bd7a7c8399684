"""A tiny text model of stock fairseq, as its task `translation` saves it."""

from pathlib import Path

import torch
from fairseq import options, tasks
from fairseq.dataclass.utils import convert_namespace_to_omegaconf
from omegaconf import OmegaConf

SIZES = {
    "encoder-layers": 1,
    "decoder-layers": 1,
    "encoder-embed-dim": 16,
    "decoder-embed-dim": 16,
    "encoder-ffn-embed-dim": 32,
    "decoder-ffn-embed-dim": 32,
    "encoder-attention-heads": 2,
    "decoder-attention-heads": 2,
}


def save_text_model(folder: Path, path: Path) -> Path:
    """Build and save an untrained model from English to German with the dictionaries in `folder`."""
    words = [str(folder), "--task", "translation", "--dataset-impl", "raw", "--arch", "transformer"]
    words += ["--source-lang", "en", "--target-lang", "de", "--share-all-embeddings", "--optimizer", "adam"]
    words += [word for name, value in SIZES.items() for word in (f"--{name}", str(value))]
    parser = options.get_training_parser()
    config = convert_namespace_to_omegaconf(options.parse_args_and_arch(parser, words))
    torch.manual_seed(1)
    model = tasks.setup_task(config.task).build_model(config.model)
    with torch.no_grad():  # peaked, so that other sentences have other translations
        for name, parameter in model.named_parameters():
            if parameter.dim() > 1 and "embed" not in name:
                parameter.mul_(3.0)
    state = {
        "cfg": OmegaConf.to_container(config, resolve=True, enum_to_str=True),
        "model": model.state_dict(),
        "optimizer_history": [{"optimizer_name": "Adam", "lr_scheduler_state": {}, "num_updates": 1}],
        "extra_state": {"train_iterator": {"epoch": 1}},
    }
    torch.save(state, path)
    return path
