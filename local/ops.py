"""Run an operators' command on the running local stack: python -m local.ops audit | settle | replay | recount."""

import os
import sys

from local import cli
from local.client import read_stack
from local.deploy import STACK
from local.settings import SettingsError, explicit_directory, from_environment
from local.state import directory_for


def main(arguments: list[str]) -> int:
    """Run the command. Return its exit status; 2 if no stack is running."""
    try:
        directory = directory_for(from_environment(os.environ).port, explicit_directory(os.environ))
        stack = read_stack(directory.path)
    except (SettingsError, FileNotFoundError) as error:
        cli.say(f"No local stack is running. Start one with `make up`. ({error})", error=True)
        return 2
    os.environ |= {
        "AWS_ENDPOINT_URL": stack["aws_endpoint_url"],
        "AWS_DEFAULT_REGION": stack["region"],
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    from ops.__main__ import main as run

    return run([*arguments[:1], "--stack", STACK, *arguments[1:]])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
