"""Registration with fairseq by each way to reach the package, the safe loader, and the metadata."""

import argparse
import ast
import io
import os
import re
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch
from fairseq.distributed.utils import _put_tensors_in_obj, _split_tensors_from_obj
from omegaconf import OmegaConf, flag_override

from interactive_st.registration import register

REPORT = """
import json
from fairseq.criterions import CRITERION_REGISTRY
from fairseq.models import ARCH_MODEL_REGISTRY
from fairseq.tasks import TASK_REGISTRY
import interactive_st
print(json.dumps([
    TASK_REGISTRY["joint_speech_to_text"].__module__.split(".")[0],
    CRITERION_REGISTRY["joint_label_smoothed_cross_entropy"].__module__.split(".")[0],
    [name in ARCH_MODEL_REGISTRY for name in
     ("interactive_st", "interactive_st_xs", "interactive_st_s", "interactive_st_m")],
    interactive_st.__file__,
]))
"""
IMPORT_USER_MODULE = """
import argparse, subprocess, sys
from fairseq import utils
user_dir = {user_dir}
utils.import_user_module(argparse.Namespace(user_dir=user_dir))
utils.import_user_module(argparse.Namespace(user_dir=user_dir))
"""
#: What fairseq-train does with --user-dir in the checkout.
FROM_THE_CHECKOUT = IMPORT_USER_MODULE.format(user_dir='"interactive_st"')
#: The same from elsewhere, with the folder that the command prints.
FROM_ELSEWHERE = IMPORT_USER_MODULE.format(
    user_dir="""subprocess.run([sys.executable, "-m", "interactive_st_cli", "user-dir"],
        check=True, capture_output=True, text=True).stdout.strip()"""
)
#: Imported first, then named to fairseq, as by a script that calls fairseq's own functions.
PLAIN_IMPORT = """
import interactive_st
import argparse, os
from fairseq import utils
utils.import_user_module(argparse.Namespace(user_dir=os.path.dirname(interactive_st.__file__)))
interactive_st.registration.register()
"""


