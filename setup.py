"""Package metadata of interactive_st. `make setup` installs it, in the order that fairseq needs."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent
README = ROOT / "README.md"


def read_version() -> str:
    """Return `__version__` of the package without importing it (that would need torch)."""
    text = (ROOT / "interactive_st" / "version.py").read_text(encoding="utf-8")
    return re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE).group(1)


setup(
    name="interactive_st",
    version=read_version(),
    description=(
        "Speech recognition and speech translation written at the same time by one fairseq model"
    ),
    long_description=README.read_text(encoding="utf-8") if README.exists() else "",
    long_description_content_type="text/markdown",
    author="interactive_st contributors",
    license="MIT",
    license_files=["LICENSE"],
    classifiers=[
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Multimedia :: Sound/Audio :: Speech",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
    keywords="speech-translation speech-recognition interactive-decoding fairseq",
    packages=find_packages(include=["interactive_st", "interactive_st.*"]),
    py_modules=["interactive_st_cli"],
    python_requires=">=3.10,<3.14",
    install_requires=[
        "torch>=2.6",  # the first to load checkpoints safely by default, as registration.py expects
        # not "fairseq": its last release neither resolves with pip 24.1 nor imports on Python 3.11
        "fairseq-fixed>=0.12.3.1",
        "numpy",
        "kaldi-native-fbank",
        "soundfile>=0.12",
        "soxr",
        "silero-vad~=6.2.3",  # the first that does not install torchaudio; parts of its network are called
        "sentencepiece",
        "sacrebleu>=2.0",
        "jiwer>=4.0",
        "editdistance",  # fairseq-generate --scoring wer
        "safetensors",
        "pyyaml",
        "tqdm",
        "rich",
    ],
    extras_require={
        "demo": ["espeakng-loader"],
        "media": ["av>=14"],  # m4a, mp4 and the like
        "plots": ["matplotlib"],
        "dev": ["pytest", "pytest-xdist", "hypothesis", "pysubs2", "ruff", "webvtt-py"],
    },
    entry_points={"console_scripts": ["interactive-st = interactive_st_cli:main"]},
)
