"""Find the folder of a stack, and read and write its files.

stack.json      URLs, users and products, for people, scripts and tests
runner.json     the running stack, for the next `up` or `down`
runner.lock     locked while the runner is alive; engine.lock likewise for the engine
"""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local.deploy import Deployment
from local.engine import Engine, locked
from local.settings import ROOT, Settings, SettingsError, explicit_directory, from_environment


@dataclass
class Running:
    """A stack that was started; it may have ended.

    Attributes:
        pid: the process id of the runner.
        settings: the settings.
        fingerprint: the hash of everything that was deployed.
        endpoint_url: the endpoint of the engine.
        deployment: the deployed resources; None until they are deployed.
        ready: whether the API is served.
        note: a message about the data of an earlier stack; empty if there was none.
    """

    pid: int
    settings: dict[str, Any]
    fingerprint: str
    endpoint_url: str
    deployment: dict[str, Any] | None = None
    ready: bool = False
    note: str = ""

    def is_same(self, settings: Settings, fingerprint: str) -> bool:
        """Return whether the stack has these settings and this version."""
        return self.settings == asdict(settings) and self.fingerprint == fingerprint

    def can_become(self, settings: Settings) -> bool:
        """Return whether the stack can take these settings without a new engine, and so keep its data.

        The engine listens on the address, and products have pictures on the port.
        """
        fixed = ("bind_host", "port")
        return all(self.settings[name] == getattr(settings, name) for name in fixed)

    def deployed(self) -> Deployment | None:
        """Return the deployed resources, or None."""
        return Deployment(**self.deployment) if self.deployment else None


class Directory:
    """The folder of one stack."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stack_file = path / "stack.json"
        self.log = path / "runner.log"
        self.lock = path / "runner.lock"
        self._state = path / "runner.json"
        self.engine = Engine(path)

    def runner_alive(self) -> bool:
        """Return whether the runner is running."""
        return locked(self.lock)

    def alive(self) -> bool:
        """Return whether the runner or the engine is running."""
        return self.runner_alive() or self.engine.alive()

    def read(self) -> Running | None:
        """Return the stack, or None if there is none."""
        try:
            return Running(**json.loads(self._state.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write(self, running: Running) -> None:
        """Store the stack."""
        write_json(self._state, asdict(running))

    def forget(self) -> None:
        """Delete the files of the stack, except the logs."""
        for path in (self.stack_file, self._state, *self.path.glob("position-*.txt")):
            path.unlink(missing_ok=True)


def directory_for(port: int, explicit: Path | None) -> Directory:
    """Return the folder of the stack on a port (see settings)."""
    if explicit:
        return Directory(explicit)
    first, further = Directory(ROOT / ".local"), Directory(ROOT / ".local" / str(port))
    for directory in (first, further):
        running = directory.read()
        if running and directory.alive() and running.settings["port"] == port:
            return directory
    return further if first.alive() else first


def find_running(environ: Mapping[str, str]) -> Directory | None:
    """Return the folder of the stack on PORT or in LOCAL_DIR, or else of the only running one. None if there is none.

    Raises:
        SettingsError: several stacks run; the message lists their ports.
    """
    explicit = explicit_directory(environ)
    if explicit or environ.get("PORT"):
        directory = directory_for(from_environment(environ).port, explicit)
        return directory if directory.runner_alive() and directory.read() else None
    running = {
        stack.settings["port"]: directory
        for directory in all_directories(None)
        if directory.runner_alive() and (stack := directory.read())
    }
    if len(running) > 1:
        ports = ", ".join(str(port) for port in sorted(running))
        raise SettingsError(f"Several stacks are running: set PORT to one of {ports}.")
    return next(iter(running.values()), None)


def all_directories(explicit: Path | None) -> list[Directory]:
    """Return all folders of this checkout that may have a stack."""
    if explicit:
        return [Directory(explicit)]
    root = ROOT / ".local"
    return [Directory(root), *(Directory(path) for path in sorted(root.glob("[0-9]*")) if path.is_dir())]


def write_json(path: Path, value: object) -> None:
    """Replace a file atomically. It may contain tokens, so other users cannot read it."""
    temporary = path.with_suffix(".tmp")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(value, file, indent=2)
        file.write("\n")
    temporary.replace(path)
