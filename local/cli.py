"""Commands of the local stack: up, down, status, run.

Each prints its progress and returns its exit status: 0 done, 1 failed (the reason is on stderr).
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
from local.settings import DEFAULT_PORT, ROOT, Settings, SettingsError, explicit_directory
from local.state import Directory, all_directories, directory_for, find_running

UP_SECONDS = 600.0
DOWN_SECONDS = 20.0

# Runners that this process started. They outlive it, but a test that stops them has to reap their processes.
_started: list["subprocess.Popen[bytes]"] = []


def up(settings: Settings, environ: Mapping[str, str] = os.environ, *, hints: bool = True) -> int:
    """Start a stack unless it is running already. Return the exit status.

    Args:
        settings: the settings of the stack.
        environ: the environment variables.
        hints: whether to print the next steps.
    """
    directory = directory_for(settings.port, explicit_directory(environ))
    directory.path.mkdir(parents=True, exist_ok=True)
    # If two `up` run at the same time, the second one waits and finds the stack running.
    with (directory.path / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        running = directory.read()
        if directory.runner_alive() and running:
            if running.ready and running.is_same(settings, project_fingerprint()):
                say("The stack is already running with these settings.")
                if hints:
                    _print_hints(directory, settings)
                return 0
            if running.ready and running.can_become(settings):
                say("The running stack has other settings or another version. Updating it; its data is kept.")
                detach(directory)
            else:
                say("The running stack cannot take these settings. Restarting; its data is deleted.")
                stop(directory)
        started = time.monotonic()
        try:
            if not _start(directory, settings, started):
                return 1
        except KeyboardInterrupt:
            say("Interrupted. Stopping the stack.")
            stop(directory)
            return 130
    now_running = directory.read()
    if now_running and now_running.note:
        say(now_running.note)
    say(f"Ready after {time.monotonic() - started:.1f} s.")
    if hints:
        _print_hints(directory, settings)
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
            say("\n".join(["The stack did not start.", *lines[-15:], f"Log: {directory.log}"]), error=True)
            return False
        if running and running.ready and running.pid == process.pid:
            return True
        time.sleep(0.05)
    say(f"Not ready after {UP_SECONDS:.0f} s. Log: {directory.log}", error=True)
    stop(directory)
    return False


def down(environ: Mapping[str, str] = os.environ) -> int:
    """Stop the stack of PORT or LOCAL_DIR, or all stacks of this checkout. Return the exit status."""
    explicit = explicit_directory(environ)
    port = environ.get("PORT")
    directories = [directory_for(int(port), explicit)] if port and not explicit else all_directories(explicit)
    alive = [directory for directory in directories if directory.alive()]
    for directory in directories:
        stop(directory)
    say("Stopped; the data is deleted." if alive else "No stack was running.")
    return 0


def detach(directory: Directory) -> None:
    """Stop the runner but not its engine, so that the next runner takes over the data."""
    _end_runner(directory, signal.SIGHUP)


def _end_runner(directory: Directory, first: signal.Signals) -> None:
    running = directory.read()
    if directory.runner_alive() and running:
        for number, seconds in ((first, DOWN_SECONDS), (signal.SIGKILL, 5.0)):
            try:
                os.kill(running.pid, number)
            except ProcessLookupError:
                break
            if wait_until(lambda: not directory.runner_alive(), seconds):
                break


def stop(directory: Directory) -> None:
    """Stop the runner, which stops its engine. If the runner has ended, stop only the engine."""
    _end_runner(directory, signal.SIGTERM)
    directory.engine.stop()
    directory.forget()
    for process in _started:
        process.poll()


def status() -> int:
    """List the running stacks. Return the exit status: 0 if a stack is ready, else 1."""
    ready = False
    for directory in all_directories(explicit_directory(os.environ)):
        running = directory.read()
        if not running or not directory.alive():
            continue
        if directory.runner_alive():
            ready = ready or running.ready
            state = "ready" if running.ready else "starting"
        else:
            state = "its runner was killed, but its engine is running: `up` continues with it"
        window = running.settings["claim_window_seconds"]
        say(f"{directory.path}: {state}, http://127.0.0.1:{running.settings['port']}, claim window {window} s")
    if not ready:
        say("No stack is ready.")
    return 0 if ready else 1


def run(settings: Settings) -> int:
    """Run a stack in the foreground until it is stopped. Return the exit status."""
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


def _print_hints(directory: Directory, settings: Settings) -> None:
    shown = directory.stack_file
    if shown.is_relative_to(ROOT):
        shown = shown.relative_to(ROOT)
    # Without LOCAL_DIR, `make` finds only stacks in the folder of this checkout.
    if not directory.path.is_relative_to(ROOT / ".local"):
        prefix = f"LOCAL_DIR={directory.path} "
    else:
        prefix = "" if settings.port == DEFAULT_PORT else f"PORT={settings.port} "
    is_default = settings.claim_window_seconds == Settings.claim_window_seconds
    expiry = "" if is_default else f", and expire after {settings.claim_window_seconds} s"
    say(
        f"""
Open the app:
  {settings.web_url}/

  Sign in  Choose a demo user: alice, bob, carol, dave (friends), mia, max (merchants), carl (carrier).
           Or sign up: the page shows the confirmation code, because no email is sent.
  Gifts    follow the policy {settings.policy}{expiry}.
  Details  {shown}: users with tokens, products, the endpoint of the engine.
  Log      {directory.log}

Call the API:
  eval "$({prefix}make env)"
  curl -H "$ALICE" $API/orders
Stop the stack:
  {prefix}make down"""
    )


def find_or_explain(environ: Mapping[str, str]) -> Directory | None:
    """Return the folder of the running stack; None after an explanation if there is none, or if several run."""
    try:
        directory = find_running(environ)
    except SettingsError as error:
        say(str(error), error=True)
        return None
    if directory is None:
        say("No local stack is running. Start one with `make up`.", error=True)
    return directory


def say(text: str, *, error: bool = False) -> None:
    """Print a message to stdout, or an error to stderr."""
    print(text, file=sys.stderr if error else sys.stdout, flush=True)
