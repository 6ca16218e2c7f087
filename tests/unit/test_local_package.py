import subprocess
import sys
import zipfile
from pathlib import Path

from local.package import unpacked_once


def test_an_unpacked_layer_takes_precedence_over_installed_packages_and_is_not_in_the_archive(
    tmp_path: Path,
) -> None:
    built, folder, runtime = tmp_path / "Layer-1.zip", tmp_path / "stack's läyers", tmp_path / "runtime"
    with zipfile.ZipFile(built, "w") as archive:
        archive.writestr("python/boto3.py", "where = 'layer'")

    referring = unpacked_once(built, folder)

    assert referring.name == built.name
    with zipfile.ZipFile(referring) as archive:
        assert len(archive.namelist()) == 1
        archive.extractall(runtime)
    (site_directory,) = runtime.glob("python/lib/*/site-packages")
    program = "import site, sys; site.addsitedir(sys.argv[1]); import boto3; print(boto3.where, boto3.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", program, str(site_directory)], capture_output=True, text=True, check=True
    )
    assert done.stdout.split(maxsplit=1) == ["layer", f"{folder / built.stem / 'python' / 'boto3.py'}\n"]
