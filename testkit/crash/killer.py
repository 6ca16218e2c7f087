"""Kill the processes of a local stack, except its engine, which holds the data in memory."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from local.engine import wait_until
from local.settings import ROOT, Settings
from local.state import Directory
from testkit.http_client import UnexpectedResponse

# The minimum age of a worker to kill, in seconds. If a starting worker is killed, the engine discards all starting workers
# of the function and starts more, without end.
_MIN_AGE = 3.0
# Seconds between kills, and the share of kills that hit the runner. A cold start blocks the engine for almost a second.
_PAUSE = (0.6, 2.0)
_RUNNER = 0.1
# A process that uses CPU during this interval, in seconds, is in the middle of a call.
_SAMPLE = 0.05


def workers(folder: Path) -> dict[str, list[int]]:
    """Return the process ids of a stack's workers by the function's name in the template."""
    named = re.compile(rf"{re.escape(str(folder))}/engine/tmp/ministack-lambda-\w+?-(\w+)-")
    found: dict[str, list[int]] = defaultdict(list)
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if match := named.search((process / "cmdline").read_bytes().decode(errors="replace")):
                found[match[1]].append(int(process.name))
    return found


def busy(folder: Path) -> list[tuple[str, int]]:
    """Return the functions and process ids of the workers that are in the middle of a call."""
    running = [
        (name, process)
        for name, processes in workers(folder).items()
        for process in processes
        if _age(process) > _MIN_AGE
    ]
    before = [_ticks(process) for _, process in running]
    time.sleep(_SAMPLE)
    return [each for each, ticks in zip(running, before, strict=True) if _ticks(each[1]) > ticks]


def _age(process: int) -> float:
    """Return the age of a process in seconds; 0 if it has ended."""
    with suppress(OSError):
        return time.time() - Path(f"/proc/{process}").stat().st_ctime
    return 0.0


def _ticks(process: int) -> int:
    """Return the CPU ticks that a process has used; 0 if it has ended."""
    with suppress(OSError):
        user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
        return int(user) + int(system)
    return 0


def send(number: signal.Signals, processes: list[int]) -> int:
    """Send a signal to processes; return the number of processes that still existed."""
    reached = 0
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)
            reached += 1
    return reached


class Killer:
    """Kills processes at random intervals until it is stopped.

    Attributes:
        killed: the number of killed processes by function, and of the `runner`.
        failed: the errors that ended it early.
    """

    def __init__(self, folder: Path, settings: Settings, seed: int) -> None:
        self.killed = Counter[str]()
        self.failed: list[Exception] = []
        self._directory = Directory(folder)
        self._settings = settings
        self._rng = random.Random(f"{seed} killer")  # noqa: S311 - has to be reproducible
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop; everything runs again when this returns."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            for pause in self._pauses():
                if self._stop.wait(pause):
                    return
                if self._rng.random() < _RUNNER:
                    self._kill_runner()
                else:
                    self._kill_worker()
        except Exception as error:  # noqa: BLE001 - the caller reports it
            self.failed.append(error)

    def _pauses(self) -> Iterator[float]:
        while True:
            yield self._rng.uniform(*_PAUSE)

    def _kill_worker(self) -> None:
        """Kill a worker in the middle of a call, as soon as there is one."""
        while not (running := busy(self._directory.path)):
            if self._stop.is_set():
                return
        name, process = self._rng.choice(running)
        self.killed[name] += send(signal.SIGKILL, [process])

    def _kill_runner(self) -> None:
        """Kill the runner, which has the API's port, TTL and the stream pollers, and start another one."""
        running = self._directory.read()
        if running is None or not send(signal.SIGKILL, [running.pid]):
            raise UnexpectedResponse("there is no runner to kill")
        self.killed["runner"] += 1
        if not wait_until(lambda: not self._directory.runner_alive(), 10):
            raise UnexpectedResponse("the runner is still alive after SIGKILL")
        self._stop.wait(self._rng.uniform(0, 1))
        restart(self._directory, self._settings)


def restart(directory: Directory, settings: Settings) -> None:
    """Start a runner on the engine that is still running.

    Raises:
        UnexpectedResponse: it did not start, or uses another engine.
    """
    before = directory.read()
    started = subprocess.run(
        [sys.executable, "-m", "local", "up"],
        cwd=ROOT,
        env={**os.environ, **settings.environment(), "LOCAL_DIR": str(directory.path)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    after = directory.read()
    if started.returncode or before is None or after is None or after.endpoint_url != before.endpoint_url:
        raise UnexpectedResponse(f"the stack did not restart: {started.stdout}")
