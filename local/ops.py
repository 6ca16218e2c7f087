"""python -m local.ops audit | settle | replay | recount ...: `ops` on the local stack that is up."""

import os
import sys

from local import cli
from local.client import read_stack
from local.deploy import STACK
from local.settings import SettingsError, explicit_directory, from_environment
from local.state import directory_for


def main(arguments: list[str]) -> int:
    """Answer the exit status of `ops`; 2 where no stack is up."""
    try:
        directory = directory_for(from_environment(os.environ).port, explicit_directory(os.environ))
        stack = read_stack(directory.path)
    except (SettingsError, FileNotFoundError) as error:
        cli.say(f"No local stack is up (make up): {error}", error=True)
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
