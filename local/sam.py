"""Run the SAM command line without an AWS account: build, and run the functions in containers.

SAM_INVOKE_IMAGE is the image to use instead of AWS's; it is not pulled.
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
# The name of the host in a container, by which it reaches the engine.
HOST = "host.docker.internal"
START_SECONDS = 60.0
STOP_SECONDS = 30.0


class SamError(Exception):
    """A command failed; the message is the end of its output."""


def missing_command() -> str:
    """Return why the command line cannot run; empty if it can."""
    return (
        ""
        if COMMAND.exists()
        else f"{COMMAND.relative_to(ROOT)} is missing; `make sam` installs it if Docker is available"
    )


def missing_containers() -> str:
    """Return why functions cannot run; empty if they can."""
    docker = shutil.which("docker")
    if docker is None:
        return "docker is not installed"
    if subprocess.run([docker, "info"], capture_output=True, check=False).returncode:
        return "the docker daemon does not respond"
    if os.environ.get("SAM_INVOKE_IMAGE"):
        return ""
    for command in ("image", "inspect"), ("pull", "--quiet"):
        if subprocess.run([docker, *command, IMAGE], capture_output=True, check=False).returncode == 0:
            return ""
    return f"{IMAGE} cannot be pulled; set SAM_INVOKE_IMAGE to another image"


@dataclass(frozen=True)
class Sam:
    """The command line.

    Attributes:
        home: the folder of its configuration.
        endpoint_url: the engine that answers its requests to STS.
    """

    home: Path
    endpoint_url: str = ""

    @classmethod
    def at(cls, home: Path) -> Self:
        """Create the configuration in a folder."""
        home.mkdir(parents=True, exist_ok=True)
        # Disables the check for updates: the last one was in the year 2100.
        metadata = {"telemetryEnabled": False, "lastVersionCheck": 4102444800.5}
        (home / "metadata.json").write_text(json.dumps(metadata))
        return cls(home)

    def run(self, *arguments: str, cwd: Path, logs: int | None = subprocess.PIPE) -> str:
        """Run a command. Return its stdout.

        Args:
            arguments: the arguments of `sam`.
            cwd: the working directory.
            logs: the target of its stderr; None is the stderr of this process.

        Raises:
            SamError: the command failed.
        """
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

    @contextmanager
    def api(self, *options: str, cwd: Path, log: Path) -> Iterator[str]:
        """Run `sam local start-api` on a free port until the block ends. Return its URL.

        Args:
            options: further options.
            cwd: the working directory.
            log: the file for its output.

        Raises:
            SamError: it did not start.
        """
        port = free_port()
        with log.open("wb") as file:
            process = subprocess.Popen(
                self.command("local", "start-api", "--port", str(port), *options),
                cwd=cwd,
                env=self.environment(),
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
            # With this signal it removes its containers.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    @staticmethod
    def command(*arguments: str) -> list[str]:
        """Return a command line."""
        return [str(COMMAND), *arguments, "--region", REGION]

    def environment(self) -> dict[str, str]:
        """Return the environment variables of a command."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            # Without a response it continues too, but only after ten seconds of retries. A closed port fails immediately.
            "AWS_ENDPOINT_URL_STS": self.endpoint_url or "http://127.0.0.1:9",
            "PYTHON": sys.executable,
            "SAM_CLI_TELEMETRY": "0",
            "__SAM_CLI_APP_DIR": str(self.home),
        }


@dataclass(frozen=True)
class Lambdas:
    """Built functions that run in containers, on the table of an engine."""

    sam: Sam
    folder: Path

    @classmethod
    def prepare(cls, sam: Sam, folder: Path, built: Path, endpoint_url: str, variables: Mapping[str, str]) -> Self:
        """Write the files that the commands need.

        Args:
            sam: the command line.
            folder: an empty folder for the files.
            built: the output of `sam build`.
            endpoint_url: the endpoint of the engine.
            variables: environment variables that replace those of template.yaml.
        """
        variables = {**variables, "AWS_ENDPOINT_URL": endpoint_url.replace("127.0.0.1", HOST)}
        (folder / "variables.json").write_text(json.dumps({"Parameters": variables}))
        (folder / "template.json").write_text(json.dumps(_redirectable(built)))
        return cls(replace(sam, endpoint_url=endpoint_url), folder)

    def invoke(self, function: str, event: Path, *, logs: int | None = subprocess.PIPE) -> Any:
        """Return the response of a function by `sam local invoke`.

        Raises:
            SamError: the command failed.
        """
        command = ("local", "invoke", function, "--event", str(event.resolve()), *self._options())
        stdout = self.sam.run(*command, cwd=self.folder, logs=logs)
        # The exit status is 0 for an unhandled exception too; the response shows it. Logs go to stderr.
        return json.loads(stdout.splitlines()[-1])

    @contextmanager
    def api(self) -> Iterator[str]:
        """Run `sam local start-api` until the block ends. Return its URL.

        Raises:
            SamError: it did not start.
        """
        options = ("--warm-containers", "LAZY", "--no-watch", *self._options())
        with self.sam.api(*options, cwd=self.folder, log=self.folder / "api.log") as url:
            yield url

    def _options(self) -> Iterator[str]:
        yield from ("--template", str(self.folder / "template.json"))
        yield from ("--env-vars", str(self.folder / "variables.json"), "--add-host", f"{HOST}:host-gateway")
        yield from ("--parameter-overrides", f"Architecture={ARCHITECTURE}")
        if image := os.environ.get("SAM_INVOKE_IMAGE"):
            yield from ("--skip-pull-image", "--invoke-image", image)


def _redirectable(built: Path) -> dict[str, Any]:
    """Return the built template with a variable for the endpoint: SAM sets only variables that are in the template."""
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
