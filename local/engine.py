"""Start, find and stop the process of the engine.

The engine has all data in memory and outlives the runner, so that no data is lost when a runner is killed. A lock that the
process inherits shows that it is alive; a process id alone does not, because ids are reused.
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
    """The engine did not start; the message has the path of its log."""


class Engine:
    """The engine of one folder."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock = directory / "engine.lock"
        self._pid = directory / "engine.pid"
        self._data = directory / "engine"
        # The layers of the functions; deleted with the data.
        self.layers = self._data / "layers"
        self.log = directory / "engine.log"

    def alive(self) -> bool:
        """Return whether the process is running."""
        return locked(self._lock)

    def start(self, bind_host: str) -> str:
        """Start a new engine without data. Return its endpoint URL.

        Raises:
            EngineError: the engine did not start in time.
        """
        self._discard()
        temporary = self._data / "tmp"
        temporary.mkdir(parents=True)
        port = free_port()
        environ = {
            # Functions inherit the engine's environment, so it is minimal.
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL") if name in os.environ},
            "GATEWAY_PORT": str(port),
            "BIND_HOST": bind_host,
            "AUTH": "true",  # enforces the policies of the functions
            "MINISTACK_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "LOG_LEVEL": "WARNING",
            # Restrict the engine to one port and its own folder.
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
                raise EngineError(f"The engine did not start. Log: {self.log}")
            time.sleep(0.05)
        return endpoint_url

    def stop(self) -> None:
        """Stop the engine with its workers, and delete its data. Idempotent."""
        if self.alive():
            group = int(self._pid.read_text())
            for number, seconds in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 5.0)):
                try:
                    os.killpg(group, number)
                except ProcessLookupError:
                    break
                if wait_until(lambda: not self.alive(), seconds):
                    break
            # The workers share its process group; stop those that are still running.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)
        self._pid.unlink(missing_ok=True)
        self._discard()

    def _discard(self) -> None:
        """Move the data away and delete it in the background.

        The engine unpacks a function for every worker, which can be thousands of files.
        """
        if self._data.exists():
            self._data.rename(self.directory / f"engine.old-{uuid.uuid4().hex}")
        if old := [str(path) for path in self.directory.glob("engine.old-*")]:
            subprocess.Popen(["rm", "-rf", *old], start_new_session=True, stdin=subprocess.DEVNULL)  # noqa: S607


def locked(path: Path) -> bool:
    """Return whether a running process holds the lock file."""
    try:
        with path.open("r") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def healthy(endpoint_url: str) -> bool:
    """Return whether the engine responds."""
    try:
        with urllib.request.urlopen(f"{endpoint_url}/_ministack/health", timeout=2) as response:  # noqa: S310 # nosec B310
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait until a condition is true. Return False on timeout."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
