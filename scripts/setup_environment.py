"""Makes, or completes, the Python environment that this project runs in (`make setup`).

Order matters: fairseq-fixed compiles against an installed torch, numpy and Cython, and in an
isolated build pip would download a second torch. An environment that exists already keeps its
torch and every other package it has, as long as the requirements allow it. Standard library only.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / "constraints.txt"
EXTRAS = "demo,media,plots,dev"
SUPPORTED = ((3, 10), (3, 13))
OLDEST_TORCH = (2, 6)
#: In the environment: whether it was made here, and for which requirements it is complete.
STAMP = ".interactive_st.json"

DESCRIBE = """
import importlib.metadata, json, os, sys, sysconfig
found = [(d.metadata["Name"], d.version) for d in importlib.metadata.distributions()]
headers = os.path.join(sysconfig.get_paths()["include"], "Python.h")
print(json.dumps({"version": sys.version_info[:2], "packages": [f for f in found if f[0]],
                  "headers": os.path.exists(headers)}))
"""


class SetupError(Exception):
    """Something stands in the way; the message says how to remove it."""


def normalise(name: str) -> str:
    """Return the name of a package as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def dotted(version) -> str:
    """Return a version tuple as text."""
    return ".".join(str(part) for part in version)


def check_python(version, where: str, way_out: str) -> None:
    """Raise SetupError unless the Python version is one this project runs on."""
    if not SUPPORTED[0] <= tuple(version) <= SUPPORTED[1]:
        raise SetupError(
            f"{where} has Python {dotted(version)}, but Python {dotted(SUPPORTED[0])} to "
            f"{dotted(SUPPORTED[1])} is needed: {way_out}"
        )


