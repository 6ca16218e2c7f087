"""Run an operators' command on the running local stack: python -m local.ops smoke | preflight | audit | settle | ..."""

import os
import sys

from local import cli
from local.client import read_stack
from local.deploy import STACK


def main(arguments: list[str]) -> int:
    """Run the command, or list the commands if none is named. Return its exit status; 2 if no stack is running."""
    from ops.__main__ import main as run

    if not arguments:
        return run(["--help"])
    if arguments[0] == "logs":
        cli.say("On a local stack, each function has a log group of its own: make logs REQUEST_ID=...", error=True)
        return 2
    directory = cli.find_or_explain(os.environ)
    if directory is None:
        return 2
    stack = read_stack(directory.path)
    os.environ |= {
        "AWS_ENDPOINT_URL": stack["aws_endpoint_url"],
        "AWS_DEFAULT_REGION": stack["region"],
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    # The engine does not serve the output ApiUrl.
    url = ["--url", stack["api_url"]] if arguments[0] == "smoke" else []
    return run([*arguments[:1], "--stack", STACK, *url, *arguments[1:]])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
