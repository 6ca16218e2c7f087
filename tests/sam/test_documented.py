"""The commands of docs/sam.md that run functions locally, as they are written there."""

import os
import re
import shlex
import shutil
from pathlib import Path

import httpx
import pytest

from local.sam import ARCHITECTURE, Sam
from local.settings import ROOT

pytestmark = pytest.mark.sam
TEXT = (ROOT / "docs" / "sam.md").read_text()


def _documented(start: str) -> list[str]:
    """Return the words of the command of docs/sam.md that starts with these words."""
    (line,) = re.findall(rf"^sam ({re.escape(start)}[^#\n]*)", TEXT, re.MULTILINE)
    return shlex.split(line)


@pytest.fixture(scope="module")
def tree(containers: None, built: Path) -> Path:
    """Return the built repository, with the sample events."""
    folder = built.parents[1]
    shutil.copytree(ROOT / "events", folder / "events", dirs_exist_ok=True)
    return folder


def _options() -> list[str]:
    """Return the options for the processor, and for the image if there is no registry."""
    options = ["--parameter-overrides", f"Architecture={ARCHITECTURE}"]
    image = os.environ.get("SAM_INVOKE_IMAGE")
    return [*options, "--skip-pull-image", "--invoke-image", image] if image else options


def test_a_function_is_invoked(tree: Path, command_line: Sam) -> None:
    output = command_line.run(*_documented("local invoke"), *_options(), cwd=tree)
    assert '"statusCode": 200' in output


def test_the_api_is_started(tree: Path, command_line: Sam, tmp_path: Path) -> None:
    assert _documented("local start-api") == ["local", "start-api", "--port", "3000"]
    path = re.search(r"^curl http://127\.0\.0\.1:3000(\S+)", TEXT, re.MULTILINE)
    assert path is not None
    with command_line.api(*_options(), cwd=tree, log=tmp_path / "api.log") as url:
        answer = httpx.get(url + path[1], timeout=60)
    assert answer.status_code == 200, answer.text
