"""Build zip files of layers and functions for the Python version and the processor of this machine.

The engine runs functions with its own interpreter, so the output of `sam build`, which is for AWS, cannot be used. The layers
are built by the same makefile. Archives are cached by the hash of their sources. The engine unpacks a layer for every worker,
so it gets small layers that refer to a folder that is unpacked once.
"""

import hashlib
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from local.settings import ROOT

LAYER = "AWS::Serverless::LayerVersion"
MAKEFILE = ROOT / "functions" / "Makefile"
# The date of every member, so that equal content results in equal archives.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)


class BuildError(Exception):
    """A layer could not be built; the message has the end of make's output."""


def package(resources: dict[str, Any], cache: Path) -> dict[str, Path]:
    """Return the archive of each function and layer of the template, by logical id.

    Raises:
        BuildError: a layer could not be built.
    """
    archives = {}
    for name, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == LAYER:
            archives[name] = layer(name, ROOT / properties["ContentUri"], cache)
        elif resource["Type"] == "AWS::Serverless::Function":
            archives[name] = function(name, ROOT / properties["CodeUri"], cache)
    return archives


def layer(name: str, source: Path, cache: Path) -> Path:
    """Return the archive of a layer, built unless it is cached.

    Raises:
        BuildError: it could not be built.
    """
    target = cache / f"{name}-{fingerprint([*sources(source), MAKEFILE], _host())}.zip"
    if not target.exists():
        with tempfile.TemporaryDirectory() as folder:
            command = ["make", "-C", str(source), "-f", str(MAKEFILE), f"build-{name}", f"ARTIFACTS_DIR={folder}"]
            host = ["WHEELS=host", f"RUNTIME_PYTHON={sys.executable}"]
            done = subprocess.run([*command, *host], capture_output=True, text=True, check=False)
            if done.returncode:
                raise BuildError(f"{name} could not be built:\n{(done.stdout + done.stderr)[-3000:]}")
            _zip(Path(folder), (path for path in Path(folder).rglob("*") if path.is_file()), target)
        _delete_older(name, target, cache)
    return target


def function(name: str, source: Path, cache: Path) -> Path:
    """Return the archive of a function, built unless it is cached."""
    files = sources(source)
    target = cache / f"{name}-{fingerprint(files)}.zip"
    if not target.exists():
        _zip(source, files, target)
        _delete_older(name, target, cache)
    return target


def unpacked_once(archive: Path, folder: Path) -> Path:
    """Unpack the archive of a layer in a folder. Return the archive of a small layer that refers to the folder.

    The runtime uses lib/python*/site-packages of a layer as a site directory. A line of a .pth file there that begins with
    `import` is executed (docs.python.org/3/library/site.html). A line with only a path would give precedence to the packages
    that are installed for the interpreter.
    """
    contents = folder / archive.stem
    with zipfile.ZipFile(archive) as layer_archive:
        layer_archive.extractall(contents)
    target = folder / archive.name
    with zipfile.ZipFile(target, "w") as reference:
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        line = f"import sys; sys.path.insert(0, {str(contents / 'python')!a})\n"
        reference.writestr(zipfile.ZipInfo(f"python/lib/{version}/site-packages/layer.pth", ZIP_DATE), line)
    return target


def sources(folder: Path) -> list[Path]:
    """Return the source files, without byte code, sorted."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    )


def fingerprint(files: Iterable[Path], *more: str) -> str:
    """Return a hash of the paths and contents of files, and of further texts."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    for text in more:
        digest.update(f"{text}\0".encode())
    return digest.hexdigest()[:16]


def project_fingerprint() -> str:
    """Return a hash of everything that is deployed."""
    files = [ROOT / "template.yaml", *sources(ROOT / "functions"), *sources(ROOT / "layers"), *sources(ROOT / "local")]
    return fingerprint(files, _host())


def _host() -> str:
    return f"{platform.system()} {platform.machine()} {sys.implementation.cache_tag}"


def _zip(folder: Path, files: Iterable[Path], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.NamedTemporaryFile(dir=target.parent, suffix=".tmp", delete=False) as temporary,
        zipfile.ZipFile(temporary, "w") as archive,
    ):
        for path in sorted(files):
            member = zipfile.ZipInfo(str(path.relative_to(folder)), ZIP_DATE)
            member.external_attr = (path.stat().st_mode & 0o777 | 0o444) << 16
            archive.writestr(member, path.read_bytes(), zipfile.ZIP_DEFLATED, 1)
    # Another stack may build the same archive at the same time; both write the same bytes.
    shutil.move(temporary.name, target)


def _delete_older(name: str, newest: Path, cache: Path) -> None:
    """Delete all but the latest archives, which another stack of this checkout may be about to upload."""
    older = sorted(cache.glob(f"{name}-*.zip"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in older[5:]:
        if path != newest:
            path.unlink(missing_ok=True)
