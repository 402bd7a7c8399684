"""What several test modules share."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before anything imports torch: the tests are small, several processes share the cores, and the
# order of additions, so the last bit of a result, depends on the number of threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session", autouse=True)
def temporary_files_of_commands() -> Iterator[None]:
    """A folder of its own for what commands leave: fairseq's data workers never remove their sockets.

    Not one of pytest's, whose paths may be too long for a socket.
    """
    before = os.environ.get("TMPDIR")
    folder = tempfile.mkdtemp(prefix="ist-")
    os.environ["TMPDIR"] = folder
    yield
    if before is None:
        del os.environ["TMPDIR"]
    else:
        os.environ["TMPDIR"] = before
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shell(tmp_path_factory, repository):
    """The `RecipeShell` in which documents are run."""
    from commands.tools import Tools
    from recipe_shell import RecipeShell

    tools = Tools(tmp_path_factory.mktemp("tools"), repository)
    started = RecipeShell(tmp_path_factory.mktemp("shell"), tools)
    yield started
    started.close()
    tools.close()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real recordings and corpora that are not part of the repository.

    ``INTERACTIVE_ST_SHARED_DATA`` names it; without it, `../shared/data` beside the checkout.
    A test that asks for it is skipped where it is absent.
    """
    named = os.environ.get("INTERACTIVE_ST_SHARED_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}: set INTERACTIVE_ST_SHARED_DATA to its folder")
    return folder.resolve()


@pytest.fixture(scope="session")
def matplotlib():
    """The library, which a test that asks for it needs."""
    return pytest.importorskip("matplotlib", reason="the extra plots is not installed")


@pytest.fixture
def noise_is_speech(monkeypatch):
    """Let noise count as speech, which Silero does not take for it."""
    from interactive_st.inference.voice_activity import Ear

    def hear(self, windows):
        return [float(abs(window).mean() > 0.02) for window in windows]

    monkeypatch.setattr(Ear, "__call__", hear)


@pytest.fixture
def hears_noise(request):
    """The same for all tests but those of real recordings."""
    if "shared_data" not in request.fixturenames:
        request.getfixturevalue("noise_is_speech")


@pytest.fixture
def closed_folder(monkeypatch):
    """Makes a folder one whose content may not be listed, to root neither; returns its path."""
    scandir = os.scandir

    def close(folder: Path) -> Path:
        def refuse(path="."):
            if os.fspath(path) == str(folder):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(path))
            return scandir(path)

        monkeypatch.setattr(os, "scandir", refuse)
        return folder

    return close
