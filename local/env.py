"""Shell variables for calling a stack with curl, as the quick start of the README does."""

import os
import shlex
from collections.abc import Mapping

from local import cli
from local.client import Stack, read_stack
from local.settings import Settings, SettingsError
from local.state import find_running


def shell_variables(stack: Stack) -> dict[str, str]:
    """Return the variables by name: API is the base URL, ALICE and BOB are authorization headers, VOUCHER is a product ID."""
    return {
        "API": stack["api_url"],
        **{user.upper(): f"Authorization: Bearer {stack['users'][user]['token']}" for user in ("alice", "bob")},
        "VOUCHER": stack["products"]["voucher"],
    }


def main(settings: Settings, environ: Mapping[str, str] = os.environ) -> int:
    """Print `export` statements for the running stack. Return the exit status."""
    try:
        directory = find_running(environ)
    except SettingsError as error:
        cli.say(str(error), error=True)
        return 1
    running = directory.read() if directory else None
    if directory is None or running is None or not running.ready:
        text = f"No stack is ready on port {settings.port}. Start it with `make up`; PORT selects another port."
        cli.say(text, error=True)
        return 1
    for name, value in shell_variables(read_stack(directory.path)).items():
        cli.say(f"export {name}={shlex.quote(value)}")
    return 0
