"""The SAM command line, as on a machine without an AWS account: what `sam build` makes, in containers.

SAM_INVOKE_IMAGE names an image to use in place of AWS's own; it is not pulled.
"""

import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from local.engine import free_port, wait_until
from local.settings import REGION, ROOT

COMMAND = ROOT / ".venv-sam" / "bin" / "sam"
ARCHITECTURE = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
IMAGE = f"public.ecr.aws/lambda/python:3.13-{ARCHITECTURE}"
# The name Docker gives the host, so that a container reaches the engine.
HOST = "host.docker.internal"
START_SECONDS = 60.0
STOP_SECONDS = 30.0


class SamError(Exception):
    """A command failed; the message is the end of what it said."""


def missing_command() -> str:
    """Why the command line cannot be run; empty when it can."""
    return (
        "" if COMMAND.exists() else f"{COMMAND.relative_to(ROOT)} is missing, which `make sam` installs where docker is"
    )


def missing_containers() -> str:
    """Why no function can be run; empty when they can."""
    docker = shutil.which("docker")
    if docker is None:
        return "docker is not installed"
    if subprocess.run([docker, "info"], capture_output=True, check=False).returncode:
        return "no docker daemon answers"
    if os.environ.get("SAM_INVOKE_IMAGE"):
        return ""
    for command in ("image", "inspect"), ("pull", "--quiet"):
        if subprocess.run([docker, *command, IMAGE], capture_output=True, check=False).returncode == 0:
            return ""
    return f"{IMAGE} cannot be pulled; SAM_INVOKE_IMAGE names another"


@dataclass(frozen=True)
class Sam:
    """The command line, with a home of its own, and an engine to ask who its caller is."""

    home: Path
    endpoint_url: str = ""

    @classmethod
    def at(cls, home: Path) -> Self:
        home.mkdir(parents=True, exist_ok=True)
        # As if it had looked for a newer version of itself, in the year 2100.
        metadata = {"telemetryEnabled": False, "lastVersionCheck": 4102444800.5}
        (home / "metadata.json").write_text(json.dumps(metadata))
        return cls(home)

    def run(self, *arguments: str, cwd: Path, logs: int | None = subprocess.PIPE) -> str:
        """What the command wrote to stdout; `logs` is where its stderr goes: None is ours. Raises SamError."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=cwd,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=logs,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SamError((done.stderr or f"`sam {' '.join(arguments[:2])}` failed.")[-4000:])
        return done.stdout

    @staticmethod
    def command(*arguments: str) -> list[str]:
        return [str(COMMAND), *arguments, "--region", REGION]

    def environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            # Without an answer it goes on as well, but after ten seconds of asking again: nobody listens on port 9.
            "AWS_ENDPOINT_URL_STS": self.endpoint_url or "http://127.0.0.1:9",
            "PYTHON": sys.executable,
            "SAM_CLI_TELEMETRY": "0",
            "__SAM_CLI_APP_DIR": str(self.home),
        }


@dataclass(frozen=True)
class Lambdas:
    """Built functions, to be run in containers on the table of an engine."""

    sam: Sam
    folder: Path

    @classmethod
    def prepare(cls, sam: Sam, folder: Path, built: Path, endpoint_url: str, variables: Mapping[str, str]) -> Self:
        """Args:
        folder: an empty one, for what has to be written down.
        built: what `sam build` wrote.
        variables: of the environment, in place of what template.yaml says.
        """
        variables = {**variables, "AWS_ENDPOINT_URL": endpoint_url.replace("127.0.0.1", HOST)}
        (folder / "variables.json").write_text(json.dumps({"Parameters": variables}))
        (folder / "template.json").write_text(json.dumps(_redirectable(built)))
        return cls(replace(sam, endpoint_url=endpoint_url), folder)

    def invoke(self, function: str, event: Path, *, logs: int | None = subprocess.PIPE) -> Any:
        """What `sam local invoke` says that the function answered. Raises SamError."""
        command = ("local", "invoke", function, "--event", str(event.resolve()), *self._options())
        stdout = self.sam.run(*command, cwd=self.folder, logs=logs)
        # An unhandled exception exits with 0 as well: only what was answered counts. Logs go to stderr.
        return json.loads(stdout.splitlines()[-1])

    @contextmanager
    def api(self) -> Iterator[str]:
        """The URL of `sam local start-api`, as long as it is wanted. Raises SamError."""
        port, log = free_port(), self.folder / "api.log"
        command = (
            "local",
            "start-api",
            "--port",
            str(port),
            "--warm-containers",
            "LAZY",
            "--no-watch",
            *self._options(),
        )
        with log.open("wb") as file:
            process = subprocess.Popen(
                self.sam.command(*command),
                cwd=self.folder,
                env=self.sam.environment(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        try:
            wait_until(lambda: process.poll() is not None or _listens(port), START_SECONDS)
            if process.poll() is not None or not _listens(port):
                raise SamError(log.read_text()[-4000:])
            yield f"http://127.0.0.1:{port}"
        finally:
            # It removes its containers on its way out.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _options(self) -> Iterator[str]:
        yield from ("--template", str(self.folder / "template.json"))
        yield from ("--env-vars", str(self.folder / "variables.json"), "--add-host", f"{HOST}:host-gateway")
        yield from ("--parameter-overrides", f"Architecture={ARCHITECTURE}")
        if image := os.environ.get("SAM_INVOKE_IMAGE"):
            yield from ("--skip-pull-image", "--invoke-image", image)


def _redirectable(built: Path) -> dict[str, Any]:
    """The built template, its functions taking the engine's address: SAM sets only variables that a template names."""
    from samtranslator.yaml_helper import yaml_parse

    template: dict[str, Any] = yaml_parse((built / "template.yaml").read_text())
    template["Globals"]["Function"]["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = ""
    for resource in template["Resources"].values():
        for name in ("CodeUri", "ContentUri"):
            if name in resource["Properties"]:
                resource["Properties"][name] = str(built / resource["Properties"][name])
    return template


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
