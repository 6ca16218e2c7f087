"""python -m local up | down | status | env | run | demo | invoke

    up      start the stack in the background, and wait until it is ready
    down    stop it; without PORT or LOCAL_DIR: every stack of this checkout
    status  say what runs
    env     print shell variables for curl: eval "$(python -m local env)"
    run     the same as up, in the foreground
    demo    tell the whole story on a stack of its own
    invoke  run one function with --event by `sam local invoke`, on the table of the stack that is up

The environment it reads is in local/settings.py.
"""

import argparse
import os
import sys

from local import cli, demo, env
from local.settings import SettingsError, from_environment


def main() -> int:
    """Answer the exit status: 0 done, 1 not done (the reason is on stderr), 2 asked wrongly."""
    parser = argparse.ArgumentParser(
        prog="python -m local", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = ["up", "down", "status", "env", "run", "demo", "invoke"]
    parser.add_argument("command", choices=commands)
    parser.add_argument(
        "--no-stream", action="store_true", help="neither expire items nor deliver the stream: only the sweep settles"
    )
    parser.add_argument("--event", help="invoke: a file, such as events/purchase_buy.json")
    parser.add_argument("--function", help="invoke: the function it is for, where events/ does not have it")
    options = parser.parse_args()
    try:
        settings = from_environment(os.environ, stream=not options.no_stream)
    except SettingsError as error:
        cli.say(str(error), error=True)
        return 2
    match options.command:
        case "up":
            return cli.up(settings)
        case "down":
            return cli.down()
        case "status":
            return cli.status()
        case "env":
            return env.main(settings)
        case "run":
            return cli.run(settings)
        case "invoke":
            from local import invoke

            return invoke.main(options.event, options.function, settings, os.environ)
        case _:
            return demo.main()


if __name__ == "__main__":
    sys.exit(main())
