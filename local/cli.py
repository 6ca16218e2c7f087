"""The commands of the local stack: up, down, status, run.

Each prints what it does, and answers its exit status: 0 done, 1 not done (the reason is on stderr).
"""

import fcntl
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping

from local.engine import wait_until
from local.package import project_fingerprint
from local.settings import DEFAULT_PORT, ROOT, Settings, explicit_directory
from local.state import Directory, all_directories, directory_for

UP_SECONDS = 600.0
DOWN_SECONDS = 20.0

# Runners this very process started; they outlive it, but a test that stops them has to collect them.
_started: list["subprocess.Popen[bytes]"] = []


def up(settings: Settings, environ: Mapping[str, str] = os.environ, *, hints: bool = True) -> int:
    """Start the stack unless it runs already; with `hints`, say what to do next. Answer the exit status."""
    directory = directory_for(settings.port, explicit_directory(environ))
    directory.path.mkdir(parents=True, exist_ok=True)
    # Two `up` at once: the second one waits, and finds the stack up.
    with (directory.path / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        running = directory.read()
        if directory.runner_alive() and running:
            if running.ready and running.same(settings, project_fingerprint()):
                say("Already up, with these settings.")
                if hints:
                    _what_next(directory, settings)
                return 0
            say("Up with other settings or an older version: restarting it. Its data goes.")
            stop(directory)
        started = time.monotonic()
        try:
            if not _start(directory, settings, started):
                return 1
        except KeyboardInterrupt:
            say("Stopping it again.")
            stop(directory)
            return 130
    now_running = directory.read()
    if now_running and now_running.note:
        say(now_running.note)
    say(f"Ready after {time.monotonic() - started:.1f} s.")
    if hints:
        _what_next(directory, settings)
    return 0


def _start(directory: Directory, settings: Settings, started: float) -> bool:
    arguments = [sys.executable, "-m", "local", "run", *([] if settings.stream else ["--no-stream"])]
    with directory.log.open("wb") as log:
        process = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env={**os.environ, **settings.environment(), "LOCAL_DIR": str(directory.path)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _started.append(process)
    shown = 0
    while time.monotonic() - started < UP_SECONDS:
        ended = process.poll() is not None
        running = directory.read()
        lines = directory.log.read_text(errors="replace").splitlines()
        for line in lines[shown:]:
            if " ..." in line:
                say(f"[{time.monotonic() - started:5.1f} s] {line}")
        shown = len(lines)
        if ended:
            say("\n".join(["The stack did not come up.", *lines[-15:], f"Log: {directory.log}"]), error=True)
            return False
        if running and running.ready and running.pid == process.pid:
            return True
        time.sleep(0.05)
    say(f"Not ready after {UP_SECONDS:.0f} s. Log: {directory.log}", error=True)
    stop(directory)
    return False


def down(environ: Mapping[str, str] = os.environ) -> int:
    explicit = explicit_directory(environ)
    port = environ.get("PORT")
    directories = [directory_for(int(port), explicit)] if port and not explicit else all_directories(explicit)
    alive = [directory for directory in directories if directory.alive()]
    for directory in directories:
        stop(directory)
    say("Stopped." if alive else "Nothing was running.")
    return 0


def stop(directory: Directory) -> None:
    """Stop the runner, which stops its engine; stop the engine alone when its runner is gone."""
    running = directory.read()
    if directory.runner_alive() and running:
        for number, seconds in ((signal.SIGTERM, DOWN_SECONDS), (signal.SIGKILL, 5.0)):
            try:
                os.kill(running.pid, number)
            except ProcessLookupError:
                break
            if wait_until(lambda: not directory.runner_alive(), seconds):
                break
    directory.engine.stop()
    directory.forget()
    for process in _started:
        process.poll()


def status() -> int:
    """0 when some stack is ready, else 1."""
    ready = False
    for directory in all_directories(explicit_directory(os.environ)):
        running = directory.read()
        if not running or not directory.alive():
            continue
        if directory.runner_alive():
            ready = ready or running.ready
            state = "ready" if running.ready else "starting"
        else:
            state = "its runner was killed, its engine lives: `up` goes on with it"
        window = running.settings["claim_window_seconds"]
        say(f"{directory.path}: {state}, http://127.0.0.1:{running.settings['port']}, claim window {window} s")
    if not ready:
        say("No stack is ready.")
    return 0 if ready else 1


def run(settings: Settings) -> int:
    from local.deploy import DeployError
    from local.engine import EngineError
    from local.package import BuildError
    from local.runner import PortTaken, Runner
    from local.users import TriggerError

    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    for name in ("botocore", "boto3", "s3transfer", "samtranslator"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        Runner(directory_for(settings.port, explicit_directory(os.environ)), settings).run()
    except (BuildError, DeployError, EngineError, PortTaken, TriggerError) as error:
        say(str(error), error=True)
        return 1
    return 0


def _what_next(directory: Directory, settings: Settings) -> None:
    shown = directory.stack_file
    if shown.is_relative_to(ROOT):
        shown = shown.relative_to(ROOT)
    if not directory.path.is_relative_to(ROOT / ".local"):
        prefix = f"LOCAL_DIR={directory.path} "
    else:
        prefix = "" if settings.port == DEFAULT_PORT else f"PORT={settings.port} "
    say(
        f"""
Open it:
  {settings.web_url}/

  Sign in  one tap for alice, bob, carol and dave (friends), mia and max (stores), carl (carrier); or sign up, and the
           page tells the code that nobody is mailed here
  Gifts    are to be opened within {settings.claim_window_seconds} s
  Details  {shown} (users with tokens, products, the engine's endpoint)
  Log      {directory.log}

Call it:
  eval "$({prefix}make env)"
  curl -H "$ALICE" $API/orders
Stop it:
  {prefix}make down"""
    )


def say(text: str, *, error: bool = False) -> None:
    print(text, file=sys.stderr if error else sys.stdout, flush=True)
