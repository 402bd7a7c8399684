"""What `make setup` asks pip for, without running pip."""

import importlib.util
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="module")
def script(repository):
    path = repository / "scripts" / "setup_environment.py"
    spec = importlib.util.spec_from_file_location("setup_environment", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def environment(script, tmp_path, monkeypatch):
    """An environment of which the packages are a dictionary; `calls` lists pip's words."""

    class Recorded(script.Environment):
        packages: dict
        version = (3, 11)
        headers = True

        def describe(self):
            return {
                "version": self.version,
                "packages": dict(self.packages),
                "headers": self.headers,
            }

        def pip(self, what, *words):
            asked = list(words)
            if "-c" in asked:
                with open(asked[asked.index("-c") + 1], encoding="utf-8") as lines:
                    self.constraints.append(lines.read().splitlines())
            self.calls.append(asked)
            if asked[0].startswith("torch=="):
                self.packages["torch"] = "2.13.0+cpu"

    recorded = Recorded(tmp_path)
    recorded.packages, recorded.calls, recorded.constraints = {"pip": "26.0"}, [], []
    monkeypatch.setattr(script.subprocess, "run", lambda *a, **k: SimpleNamespace(returncode=0))
    monkeypatch.setattr(script.shutil, "which", lambda name: f"/bin/{name}")
    return recorded


def test_order_in_a_new_environment(script, environment):
    environment.write_stamp(made_here=True, complete_for=None)
    script.install(environment, torch_index=None)
    firsts = [next(w for w in call if not w.startswith("-")) for call in environment.calls]
    assert firsts[1].startswith("torch==")
    assert firsts[2] == "cython"
    assert firsts[3].startswith("fairseq-fixed==")
    assert firsts[4:] == ["editdistance", ".[demo,media,plots,dev]"]
    # no second torch for those compiled against it; what builds editdistance is not installed here
    assert ["--no-build-isolation" in call for call in environment.calls[3:]] == [True, False, True]
    assert environment.read_stamp() == {"made_here": True, "complete_for": script.fingerprint()}


def test_torch_cannot_be_replaced_by_later_steps(script, environment):
    environment.write_stamp(made_here=True, complete_for=None)
    script.install(environment, torch_index=None)
    for lines in environment.constraints[1:]:
        assert [line for line in lines if line.startswith("torch=")] == ["torch==2.13.0+cpu"]


def test_index_serves_torch_only(script, environment):
    environment.write_stamp(made_here=True, complete_for=None)
    script.install(environment, torch_index="the-index")
    with_index = [call for call in environment.calls if "--index-url" in call]
    assert [call[0].split("==")[0] for call in with_index] == ["torch"]
    assert "-c" not in with_index[0]


def test_given_environment_keeps_what_it_has(script, environment):
    environment.packages |= {"torch": "2.7.1+cu128", "torchvision": "0.22.1", "numpy": "1.26.4"}
    script.install(environment, torch_index=None)
    assert not any(call[0].startswith("torch==") for call in environment.calls)
    for lines in environment.constraints:
        assert {"torch==2.7.1+cu128", "torchvision==0.22.1"} <= set(lines)
        assert not any(line.startswith(("torch==2.13", "numpy==")) for line in lines)
    assert environment.read_stamp()["made_here"] is False


@pytest.mark.parametrize("there", [["fairseq"], ["fairseq", "fairseq-fixed"]])
def test_the_original_fairseq_is_in_the_way(script, environment, there):
    environment.packages |= {"torch": "2.7.1", **dict.fromkeys(there, "0.12.2")}
    message = f"original fairseq.* -m pip uninstall {' '.join(there)}, then run"
    with pytest.raises(script.SetupError, match=message):
        script.install(environment, torch_index=None)
    assert environment.calls == []


@pytest.mark.parametrize("made_here", [True, False])
def test_an_environment_without_its_python_is_made_again_if_it_was_made_here(script, tmp_path, made_here):
    environment = script.Environment(tmp_path / "env")
    (tmp_path / "env" / "bin").mkdir(parents=True)
    environment.python.symlink_to(tmp_path / "gone")
    (tmp_path / "env" / "thesis.txt").touch()
    environment.write_stamp(made_here, complete_for=None)
    if made_here:
        script.subprocess.run, run = lambda *a, **k: SimpleNamespace(returncode=0), script.subprocess.run
        try:
            environment.create()
        finally:
            script.subprocess.run = run
    else:
        with pytest.raises(script.SetupError, match="is not a Python environment"):
            environment.create()
    assert (tmp_path / "env" / "thesis.txt").exists() is not made_here


def test_given_torch_too_old(script, environment):
    environment.packages["torch"] = "2.5.1"
    with pytest.raises(script.SetupError, match=r"torch 2\.5\.1.*2\.6 or later.*VENV"):
        script.install(environment, torch_index=None)
    assert environment.calls == []


@pytest.mark.parametrize("version", [(3, 9), (3, 14), (2, 7)])
def test_python_not_supported(script, environment, version):
    environment.version = version
    with pytest.raises(script.SetupError, match=r"Python 3\.10 to 3\.13 is needed"):
        script.install(environment, torch_index=None)


@pytest.mark.parametrize("version", [(3, 10), (3, 11), (3, 12), (3, 13)])
def test_python_supported(script, version):
    script.check_python(version, "it", "do this")


def test_no_compiler(script, environment, monkeypatch):
    monkeypatch.setattr(script.shutil, "which", lambda name: None)
    with pytest.raises(script.SetupError, match="build-essential"):
        script.install(environment, torch_index=None)


def test_no_python_headers(script, environment):
    environment.headers = False
    with pytest.raises(script.SetupError, match=r"Python\.h of Python 3\.11.*python3\.11-dev"):
        script.install(environment, torch_index=None)


def test_fingerprint_follows_the_requirements(script, tmp_path, monkeypatch):
    monkeypatch.setattr(script, "ROOT", tmp_path)
    monkeypatch.setattr(script, "CONSTRAINTS", tmp_path / "constraints.txt")
    (tmp_path / "setup.py").write_text("1")
    script.CONSTRAINTS.write_text("torch==1\n")
    before = script.fingerprint()
    assert script.fingerprint() == before
    script.CONSTRAINTS.write_text("torch==2\n")
    assert script.fingerprint() != before


def test_an_empty_name_is_no_environment(script, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["setup_environment.py", "--venv", ""])
    assert script.main() == 1
    assert "setup: error: VENV= is empty: is an environment active?" in capsys.readouterr().err


def test_folder_that_is_no_environment_is_left_alone(repository, tmp_path):
    precious = tmp_path / "thesis.txt"
    precious.write_text("all of it")
    result = subprocess.run(
        [
            sys.executable,
            str(repository / "scripts" / "setup_environment.py"),
            f"--venv={tmp_path}",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 1
    assert "is not a Python environment" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    ("python", "message"),
    [
        ("/nonexistent/python3", "setup: error: PYTHON=/nonexistent/python3 does not run: name a Python"),
        ("", "setup: error: no Python 3.10 to 3.13 found: install one and name it by PYTHON=/path/to"),
    ],
)
def test_a_python_that_does_not_run_is_named(repository, tmp_path, python, message):
    command = ["make", "setup", f"PYTHON={python}", f"VENV={tmp_path / 'env'}"]
    result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert message in result.stderr
    assert not (tmp_path / "env").exists()
