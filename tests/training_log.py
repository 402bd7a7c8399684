"""Logs as fairseq-train writes them, for the tests of pictures and reports."""

import json
from pathlib import Path

OPTIONS = (
    "{'_name': None, 'common': {'seed': 1}, 'model': Namespace(arch='interactive_st_tiny', wait_k='3', "
    "fusion_lambda=0.3, lr=[0.002], warmup_updates=400, odd=inf, max_update=0, "
    "ignore_unused_valid_subsets_of_a_very_long_name='joint_label_smoothed_cross_entropy'), "
    "'task': Namespace(arch='not this')}"
)


def stamped(seconds: int, source: str, text: str) -> str:
    clock = f"{10 + seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"2026-01-02 {clock} | INFO | {source} | {text}"


def json_lines(scores: bool = True) -> list[str]:
    """A training of 40 updates, one a minute, validated at 20 and 40."""
    lines = [
        "$ python -m fairseq_cli.train data",
        stamped(0, "fairseq_cli.train", OPTIONS),
        stamped(0, "fairseq_cli.train", "num. shared model params: 1,234 (num. trained: 1,234)"),
        stamped(0, "some.dataset", 'JointSpeechToTextDataset(split="train", n_samples=6_000, x=1)'),
        "a warning of something else",
    ]
    for update in range(10, 41, 10):
        stats = {"epoch": 1, "loss": str(30 / update), "num_updates": str(update), "wall": str(60 * update)}
        stats |= {"asr_loss": str(20 / update), "st_loss": str(40 / update), "asr_accuracy": str(update)}
        lines.append(stamped(60 * update, "train_inner", json.dumps(stats)))
        if update % 20 == 0:
            valid = {
                "dev_loss": "3.5",
                "dev_asr_loss": "1.5",
                "dev_st_loss": "2.5",
                "dev_num_updates": str(update),
            }
            valid |= {"dev_wer": str(100 - update), "dev_bleu": str(update / 2)} if scores else {}
            lines.append(stamped(60 * update, "dev", json.dumps({"epoch": 1, **valid})))
    return lines


SIMPLE_LINES = [
    stamped(0, "train_inner", "epoch 001:     10 / 25 loss=20.091, asr_loss=9.765, num_updates=10, wall=16"),
    stamped(
        30, "dev", "epoch 001 | valid on 'dev' subset | loss 8.402 | asr_loss 6.8 | wer 91.5 | num_updates 25"
    ),
    stamped(31, "train", "epoch 001 | loss 17.9 | asr_loss 9.2 | num_updates 25 | train_wall 19 | wall 20"),
]


def write_log(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
