"""The engine's process: started, found again, stopped.

It holds all data in memory and outlives the runner, so that after a runner that was killed everything is where it was.
That it lives is known by a lock that it inherits, not by its process id alone: ids are used again.
"""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path

READY_SECONDS = 30.0


class EngineError(Exception):
    """The engine did not come up; the message says where its log is."""


class Engine:
    """One engine in one folder."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock = directory / "engine.lock"
        self._pid = directory / "engine.pid"
        self._data = directory / "engine"
        # Where the functions of this engine find their layers; goes with its data.
        self.layers = self._data / "layers"
        self.log = directory / "engine.log"

    def alive(self) -> bool:
        return locked(self._lock)

    def start(self, bind_host: str) -> str:
        """Start a fresh one and answer its endpoint URL.

        Raises EngineError when it does not answer in time.
        """
        self._discard()
        temporary = self._data / "tmp"
        temporary.mkdir(parents=True)
        port = free_port()
        environ = {
            # Functions inherit the engine's environment, so it gets no more than a program needs to start.
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in os.environ},
            "GATEWAY_PORT": str(port),
            "BIND_HOST": bind_host,
            "AUTH": "true",  # the functions' own policies apply
            "MINISTACK_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "LOG_LEVEL": "WARNING",
            # Nothing of the engine is wanted beyond its one port and its own folder.
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "DOCKER_HOST": "unix:///nonexistent/docker.sock",
            "TMPDIR": str(temporary),
            "STATE_DIR": str(self._data / "state"),
            "S3_DATA_DIR": str(self._data / "s3"),
        }
        with self._lock.open("w") as lock, self.log.open("ab") as log:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            process = subprocess.Popen(
                [sys.executable, "-m", "ministack"],
                env=environ,
                cwd=self._data,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[lock.fileno()],
            )
        self._pid.write_text(str(process.pid))
        endpoint_url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + READY_SECONDS
        while not healthy(endpoint_url):
            if process.poll() is not None or time.monotonic() > deadline:
                raise EngineError(f"The engine did not start; its log is {self.log}")
            time.sleep(0.05)
        return endpoint_url

    def stop(self) -> None:
        """Stop it with its workers, and remove what it wrote. Does nothing twice."""
        if self.alive():
            group = int(self._pid.read_text())
            for number, seconds in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 5.0)):
                try:
                    os.killpg(group, number)
                except ProcessLookupError:
                    break
                if wait_until(lambda: not self.alive(), seconds):
                    break
            # The workers share its process group, and end with it or here.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        self._pid.unlink(missing_ok=True)
        self._discard()

    def _discard(self) -> None:
        """Put the data aside and remove it while nobody waits.

        The engine unpacks a function for every worker: after a race that is thousands of files.
        """
        if self._data.exists():
            self._data.rename(self.directory / f"engine.old-{uuid.uuid4().hex}")
        if old := [str(path) for path in self.directory.glob("engine.old-*")]:
            subprocess.Popen(["rm", "-rf", *old], start_new_session=True, stdin=subprocess.DEVNULL)  # noqa: S607


def locked(path: Path) -> bool:
    """Whether some living process holds the lock file."""
    try:
        with path.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def healthy(endpoint_url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{endpoint_url}/_ministack/health", timeout=2) as answer:  # noqa: S310 # nosec B310
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