def fingerprint() -> str:
    """Return a digest of everything that decides what is installed, and of where the code is."""
    digest = hashlib.sha256(str(ROOT).encode())
    for path in (ROOT / "setup.py", CONSTRAINTS, Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


class Environment:
    """A virtual environment, or a conda prefix, in the folder `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"
        self.stamp = folder / STAMP

    def read_stamp(self) -> dict:
        """Return the stamp; an empty one where the environment was not made here."""
        try:
            return json.loads(self.stamp.read_text())
        except (OSError, ValueError):
            return {}

    def write_stamp(self, made_here: bool, complete_for: str | None) -> None:
        """Write the stamp at once: no part of it survives an interruption."""
        partial = self.stamp.with_suffix(".partial")
        partial.write_text(json.dumps({"made_here": made_here, "complete_for": complete_for}))
        partial.replace(self.stamp)

    def describe(self) -> dict:
        """Return the environment's Python version, packages and whether C headers are there."""
        command = [str(self.python), "-c", DESCRIBE]
        try:
            answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        except (OSError, subprocess.CalledProcessError) as error:
            raise SetupError(
                f"{self.python} does not run ({error}): remove {self.folder}, or name another "
                "environment by VENV=…"
            ) from error
        found = json.loads(answer)
        found["packages"] = {normalise(name): text for name, text in found["packages"]}
        return found

    def create(self) -> None:
        """Make the environment with the Python that runs this script."""
        check_python(sys.version_info[:2], sys.executable, "name one by PYTHON=/path/to/python3.11")
        if self.read_stamp().get("made_here"):
            shutil.rmtree(self.folder)  # its Python is gone
        elif self.folder.exists() and (not self.folder.is_dir() or any(self.folder.iterdir())):
            raise SetupError(
                f"{self.folder} exists but is not a Python environment (no bin/python that "
                "is there): name another folder by VENV=…"
            )
        say(f"making {self.folder} with Python {dotted(sys.version_info[:3])}")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write_stamp(made_here=True, complete_for=None)  # first: venv may be interrupted
        command = [sys.executable, "-m", "venv", str(self.folder)]
        if subprocess.run(command).returncode != 0:
            raise SetupError(
                f"`{' '.join(command)}` failed: on Debian and Ubuntu install "
                f"python{dotted(sys.version_info[:2])}-venv, or name another Python by PYTHON=…"
            )

    def pip(self, what: str, *words: str) -> None:
        """Run `pip install` in the environment; `what` names the step in messages."""
        say(what)
        command = [str(self.python), "-m", "pip", "install", "--disable-pip-version-check", *words]
        if subprocess.run(command, cwd=ROOT).returncode != 0:
            raise SetupError(
                f"the step '{what}' failed; pip's message above says why. Mend it and run "
                "`make setup` again: it goes on from here"
            )


def say(message: str) -> None:
    """Print a line of progress, before whatever a subprocess prints next."""
    print(f"setup: {message}", flush=True)


def constraint_lines(installed: dict, keep: bool) -> list[str]:
    """Return the constraints for pip in an environment that has `installed` packages.

    torch is held at the version that is there, so that no later step can replace it. With
    `keep`, the same goes for its companions, and no version is asked of other packages that are
    there: what they have is kept unless a requirement rules it out.
    """
    lines = []
    for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines():
        name = normalise(re.split(r"[=;\s]", line, maxsplit=1)[0])
        if (
            line
            and not line.startswith("#")
            and not (name in installed and (keep or name == "torch"))
        ):
            lines.append(line)
    held = ("torch", "torchaudio", "torchvision", "triton") if keep else ("torch",)
    return lines + [f"{name}=={installed[name]}" for name in held if name in installed]


def pinned(name: str) -> str:
    """Return the constraint of a package as a requirement."""
    return next(
        line
        for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines()
        if line.startswith(f"{name}==")
    )


def check_torch(version: str, folder: Path) -> None:
    """Raise SetupError if the torch of an environment made elsewhere is too old."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if numbers < OLDEST_TORCH:
        raise SetupError(
            f"{folder} has torch {version}, but {dotted(OLDEST_TORCH)} or later is needed: "
            "upgrade it there, or leave VENV out to get an environment with its own"
        )


def check_compiler(found: dict) -> None:
    """Raise SetupError where fairseq-fixed, which comes as source only, could not be compiled."""
    compiler = os.environ.get("CXX", "c++").split()[0]
    if not shutil.which(compiler) and not shutil.which("g++"):
        raise SetupError(
            "no C++ compiler found, and fairseq-fixed has to be compiled: install one "
            "(Debian and Ubuntu: build-essential), or name it by CXX=…"
        )
    if not found["headers"]:
        version = dotted(found["version"])
        raise SetupError(
            f"Python.h of Python {version} not found, and fairseq-fixed has to be compiled: "
            f"install it (Debian and Ubuntu: python{version}-dev), or name another by PYTHON=…"
        )


def install(environment: Environment, torch_index: str | None) -> None:
    """Install everything into an existing environment, in the order that works."""
    found = environment.describe()
    check_python(found["version"], str(environment.folder), "remove it, or name another by VENV=…")
    made_here = environment.read_stamp().get("made_here", False)
    if "fairseq" in found["packages"]:
        # of both, either one's removal takes files of the other away
        both = sorted({"fairseq", "fairseq-fixed"} & set(found["packages"]))
        raise SetupError(
            f"{environment.folder} has the original fairseq, whose files fairseq-fixed would "
            f"replace: {environment.python} -m pip uninstall {' '.join(both)}, then run this again"
        )
    own_torch = not made_here and "torch" in found["packages"]
    if own_torch:
        check_torch(found["packages"]["torch"], environment.folder)
        say(f"keeping torch {found['packages']['torch']} of {environment.folder}")
    if "fairseq-fixed" not in found["packages"]:
        check_compiler(found)
    if "pip" not in found["packages"]:
        subprocess.run([str(environment.python), "-m", "ensurepip"], check=False)

    with tempfile.TemporaryDirectory() as scratch:
        constraints = Path(scratch) / "constraints.txt"

        def constrain() -> tuple[str, str]:
            packages = environment.describe()["packages"]
            lines = constraint_lines(packages, keep=not made_here)
            constraints.write_text("\n".join(lines) + "\n", encoding="utf-8")
            return "-c", str(constraints)

        environment.pip("build tools", "pip>=22.3", "setuptools>=64", "wheel", *constrain())
        if not own_torch:
            # An index of torch builds holds few other packages, and not each version of them.
            source = ("--index-url", torch_index) if torch_index else ()
            environment.pip("torch", pinned("torch"), *source)
        environment.pip("what fairseq is compiled with", "cython", "numpy", *constrain())
        environment.pip(
            "fairseq (compiled for some minutes where it is not there yet)",
            "--no-build-isolation",
            pinned("fairseq-fixed"),
            *constrain(),
        )
        # in isolation: where it has no wheel, as for Python 3.13, its build needs more than is here
        environment.pip("editdistance", "editdistance", *constrain())
        environment.pip(
            "interactive_st and what it needs",
            *("--no-build-isolation", "-e", f".[{EXTRAS}]"),
            *constrain(),
        )
    command = [str(environment.python), "-c", "import torch, fairseq"]
    trial = subprocess.run(command, capture_output=True, text=True)
    if trial.returncode != 0:
        raise SetupError(
            f"torch and fairseq are installed in {environment.folder} but cannot be imported:\n"
            f"{trial.stderr.strip()}"
        )
    environment.write_stamp(made_here, complete_for=fingerprint())
    say(f"{environment.folder} is ready; `. {environment.folder}/bin/activate` makes it current")


def main() -> int:
    """Read the command line, set the environment up, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--venv", default=".venv", help="folder of the environment (.venv)")
    parser.add_argument("--torch-index", help="address of the index to take torch from")
    args = parser.parse_args()
    if not args.venv:
        print(
            "setup: error: VENV= is empty: is an environment active? A conda environment is "
            'VENV="$CONDA_PREFIX"',
            file=sys.stderr,
        )
        return 1
    # not resolved: the folder of an environment may be a link, and is shown as the user named it
    environment = Environment(Path(args.venv).expanduser())
    environment.python = environment.python.absolute()
    if (
        environment.python.exists()
        and environment.read_stamp().get("complete_for") == fingerprint()
    ):
        return 0
    try:
        if not environment.python.exists():
            environment.create()
        install(environment, args.torch_index)
    except SetupError as error:
        print(f"setup: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("setup: interrupted; `make setup` goes on from here", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
