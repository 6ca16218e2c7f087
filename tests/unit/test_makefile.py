"""Search for interpreters by the makefile of `sam build`, with interpreters of several versions on PATH."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from local import template
from local.settings import ROOT

MAKEFILE = ROOT / "functions" / "Makefile"
# Commands that the makefile needs, besides Python.
TOOLS = ("make", "sh", "mkdir", "cp", "find", "rm")


@dataclass(frozen=True)
class Python:
    """An interpreter on PATH, as far as the search looks at it."""

    name: str
    version: tuple[int, int]
    pip: bool = True

    def install(self, folder: Path) -> Path:
        script = folder / self.name
        script.parent.mkdir(parents=True, exist_ok=True)
        version = f"import sys; sys.version_info = {(*self.version, 0, 'final', 0)}; exec(sys.argv[1])"
        script.write_text(
            f"""#!/bin/sh
            [ "$1" != -c ] || exec {sys.executable} -c "{version}" "$2"
            [ "$3" != install ] || printf '%s\\n' "$PIP_ROOT_USER_ACTION $PIP_USER $PIP_REQUIRE_VIRTUALENV" "$*" >> pip.log
            exit {0 if self.pip else 1}
            """
        )
        script.chmod(0o755)
        return script


SYSTEM = Python("python3", (3, 9))
RUNTIME = Python("python3.13", (3, 13))


@dataclass(frozen=True)
class Case:
    """The interpreters on PATH, and those that are found."""

    pythons: tuple[Python, ...]
    runtime: str
    installer: str


CASES = {
    "the runtime's version is preferred": Case((Python("python3", (3, 12)), RUNTIME), "python3.13", "python3.13"),
    "the runtime's version is preferred to an old one": Case((SYSTEM, RUNTIME), "python3.13", "python3.13"),
    "python3 is the runtime's version": Case((Python("python3", (3, 13)),), "python3", "python3"),
    "only 3.12": Case((Python("python3", (3, 12)),), "", "python3"),
    "only 3.10, of Ubuntu 22.04": Case((Python("python3", (3, 10)),), "", "python3"),
    "an old python3, and 3.12": Case((SYSTEM, Python("python3.12", (3, 12))), "", "python3.12"),
    "a newer version alone": Case((Python("python3.14", (3, 14)),), "", "python3.14"),
    "the runtime's version without pip": Case(
        (Python("python3", (3, 11)), Python("python3.13", (3, 13), pip=False)), "python3.13", "python3"
    ),
    "a shim of another version": Case((Python("python3", (3, 12)), Python("python3.13", (3, 8))), "", "python3"),
    "only 3.9": Case((SYSTEM,), "", ""),
    "no pip": Case((Python("python3", (3, 12), pip=False),), "", ""),
    "nothing": Case((), "", ""),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a folder with the tools that the makefile needs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in TOOLS:
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    return folder


def _print(path: Path, *variables: str, **environ: str) -> tuple[str, str]:
    """Return RUNTIME_PYTHON and INSTALLER."""
    command = ["make", "--no-print-directory", "-f", str(MAKEFILE), "-f", "-", "print", *variables]
    rule = "print: ; @:$(info $(RUNTIME_PYTHON)|$(INSTALLER))"
    done = subprocess.run(command, input=rule, env=_environ(path, environ), capture_output=True, text=True, check=True)
    runtime, installer = done.stdout.strip().split("|")
    return runtime, installer


def _environ(path: Path, more: dict[str, str]) -> dict[str, str]:
    return {"PATH": str(path), "HOME": str(path), **more}


def _make(path: Path, folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "-f", str(MAKEFILE), "-C", str(folder), *arguments]
    return subprocess.run(command, env=_environ(path, environ), capture_output=True, text=True, check=False)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_search_finds_an_interpreter_that_can_build(path: Path, case: Case) -> None:
    for python in case.pythons:
        python.install(path)
    runtime, installer = _print(path)
    assert (Path(runtime).name, Path(installer).name) == (case.runtime, case.installer)


def test_an_interpreter_of_pyenv_is_found(path: Path, tmp_path: Path) -> None:
    root = tmp_path / "py env"
    python = Python("python", (3, 13)).install(root / "versions" / "3.13.0" / "bin")
    (path / "pyenv").write_text(f"#!/bin/sh\necho '{root}'\n")
    (path / "pyenv").chmod(0o755)
    assert _print(path) == (str(python), str(python))


def test_the_search_uses_no_other_interpreter_than_a_given_one(path: Path, tmp_path: Path) -> None:
    RUNTIME.install(path)
    given = Python("python", (3, 12)).install(tmp_path / "a venv")
    old = SYSTEM.install(tmp_path)
    assert _print(path, PYTHON=str(given))[1] == str(given)
    assert _print(path, f"PYTHON={given}")[1] == str(given)
    assert _print(path, f"PYTHON={old}")[1] == ""
    assert _print(path, f"RUNTIME_PYTHON={given}", "WHEELS=host", PYTHON=str(old)) == (str(given), str(given))


def test_without_an_interpreter_the_build_says_how_to_get_one(path: Path, tmp_path: Path) -> None:
    SYSTEM.install(path)
    done = _make(path, tmp_path, "build-DependenciesLayer", f"ARTIFACTS_DIR={tmp_path / 'built'}")
    assert done.returncode
    for expected in (
        "Python 3.10 or newer with pip",
        "apt install",
        "pyenv install 3.13",
        "PYTHON=",
        "--use-container",
    ):
        assert expected in done.stderr


def test_a_build_without_byte_code_warns_where_sam_shows_it(path: Path, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    done = _make(path, tmp_path / "source", "build-AnyFunction", f"ARTIFACTS_DIR={tmp_path / 'built'}")
    assert done.returncode == 0, done.stderr
    assert "WARNING: built without byte code" in done.stdout


def test_pip_gets_no_option_that_an_old_version_refuses(path: Path, tmp_path: Path) -> None:
    RUNTIME.install(path)
    (tmp_path / "built" / ".aarch64").mkdir(parents=True)
    built = f"ARTIFACTS_DIR={tmp_path / 'built'}"
    done = _make(path, tmp_path, "install-lambda", built, PIP_USER="1", PIP_REQUIRE_VIRTUALENV="1")
    assert done.returncode == 0, done.stderr
    settings, options, _, arm = (tmp_path / "pip.log").read_text().splitlines()
    assert settings == "ignore 0 0"
    assert "manylinux2014_x86_64" in options
    assert "manylinux2014_aarch64" in arm
    assert "--root-user-action" not in options


def test_a_build_reads_only_the_folders_that_a_build_container_has(path: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "manifest"
    manifest.mkdir()
    shutil.copy(MAKEFILE, manifest)
    resources = template.read()["Resources"]
    built = {name: resource for name, resource in resources.items() if resource.get("Metadata", {}).get("BuildMethod")}
    assert {resource["Metadata"]["ContextPath"] for resource in built.values()} == {"functions"}
    for name, resource in built.items():
        source = resource["Properties"].get("CodeUri") or resource["Properties"]["ContentUri"]
        scratch = tmp_path / name
        shutil.copytree(ROOT / source, scratch, ignore=shutil.ignore_patterns("__pycache__"))
        # Installing the libraries takes the network.
        command = ["make", "--makefile", str(manifest / "Makefile"), f"build-{name}"]
        if name == "DependenciesLayer":
            RUNTIME.install(path)
            command.append("--dry-run")
            assert {"requirements.txt", "trim.py"} <= {file.name for file in scratch.iterdir()}
        environ = _environ(path, {"ARTIFACTS_DIR": str(tmp_path / "built" / name)})
        subprocess.run(command, cwd=scratch, env=environ, capture_output=True, check=True)
