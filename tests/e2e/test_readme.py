"""The quick start of the README works as printed."""

import doctest
import os
import re
import shutil
import subprocess

import pytest

from local.env import shell_variables
from local.settings import ROOT
from tests.e2e.conftest import Running

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# A command goes on in the next line after a backslash; its output ends before the next command.
COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*\n)((?:(?!\$ ).*\n)*)", re.MULTILINE)
END_OF_OUTPUT = "--- end of output ---"


def quick_start() -> list[tuple[str, str]]:
    """Return the commands of the README's console block, each with the output that the README shows."""
    (block,) = BLOCK.findall((ROOT / "README.md").read_text())
    commands = COMMAND.findall(block)
    assert "".join(f"$ {command}{output}" for command, output in commands) == block
    return commands


@pytest.fixture(scope="session")
def bash() -> str:
    """Return the path of bash. Skip the test if bash, curl or jq is missing; fail it in CI."""
    missing = [tool for tool in ("bash", "curl", "jq") if shutil.which(tool) is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"CI is set, and these are not installed: {', '.join(missing)}")
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    return str(shutil.which("bash"))


def test_each_command_of_the_quick_start_prints_what_the_readme_shows(bash: str, live: Running) -> None:
    commands = quick_start()
    script = "".join(f"{command}echo '{END_OF_OUTPUT}'\n" for command, _ in commands)
    run = subprocess.run(
        [bash],
        input=script,
        env=os.environ | shell_variables(live.stack),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=True,
    )
    outputs = run.stdout.split(f"{END_OF_OUTPUT}\n")
    for (command, expected), output in zip(commands, outputs[:-1], strict=True):
        matches = doctest.OutputChecker().check_output(expected, output, doctest.ELLIPSIS)
        assert matches, f"$ {command}\nexpected:\n{expected}\ngot:\n{output}"
