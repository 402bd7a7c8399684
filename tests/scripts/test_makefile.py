"""What `make` does with its variables, and what `make clean` leaves."""

import os
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(folder, *words, **variables):
    command = ["make", "--no-print-directory", *words]
    environment = {**os.environ, **variables}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_the_home_folder_of_an_environment(repository, tmp_path):
    """Some shells hand ~/env over as it is."""
    for given, used in {"~/env": f"{tmp_path}/env", "a ~b": "a ~b", "b/~/c": "b/~/c"}.items():
        commands = make(repository, "-n", "lint", "PYTHON=python3", f"VENV={given}", HOME=str(tmp_path))
        assert f'"{used}/bin/python" -m ruff' in commands


def test_the_home_folder_of_data(repository, tmp_path):
    for name, target in {"FSDD": "need-fsdd", "AN4": "need-an4", "PAIRS": "need-pairs"}.items():
        commands = make(repository, "-n", target, "PYTHON=python3", f"{name}=~/x", HOME=str(tmp_path))
        assert f"{tmp_path}/x" in commands
        assert "~" not in commands


def test_clean_removes_all_caches_of_python(repository, tmp_path):
    shutil.copy(repository / "Makefile", tmp_path)
    tracked = ["interactive_st", "benchmarks", "docs", "examples", "tests", "scripts"]
    for folder in ("", *tracked, "benchmarks/quality", "examples/an4"):
        (tmp_path / folder / "__pycache__").mkdir(parents=True)
    make(tmp_path, "clean")
    assert list(tmp_path.rglob("__pycache__")) == []
    assert {path.name for path in tmp_path.iterdir()} == {"Makefile", *tracked}


def test_clean_knows_all_folders_of_code(repository):
    command = ["git", "ls-files", "*.py"]
    try:
        listed = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a checkout")
    folders = {path.split("/")[0] for path in listed.split() if "/" in path}
    [line] = [line for line in make(repository, "-n", "clean").splitlines() if line.startswith("find ")]
    assert folders <= set(line.split())
