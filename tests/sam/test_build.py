"""The output of `sam build`."""

import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.sam


def test_every_module_has_byte_code_for_the_runtime(built: Path) -> None:
    if not _runtime_python():
        pytest.skip("no python3.13 here to compile with")
    modules = list(built.rglob("*.py"))
    assert modules
    missing = [
        path.relative_to(built)
        for path in modules
        if not (path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc").exists()
    ]
    assert missing == []


def test_native_modules_exist_for_both_processors(built: Path) -> None:
    names = [str(path.relative_to(built)) for path in built.rglob("*.so")]
    x86, arm = ({name.replace(kind, "") for name in names if kind in name} for kind in ("x86_64", "aarch64"))
    assert x86
    assert x86 == arm
    assert len(x86) + len(arm) == len(names)


def test_layers_and_functions_are_small(built: Path) -> None:
    sizes = {
        folder.name: sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        for folder in built.iterdir()
        if folder.is_dir()
    }
    layers = {name for name in sizes if name.endswith("Layer")}
    assert sum(sizes[name] for name in layers) < 27_000_000
    # The largest one has the pictures of the covers.
    assert max(sizes[name] for name in sizes.keys() - layers) < 4_500_000


def _runtime_python() -> str:
    makefile = Path(__file__).parents[2] / "functions" / "Makefile"
    done = subprocess.run(
        ["make", "--no-print-directory", "-f", makefile, "-f", "-", "print"],  # noqa: S607
        input="print: ; @echo $(RUNTIME_PYTHON)",
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
