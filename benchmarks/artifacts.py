"""Build the artifacts that `sam build` ships, for this processor and the runtime's Python, and variants to compare with."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from local import template
from local.package import MAKEFILE, fingerprint, sources
from local.settings import ROOT

REQUIREMENTS = ROOT / "layers" / "dependencies" / "requirements.txt"


@dataclass(frozen=True, slots=True)
class Artifacts:
    """The built trees.

    Attributes:
        python: the interpreter they are built for.
        built: layers and functions as they ship.
        bare: the same without byte code, as SAM's own Python build leaves them.
        compiled: the same with byte code that this interpreter wrote.
        installed: the third-party packages as pip installs them, with byte code.
    """

    python: str
    built: Path
    bare: Path
    compiled: Path
    installed: Path

    def path(self, tree: Path, function: str) -> str:
        """Return the PYTHONPATH of a function, as on Lambda: its folder, then the layers."""
        return os.pathsep.join(map(str, (tree / "task" / function, tree / "opt" / "python")))


def functions() -> dict[str, Path]:
    """Return the folder of each function of the template."""
    resources = template.read()["Resources"]
    return {
        name: ROOT / resource["Properties"]["CodeUri"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


@cache
def artifacts() -> Artifacts:
    """Return the artifacts; build them with the project's makefile if the sources changed."""
    python = runtime_python() or sys.executable
    files = [*sources(ROOT / "layers"), *sources(ROOT / "functions")]
    folder = ROOT / ".local" / "bench" / f"trees-{fingerprint(files, python)}"
    if not folder.exists():
        for older in folder.parent.glob("trees-*"):
            shutil.rmtree(older)
        started = folder.with_suffix(".part")
        shutil.rmtree(started, ignore_errors=True)
        _build(started, python)
        started.rename(folder)
    return Artifacts(python, folder / "built", folder / "bare", folder / "compiled", folder / "installed")


def runtime_python() -> str:
    """Return the interpreter that the makefile compiles with; empty if the runtime's version is not installed."""
    done = subprocess.run(
        ["make", "--no-print-directory", "-f", MAKEFILE, "-f", "-", "print"],  # noqa: S607
        input="print: ; @echo $(RUNTIME_PYTHON)",
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def _build(folder: Path, python: str) -> None:
    built = folder / "built"
    for name in ("dependencies", "core"):
        source = ROOT / "layers" / name
        _make(python, source, f"build-{name.title()}Layer", built / "opt", "WHEELS=host")
    for name, source in functions().items():
        _make(python, source, f"build-{name}", built / "task" / name)
    shutil.copytree(built, folder / "bare", ignore=shutil.ignore_patterns("__pycache__"))
    install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes")
    _run(python, *install, "-r", REQUIREMENTS, "--target", folder / "installed")
    shutil.copytree(folder / "bare", folder / "compiled")
    _run(python, "-m", "compileall", "-q", folder / "compiled", folder / "installed")


def _make(python: str, source: Path, goal: str, target: Path, *variables: str) -> None:
    command = ("make", "--silent", "-C", source, "-f", MAKEFILE, goal)
    _run(*command, f"ARTIFACTS_DIR={target}", f"RUNTIME_PYTHON={python}", *variables)


def _run(*command: object) -> None:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{(done.stdout + done.stderr)[-3000:]}")