@pytest.mark.parametrize(
    ("script", "in_checkout"),
    [
        pytest.param(FROM_THE_CHECKOUT, True, id="user-dir-from-the-checkout"),
        pytest.param(FROM_ELSEWHERE, False, id="user-dir-from-elsewhere"),
        pytest.param(PLAIN_IMPORT, False, id="plain-import"),
    ],
)
def test_registers_once_and_silently(script, in_checkout, repository, tmp_path):
    """fairseq raises an error for a name that is registered twice."""
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script + REPORT],
        cwd=repository if in_checkout else tmp_path,
        env={**os.environ, "PYTHONPATH": "" if in_checkout else str(repository)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    init = repository / "interactive_st" / "__init__.py"
    # nothing but the report: importing the package prints nothing
    assert result.stdout == (
        f'["interactive_st", "interactive_st", [true, true, true, true], "{init}"]\n'
    )
    # fairseq logs a line of its own; ours is silent there, too
    assert all(line.startswith("INFO:fairseq.") for line in result.stderr.splitlines())


class TestSafeLoader:
    """Checkpoints as fairseq writes them load with the loader that runs no code."""

    @pytest.fixture(autouse=True)
    def registered(self):
        register()

    @pytest.fixture
    def checkpoint(self):
        """The kinds of values found in checkpoints of stock fairseq models."""
        return {
            "args": None,
            "cfg": {"model": argparse.Namespace(arch="s2t_transformer_s", dropout=0.1)},
            "model": {"decoder.weight": torch.arange(6.0).view(2, 3)},
            "extra_state": {
                # fairseq's translation task logs arrays of n-gram counts for --eval-bleu
                "metrics": {"valid": [[0, "_bleu_counts", "SumMeter", np.array([4, 3, 2, 1])]]},
                "val_loss": np.float64(2.5),
                "best": np.float32(2.5),
            },
        }

    def test_reads_values(self, checkpoint, tmp_path):
        path = tmp_path / "checkpoint.pt"
        torch.save(checkpoint, path)
        loaded = torch.load(path, weights_only=True)
        assert loaded["cfg"] == checkpoint["cfg"]
        assert torch.equal(
            loaded["model"]["decoder.weight"], checkpoint["model"]["decoder.weight"]
        )
        counts = loaded["extra_state"]["metrics"]["valid"][0][3]
        assert counts.tolist() == [4, 3, 2, 1]
        assert loaded["extra_state"]["val_loss"] == 2.5

    def test_reads_names_of_numpy_1(self, tmp_path):
        path = tmp_path / "checkpoint.pt"
        torch.save({"counts": np.array([1, 2]), "loss": np.float64(0.5)}, path)
        new, old = b"numpy._core.multiarray", b"numpy.core.multiarray"
        assert self.rewrite_pickle(path, new, old)
        loaded = torch.load(path, weights_only=True)
        assert loaded["counts"].tolist() == [1, 2]
        assert loaded["loss"] == 0.5

    @staticmethod
    def rewrite_pickle(path, new: bytes, old: bytes) -> bool:
        """Replace a module's name in the pickle of a checkpoint; tell whether it was there."""
        with zipfile.ZipFile(path) as archive:
            members = {info: archive.read(info) for info in archive.infolist()}
        found = False
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for info, content in members.items():
                if info.filename.endswith("data.pkl"):
                    # protocol 2 writes a global as its name on a line, so lengths may change
                    found = new in content or old in content
                    content = content.replace(new, old)
                archive.writestr(info.filename, content)
        return found

    def test_reads_what_processes_are_sent(self, checkpoint):
        """fairseq makes omegaconf's entries of the configuration that it has read, and sends those."""
        config = OmegaConf.create({"optimization": {"lr": [0.1], "stop": None}, "task": {"seed": 1}})
        with flag_override(config, "allow_objects", True):
            config.model = checkpoint["cfg"]["model"]
        sent, tensors = io.BytesIO(), []
        torch.save(_split_tensors_from_obj(checkpoint | {"cfg": config}, tensors), sent)
        sent.seek(0)
        received = _put_tensors_in_obj(torch.load(sent), tensors)
        assert received["cfg"] == config
        assert received["cfg"].model.arch == "s2t_transformer_s"
        assert torch.equal(received["model"]["decoder.weight"], checkpoint["model"]["decoder.weight"])

    def test_still_refuses_code(self, tmp_path):
        class Attack:
            def __reduce__(self):
                return (os.system, ("true",))

        path = tmp_path / "checkpoint.pt"
        torch.save({"args": Attack()}, path)
        with pytest.raises(Exception, match="Weights only load failed"):
            torch.load(path, weights_only=True)

    def test_default_of_torch_is_unchanged(self, tmp_path):
        path = tmp_path / "checkpoint.pt"
        torch.save({"model": torch.nn.Linear(1, 1)}, path)
        with pytest.raises(Exception, match="Weights only load failed"):
            torch.load(path)


class TestRequirements:
    """setup.py and constraints.txt speak of the same packages."""

    @staticmethod
    def name_of(requirement: str) -> str:
        return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement).group()).lower()

    def read_requirements(self, path) -> set[str]:
        """Names in `install_requires` and `extras_require`, without running setup.py."""
        tree = ast.parse(path.read_text(encoding="utf-8"))
        call = next(
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "setup"
        )
        given = {word.arg: word.value for word in call.keywords}
        requirements = ast.literal_eval(given["install_requires"])
        for extra in ast.literal_eval(given["extras_require"]).values():
            requirements += extra
        return {self.name_of(requirement) for requirement in requirements}

    def test_every_requirement_has_a_tested_version(self, repository):
        required = self.read_requirements(repository / "setup.py")
        lines = (repository / "constraints.txt").read_text(encoding="utf-8").splitlines()
        pinned = {self.name_of(line) for line in lines if "==" in line}
        assert {"torch", "fairseq-fixed", "espeakng-loader", "matplotlib", "ruff"} <= required
        assert required <= pinned
