"""What is written down about a stack, and which folder a stack lives in.

stack.json      where things are, for people, scripts and tests
runner.json     what runs, for the next `up` or `down`
runner.lock     held by the runner as long as it lives; engine.lock likewise by the engine
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local.deploy import Deployment
from local.engine import Engine, locked
from local.settings import ROOT, Settings


@dataclass
class Running:
    """A stack that was started, whether it still runs or not."""

    pid: int
    settings: dict[str, Any]
    # Of everything that was deployed.
    fingerprint: str
    endpoint_url: str
    deployment: dict[str, Any] | None = None
    ready: bool = False
    # What became of the data of an earlier run; empty when there was none.
    note: str = ""

    def same(self, settings: Settings, fingerprint: str) -> bool:
        return self.settings == asdict(settings) and self.fingerprint == fingerprint

    def deployed(self) -> Deployment | None:
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
        return locked(self.lock)

    def alive(self) -> bool:
        """Whether anything of the stack lives."""
        return self.runner_alive() or self.engine.alive()

    def read(self) -> Running | None:
        try:
            return Running(**json.loads(self._state.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write(self, running: Running) -> None:
        write_json(self._state, asdict(running))

    def forget(self) -> None:
        """Remove all that says a stack is here; its logs stay."""
        for path in (self.stack_file, self._state, *self.path.glob("position-*.txt")):
            path.unlink(missing_ok=True)


def directory_for(port: int, explicit: Path | None) -> Directory:
    """The folder of the stack on this port (see settings)."""
    if explicit:
        return Directory(explicit)
    first, further = Directory(ROOT / ".local"), Directory(ROOT / ".local" / str(port))
    for directory in (first, further):
        running = directory.read()
        if running and directory.alive() and running.settings["port"] == port:
            return directory
    return further if first.alive() else first


def all_directories(explicit: Path | None) -> list[Directory]:
    """Every folder of this checkout a stack may live in."""
    if explicit:
        return [Directory(explicit)]
    root = ROOT / ".local"
    return [Directory(root), *(Directory(path) for path in sorted(root.glob("[0-9]*")) if path.is_dir())]


def write_json(path: Path, value: object) -> None:
    """Readers see the old file or the new one. Tokens are in it, so nobody else may read it."""
    temporary = path.with_suffix(".tmp")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(value, file, indent=2)
        file.write("\n")
    temporary.replace(path)
